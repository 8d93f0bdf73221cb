# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-attest against a real virt-attestd: what owners type."""

import json
import os
import select
import subprocess
import uuid

from service_peers import firmware, sha256, write
from service_world import TMP, test

PROGRAM = os.path.join(os.environ['VA_TOP_BUILDDIR'], 'virt-attest')


class Owner:
    """An owner of his own, since other tests count what theirs have."""

    def __init__(self, w, name):
        self.certificate, self.key = w.site.client('owner', name)
        self.w = w

    def command(self, *words):
        return [PROGRAM, *words[:2], '--url', f'https://127.0.0.1:{self.w.service.port}', '--ca', self.w.site.ca,
                '--certificate', self.certificate, '--key', self.key, *words[2:]]

    def run(self, *words, code=0):
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == code, (words, done)
        return done.stdout + done.stderr


def put(name, data):
    return write(os.path.join(TMP, name), data)


@test
def register_and_show(w):
    carol, vm = Owner(w, 'carol'), str(uuid.uuid4())
    image = put('cli.fd', firmware(31))
    kernels = [put(f'cli-kernel-{i}', bytes([i])) for i in range(2)]
    told = json.loads(carol.run('vm', 'register', vm, '--policy-required', '0x3', '--policy-forbidden', '8', '--firmware', image,
                                '--kernel', kernels[0], '--kernel', kernels[1], '--initrd', '', '--cmdline', 'a', '--cmdline', '',
                                '--json'))
    assert told['policy'] == {'required': 3, 'forbidden': 8} and told['kernel-hash'] == [sha256(b'\0'), sha256(b'\1')], told
    assert told['initrd-hash'] == sha256(b'') and told['cmdline-hash'] == [sha256(b'a\0'), sha256(b'\0')], told
    text = carol.run('vm', 'show', vm)
    assert 'any with 0x00000003 (NODBG, NOKS) and without 0x00000008 (NOSEND)' in text and sha256(b'\1') in text, text
    assert 'NODBG' in carol.run('vm', 'register', vm, '--policy', '2', '--firmware', image, code=1)
    assert 'ALLOWED' in carol.run('vm', 'register', vm, '--policy', '2', '--allow-debug', '--firmware', image)
    assert 'not both' in carol.run('vm', 'register', vm, '--policy', '1', '--policy-required', '1', '--firmware', image, code=2)


@test
def registration_in_words(w):
    """What a registration allows, told to people who do not know the fields."""
    owner, vm, image = Owner(w, 'grace'), str(uuid.uuid4()), put('words.fd', firmware(33))
    secret = put('words.secret', b'words')
    owner.run('secret', 'put', 'words', '--file', secret)
    text = owner.run('vm', 'register', vm, '--policy', '1', '--firmware', image)
    for words in ('under SEV: its memory', 'cannot debug', 'the one firmware image', 'not measured', 'Any host of the site may start it, on any genuine',
                  'any number of times', 'gets no secret', 'no NOSEND', 'no NOKS'):
        assert words in text, (words, text)
    text = owner.run('vm', 'register', vm, '--policy', '0xe', '--allow-debug', '--firmware', image, '--cpu-count', '1', '--cpu-count', '2',
                     '--cpu-model', 'EPYC-Milan', '--kernel', image, '--cmdline', 'a', '--cmdline', 'b', '--host', 'node1',
                     '--max-launches', '3', '--max-running', '1', '--confirm-after', '0', '--secret', 'words', '--any-domain')
    for words in ('SEV-ES: memory and registers', 'MAY DEBUG', '1 firmware images with one of 2 combinations', 'one of the 2 listed',
                  'Only the listed hosts may start it, on any', 'Any domain', '3 times, 3 are left', 'At most 1 may run', 'Each launch waits',
                  'gets its secret'):
        assert words in text, (words, text)
    assert 'no NOKS' not in text and 'no NOSEND' not in text
    assert text.split('In words:')[1] == owner.run('vm', 'show', vm).split('In words:')[1]


@test
def watch_and_revoke(w):
    owner, vm = Owner(w, 'erin'), str(uuid.uuid4())
    owner.run('vm', 'register', vm, '--policy', '1', '--firmware', put('watch.fd', firmware(51)))
    before = w.launch(vm)
    watch = subprocess.Popen(owner.command('launch', 'watch', '--seconds', '60'), stdout=subprocess.PIPE, text=True)
    try:
        while (guest := w.launch(vm)) and not select.select([watch.stdout], [], [], 2)[0]:
            pass
        line = watch.stdout.readline()
        assert ' node1 open' in line and before.id not in line and ' guest ' in line, line
        text = owner.run('launch', 'revoke', guest.id)
        assert 'revoked: launch ' + guest.id in text, text
        while (line := watch.stdout.readline()) and (guest.id not in line or 'open' in line):
            pass
        assert ' refused launch-revoked: You revoked this launch.' in line, line
    finally:
        watch.terminate()
        watch.wait(10)
    told = [json.loads(line) for line in owner.run('launch', 'watch', '--all', '--seconds', '1', '--json').splitlines()]
    assert [one['launch-id'] for one in told][0] == before.id and told[-1]['launch-id'] == guest.id, told
    assert 'over already' in owner.run('launch', 'revoke', guest.id, code=1)


@test
def impact_of_a_firmware(w):
    dave = Owner(w, 'dave')
    old, new, bare = (put(f'impact-{i}.fd', firmware(40 + i, **more)) for i, more in
                      enumerate(({}, {}, {'hash_area': (0, 0), 'secret': (0, 0), 'reset': 0})))
    assert 'no registrations' in dave.run('vm', 'impact', '--firmware', new)
    kernel = put('impact-kernel', b'kernel')
    vms = {}
    for name, more in (('old', ('--firmware', old)), ('both', ('--firmware', old, '--firmware', new)),
                       ('kernel', ('--firmware', old, '--kernel', kernel)),
                       ('digest', ('--launch-digest', sha256(firmware(41)))), ('other', ('--launch-digest', 'ab' * 32))):
        vms[name] = str(uuid.uuid4())
        dave.run('vm', 'register', vms[name], '--name', name, '--policy', '1', *more)
    told = json.loads(dave.run('vm', 'impact', '--firmware', new, '--json', code=1))
    assert told['hash'] == sha256(firmware(41))
    assert {one['id']: one['verdict'] for one in told['vms']} == {
        vms['old']: 'stops', vms['both']: 'fits', vms['kernel']: 'stops', vms['digest']: 'fits', vms['other']: 'unknown'}
    text = dave.run('vm', 'impact', '--firmware', bare, code=1)
    assert 'no room for kernel hashes' in text and 'register the firmware too' in text, text
    for name in ('old', 'kernel', 'other'):
        dave.run('vm', 'remove', vms[name])
    dave.run('vm', 'impact', '--firmware', new)
    assert '--firmware is missing' in dave.run('vm', 'impact', code=2)
