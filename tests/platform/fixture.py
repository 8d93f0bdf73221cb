# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the platform share: a fresh platform, a firmware with areas, a real QEMU; else a reasoned skip."""

import base64
import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile

from lib import tap

FIRMWARE = '/usr/share/ovmf/OVMF.fd'
KNOWN_FIRMWARE = os.environ.get('VA_DEBIAN_12_OVMF', FIRMWARE)  # what the known answers are about
LUKS = '736869e5-84f0-4973-92ec-06879ce3da0b'
SECRET_ADDRESS, HASHES_ADDRESS = 0x810000, 0x810c00
AREA_SIZE = 0xc00
STATUS_USAGE, STATUS_BROKEN = 2, 3

if shutil.which('qemu-system-x86_64') is None:
    tap.skip_all('qemu-system-x86_64 is missing (Debian: qemu-system-x86)')
if not os.path.exists(FIRMWARE):
    tap.skip_all(f'{FIRMWARE} is missing (Debian: ovmf)')
if importlib.util.find_spec('cryptography') is None:
    tap.skip_all('the Python module cryptography is missing (Debian: python3-cryptography)')

from lib.owner import Owner  # noqa: E402

from guest import PROGRAM, Guest  # noqa: E402


def equal(found, wanted):
    assert found == wanted, f'{found!r} instead of {wanted!r}'


def contains(text, part):
    assert part in text, f'{part!r} is not in {text!r}'


def read(*path):
    with open(os.path.join(*path), 'rb') as source:
        return source.read()


def write(data, *path):
    with open(os.path.join(*path), 'wb') as target:
        target.write(data)


def flipped(data, at):
    """The same bytes with one bit of byte @at turned."""
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1:]


def program(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False)


class Fixture:
    def __init__(self):
        self.work = tempfile.mkdtemp(prefix='virt-attest-platform-')
        os.chmod(self.work, 0o755)
        self.platform = self.make('platform')
        self.image = self.work + '/firmware.fd'
        subprocess.run([os.environ['VA_TOP_SRCDIR'] + '/tests/platform/make-firmware', FIRMWARE, self.image],
                       check=True)

    def make(self, name, *options):
        """A further platform; its folder."""
        made = program('init', f'{self.work}/{name}', *options)
        equal(made.returncode, 0)
        contains(made.stderr, 'IT PROTECTS NOTHING')
        return f'{self.work}/{name}'

    def owner(self, policy=1, platform=None):
        return Owner(read(platform or self.platform, 'pdh.cert'), policy)

    def guest(self, owner=None, platform=None, firmware=None, **options):
        options.setdefault('policy', owner.policy if owner else 1)
        return Guest(platform or self.platform, firmware or self.image, self.work, owner, **options)

    def digest(self, *further):
        """Launch digest of the firmware and what is measured behind it."""
        return hashlib.sha256(read(self.image) + b''.join(further)).digest()

    def failure(self, owner=None, **options):
        """What a QEMU says that must exit 1."""
        with self.guest(owner, **options) as guest:
            status, said = guest.end()
        equal(status, 1)
        return said

    def remove(self):
        shutil.rmtree(self.work)


def attest(guest, owner, digest):
    """Checks the measurement as an owner does; the measure."""
    sev = guest.call('query-sev')
    equal((sev['state'], sev['policy']), ('launch-secret', owner.policy))
    measure, mnonce = guest.measurement()
    wanted = owner.measure(digest, sev['api-major'], sev['api-minor'], sev['build-id'], mnonce)
    equal(measure.hex(), wanted.hex())
    return measure


def decoded(text):
    return base64.b64decode(text, validate=True)


def main(tests):
    fixture = Fixture()
    try:
        return tap.run(tests, fixture, title=tap.sentence)
    finally:
        fixture.remove()
