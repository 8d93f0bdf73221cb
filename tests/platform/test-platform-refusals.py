#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the software platform refuses, seen through real QEMU, and what it can be made to get wrong."""

import os
import sys

from lib.owner import secret_table, verify_chain

from fixture import (LUKS, SECRET_ADDRESS, STATUS_BROKEN, STATUS_USAGE, attest, contains, equal, flipped, main,
                     program, read, write)

LINKS = {'ark': ['ark'], 'ask': ['ask'], 'cek': ['cek'], 'oca': ['oca'], 'pek-by-oca': ['pek by oca'],
         'pek-by-cek': ['pek by cek'], 'pek': ['pek by oca', 'pek by cek'], 'pdh': ['pdh'], 'pdh-key': ['pdh']}


def test_session(fixture):
    """A bit turned in any part of the session, and QEMU exits 1 with Bad measurement"""
    for at in (0, 16, 47, 64, 95, 96, 127):  # nonce, wrapped keys, both MACs
        own = fixture.owner()
        own.session = flipped(own.session, at)
        contains(fixture.failure(own), "fw_error=11 'Bad measurement'")


def test_session_iv(fixture):
    """Another IV unwraps other keys, which the policy's MAC shows"""
    own = fixture.owner()
    own.session = flipped(own.session, 48)
    contains(fixture.failure(own), "fw_error=11 'Bad measurement'")


def test_policy(fixture):
    """QEMU under another policy than the session's, in any of its bytes"""
    for policy in (0, 3, 0x101, 0x18000001):
        contains(fixture.failure(fixture.owner(1), policy=policy), "fw_error=11 'Bad measurement'")


def test_policy_version(fixture):
    """A policy that wants a newer firmware API than the platform's 0.24"""
    for policy in (0x00010001, 0x19000001):
        contains(fixture.failure(fixture.owner(policy)), "fw_error=7 'Policy")


def test_session_size(fixture):
    """A session or a certificate of the wrong size"""
    for session, cert in ((127, 2084), (129, 2084), (128, 2083), (128, 2085)):
        own = fixture.owner()
        own.session, own.cert = (own.session + b'\0')[:session], (own.cert + b'\0')[:cert]
        contains(fixture.failure(own), 'fw_error=4 ')


def test_certificate(fixture):
    """An owner's certificate with another usage, algorithm, curve, or a point that is on no curve"""
    for at in (0, 8, 12, 16, 20, 92):
        own = fixture.owner()
        own.cert = flipped(own.cert, at)
        contains(fixture.failure(own), 'fw_error=6 ')


def test_other_platform(fixture):
    """A session for another platform"""
    other = fixture.make('other')
    contains(fixture.failure(fixture.owner(platform=other)), "fw_error=11 'Bad measurement'")


def test_packet(fixture):
    """A packet with anything changed is Bad measurement, memory stays as it was, and the right one still fits"""
    own = fixture.owner()
    table = secret_table(LUKS, b'x' * 40)
    with fixture.guest(own) as guest:
        measure = attest(guest.connect(), own, fixture.digest())
        header, payload = own.packet(table, measure)
        wrong = [(flipped(header, at), payload) for at in (4, 19, 20, 51)]  # IV, MAC
        wrong += [(header, flipped(payload, at)) for at in (0, len(payload) - 1)]
        wrong += [(header, payload[:-16]), (header, payload + bytes(16))]
        wrong += [own.packet(table, flipped(measure, 0)), fixture.owner().packet(table, measure)]
        for packet in wrong:
            contains(guest.refusal('sev-inject-launch-secret', **guest.secret(*packet)), 'Bad measurement')
            equal(guest.memory(SECRET_ADDRESS, len(table), fixture.work), bytes(len(table)))
        equal(guest.call('query-sev')['state'], 'launch-secret')
        guest.call('sev-inject-launch-secret', **guest.secret(header, payload))
        equal(guest.memory(SECRET_ADDRESS, len(table), fixture.work), table)


def test_packet_form(fixture):
    """A packet that is compressed, no multiple of 16, larger than 16 KiB, or with a header of another size"""
    own = fixture.owner()
    with fixture.guest(own) as guest:
        measure = attest(guest.connect(), own, fixture.digest())
        header, payload = own.packet(bytes(32), measure)
        for packet, error in (((flipped(header, 0), payload), 'fw_error=21 '), (own.packet(bytes(24), measure),
                              'fw_error=4 '), (own.packet(bytes(16400), measure), 'fw_error=4 '),
                              ((header[:-1], payload), 'fw_error=4 '), ((header + b'\0', payload), 'fw_error=4 ')):
            contains(guest.refusal('sev-inject-launch-secret', **guest.secret(*packet)), error)


def test_too_late(fixture):
    """No injection once the guest runs, nor after stop and reset"""
    own = fixture.owner()
    with fixture.guest(own) as guest:
        measure = attest(guest.connect(), own, fixture.digest())
        arguments = guest.secret(*own.packet(bytes(16), measure))
        guest.call('cont')
        for command in ('stop', 'system_reset'):
            contains(guest.refusal('sev-inject-launch-secret', **arguments), 'Not in correct state')
            guest.call(command)


def test_firmware(fixture):
    """Another byte of firmware is another measurement"""
    own = fixture.owner()
    write(flipped(read(fixture.image), 0x1000), fixture.work, 'other.fd')
    with fixture.guest(own, firmware=fixture.work + '/other.fd') as guest:
        try:
            attest(guest.connect(), own, fixture.digest())
        except AssertionError:
            return
    raise AssertionError('the measurement of a tampered firmware fits')


def test_faults(fixture):
    """The fault file makes commands fail, the named call or every one"""
    platform = fixture.make('faulty')
    for fault, said in (('INIT 1', 'fw_error=1 '), ('PLATFORM_STATUS 3', "fw_error='3: "),
                        ('LAUNCH_START 23', 'fw_error=23 '), ('LAUNCH_START 23 1', 'fw_error=23 '),
                        ('# comment\n\nLAUNCH_UPDATE_DATA 4\n', 'fw_error=4 ')):
        write(fault.encode(), platform, 'fault')
        contains(fixture.failure(fixture.owner(platform=platform), platform=platform), said)
    own = fixture.owner(platform=platform)
    write(b'LAUNCH_MEASURE 11 2\nLAUNCH_SECRET 20 1\nLAUNCH_FINISH 2\nLAUNCH_START 1 2\nNONSENSE\nLAUNCH_START x\n',
          platform, 'fault')
    with fixture.guest(own, platform=platform) as guest:
        measure = attest(guest.connect(), own, fixture.digest())
        arguments = guest.secret(*own.packet(bytes(16), measure))
        contains(guest.refusal('sev-inject-launch-secret', **arguments), 'fw_error=20 ')
        guest.call('sev-inject-launch-secret', **arguments)
        guest.send('cont')
        status, said = guest.end()
        equal(status, 1)
        contains(said, "fw_error=2 'Guest state is invalid'")


def test_fault_measure(fixture):
    """A failed LAUNCH_MEASURE leaves a guest without measurement"""
    platform = fixture.make('unmeasured')
    write(b'LAUNCH_MEASURE 11\n', platform, 'fault')
    with fixture.guest(fixture.owner(platform=platform), platform=platform) as guest:
        guest.connect()
        equal(guest.call('query-sev')['state'], 'launch-update')
        assert guest.refusal('query-sev-launch-measure') != 'NOT REFUSED'


def test_tamper(fixture):
    """Each tampered platform has just the named link broken, and still launches"""
    for what, broken in LINKS.items():
        out = f'{fixture.work}/tampered-{what}'
        equal(program('tamper', fixture.platform, what, out).returncode, 0)
        equal((what, verify_chain(out)), (what, broken))
        own = fixture.owner(platform=out)
        with fixture.guest(own, platform=out) as guest:
            attest(guest.connect(), own, fixture.digest())


def test_foreign_root(fixture):
    """A foreign root has the same key ids and other keys, and the chain verifies under it alone"""
    out = fixture.work + '/foreign'
    equal(program('tamper', fixture.platform, 'foreign-root', out).returncode, 0)
    for name in ('ark.cert', 'ask.cert'):
        equal(read(out, name)[:64], read(fixture.platform, name)[:64])
        assert read(out, name)[64 + 256:64 + 512] != read(fixture.platform, name)[64 + 256:64 + 512]
        equal(read(out, 'roots/software', name), read(out, name))
    equal(verify_chain(out), [])
    equal(verify_chain(out, roots=fixture.platform), ['cek'])
    equal(verify_chain(fixture.platform, roots=out), ['cek'])


def test_cpu_id(fixture):
    """Another machine by its CPU id"""
    out = fixture.work + '/other-cpu'
    equal(program('tamper', fixture.platform, 'cpu-id', out).returncode, 0)
    equal(verify_chain(out), [])
    assert read(out, 'cpu-id') != read(fixture.platform, 'cpu-id')


def test_no_platform(fixture):
    """A folder that is missing or lacks a file is refused with its name, by the program and by the library"""
    missing = fixture.work + '/missing'
    for verb in (('qemu', missing, '--'), ('wrapper', missing, fixture.work + '/wrapper')):
        told = program(*verb)
        equal(told.returncode, STATUS_BROKEN)
        contains(told.stderr, missing)
    broken = fixture.make('broken')
    own = fixture.owner(platform=broken)
    equal(program('wrapper', broken, fixture.work + '/broken-wrapper').returncode, 0)
    write(read(broken, 'pdh.key')[1:], broken, 'pdh.key')
    contains(program('qemu', broken, '--').stderr, 'pdh.key has 47 bytes instead of 48')
    said = fixture.failure(own, command=[fixture.work + '/broken-wrapper'])
    contains(said, 'pdh.key has 47 bytes instead of 48')


def test_usage(fixture):
    """Wrong arguments are refused with a sentence, and nothing is made"""
    target = fixture.work + '/never'
    for arguments, said in (((), 'see --help'), (('paint',), 'see --help'), (('init',), 'needs one argument'),
                            (('init', target, 'more'), 'needs one argument'),
                            (('init', target, '--generation', 'rome'), 'neither naples nor milan'),
                            (('init', target, '--api', '1'), 'MAJOR.MINOR'),
                            (('init', target, '--api', '1.256'), '256'), (('init', target, '--build', '-1'), '-1'),
                            (('init', target, '--vmsa-fpu', 'some'), 'neither zero nor reset'),
                            (('init', target, '--loud'), '--loud'), (('qemu', fixture.platform), 'needs DIR --'),
                            (('wrapper', fixture.platform), 'needs DIR FILE'),
                            (('tamper', fixture.platform, 'pdh'), 'needs DIR WHAT OUT'),
                            (('tamper', fixture.platform, 'moon', target), 'pek-by-oca')):
        told = program(*arguments)
        equal((arguments, told.returncode), (arguments, STATUS_USAGE))
        contains(told.stderr, said)
    assert not os.path.exists(target)


def test_never_over(fixture):
    """init and tamper never overwrite a platform"""
    before = read(fixture.platform, 'pdh.cert')
    for arguments in (('init', fixture.platform), ('tamper', fixture.platform, 'pdh', fixture.platform)):
        told = program(*arguments)
        equal(told.returncode, STATUS_BROKEN)
        contains(told.stderr, 'platform.conf')
    equal(read(fixture.platform, 'pdh.cert'), before)


def test_emulator(fixture):
    """An emulator that is not there"""
    told = program('qemu', fixture.platform, '--emulator', 'qemu-system-none', '--', '-S')
    equal(told.returncode, STATUS_BROKEN)
    contains(told.stderr, 'qemu-system-none is not in PATH')


if __name__ == '__main__':
    sys.exit(main([value for name, value in list(globals().items()) if name.startswith('test_')]))
