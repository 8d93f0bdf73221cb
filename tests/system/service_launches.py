# SPDX-License-Identifier: LGPL-2.1-or-later
"""Launches on a real virt-attestd: granted, validated, refused, raced for."""

import concurrent.futures
import hashlib
import os
import time
import uuid

from lib.peers import Platform, Refused, b64, firmware, sev, sha256
from lib.service import INLINE, LUKS, OTHER_GUID, PASSPHRASE, TMP, read_store, refused, test


@test
def whole_launch(w):
    vm = w.register(secrets=[{'name': 'disk'}, {'guid': OTHER_GUID, 'data': b64(INLINE)}],
                    permit={'max-launches': 5, 'max-running': 2})
    guest = w.launch(vm)
    assert w.record(guest)['state'] == 'open' and w.count(vm) == (1, 1)
    reply = w.validate(vm, guest, firmware_hash=sha256(w.image))
    assert guest.open_packet(reply) == {LUKS: PASSPHRASE + b'\0', OTHER_GUID: INLINE}
    assert reply['secret-address'] == 0x810000
    w.node1.post(f'/launch/{guest.id}/outcome', {'state': 'running', 'steps': [{'name': 'measured', 'ms': 12}]})
    w.node1.post(f'/launch/{guest.id}/outcome', {'state': 'running'})
    record = w.record(guest)
    assert [s['step'] for s in record['timeline']] == ['requested', 'granted', 'validated', 'running'], record
    assert record['state'] == 'running' and record['generation'] == 'software'
    assert (record['api-major'], record['api-minor'], record['build-id']) == (0, 24, 15)
    assert record['steps'] == [{'name': 'measured', 'ms': 12}] and w.count(vm) == (1, 1)
    w.node1.post(f'/launch/{guest.id}/outcome', {'state': 'ended', 'reason': 'shut down'})
    record = w.record(guest)
    assert record['state'] == 'ended' and record['reason'] == 'shut down' and w.count(vm) == (1, 0)
    second = w.launch(vm)
    assert second.id != guest.id and second.tik != guest.tik and second.tek != guest.tek
    assert second.grant['session'] != guest.grant['session'] and second.grant['owner-cert'] != guest.grant['owner-cert']


@test
def launch_without_secrets(w):
    vm = w.register(firmware_hashes=[sha256(w.plain)])
    guest = w.launch(vm)
    assert w.validate(vm, guest, hashlib.sha256(w.plain).digest()) == {'launch-id': guest.id}


@test
def kernel_hashes(w):
    kernel, initrd, cmdline = b'kernel', b'initrd', b'quiet'
    vm = w.register(kernel_hash=sha256(kernel), initrd_hash=sha256(initrd), cmdline_hash=sha256(cmdline + b'\0'))
    digest = hashlib.sha256(w.image + sev.hash_table(kernel, initrd, cmdline + b'\0')).digest()
    w.validate(vm, w.launch(vm), digest)
    for table, words in ((b'', 'without kernel hashes'),
                         (sev.hash_table(kernel, b'', cmdline + b'\0'), 'without the initrd'),
                         (sev.hash_table(kernel, initrd), 'without the command line'),
                         (sev.hash_table(kernel), 'without initrd and command line'),
                         (sev.hash_table(b''), 'but without a kernel'),
                         (sev.hash_table(b'x', initrd, cmdline + b'\0'), 'matches none of your other firmware')):
        guest = w.launch(vm)
        short = refused('measurement-mismatch', w.validate, vm, guest, hashlib.sha256(w.image + table).digest())
        record = w.record(guest)
        assert words in record['detail'] and words not in short, record
    detail = refused('bad-request', w.register, firmware_hashes=[sha256(w.plain)], kernel_hash=sha256(kernel))
    assert sha256(w.plain) in detail, detail


@test
def several_kernels(w):
    kernels, initrds, cmdlines = (b'one', b'two'), (b'', b'initrd'), (b'', b'quiet', b'debug')
    vm = w.register(kernel_hash=[sha256(k) for k in kernels], initrd_hash=[sha256(i) for i in initrds],
                    cmdline_hash=[sha256(c + b'\0') for c in cmdlines], firmware_hashes=[sha256(w.image)])
    for kernel in kernels:
        for initrd in initrds:
            for cmdline in cmdlines:
                w.validate(vm, w.launch(vm), hashlib.sha256(
                    w.image + sev.hash_table(kernel, initrd, cmdline + b'\0')).digest())
    for table in (b'', sev.hash_table(b'three', b'initrd', b'quiet\0'), sev.hash_table(b'one', b'two', b'quiet\0'),
                  sev.hash_table(b'one', b'initrd', b'quiet')):
        refused('measurement-mismatch', w.validate, vm, w.launch(vm), hashlib.sha256(w.image + table).digest())
    guest = w.launch(vm)
    refused('measurement-mismatch', w.validate, vm, guest, hashlib.sha256(w.image).digest())
    assert 'without kernel hashes' in w.record(guest)['detail']
    only = w.register(kernel_hash=[sha256(k) for k in kernels], initrd_hash=sha256(b'initrd'))
    guest = w.launch(only)
    refused('measurement-mismatch', w.validate, only, guest, hashlib.sha256(w.image + sev.hash_table(b'two')).digest())
    assert 'without the initrd' in w.record(guest)['detail']
    many = [sha256(bytes([i])) for i in range(12)]
    assert 'too many launch digests' in refused('bad-request', w.register, kernel_hash=many, initrd_hash=many)


@test
def several_firmwares(w):
    small = firmware(3, secret=(0x820000, 64))
    w.alice.call('PUT', '/artifact', raw=small)
    both = [sha256(w.image), sha256(small)]
    vm = w.register(firmware_hashes=both, secrets=[{'guid': OTHER_GUID, 'data': b64(b'x' * 8)}])
    guest = w.launch(vm)
    assert w.validate(vm, guest, hashlib.sha256(small).digest())['secret-address'] == 0x820000
    guest = w.launch(vm)
    assert w.validate(vm, guest)['secret-address'] == 0x810000
    assert '64' in refused('secret-too-large', w.register, firmware_hashes=both,
                           secrets=[{'guid': OTHER_GUID, 'data': b64(b'x' * 64)}])
    assert sha256(w.plain) in refused('secret-area-missing', w.register, secrets=[{'name': 'disk'}],
                                      firmware_hashes=[sha256(w.image), sha256(w.plain)])
    refused('secret-too-large', w.register, secrets=[{'guid': OTHER_GUID, 'data': b64(b'x' * 4096)}])
    w.alice.call('PUT', f'/secret/grows?guid={OTHER_GUID}', raw=b'x' * 8)
    vm = w.register(firmware_hashes=both, secrets=[{'name': 'grows'}])
    w.alice.call('PUT', f'/secret/grows?guid={OTHER_GUID}', raw=b'x' * 64)
    assert '64' in refused('secret-too-large', w.launch, vm)


@test
def launch_digests_and_es(w):
    digest = hashlib.sha256(b'whatever').digest()
    vm = w.register(scheme='amd-sev-es', policy=5, firmware_hashes=None, launch_digests=[digest.hex()],
                    secrets=[{'name': 'disk'}])
    guest = w.launch(vm)
    reply = w.validate(vm, guest, digest, cpu_count=2)
    assert guest.open_packet(reply)[LUKS] == PASSPHRASE + b'\0' and 'secret-address' not in reply


def es_digest(image, cpus, signature, fpu=False, table=b''):
    first, others = (sev.vmsa(reset, signature, fpu) for reset in (0xfffffff0, sev.ap_reset_address(image)))
    return hashlib.sha256(image + table + first + others * (cpus - 1)).digest()

MILAN, ROME = 0x00a00f11, 0x00830f10


@test
def es_from_firmware(w):
    vm = w.register(scheme='amd-sev-es', policy=5, cpu_count=[1, 4], cpu_model='EPYC-Milan',
                    secrets=[{'name': 'disk'}])
    for cpus in (1, 4):
        for fpu in (False, True):
            guest = w.launch(vm)
            reply = w.validate(vm, guest, es_digest(w.image, cpus, MILAN, fpu))
            assert guest.open_packet(reply)[LUKS] == PASSPHRASE + b'\0' and reply['secret-address'] == 0x810000
            assert f'{cpus} vCPUs' in w.record(guest)['detail'], w.record(guest)
            assert ('“fpu”' if fpu else '“zero”') in w.record(guest)['detail'], w.record(guest)
    numbers = w.register(scheme='amd-sev-es', policy=7, cpu_count=[2], cpu_model='25/1/1', vmsa_profile='fpu')
    w.validate(numbers, w.launch(numbers), es_digest(w.image, 2, MILAN, True))
    kernel = w.register(scheme='amd-sev-es', policy=5, cpu_count=[2], cpu_model='EPYC-Rome-v2',
                        kernel_hash=sha256(b'kernel'))
    w.validate(kernel, w.launch(kernel), es_digest(w.image, 2, ROME, table=sev.hash_table(b'kernel')))


@test
def debug_swap_is_registered(w):
    def digest(cpus, fpu):
        pages = [bytearray(sev.vmsa(reset, MILAN, fpu)) for reset in (0xfffffff0, sev.ap_reset_address(w.image))]
        for page in pages:
            page[0x3b0] = 0x20
        return hashlib.sha256(w.image + pages[0] + pages[1] * (cpus - 1)).digest()

    es = {'scheme': 'amd-sev-es', 'policy': 5, 'cpu_count': [2], 'cpu_model': 'EPYC-Milan'}
    vm = w.register(**es)
    guest = w.launch(vm)
    refused('measurement-mismatch', w.validate, vm, guest, digest(2, True))
    assert 'its KVM has debug_swap on' in w.record(guest)['detail'], w.record(guest)
    for profile, fpu in (('debug-swap', True), ('debug-swap', False), ('any', True), ('fpu-debug-swap', True)):
        vm = w.register(vmsa_profile=profile, **es)
        guest = w.launch(vm)
        w.validate(vm, guest, digest(2, fpu))
        assert ('“fpu-debug-swap”' if fpu else '“zero-debug-swap”') in w.record(guest)['detail'], w.record(guest)
    guest = w.launch(vm)
    refused('measurement-mismatch', w.validate, vm, guest, digest(2, False))


@test
def es_registrations_refused(w):
    es = {'scheme': 'amd-sev-es', 'policy': 5}
    assert 'EPYC-Genoa' in refused('bad-request', w.register, **es, cpu_count=[1], cpu_model='EPYC-Naples')
    assert 'vmsa-profile' in refused('bad-request', w.register, vmsa_profile='zero')
    refused('bad-request', w.register, **es, cpu_count=[1], cpu_model='EPYC', vmsa_profile='both')
    assert '4096' in refused('bad-request', w.register, **es, cpu_count=[4096, 1], cpu_model='EPYC')
    flat = firmware(7, reset=0)
    w.alice.call('PUT', '/artifact', raw=flat)
    assert 'reset address' in refused('bad-request', w.register, **es, firmware_hashes=[sha256(flat)], cpu_count=[1],
                                      cpu_model='EPYC')


@test
def chips(w):
    own, foreign = (hashlib.sha256(p.chain[2 * 2084 + 16:2 * 2084 + 1044]).hexdigest() for p in (w.platform, w.foreign))
    w.launch(w.register(chips=[foreign, own]))
    assert own in refused('chip-not-allowed', w.launch, w.register(chips=[foreign]))


@test
def policy_rules(w):
    vm = w.register(policy={'required': 1, 'forbidden': 8})
    for policy in (1, 3, 0x11, 0x21, 0x33, 0x18000001 | 2):
        guest = w.launch(vm, policy=policy)
        assert guest.grant['policy'] == policy
        w.validate(vm, guest)
    for policy in (0, 2, 9, 5, 0x25):
        why = refused('policy-not-allowed', w.launch, vm, policy=policy)
        assert f'policy {policy:#x}, but its registration requires the bits 0x1 and forbids 0xc' in why, why
    assert 'several policies' in refused('policy-not-allowed', w.launch, vm)
    guest = w.launch(vm, policy=3)
    refused('policy-changed', w.validate, vm, guest, policy=1)
    assert w.count(vm) == (6, 6)
    exact = w.register(policy=3)
    refused('policy-not-allowed', w.launch, exact, policy=1)
    assert w.launch(exact, policy=3).grant['policy'] == w.launch(exact).grant['policy'] == 3
    assert 'NODBG' in refused('bad-request', w.register, policy=2)
    debug = w.register(policy=2, allow_debug=True)
    w.validate(debug, w.launch(debug, policy=2))
    refused('policy-not-allowed', w.launch, debug, policy=3)


@test
def claims_are_held_to_the_launch(w):
    vm = w.register(policy=3, min_api={'major': 0, 'minor': 24}, min_build=15)
    p = w.platform
    for code, claims in (('policy-changed', {'policy': 1}), ('policy-changed', {'policy': 3 | 1 << 30}),
                         ('api-changed', {'api_minor': p.api_minor - 1}), ('api-changed', {'api_major': 1}),
                         ('api-too-old', {'build_id': 14})):
        guest = w.launch(vm)
        refused(code, w.validate, vm, guest, **claims)
        record = w.record(guest)
        assert record['state'] == 'refused' and record['code'] == code and record['detail']
        refused('launch-used', w.validate, vm, guest)
    w.validate(vm, w.launch(vm), api_minor=p.api_minor + 1, build_id=99)
    vm = w.register(min_api={'major': 0, 'minor': 25})
    assert '0.24' in refused('api-too-old', w.launch, vm)


@test
def one_answer_only(w):
    vm = w.register(secrets=[{'name': 'disk'}])
    guest = w.launch(vm)
    refused('measurement-mismatch', w.validate, vm, guest, b'\1' * 32)
    refused('launch-used', w.validate, vm, guest)
    guest = w.launch(vm)
    w.validate(vm, guest)
    refused('launch-used', w.validate, vm, guest)
    flipped = guest.claim(hashlib.sha256(w.image).digest())
    flipped['measurement'] = b64(bytes(48))
    refused('launch-used', w.node1.post, f'/vm/{vm}/validate', flipped)


@test
def revoked_launch(w):
    vm = w.register(secrets=[{'name': 'disk'}], permit={'max-launches': 1})
    guest = w.launch(vm)
    revoke = f'/launch/{guest.id}/revoke'
    refused('launch-unknown', w.bob.post, revoke, None)
    refused('launch-unknown', w.alice.post, f'/launch/{uuid.uuid4()}/revoke', None)
    refused('launch-unknown', w.alice.post, '/launch/x/revoke', None)
    refused('forbidden', w.node1.post, revoke, None)
    record = w.alice.post(revoke, None)
    assert record['state'] == 'refused' and record['code'] == 'launch-revoked' and w.count(vm) == (0, 0), record
    refused('launch-revoked', w.validate, vm, guest)
    assert 'refused' in refused('launch-used', w.alice.post, revoke, None)
    again = w.launch(vm)
    w.validate(vm, again)
    assert 'node1' in refused('launch-used', w.alice.post, f'/launch/{again.id}/revoke', None)


@test
def race_of_validations(w):
    vm = w.register(secrets=[{'name': 'disk'}])
    for _ in range(5):
        guest = w.launch(vm)
        claim = guest.claim(hashlib.sha256(w.image).digest())

        def attempt(_):
            try:
                return w.node1.post(f'/vm/{vm}/validate', claim)
            except Refused as problem:
                return problem.code
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(attempt, range(8)))
        assert sum(isinstance(a, dict) for a in answers) == 1 and answers.count('launch-used') == 7, answers


@test
def race_for_the_permit(w):
    vm = w.register(permit={'max-launches': 3})

    def attempt(_):
        try:
            return w.launch(vm)
        except Refused as problem:
            return problem.code
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(attempt, range(12)))
    assert answers.count('permit-exhausted') == 9 and w.count(vm) == (3, 3), answers


@test
def permits(w):
    vm = w.register(permit={'max-launches': 2, 'max-running': 1})
    first = w.launch(vm)
    refused('running-limit', w.launch, vm)
    refused('measurement-mismatch', w.validate, vm, first, b'\1' * 32)
    assert w.count(vm) == (0, 0)
    second = w.launch(vm)
    w.node1.post(f'/launch/{second.id}/outcome', {'state': 'failed', 'reason': 'QEMU died'})
    assert w.record(second)['state'] == 'failed' and w.count(vm) == (0, 0)
    refused('launch-used', w.validate, vm, second)
    third = w.launch(vm)
    w.validate(vm, third)
    w.node1.post(f'/launch/{third.id}/outcome', {'state': 'failed'})
    assert w.record(third)['state'] == 'failed' and w.count(vm) == (1, 0)
    fourth = w.launch(vm)
    w.validate(vm, fourth)
    w.node1.post(f'/launch/{fourth.id}/outcome', {'state': 'ended'})
    refused('permit-exhausted', w.launch, vm)
    w.register(id_=vm, permit={'max-launches': 1})
    assert w.count(vm) == (0, 0)
    w.launch(vm)
    refused('permit-exhausted', w.launch, vm)


@test
def outcomes(w):
    vm = w.register()
    guest = w.launch(vm)
    path = f'/launch/{guest.id}/outcome'
    refused('launch-used', w.node1.post, path, {'state': 'running'})
    refused('launch-unknown', w.node2.post, path, {'state': 'failed'})
    refused('launch-unknown', w.node1.post, f'/launch/{uuid.uuid4()}/outcome', {'state': 'failed'})
    refused('launch-unknown', w.node1.post, '/launch/xyz/outcome', {'state': 'failed'})
    refused('bad-request', w.node1.post, path, {'state': 'done'})
    refused('forbidden', w.alice.post, path, {'state': 'failed'})
    assert w.record(guest)['state'] == 'open'
    w.node1.post(path, {'state': 'ended'})
    assert w.record(guest)['state'] == 'failed'
    refused('launch-used', w.node1.post, path, {'state': 'running'})
    guest = w.launch(vm)
    refused('measurement-mismatch', w.validate, vm, guest, b'\1' * 32)
    w.node1.post(f'/launch/{guest.id}/outcome', {'state': 'failed', 'steps': [{'name': 'hook', 'ms': 3}]})
    record = w.record(guest)
    assert record['state'] == 'refused' and record['steps'] == [{'name': 'hook', 'ms': 3}]


@test
def firmware_error_of_a_host(w):
    """The host says a number; what it means is for the client to say."""
    guest = w.launch(w.register())
    path = f'/launch/{guest.id}/outcome'
    for wrong in (-1, 256, '13', 13.5, None, [13]):
        refused('bad-request', w.node1.post, path, {'state': 'failed', 'firmware-error': wrong})
    assert 'firmware-error' not in w.record(guest)
    w.node1.post(path, {'state': 'failed', 'reason': 'QEMU ended', 'firmware-error': 13})
    w.node1.post(path, {'state': 'failed', 'firmware-error': 7})
    assert w.record(guest)['state'] == 'failed' and w.record(guest)['firmware-error'] == 13


@test
def other_hosts_and_guests(w):
    vm, other = w.register(), w.register()
    guest = w.launch(vm)
    refused('launch-unknown', w.validate, vm, guest, host=w.node2)
    refused('launch-unknown', w.validate, other, guest)
    stray = guest.claim(hashlib.sha256(w.image).digest())
    stray['launch-id'] = str(uuid.uuid4())
    words = refused('launch-unknown', w.node1.post, f'/vm/{vm}/validate', stray)
    assert words == refused('launch-unknown', w.validate, vm, guest, host=w.node2)
    assert w.record(guest)['state'] == 'open'
    w.validate(vm, guest)
    assert words == refused('launch-unknown', w.validate, vm, guest, host=w.node2)


@test
def rules_of_launch(w):
    now = int(time.time())
    unknown = str(uuid.uuid4())
    refused('vm-unknown', w.launch, unknown)
    refused('vm-unknown', w.node1.post, '/vm/XYZ/launch', w.platform.request(unknown))
    vm = w.register(hosts=['node2'])
    refused('host-not-allowed', w.launch, vm)
    w.launch(vm, host=w.node2)
    vm = w.register()
    refused('domain-not-allowed', w.launch, vm, domain=unknown)
    vm = w.register(domains=[unknown])
    refused('domain-not-allowed', w.launch, vm)
    w.launch(vm, domain=unknown)
    w.launch(w.register(any_domain=True), domain=unknown)
    refused('outside-time-window', w.launch, w.register(permit={'not-before': now + 1000}))
    soon = w.register(permit={'not-after': now + 2})
    w.launch(soon)
    assert 'not-after is in the past' in refused('bad-request', w.register, permit={'not-after': now - 1000})
    assert 'not-after is in the past' in refused('bad-request', w.register, id_=soon, permit={'not-after': now - 2})
    while time.time() < now + 3.1:
        time.sleep(0.1)
    assert 'ended at' in refused('outside-time-window', w.launch, soon)
    assert w.alice.get('/vm/' + soon)['permit'] == {'not-after': now + 2}
    w.launch(w.register(permit={'not-before': now - 10, 'not-after': now + 1000}))
    refused('forbidden', w.launch, vm, host=w.alice)
    refused('bad-request', w.node1.post, f'/vm/{vm}/launch', dict(w.platform.request(vm), extra=1))
    refused('bad-request', w.node1.post, f'/vm/{vm}/launch', '{"pdh": 1, "pdh": 2}')
    refused('bad-request', w.node1.post, f'/vm/{vm}/validate', {})
    refused('vm-unknown', w.node1.post, '/vm/XYZ/validate', {})


@test
def a_replaced_registration_counts_at_once(w):
    """Broken where the service goes by what it has read before: by rules, secrets or references that are no more."""
    inline = [{'guid': OTHER_GUID, 'data': b64(INLINE)}]
    vm = w.register(secrets=inline)
    for _ in range(2):
        guest = w.launch(vm)
        assert guest.open_packet(w.validate(vm, guest)) == {OTHER_GUID: INLINE}
    w.register(id_=vm, hosts=['node2'], secrets=inline)
    refused('host-not-allowed', w.launch, vm)
    w.launch(vm, host=w.node2)
    w.register(id_=vm, secrets=[{'guid': OTHER_GUID, 'data': b64(b'another one')}])
    guest = w.launch(vm)  # the rule that refused it a moment ago is no more
    assert guest.open_packet(w.validate(vm, guest)) == {OTHER_GUID: b'another one'}
    w.register(id_=vm, firmware_hashes=[sha256(w.plain)])
    guest = w.launch(vm)
    assert w.validate(vm, guest, hashlib.sha256(w.plain).digest()) == {'launch-id': guest.id}
    refused('permit-exhausted', lambda: [w.launch(w.register(id_=vm, permit={'max-launches': 1})), w.launch(vm)])
    w.alice.call('DELETE', '/vm/' + vm)
    refused('vm-unknown', w.launch, vm)
    w.register(id_=vm)
    w.launch(vm)


@test
def chains(w):
    vm = w.register()
    for what in ('oca', 'pek-by-oca', 'pek-by-cek', 'pdh', 'pdh-key'):
        broken = Platform(os.path.join(TMP, 'tampered-' + what), 'tamper', w.platform.folder, what)
        refused('chain-invalid', w.launch, vm, platform=broken)
    for what in ('foreign-root', 'cek'):
        stranger = Platform(os.path.join(TMP, 'tampered-' + what), 'tamper', w.platform.folder, what)
        refused('root-untrusted', w.launch, vm, platform=stranger)
    refused('root-untrusted', w.launch, vm, platform=w.foreign)
    request = w.platform.request(vm)
    request['pdh'] = b64(w.foreign.pdh)
    refused('chain-invalid', w.node1.post, f'/vm/{vm}/launch', request)
    request['pdh'] = b64(w.platform.pdh[:-1])
    refused('bad-request', w.node1.post, f'/vm/{vm}/launch', request)


@test
def cloud_certificate(w):
    oca, foreign = w.platform.read('oca.cert'), w.foreign.read('oca.cert')
    w.launch(w.register(cloud_cert=b64(oca)))
    refused('cloud-cert-mismatch', w.launch, w.register(cloud_cert=b64(foreign)))
    refused('bad-request', w.register, cloud_cert=b64(w.platform.pdh))
    refused('bad-request', w.register, cloud_cert=b64(bytes(2084)))


@test
def secrets_with_a_rule(w):
    """Each rule by itself, met and not met; the rest goes with the launch."""
    guid = '5a1f2e33-0000-4000-8000-0000000000aa'
    w.alice.call('PUT', f'/secret/strict?guid={guid}', raw=b'strict')
    chip = hashlib.sha256(w.platform.chain[2 * 2084:][16:1044]).hexdigest()

    def secrets(rule, **launch):
        vm = w.register(policy={'required': 1}, hosts=['node1', 'node2'],
                        secrets=[{'name': 'disk'}, {'name': 'strict', 'rule': rule}])
        host = launch.pop('host', w.node1)
        guest = w.launch(vm, host=host, policy=launch.get('policy', 1))
        return {name for name in guest.open_packet(w.validate(vm, guest, host=host))}
    fits = [({'policy': {'required': 2}}, {'policy': 3}), ({'policy': {'forbidden': 2}}, {}), ({'hosts': ['node2']}, {'host': w.node2}),
            ({'chips': [chip]}, {}), ({'min-api': {'major': 0, 'minor': 1}}, {})]
    fails = [({'policy': {'required': 2}}, {}), ({'policy': {'forbidden': 2}}, {'policy': 3}), ({'hosts': ['node2']}, {}),
             ({'chips': ['ab' * 32]}, {}), ({'min-api': {'major': 255, 'minor': 0}}, {})]
    for rule, launch in fits:
        assert secrets(rule, **launch) == {LUKS, guid}, rule
    for rule, launch in fails:
        told = refused('secret-not-allowed', secrets, rule, **launch)
        assert '“strict” requires a stricter launch' in told, told
        assert secrets({**rule, 'otherwise': 'omit'}, **launch) == {LUKS}, rule
    vm = w.register(secrets=[{'name': 'strict', 'rule': {'hosts': ['node9'], 'otherwise': 'omit'}}])
    guest = w.launch(vm)
    assert 'secret-payload' not in w.validate(vm, guest)
    text, = read_store(w.service, 'SELECT text FROM audit WHERE launch = ? ORDER BY seq LIMIT 1', guest.id)[0]
    assert '"secrets-left-out":["strict"]' in text, text
    refused('bad-request', w.register, secrets=[{'name': 'strict', 'rule': {}}])
    w.alice.call('DELETE', '/vm/' + vm)
