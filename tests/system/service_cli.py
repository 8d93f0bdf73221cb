# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-attest against a real virt-attestd: what owners type."""

import json
import os
import re
import select
import subprocess
import uuid

from lib.key_service import KeyService
from lib.peers import firmware, sha256, write
from lib.service import TMP, test

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
    assert 'NODBG' in carol.run('vm', 'register', vm, '--policy', '2', '--firmware', image, code=2)
    assert 'ALLOWED' in carol.run('vm', 'register', vm, '--policy', '2', '--allow-debug', '--firmware', image)
    assert 'not both' in carol.run('vm', 'register', vm, '--policy', '1', '--policy-required', '1', '--firmware', image, code=2)


@test
def registration_in_words(w):
    """What a registration allows, told to people who do not know the fields."""
    owner, vm, image = Owner(w, 'grace'), str(uuid.uuid4()), put('words.fd', firmware(33))
    secret = put('words.secret', b'words')
    owner.run('secret', 'put', 'words', '--file', secret)
    for limit in ('--max-launches', '--max-running'):
        for number in ('0', '-1'):
            owner.run('vm', 'register', vm, '--policy', '1', '--firmware', image, f'{limit}={number}', code=2)
    text = owner.run('vm', 'register', vm, '--policy', '1', '--firmware', image)
    for words in ('under SEV: its memory', 'cannot debug', 'the one firmware image', 'not measured', 'Any host of the site may start it, on any genuine',
                  'any number of times', 'gets no secret', 'no NOSEND', 'no NOKS'):
        assert words in text, (words, text)
    text = owner.run('vm', 'register', vm, '--policy', '0xe', '--allow-debug', '--firmware', image, '--cpu-count', '1', '--cpu-count', '2',
                     '--cpu-model', 'EPYC-Milan', '--kernel', image, '--cmdline', 'a', '--cmdline', 'b', '--host', 'node1',
                     '--max-launches', '3', '--max-running', '1', '--confirm-after', '0', '--secret', 'words', '--any-domain')
    for words in ('SEV-ES: memory and registers', 'MAY DEBUG', '1 firmware images with one of 2 combinations', 'one of the 2 listed',
                  'Only the listed hosts may start it, on any', 'Any domain', '3 times in total; launches left: 3', 'At most 1 may run', 'Each launch waits',
                  'gets its secret'):
        assert words in text, (words, text)
    assert 'no NOKS' not in text and 'no NOSEND' not in text
    assert text.split('In words:')[1] == owner.run('vm', 'show', vm).split('In words:')[1]


@test
def lists_more_than_a_page(w):
    owner, peer = Owner(w, 'henry'), w.peer('owner', 'henry')
    vms = sorted(w.register(peer, firmware_hashes=None, launch_digests=['ab' * 32], name=f'number {i}') for i in range(120))
    told = json.loads(owner.run('vm', 'list', '--json'))
    assert list(told) == ['vms'] and [vm['id'] for vm in told['vms']] == vms
    assert told['vms'] == [vm for page in peer.vm_pages(50) for vm in page['vms']]
    lines = owner.run('vm', 'list').splitlines()
    assert lines[0].startswith('ID') and [line.split()[0] for line in lines[1:]] == vms, lines
    told = json.loads(owner.run('vm', 'impact', '--firmware', put('pages.fd', firmware(34)), '--json', code=1))
    assert [vm['id'] for vm in told['vms']] == vms


@test
def lists_a_page_of_many_values(w):
    owner, peer, hosts = Owner(w, 'judy'), w.peer('owner', 'judy'), [f'n{i}' for i in range(64)]
    secrets = [{'name': f's{i}', 'rule': {'hosts': hosts}} for i in range(4)]
    for secret in secrets:
        peer.call('PUT', f"/secret/{secret['name']}?guid={uuid.uuid4()}", raw=b'x')
    for _ in range(100):
        w.register(peer, firmware_hashes=None, launch_digests=['ab' * 32], hosts=hosts, secrets=secrets)
    assert len(list(peer.vm_pages())) == 1
    assert len(json.loads(owner.run('vm', 'list', '--json'))['vms']) == 100


@test
def lists_that_do_not_go_on(w):
    """A service whose pages lead nowhere is asked no more."""
    owner, service = Owner(w, 'ivan'), KeyService(w.site)
    ids = [f'{i}0000000-0000-4000-8000-000000000000' for i in 'abcd']

    def page(id_, **more):
        def answer(handler):
            text = json.dumps({'vms': [{'id': id_}] if id_ else [], **more}).encode()
            handler.send_response(200)
            handler.send_header('Content-Type', 'application/json')
            handler.send_header('Content-Length', str(len(text)))
            handler.end_headers()
            handler.wfile.write(text)
        return answer

    def listing(second, code):
        asked = ['/v1/vm', '/v1/vm?after=' + ids[1], '/v1/vm?after=' + ids[2]]
        service.answers = dict(zip(asked, (page(ids[1], next=ids[1]), second, page(ids[3]))))
        service.asked.clear()
        text = owner.run('vm', 'list', '--url', service.url, code=code)
        assert service.asked == (asked if code == 0 else asked[:2]), service.asked
        return text

    try:
        text = listing(page(ids[2], next=ids[2]), 0)
        assert [line.split()[0] for line in text.splitlines()[1:]] == ids[1:], text
        for next_ in (ids[1], ids[0], 'x', '', ids[3].upper(), ids[3] + '&limit=1', 3, None):
            assert 'invalid answer' in listing(page(ids[2], next=next_), 3), next_
        assert 'invalid answer' in listing(page(None, next=ids[2]), 3)
    finally:
        service.end()


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
    assert 'already ended' in owner.run('launch', 'revoke', guest.id, code=1)


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
    assert 'no space for kernel hashes' in text and 'register the firmware too' in text, text
    for name in ('old', 'kernel', 'other'):
        dave.run('vm', 'remove', vms[name])
    dave.run('vm', 'impact', '--firmware', new)
    assert '--firmware is missing' in dave.run('vm', 'impact', code=2)


@test
def domain_names_its_owner(w):
    """domain prepare writes the name in the client's certificate, unless it is told another or there is one."""
    with open(os.path.join(os.environ['VA_TEST_DATA'], 'domains', 'plain.xml'), encoding='utf-8') as source:
        plain = put('owner.xml', source.read().encode())
    nothing = put('no-client.conf', b'')

    def tool(verb, path, *words, code=0, **environment):
        done = subprocess.run([PROGRAM, 'domain', verb, path, *words], capture_output=True, text=True, timeout=60, check=False,
                              env={**os.environ, 'VIRT_ATTEST_CONFIG': nothing, **environment})
        assert done.returncode == code, (words, done)
        return done.stdout if code == 0 else done.stderr

    def conf(role, name):
        certificate, key = w.site.client(role, name)
        return put(f'{role}-{name}.conf'.replace(':', '-'),
                   f'url = https://127.0.0.1:1\nca = {w.site.ca}\ncertificate = {certificate}\nkey = {key}\n'.encode())

    def owner(path):
        return json.loads(tool('show', path, '--json')).get('owner')
    own = put('own.xml', tool('prepare', plain, VIRT_ATTEST_CONFIG=conf('owner', 'heidi:carl')).encode())
    assert owner(own) == 'heidi' and 'heidi' in tool('show', own)
    assert tool('prepare', own, VIRT_ATTEST_CONFIG=conf('owner', 'ivan')).encode() == open(own, 'rb').read()
    assert owner(put('given.xml', tool('prepare', own, '--owner', 'ivan').encode())) == 'ivan'
    for words in ({}, {'VIRT_ATTEST_CONFIG': conf('host', 'node1')}):
        assert owner(put('none.xml', tool('prepare', plain, **words).encode())) is None
    assert 'name of an owner' in tool('prepare', plain, '--owner', 'Heidi', code=2)
    # Without a certificate that can be read it says so, and the domain is prepared all the same.
    broken = put('broken.conf', f'certificate = {nothing}\n'.encode())
    done = subprocess.run([PROGRAM, 'domain', 'prepare', plain], capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, 'VIRT_ATTEST_CONFIG': broken})
    assert done.returncode == 0 and '--owner' in done.stderr and '<attest:launch' in done.stdout, done


@test
def passphrases_with_a_line_break(w):
    """Stored as they are, with a note; or without it, if that is asked for."""
    owner = Owner(w, 'judy')
    for name, words, size, noted in (('kept', [], 14, True), ('stripped', ['--strip-newline'], 13, False)):
        told = owner.run('secret', 'put', name, '--file', put(f'{name}.txt', b'correct horse\n'), *words)
        assert f'{size} bytes' in told and ('ends with a line break' in told) is noted, told


@test
def connections_that_cannot_be_made(w):
    """Each names the address or the file, and the cause."""
    alice, key = w.site.client('owner', 'alice')
    host, host_key = w.site.client('host', 'node1')

    def said(code, *words):
        given = {'--url': f'https://127.0.0.1:{w.service.port}', '--ca': w.site.ca, '--certificate': alice, '--key': key}
        given.update(dict(zip(words[::2], words[1::2])))
        done = subprocess.run([PROGRAM, 'vm', 'list', *(word for pair in given.items() for word in pair)], capture_output=True,
                              text=True, timeout=60, check=False)
        assert done.returncode == code and not done.stdout, (words, done)
        return done.stderr
    assert re.search('https://127.0.0.1:1: nothing listens there', said(3, '--url', 'https://127.0.0.1:1'))
    assert re.search('https://nosuchhost.invalid:8443: its name (is unknown|cannot be looked up)', said(3, '--url', 'https://nosuchhost.invalid:8443'))
    told = said(1, '--certificate', host, '--key', host_key)
    assert 'role owner' in told and 'role host' in told and 'forbidden' in told, told
    told = said(3, '--key', host_key)
    assert host_key in told and 'private key' in told, told


@test
def approved_launches_are_shown(w):
    owner, vm = Owner(w, 'judy'), str(uuid.uuid4())
    owner.run('vm', 'register', vm, '--policy', '1', '--firmware', put('judy.fd', firmware(37)), '--confirm-after', '0')
    assert 'approved' not in owner.run('vm', 'show', vm)
    launch = w.node1.call('POST', f'/vm/{vm}/launch', w.platform.request(vm))[1]['launch-id']
    owner.run('launch', 'approve', launch, '--launches', '4')
    assert '3 more, until 20' in owner.run('vm', 'show', vm)
    assert json.loads(owner.run('vm', 'show', vm, '--json'))['approved'] == 3
    owner.run('launch', 'deny', launch)
    assert 'until 20' not in owner.run('vm', 'show', vm)


@test
def ends_of_stored_secrets_are_pointed_out(w):
    """What the toolbox says of a secret's ends, the client says too."""
    owner = Owner(w, 'oscar')
    for name, data, words, left in (('lf', b'pass\n', 'line break (LF)', 4), ('crlf', b'pass\r\n', 'line break (CRLF)', 4),
                                    ('two', b'pass\n\n', '2 line breaks', 5), ('mark', b'\xef\xbb\xbfpass', 'byte order mark', 7),
                                    ('blank', b'pass ', '1 space', 5)):
        path = put(f'end-{name}', data)
        said = owner.run('secret', 'put', name, '--file', path)
        assert words in said and f'stored “{name}”, {len(data)} bytes' in said and 'pass' not in said.replace('passphrase', ''), said
        said = owner.run('secret', 'put', name, '--file', path, '--strip-newline')
        assert f'{left} bytes' in said and f'stored “{name}”, {left} bytes' in said and 'give --strip' not in said, said
        assert ('still ends with 1 line break' in said) is (name == 'two') and 'removes only' not in said, said
    path = put('end-cr', b'pass\r')
    for words in ([], ['--strip-newline']):
        said = owner.run('secret', 'put', 'cr', '--file', path, *words)
        assert said.count('note: ') == 1 and 'a carriage return alone (CR)' in said and '5 bytes' in said, said
    key, guid = put('end-key', bytes(range(200, 231)) + b'\n'), str(uuid.uuid4())
    assert 'note' not in owner.run('secret', 'put', 'key', '--file', key, '--guid', guid)
    assert 'line break' in owner.run('secret', 'put', 'luks', '--file', put('end-luks', b'pass\n'), '--guid',
                                     '736869e5-84f0-4973-92ec-06879ce3da0b')
