#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Inputs that people really have: the directories in ../shared/cases (or $VA_CASES), if they are there, held against
case_expectations.py. Prints TAP. Words in the command line choose cases.
"""

import os
import re
import shutil
import subprocess
import sys

from lib import tap
from lib.peers import firmware, sha256

from case_expectations import ELSEWHERE, EXPECTED, NOT_YET

SOURCE = os.environ['VA_TOP_SRCDIR']
BUILD = os.environ['VA_TOP_BUILDDIR']
WORK = os.environ['TMPDIR']

CASES = os.environ.get('VA_CASES', os.path.join(SOURCE, '..', 'shared', 'cases'))
PROGRAM = os.path.abspath(os.path.join(BUILD, 'virt-attest'))
IMAGES = os.path.join(WORK, 'images')
CLIENT = os.path.join(WORK, 'client')
AMDSEV = '3e4fd0b3fe3b2dbe481c3d9e99418a034174f26cbe1f55aa212b0f18c12d2d6f'
DEBIAN_12 = 'b157d97b1f69729514feb7f201d2cbe4957f23ab77920e361fe9f822ba49ca4c'


def read(path):
    with open(path, 'rb') as source:
        return source.read()


def found(path, digest=None):
    """What is in the file, if it is the one that was meant."""
    data = read(path) if os.path.exists(path) else None
    return data if data and digest in (None, sha256(data)) else None


def aarch64():
    """As those images are: a branch, then a volume; no x86 reset vector, and empty at its end."""
    return (b'\x00\x04\x00\x14' + bytes(12) + bytes.fromhex('78e58c8c3d8a1c4f9935896185c32dd3')
            + (3 << 20).to_bytes(8, 'little') + b'_FVH').ljust(3 << 20, b'\xff')


def images():
    """The images that the cases name, from this machine or made for this test: by name, None where there is none."""
    own = os.environ.get('VA_FIRMWARE', os.path.join(BUILD, 'firmware', 'OVMF.fd'))
    return {
        'sid-amdsev.fd': found(own, AMDSEV),
        'deb12-CODE_4M.fd': found('/usr/share/OVMF/OVMF_CODE_4M.fd', DEBIAN_12)
        or firmware(0x90, secret=(0, 0), hash_area=(0, 0), size=1 << 20),
        'deb12-VARS_4M.fd': found('/usr/share/OVMF/OVMF_VARS_4M.fd'),
        'seabios-256k.bin': found('/usr/share/seabios/bios-256k.bin'),
        'sid-aarch64.fd': found('/usr/share/qemu-efi-aarch64/QEMU_EFI.fd') or aarch64(),
        'sid-AAVMF_CODE.fd': aarch64().ljust(64 << 20, b'\0'),
    }


def make_client():
    """A client's configuration. No case gets as far as to a service."""
    ca = os.path.join(CLIENT, 'ca')
    os.makedirs(CLIENT)
    subprocess.run([PROGRAM, 'ca', 'init', '--dir', ca, '--name', 'cases'], check=True, capture_output=True)
    subprocess.run([PROGRAM, 'ca', 'issue', '--dir', ca, '--out', CLIENT, 'owner', 'alice'], check=True,
                   capture_output=True)
    with open(os.path.join(CLIENT, 'client.conf'), 'w', encoding='utf-8') as target:
        target.write(f'url = "https://localhost:1"\nca = {ca}/ca.pem\ncertificate = {CLIENT}/owner-alice.pem\n'
                     f'key = {CLIENT}/owner-alice.key\n')


def missing(command, have):
    """Why the case cannot run here; None: it can."""
    for name in re.findall(r'(?:\$FW|fw/images)/([\w.-]+)', command):
        if name not in have:
            return f'the image {name} is not on this machine'
    if 'for f in deb11' in command:
        return 'the images of five Debian releases are not on this machine'
    for program in ('virsh', 'apparmor_parser'):
        if program in command and not shutil.which(program):
            return f'{program} is not on this machine'
    return None


def run(folder, command):
    """Its exit status and what it printed, errors where they came."""
    place = os.path.join(WORK, 'case')
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(folder, place)
    subprocess.run(['chmod', '-R', 'u+w', place], check=True)
    command = command.replace('/var/tmp/va-bugs/w/svc', CLIENT).replace('/var/tmp/va-bugs/fw/images', IMAGES)
    env = dict(os.environ, VA=PROGRAM, FW=IMAGES, ROOTS=os.path.join(SOURCE, 'tests', 'data', 'roots'),
               PLAT=os.path.join(BUILD, 'tests', 'platform', 'virt-attest-platform'))
    done = subprocess.run(['bash', '-c', command], cwd=place, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, timeout=120, check=False)
    return done.returncode, done.stdout.decode(errors='replace')


def hold(name, status, printed):
    """What is wrong about it; None: it is as it should be."""
    code, patterns, never = EXPECTED[name]
    at = 0
    if code is not None and status != code:
        return f'exit {status} instead of {code}'
    for pattern in patterns:
        match = re.compile(pattern).search(printed, at)
        if match is None:
            return f'not printed, or not in this order: {pattern}'
        at = match.end()
    for pattern in never:
        if re.search(pattern, printed):
            return f'printed: {pattern}'
    return None


def names_a_test(reason):
    """Whether the function that a reason names, “needs WHAT: FUNCTION in FILE”, is there."""
    function, path = reason.rpartition(': ')[2].split(' in ')
    return f'\ndef {function}(w' in read(os.path.join(SOURCE, path)).decode()


def judge(printer, label, folder, have):
    """One case."""
    command = read(os.path.join(folder, 'cmd')).decode()
    name = os.path.basename(folder).split('-', 1)[1]
    reason = ELSEWHERE.get(name)
    if reason and not names_a_test(reason):
        printer.result(False, f'{label}: there is no such test: {reason}')
        return
    reason = reason or missing(command, have)
    if reason:
        printer.skip(label, reason)
        return
    if name not in EXPECTED:
        printer.result(False, f'{label}: case_expectations.py does not know it')
        return
    status, printed = run(folder, command)
    wrong = hold(name, status, printed)
    if wrong is None and name in NOT_YET:
        wrong = 'it is right: take it out of NOT_YET'
    elif wrong is not None and name in NOT_YET:
        printer.still_fails(label, wrong)
        return
    printer.result(wrong is None, label, f'{wrong}\nexit {status}\n{printed}')


def main():
    if not os.path.isdir(CASES):
        tap.skip_all(f'the directory {CASES} of cases is not there')
    folders = [name for name in os.listdir(CASES) if re.match(r'\d+-', name)]
    folders.sort(key=lambda name: int(name.split('-')[0]))
    chosen = [name for name in folders if not sys.argv[1:] or any(word in name for word in sys.argv[1:])]
    os.makedirs(IMAGES)
    have = {name: data for name, data in images().items() if data}
    for name, data in have.items():
        with open(os.path.join(IMAGES, name), 'wb') as target:
            target.write(data)
    make_client()
    printer = tap.Printer(len(chosen))
    for name in chosen:
        judge(printer, name, os.path.join(CASES, name), have)
    return printer.end()


if __name__ == '__main__':
    sys.exit(main())
