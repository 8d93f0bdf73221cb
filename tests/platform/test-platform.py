#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real QEMU on the software platform: whole launches, against an owner that shares no code with it."""

import hashlib
import json
import os
import struct
import subprocess
import sys

from lib.owner import CERT_SIZE, ap_reset_address, hash_table, secret_table, verify_chain, vmsa

from fixture import (AREA_SIZE, HASHES_ADDRESS, KNOWN_FIRMWARE, LUKS, SECRET_ADDRESS, attest, contains, decoded, equal,
                     main, program, read, tap, write)
from guest import PROGRAM

KNOWN_ES = 'es-1cpu-p5-EPYC-v4'
EPYC = 0x00800f12  # family 23, model 1, stepping 2


def launch(fixture, own, digest, check_after=None, **options):
    """A launch to its end: measurement, secret at its address, running."""
    table = secret_table(LUKS, b'correct horse battery staple')
    with fixture.guest(own, **options) as guest:
        guest.connect()
        equal(guest.call('query-status')['status'], 'prelaunch')
        measure = attest(guest, own, digest)
        equal(guest.memory(SECRET_ADDRESS, len(table), fixture.work), bytes(len(table)))
        guest.call('sev-inject-launch-secret', **guest.secret(*own.packet(table, measure)))
        equal(guest.memory(SECRET_ADDRESS, len(table), fixture.work), table)
        guest.call('cont')
        equal(guest.call('query-status')['status'], 'running')
        equal(guest.call('query-sev')['state'], 'running')
        if check_after:
            check_after(guest)


def test_launch(fixture):
    """A launch: measured, injected, running; stop, cont and reset afterwards"""
    def check(guest):
        guest.call('stop')
        guest.call('cont')
        guest.call('system_reset')
        equal(guest.call('query-status')['status'], 'running')
        equal(guest.call('query-sev')['state'], 'running')
    launch(fixture, fixture.owner(), fixture.digest(), check)


def test_sessions_differ(fixture):
    """Two launches of one owner share neither nonce nor measurement"""
    seen = set()
    for _ in range(2):
        own = fixture.owner()
        with fixture.guest(own) as guest:
            seen.add(attest(guest.connect(), own, fixture.digest()))
    equal(len(seen), 2)


def test_capabilities(fixture):
    """query-sev-capabilities gives the certificates of the folder, and they verify under its root alone"""
    with fixture.guest() as guest:
        told = guest.connect().call('query-sev-capabilities')
    equal((told['cbitpos'], told['reduced-phys-bits']), (51, 1))
    equal(decoded(told['pdh']), read(fixture.platform, 'pdh.cert'))
    equal(decoded(told['cpu0-id']), read(fixture.platform, 'cpu-id'))
    chain = decoded(told['cert-chain'])
    names = ('pek', 'oca', 'cek')
    equal([chain[at * CERT_SIZE:(at + 1) * CERT_SIZE] for at in range(3)],
          [read(fixture.platform, name + '.cert') for name in names])
    equal(verify_chain(fixture.platform), [])


def test_probe(fixture):
    """libvirt's capability probe: no machine, accelerator kvm:tcg"""
    asked = ''.join(json.dumps({'execute': command}) + '\n' for command in
                    ('qmp_capabilities', 'query-kvm', 'query-sev-capabilities', 'quit'))
    told = subprocess.run([PROGRAM, 'qemu', fixture.platform, '--', '-S', '-no-user-config', '-nodefaults',
                           '-nographic', '-machine', 'none,accel=kvm:tcg', '-qmp', 'stdio'], input=asked,
                          capture_output=True, text=True, check=True, timeout=30).stdout
    answers = [json.loads(line).get('return') for line in told.splitlines()]
    assert {'enabled': True, 'present': True} in answers, told
    equal(decoded(answers[3]['pdh']), read(fixture.platform, 'pdh.cert'))


def test_versions(fixture):
    """API version and build as init was told; a milan chain verifies"""
    platform = fixture.make('milan', '--generation', 'milan', '--api', '1.55', '--build', '8')
    equal(verify_chain(platform), [])
    own = fixture.owner(0x37010001, platform)  # at least API 1.55
    with fixture.guest(own, platform=platform) as guest:
        sev = guest.connect().call('query-sev')
        equal((sev['api-major'], sev['api-minor'], sev['build-id']), (1, 55, 8))
        attest(guest, own, fixture.digest())


def test_kernel_hashes(fixture):
    """kernel-hashes=on: the table is measured behind the firmware and lies in its area"""
    kernel = bytearray(os.urandom(8192))
    kernel[0x1f1] = 1
    kernel[0x202:0x208] = b'HdrS' + bytes(2)
    struct.pack_into('<H', kernel, 0x206, 0x20c)
    kernel[0x211] = 1  # loaded high
    struct.pack_into('<I', kernel, 0x22c, 0x7fffffff)
    initrd = os.urandom(5000)
    write(bytes(kernel), fixture.work, 'kernel')
    write(initrd, fixture.work, 'initrd')
    cases = (((), hash_table(bytes(kernel))),
             (('-append', 'root=/dev/vda quiet'), hash_table(bytes(kernel), b'', b'root=/dev/vda quiet\0')),
             (('-initrd', fixture.work + '/initrd', '-append', 'x'), hash_table(bytes(kernel), initrd, b'x\0')))
    for extra, table in cases:
        own = fixture.owner()
        with fixture.guest(own, kernel_hashes=True, extra=('-kernel', fixture.work + '/kernel', *extra)) as guest:
            attest(guest.connect(), own, fixture.digest(table))
            equal(guest.memory(HASHES_ADDRESS, len(table), fixture.work), table)


def test_secret_sizes(fixture):
    """Secrets of one block and of the whole area, at an address that is named"""
    for size in (16, AREA_SIZE):
        own = fixture.owner()
        table = os.urandom(size)
        with fixture.guest(own) as guest:
            measure = attest(guest.connect(), own, fixture.digest())
            guest.call('sev-inject-launch-secret', **guest.secret(*own.packet(table, measure), address=0x20000))
            equal(guest.memory(0x20000, size + 16, fixture.work), table + bytes(16))


def test_es(fixture):
    """SEV-ES with three vCPUs, in both profiles of the save area"""
    image = read(fixture.image)
    for profile in ('zero', 'reset'):
        platform = fixture.make('es-' + profile, '--vmsa-fpu', profile)
        pages = [vmsa(0xfffffff0 if cpu == 0 else ap_reset_address(image), EPYC, profile == 'reset')
                 for cpu in range(3)]
        launch(fixture, fixture.owner(5, platform), fixture.digest(*pages), platform=platform, cpu='EPYC', cpus=3)


def test_es_known_answer(fixture):
    """SEV-ES measurements are those that two independent tools computed"""
    folder = f'{os.environ["VA_TEST_DATA"]}/cases/{KNOWN_ES}'
    known = json.loads(read(folder, 'expected.json'))
    image = read(KNOWN_FIRMWARE)
    digest = hashlib.sha256(image)
    if digest.hexdigest() != '7b456907dd0786d415999e801a1ac4637b8ed4d7cf5378cfc6edbe5e574dd773':
        raise tap.Skip(f'{KNOWN_FIRMWARE} is another one than that of tests/data/cases, ovmf 2022.11')
    for profile, name in (('zero', 'libvirt900_digest'), ('reset', 'snp_measure_digest')):
        platform = fixture.make('known-' + profile, '--vmsa-fpu', profile)
        own = fixture.owner(5, platform)
        with fixture.guest(own, platform=platform, firmware=KNOWN_FIRMWARE, cpu='EPYC') as guest:
            attest(guest.connect(), own, bytes.fromhex(known[name]))


def test_no_owner(fixture):
    """Without session and certificate the platform makes its own keys, and the guest starts"""
    with fixture.guest() as guest:
        guest.connect()
        equal(guest.call('query-sev')['state'], 'launch-secret')
        guest.call('cont')
        equal(guest.call('query-sev')['state'], 'running')


def test_wrapper(fixture):
    """The wrapper script plays the same, from any folder and under libvirt's name"""
    os.mkdir(fixture.work + "/it's here")
    path = fixture.work + "/it's here/qemu-system-x86_64"
    equal(program('wrapper', fixture.platform, path).returncode, 0)
    launch(fixture, fixture.owner(), fixture.digest(), command=[path])


def test_unprivileged(fixture):
    """No root, and no /dev/kvm or /dev/sev that could be opened"""
    if os.geteuid() != 0:
        launch(fixture, fixture.owner(), fixture.digest())
        return
    for folder in (fixture.work, os.path.dirname(fixture.work)):
        os.chmod(folder, 0o755)
    own = fixture.owner()
    socket = fixture.work + '/user'
    os.mkdir(socket)
    os.chown(socket, 65534, 65534)
    command = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', PROGRAM, 'qemu',
               fixture.platform, '--']
    with fixture.guest(own, command=command, socket_folder=socket) as guest:
        attest(guest.connect(), own, fixture.digest())
        with open(f'/proc/{guest.process.pid}/status', encoding='ascii') as status:
            contains(status.read(), 'Uid:\t65534\t65534\t65534\t65534\n')
        for name in os.listdir(f'/proc/{guest.process.pid}/fd'):
            target = os.readlink(f'/proc/{guest.process.pid}/fd/{name}')
            assert target not in ('/dev/kvm', '/dev/sev'), target


def test_log(fixture):
    """The log has each command with its result, and no key"""
    platform = fixture.make('logged')
    write(b'', platform, 'log')
    own = fixture.owner(platform=platform)
    launch(fixture, own, fixture.digest(), platform=platform)
    logged = read(platform, 'log')
    lines = [line.split() for line in logged.decode().splitlines()]
    equal([line[1] for line in lines], ['PLATFORM_STATUS', 'INIT', 'LAUNCH_START', 'LAUNCH_UPDATE_DATA',
                                        'LAUNCH_MEASURE', 'LAUNCH_SECRET', 'LAUNCH_FINISH'])
    equal({line[2] for line in lines}, {'0'})
    for key in (own.tik, own.tek):
        assert key not in logged and key.hex().encode() not in logged


def test_harmless(fixture):
    """The library changes nothing in a process that names no platform"""
    library = os.path.dirname(PROGRAM) + '/.libs/libvirt-attest-platform.so'
    environment = {**os.environ, 'LD_PRELOAD': library}
    environment.pop('VIRT_ATTEST_PLATFORM', None)
    write(b'through', fixture.work, 'file')
    equal(subprocess.run(['cat', fixture.work + '/file'], env=environment, capture_output=True,
                         check=True).stdout, b'through')
    opened = subprocess.run(['cat', '/dev/sev'], env=environment, capture_output=True, check=False)
    plain = subprocess.run(['cat', '/dev/sev'], capture_output=True, check=False)
    equal((opened.returncode, opened.stderr), (plain.returncode, plain.stderr))
    environment['VIRT_ATTEST_PLATFORM'] = fixture.platform
    equal(subprocess.run(['cat', '/dev/sev', fixture.work + '/file'], env=environment, capture_output=True,
                         check=True).stdout, b'through')


if __name__ == '__main__':
    sys.exit(main([value for name, value in list(globals().items()) if name.startswith('test_')]))
