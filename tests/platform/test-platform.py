#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real QEMU on the software platform, against an owner that shares no code with it."""

import hashlib
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import traceback

sys.dont_write_bytecode = True  # not into the source tree
FIRMWARE = '/usr/share/ovmf/OVMF.fd'
LUKS = '736869e5-84f0-4973-92ec-06879ce3da0b'
SECRET_ADDRESS = 0x810000


def skip_all(reason):
    print(f'1..0 # SKIP {reason}')
    sys.exit(0)


if shutil.which('qemu-system-x86_64') is None:
    skip_all('qemu-system-x86_64 is missing (Debian: qemu-system-x86)')
if not os.path.exists(FIRMWARE):
    skip_all(f'{FIRMWARE} is missing (Debian: ovmf)')
try:
    from owner import CERT_SIZE, Owner, hash_table, secret_table
    from guest import PROGRAM, Guest
except ModuleNotFoundError as missing:
    skip_all(f'{missing} (Debian: python3-cryptography)')

WORK = tempfile.mkdtemp(prefix='virt-attest-platform-')
PLATFORM = WORK + '/platform'
IMAGE = WORK + '/firmware.fd'
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def run(*arguments, **options):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False, **options)


def read(*path):
    with open(os.path.join(*path), 'rb') as source:
        return source.read()


def write(path, data):
    with open(path, 'wb') as target:
        target.write(data)


def owner(policy=1, platform=PLATFORM):
    return Owner(read(platform, 'pdh.cert'), policy)


def equal(found, wanted):
    assert found == wanted, f'{found!r} instead of {wanted!r}'


def contains(text, part):
    assert part in text, f'{part!r} is not in {text!r}'


def attest(guest, own, digest):
    """Checks the measurement as an owner does; the measure."""
    sev = guest.call('query-sev')
    equal((sev['state'], sev['policy']), ('launch-secret', own.policy))
    measure, mnonce = guest.measurement()
    wanted = own.measure(digest, sev['api-major'], sev['api-minor'], sev['build-id'], mnonce)
    equal(measure.hex(), wanted.hex())
    return measure


def flipped(data, at):
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1:]


@test
def whole_launch():
    own = owner()
    table = secret_table(LUKS, b'correct horse battery staple')
    with Guest(PLATFORM, IMAGE, WORK, own) as guest:
        guest.connect()
        equal(guest.call('query-status')['status'], 'prelaunch')
        measure = attest(guest, own, hashlib.sha256(read(IMAGE)).digest())
        equal(guest.memory(SECRET_ADDRESS, len(table), WORK), bytes(len(table)))
        header, payload = own.packet(table, measure)
        guest.call('sev-inject-launch-secret', **Guest.secret(header, payload))
        equal(guest.memory(SECRET_ADDRESS, len(table), WORK), table)
        guest.call('cont')
        equal(guest.call('query-status')['status'], 'running')
        equal(guest.call('query-sev')['state'], 'running')
        contains(guest.refusal('sev-inject-launch-secret', **Guest.secret(header, payload)), 'Not in correct state')
        guest.call('stop')
        guest.call('cont')
        guest.call('system_reset')
        equal(guest.call('query-status')['status'], 'running')


def main():
    os.chmod(WORK, 0o755)
    equal(run('init', PLATFORM).returncode, 0)
    subprocess.run([os.environ['VA_TOP_SRCDIR'] + '/tests/platform/make-firmware', FIRMWARE, IMAGE], check=True)
    print(f'1..{len(TESTS)}')
    failed = 0
    for number, function in enumerate(TESTS, 1):
        try:
            function()
            print(f'ok {number} {function.__name__}', flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(''.join('# ' + line + '\n' for line in traceback.format_exc().splitlines()), end='')
            print(f'not ok {number} {function.__name__}', flush=True)
    shutil.rmtree(WORK)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
