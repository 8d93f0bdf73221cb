# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a real virt-attestd finds out about measurements that do not match."""

import hashlib

from lib.peers import firmware, sev, sha256
from lib.service import refused, test

from service_launches import MILAN, ROME, es_digest


@test
def white_space_is_explained(w):
    text, other = 'console=ttyS0 quiet', '\n  console=ttyS0 quiet\n  '
    kernel = {'kernel_hash': sha256(b'kernel'), 'cmdline_hash': [sha256(b'x\0'), sha256(text.encode() + b'\0')]}
    measured = hashlib.sha256(w.image + sev.hash_table(b'kernel', b'', other.encode() + b'\0')).digest()
    for cmdline, words in (({'cmdline': text}, 'begins with “\\n  ” and ends with “\\n  ”'), ({}, 'nor any of the usual mistakes')):
        vm = w.register(**kernel, **cmdline)
        assert w.alice.get('/vm/' + vm).get('cmdline') == cmdline.get('cmdline')
        guest = w.launch(vm)
        refused('measurement-mismatch', w.validate, vm, guest, measured)
        assert words in w.record(guest)['detail'], w.record(guest)
    guest = w.launch(vm)
    refused('measurement-mismatch', w.validate, vm, guest)
    assert 'ELF or multiboot' in w.record(guest)['detail'], w.record(guest)


@test
def wrong_claims_are_explained(w):
    vm = w.register()
    guest = w.launch(vm)
    claim = guest.claim(hashlib.sha256(w.image).digest(), build_id=9)
    short = refused('measurement-mismatch', w.node1.post, f'/vm/{vm}/validate', {**claim, 'build-id': 10})
    detail = w.record(guest)['detail']
    assert "the host's SEV firmware is build 9, not 10" in detail and 'build' not in short, detail


@test
def es_mismatch_is_explained(w):
    vm = w.register(scheme='amd-sev-es', policy=5, cpu_count=[1, 4], cpu_model='EPYC-Milan', vmsa_profile='zero')
    for digest, words in ((es_digest(w.image, 3, MILAN), 'number of vCPUs is 3, not 1 or 4'),
                          (es_digest(w.image, 4, ROME), 'CPU is 23/49/0 (EPYC-Rome), not 25/1/1 (EPYC-Milan)'),
                          (es_digest(w.image, 4, MILAN, True), '“fpu”, which is not expected'),
                          (es_digest(w.image, 4, MILAN, table=sev.hash_table(b'')), 'with kernel hashes on'),
                          (hashlib.sha256(w.image).digest(), 'Ruled out: another policy'),
                          (es_digest(w.image, 4, 0x12345), 'or both')):
        guest = w.launch(vm)
        short = refused('measurement-mismatch', w.validate, vm, guest, digest)
        record = w.record(guest)
        assert words in record['detail'] and words not in short, record


@test
def other_firmware_is_explained(w):
    other = firmware(9)
    w.alice.call('PUT', '/artifact', raw=other)
    vm = w.register()
    for image, hash_, words in ((other, sha256(other), None), (other, None, 'started with firmware ' + sha256(other)),
                                (b'never seen', None, 'matches none of your other firmware')):
        guest = w.launch(vm)
        claims = {'firmware_hash': hash_} if hash_ else {}
        code = 'firmware-not-allowed' if hash_ else 'measurement-mismatch'
        short = refused(code, w.validate, vm, guest, hashlib.sha256(image).digest(), **claims)
        record = w.record(guest)
        assert record['state'] == 'refused' and record['code'] == code
        assert sha256(w.image) in record['detail'] and sha256(w.image) not in short
        assert (words or sha256(other)) in record['detail'], record
    guest = w.launch(vm)
    wrong = hashlib.sha256(other).digest()
    refused('measurement-mismatch', w.validate, vm, guest, wrong, firmware_hash=sha256(w.image))
    assert 'which is registered' in w.record(guest)['detail']
    assert w.count(vm) == (0, 0)
