# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the owner's commands tell about what was there before, about times, and what they take back from themselves."""

import base64
import hashlib
import json
import re
import time
import uuid

from lib.peers import firmware
from lib.service import test

from service_cli import Owner, put


@test
def what_is_replaced_is_told(w):
    owner, peer, vm = Owner(w, 'karl'), w.peer('owner', 'karl'), str(uuid.uuid4())
    image = put('karl.fd', firmware(61))
    text = owner.run('vm', 'register', vm, '--policy', '1', '--firmware', image)
    assert 'Registered: new.' in text and 'replaced' not in text, text
    before = json.loads(owner.run('vm', 'show', vm, '--json'))
    text = owner.run('vm', 'register', vm, '--policy', '3', '--firmware', image)
    version = re.search(r'replaced the registration of 20[0-9-]+ [0-9:]+ \(version (\d+)\), which was deleted', text)
    assert version and 'new.' not in text, text
    told = json.loads(owner.run('vm', 'register', vm, '--policy', '1', '--firmware', image, '--json'))
    assert told['replaced']['version'] > int(version[1]) and told['replaced']['created'] >= before['created'], told
    assert 'replaced' not in json.loads(owner.run('vm', 'show', vm, '--json'))
    owner.run('vm', 'remove', vm)
    assert 'replaced' not in peer.call('POST', f"/vm/{vm}", {'scheme': 'amd-sev', 'policy': 1,
                                                                        'firmware-hashes': before['firmware-hashes']})[1]
    first, second = put('karl.first', b'12345'), put('karl.second', b'123456789')
    assert 'stored “disk”, 5 bytes: new' in owner.run('secret', 'put', 'disk', '--file', first)
    text = owner.run('secret', 'put', 'disk', '--file', second)
    assert re.search(r'stored “disk”, 9 bytes: it replaced the one of 20[0-9-]+ [0-9:]+ \(5 bytes\), which was deleted', text), text
    told = json.loads(owner.run('secret', 'put', 'disk', '--file', first, '--json'))
    assert told['replaced']['size'] == 9 and told['size'] == 5, told
    assert 'replaced' not in json.loads(owner.run('secret', 'list', '--json'))['secrets'][0]


@test
def no_guid_changes_silently(w):
    owner, path, luks = Owner(w, 'petra'), put('petra.secret', b'12345'), '736869e5-84f0-4973-92ec-06879ce3da0b'
    first, second = str(uuid.uuid4()), str(uuid.uuid4())

    def stored():
        return json.loads(owner.run('secret', 'list', '--json'))['secrets'][0]['guid']
    owner.run('secret', 'put', 'key', '--file', path, '--guid', first)
    text = owner.run('secret', 'put', 'key', '--file', path, code=2)
    assert first in text and luks in text and '--guid' in text and stored() == first, text
    assert 'GUID is' not in owner.run('secret', 'put', 'key', '--file', path, '--guid', first.upper()) and stored() == first
    for guid, before in ((second, first), (luks, second)):
        text = owner.run('secret', 'put', 'key', '--file', path, '--guid', guid)
        assert f'its GUID is now {guid}; the previous one had {before}' in text and stored() == guid, text
    assert 'GUID is' not in owner.run('secret', 'put', 'key', '--file', path) and stored() == luks


@test
def windows_are_told(w):
    owner, vm, image = Owner(w, 'lena'), str(uuid.uuid4()), put('lena.fd', firmware(62))
    now = int(time.time())

    def day(days):
        return time.strftime('%Y-%m-%dT%H:%M:%S', time.localtime(now + days * 86400))

    def register(*words, code=0):
        return owner.run('vm', 'register', vm, '--policy', '1', '--firmware', image, *words, code=code)
    assert 'may start until' not in register() and 'may start from' not in register()
    for words, told in ((('--not-before', day(-10), '--not-after', day(20)), r'It may start from 20.* until 20.*, that is 30 days\.'),
                        (('--not-before', day(5), '--not-after', day(6)),
                         r'It may NOT START YET: it may start from 20.* until 20.*, that is 24 hours\.'),
                        (('--not-before', day(5)), r'It may NOT START YET: it may start from 20.* on, with no end date\.'),
                        (('--not-after', day(3)), r'It may start until 20.*, that is 3 days from now\.'),
                        (('--not-before', day(-5)), r'It may start from 20.* on, with no end date\.')):
        text = register(*words)
        assert re.search(told, text), text
        assert re.search(told, owner.run('vm', 'show', vm))
    for words in (('--not-after', '2020-01-01'), ('--not-before', '2019-01-01', '--not-after', '2020-01-01'), ('--not-after', day(-1))):
        text = register(*words, code=2)
        assert re.search(r'--not-after: 20.* has passed \(it is now 20.*\), so no launch would ever be allowed', text), text
    document = {'scheme': 'amd-sev', 'policy': 1, 'launch-digests': ['ab' * 32], 'permit': {'not-after': now - 60}}
    path = put('lena.json', json.dumps(document).encode())
    assert 'permit.not-after: 20' in owner.run('vm', 'register', vm, '--file', path, code=1)


@test
def what_is_shown_can_be_registered(w):
    """vm show --json goes into vm register --file, and nothing changes."""
    owner, image, kernel = Owner(w, 'mona'), put('mona.fd', firmware(63)), put('mona.kernel', b'kernel')
    owner.run('secret', 'put', 'mona', '--file', put('mona.secret', b'secret'))
    later = time.strftime('%Y-%m-%d', time.localtime(time.time() + 40 * 86400))
    for words in (('--policy', '1', '--firmware', image),
                  ('--policy', '1', '--launch-digest', 'ab' * 32, '--launch-digest', 'cd' * 32, '--any-domain', '--name', 'of Mona'),
                  ('--policy-required', '0x5', '--policy-forbidden', 'nosend', '--firmware', image, '--kernel', kernel, '--cmdline',
                   'a', '--cmdline', '', '--initrd', '', '--cpu-count', '2', '--cpu-model', 'EPYC-Milan', '--vmsa-profile', 'fpu',
                   '--secret', 'mona', '--max-launches', '3', '--max-running', '1', '--confirm-after', '2', '--not-after', later,
                   '--host', 'node1', '--chip', 'AB' * 32, '--domain', str(uuid.uuid4()).upper(), '--min-api', '0.22', '--min-build', '5'),
                  ('--policy', '2', '--allow-debug', '--firmware', image)):
        vm = str(uuid.uuid4())
        made = owner.run('vm', 'register', vm, *words, '--json')
        shown = owner.run('vm', 'show', vm, '--json')
        for text in (made, shown):
            owner.run('vm', 'register', vm, '--file', put('shown.json', text.encode()))
            again = json.loads(owner.run('vm', 'show', vm, '--json'))
            assert {**again, 'created': 0} == {**json.loads(shown), 'created': 0}, (shown, again)
    # Beside --file an image is uploaded, and anything else refused with what was registered left as it is.
    late, before = put('mona-late.fd', firmware(64)), owner.run('vm', 'show', vm, '--json')
    hashed = hashlib.sha256(firmware(64)).hexdigest()
    assert hashed not in owner.run('artifact', 'list', '--json')
    assert '--two-persons cannot be used' in owner.run('vm', 'register', vm, '--file', put('shown.json', text.encode()), '--firmware', late,
                                                    '--two-persons', code=2)
    assert hashed not in owner.run('artifact', 'list', '--json') and owner.run('vm', 'show', vm, '--json') == before
    owner.run('vm', 'register', vm, '--file', put('shown.json', text.encode()), '--firmware', late)
    assert hashed in owner.run('artifact', 'list', '--json')
    told = owner.run('artifact', 'show', hashed)
    assert hashed in told and 'bytes at 0x' in told and 'none' in told, told
    assert json.loads(owner.run('artifact', 'show', hashed, '--json'))['registrations'] == []
    used = hashlib.sha256(firmware(63)).hexdigest()
    assert used in owner.run('artifact', 'show', used) and vm in owner.run('artifact', 'show', used)
    assert vm in json.loads(owner.run('artifact', 'show', used, '--json'))['registrations']
    assert 'is not the hash' in owner.run('artifact', 'show', hashed[1:], code=2)
    # What is no member of an answer is refused as before.
    unknown = put('unknown.json', json.dumps({**json.loads(shown), 'surprise': 1}).encode())
    assert 'surprise' in owner.run('vm', 'register', vm, '--file', unknown, code=1)


@test
def bytes_that_are_not_given_back(w):
    owner, vm = Owner(w, 'nora'), str(uuid.uuid4())
    guid, data = str(uuid.uuid4()), base64.b64encode(b'inline').decode()
    document = {'scheme': 'amd-sev', 'policy': 1, 'launch-digests': ['ab' * 32], 'secrets': [{'guid': guid, 'data': data}]}
    owner.run('vm', 'register', vm, '--file', put('nora.json', json.dumps(document).encode()))
    shown = json.loads(owner.run('vm', 'show', vm, '--json'))
    path = put('nora.json', json.dumps(shown).encode())
    text = owner.run('vm', 'register', vm, '--file', path, code=1)
    assert 'secret 1: the service never returns its bytes' in text and data not in text, text
    shown['secrets'] = document['secrets']
    owner.run('vm', 'register', vm, '--file', put('nora.json', json.dumps(shown).encode()))


@test
def refusals_of_the_service_name_the_options(w):
    owner, vm = Owner(w, 'olga'), str(uuid.uuid4())
    text = owner.run('vm', 'register', vm, '--policy', '1', '--launch-digest', 'ab' * 32, '--host', '@nowhere', code=1)
    assert 'refused: --host: the service has no host group' in text, text
    document = {'scheme': 'amd-sev', 'policy': 1, 'launch-digests': ['ab' * 32], 'hosts': ['@nowhere']}
    text = owner.run('vm', 'register', vm, '--file', put('olga.json', json.dumps(document).encode()), code=1)
    assert 'refused: hosts: the service has no host group' in text and '--host' not in text, text
