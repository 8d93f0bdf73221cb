# SPDX-License-Identifier: LGPL-2.1-or-later
"""What owners and hosts keep on a real virt-attestd, and that they do not see each other's."""

import os
import ssl
import time
import urllib.parse
import uuid

from lib.peers import NOT_FIRMWARE, Peer, Site, b64, firmware, sha256
from lib.service import INLINE, LUKS, OTHER_GUID, PASSPHRASE, SCHEMAS, TMP, Database, read_store, refused, test


@test
def owners_are_apart(w):
    vm = w.register(secrets=[{'name': 'disk'}])
    guest = w.launch(vm)
    refused('vm-unknown', w.bob.get, '/vm/' + vm)
    refused('vm-unknown', w.bob.call, 'DELETE', '/vm/' + vm)
    refused('launch-unknown', w.bob.get, '/launch/' + guest.id)
    refused('not-found', w.bob.get, '/secret/disk')
    refused('not-found', w.bob.call, 'DELETE', '/secret/disk')
    refused('artifact-missing', w.register, w.bob)
    w.bob.call('PUT', '/artifact', raw=w.image)
    refused('secret-missing', w.register, w.bob, secrets=[{'name': 'disk'}])
    for path, name in (('/vm', 'vms'), ('/launch', 'launches'), ('/launch?vm=' + vm, 'launches'),
                       ('/secret', 'secrets')):
        assert w.bob.get(path)[name] == [] and w.alice.get(path)[name]
    assert w.record(guest)['state'] == 'open' and w.alice.get('/vm/' + vm)['secrets'] == [{'name': 'disk'}]
    w.bob.call('PUT', '/secret/disk?type=luks-passphrase', raw=b'of bob')
    reply = w.validate(vm, guest)
    assert guest.open_packet(reply)[LUKS] == PASSPHRASE + b'\0'


def secret_of(w, vm, **more):
    guest = w.launch(vm, **more)
    return guest.open_packet(w.validate(vm, guest))[OTHER_GUID]


def two_owners_one_id(w, first, second, vm, **more):
    """Each with an inline secret that is the owner's name."""
    for owner in (first, second):
        owner.call('PUT', '/artifact', raw=w.image)
        body = {'scheme': 'amd-sev', 'policy': 1, 'firmware-hashes': [sha256(w.image)], **more,
                'secrets': [{'guid': OTHER_GUID, 'data': b64(owner.name.encode())}]}
        assert owner.call('POST', f'/vm/{vm}', body)[0] == 201


@test
def ids_are_each_owners_own(w):
    vm, free = str(uuid.uuid4()), str(uuid.uuid4())
    two_owners_one_id(w, w.alice, w.bob, vm)
    for owner in (w.alice, w.bob):
        assert secret_of(w, vm, owner=owner.name) == owner.name.encode()
        assert owner.get('/vm/' + vm)['launches'] == 1
        assert {launch['vm'] for launch in owner.get('/launch?vm=' + vm)['launches']} == {vm}
    told = refused('owner-needed', w.launch, vm)
    assert 'alice' not in told and 'bob' not in told and '--owner' in told, told
    refused('vm-unknown', w.launch, vm, owner='carl')
    refused('vm-unknown', w.launch, free, owner='alice')
    refused('bad-request', w.launch, vm, owner='Alice')
    refused('bad-request', w.launch, vm, owner='')
    # A launch of one of them is not ended, replaced or counted by what the other does.
    guest = w.launch(vm, owner='alice')
    assert w.bob.call('POST', f'/vm/{vm}', {'scheme': 'amd-sev', 'policy': 1, 'firmware-hashes': [sha256(w.image)]})[0] == 200
    assert w.bob.call('DELETE', '/vm/' + vm)[0] == 204
    refused('vm-unknown', w.bob.get, '/vm/' + vm)
    assert guest.open_packet(w.validate(vm, guest))[OTHER_GUID] == b'alice'
    # There is one owner again.
    assert secret_of(w, vm) == b'alice' and w.alice.get('/vm/' + vm)['launches'] == 3


@test
def second_owner_comes_later(w):
    """Through this service, or through another one on the same database: held registrations do not decide."""
    vm = w.register()
    w.launch(vm)
    w.bob.call('PUT', '/artifact', raw=w.image)
    w.register(w.bob, id_=vm)
    refused('owner-needed', w.launch, vm)
    assert w.launch(vm, owner='alice').id
    vm = w.register(hosts=['node1'])
    w.launch(vm)
    with Database(w.service) as database:
        version, = database.execute('SELECT max(version) + 1000000 FROM registrations').fetchone()
        columns = 'id, created, text, sealed, key_id'
        database.execute(f'INSERT INTO registrations (owner, version, {columns})'
                         f' SELECT ?, ?, {columns} FROM registrations WHERE id = ?', ('bob', version, vm))
    refused('owner-needed', w.launch, vm)
    assert w.launch(vm, owner='alice').id
    # Nor is a host refused by a rule of one that may not be meant.
    refused('owner-needed', w.launch, vm, host=w.node2)
    refused('host-not-allowed', w.launch, vm, host=w.node2, owner='alice')
    # A row that somebody made in the database opens nothing.
    refused('internal', w.launch, vm, owner='bob')
    with Database(w.service) as database:
        database.execute('DELETE FROM registrations WHERE owner = ? AND id = ?', ('bob', vm))


@test
def owners_wait_apart(w):
    vm = str(uuid.uuid4())
    two_owners_one_id(w, w.alice, w.bob, vm, permit={'confirm-after': 0})
    ids = {}
    for owner in ('alice', 'bob'):
        status, answer = w.node1.call('POST', f'/vm/{vm}/launch', w.platform.request(vm, owner=owner))
        assert status == 202
        ids[owner] = answer['launch-id']
    assert ids['alice'] != ids['bob']
    w.bob.post(f'/launch/{ids["bob"]}/approve', {'launches': 2})
    assert w.bob.get('/vm/' + vm)['approved'] == 1 and w.alice.get('/vm/' + vm)['approved'] == 0
    again = w.node1.call('POST', f'/vm/{vm}/launch', w.platform.request(vm, owner='alice', **{'launch-id': ids['alice']}))
    assert again[0] == 202
    # Nobody goes on with one owner's launch under another's name.
    refused('launch-unknown', w.launch, vm, owner='bob', **{'launch-id': ids['alice']})
    refused('launch-unknown', w.alice.post, f'/launch/{ids["bob"]}/deny', None)
    assert secret_of(w, vm, owner='bob', **{'launch-id': ids['bob']}) == b'bob'


@test
def registrations(w):
    vm = w.register(name='web', secrets=[{'type': 'luks-passphrase', 'passphrase': INLINE.decode()}])
    shown = w.alice.get('/vm/' + vm)
    assert shown['id'] == vm and shown['secrets'] == [{'guid': LUKS, 'size': len(INLINE)}] and shown['launches'] == 0
    body = {'scheme': 'amd-sev', 'policy': 1, 'firmware-hashes': [sha256(w.image)]}
    assert w.alice.call('POST', f'/vm/{vm}', body)[0] == 200
    assert w.alice.call('POST', f'/vm/{uuid.uuid4()}', body)[0] == 201
    refused('bad-request', w.alice.post, f'/vm/{vm.upper()}', body)
    refused('bad-request', w.alice.post, '/vm/web', body)
    refused('bad-request', w.alice.post, f'/vm/{vm}', dict(body, policy=4))
    refused('bad-request', w.alice.post, f'/vm/{vm}', dict(body, polizy=4))
    refused('artifact-missing', w.alice.post, f'/vm/{vm}', dict(body, **{'firmware-hashes': ['0' * 64]}))
    refused('secret-missing', w.alice.post, f'/vm/{vm}', dict(body, secrets=[{'name': 'no-such'}]))
    refused('forbidden', w.node1.post, f'/vm/{vm}', body)
    refused('forbidden', w.olga.get, '/vm')
    guest = w.launch(vm)
    w.alice.call('DELETE', '/vm/' + vm)
    refused('vm-unknown', w.alice.get, '/vm/' + vm)
    refused('vm-unknown', w.alice.call, 'DELETE', '/vm/' + vm)
    refused('launch-used', w.validate, vm, guest)
    record = w.record(guest)
    assert record['state'] == 'refused' and record['code'] == 'vm-unknown'


class Many:
    """An owner with many registrations, whose ids begin with their numbers."""

    def __init__(self, w, name):
        self.w, self.peer, self.ids = w, w.peer('owner', name), []

    def add(self, number, **changes):
        self.ids.append(f'{number:08x}' + str(uuid.uuid4())[8:])
        self.w.register(self.peer, self.ids[-1], firmware_hashes=None, launch_digests=['ab' * 32], **changes)

    def remove(self, index):
        self.peer.call('DELETE', '/vm/' + self.ids.pop(index))

    def list(self, limit=None):
        """The ids of each page; each but the last one has a next."""
        pages = list(self.peer.vm_pages(limit))
        told = [[vm['id'] for vm in page['vms']] for page in pages]
        assert [page.get('next') for page in pages] == [ids[-1] for ids in told[:-1]] + [None], pages
        return told


@test
def pages_of_registrations(w):
    many = Many(w, 'pages')
    assert many.list() == many.list(1) == [[]]
    for number in (7, 3, 24, *range(8, 24), 0, 1, 2, 4, 5, 6):
        many.add(number)
    many.ids.sort()
    assert len(many.ids) == 25
    for limit in (1, 7, 10, 24, 25, 26, 100, None):
        size = limit or 100
        assert many.list(limit) == [many.ids[i:i + size] for i in range(0, 25, size)], limit
    shown = many.peer.get('/vm?after=' + many.ids[23])['vms'][0]
    assert shown == many.peer.get('/vm/' + many.ids[24])


@test
def a_page_has_a_hundred_at_most(w):
    many = Many(w, 'hundred')
    for number in range(101):
        many.add(number)
    assert many.list() == many.list(100) == [many.ids[:100], many.ids[100:]]


@test
def registrations_change_between_pages(w):
    many = Many(w, 'moving')
    for number in range(0, 24, 2):
        many.add(number)
    told, pages = [], many.peer.vm_pages(4)
    told += [vm['id'] for vm in next(pages)['vms']]
    assert told == many.ids[:4]
    many.remove(5)  # behind the page, then its last one, then one before
    many.remove(3)
    many.remove(0)
    many.add(1)
    many.add(9)
    for page in pages:
        told += [vm['id'] for vm in page['vms']]
    assert len(told) == len(set(told)) and told == sorted(told), told
    # What was there all the time or came behind is told; what came before the page or went before it was asked for is not.
    assert [int(id_[:8], 16) for id_ in told] == [0, 2, 4, 6, 8, 9, 12, 14, 16, 18, 20, 22], told


@test
def pages_are_bounded_in_bytes(w):
    many, half = Many(w, 'large'), 512 * 1024
    hashes = [sha256(bytes([i])) for i in range(64)]
    for number in range(64):
        many.add(number, hosts=[h[:60] for h in hashes], chips=hashes, domains=[str(uuid.uuid4()) for _ in hashes])
    for number in range(64, 70):
        many.add(number)
    sizes = dict(read_store(w.service, 'SELECT id, length(text) FROM registrations WHERE owner = ?', 'large'))
    assert 900 * 1024 > sum(sizes.values()) > half + 64 * 1024, sum(sizes.values())
    first, second = many.list()
    assert first + second == many.ids
    assert sum(sizes[id_] for id_ in first[:-1]) <= half < sum(sizes[id_] for id_ in first)
    assert [len(ids) for ids in many.list(60)] == [len(first), 70 - len(first)] and len(first) < 60
    assert [len(ids) for ids in many.list(30)] == [30, 30, 10]


@test
def bad_questions_for_pages(w):
    id_ = str(uuid.uuid4())
    for limit in ('0', '101', '-1', '1.5', 'x', '', '%201', '18446744073709551617', '%C3%BC'):
        told = refused('bad-request', w.alice.get, '/vm?limit=' + limit)
        assert 'limit: expected a number from 1 to 100' in told and urllib.parse.unquote(limit) in told, told
    for after in ('x', '', id_.upper(), id_.replace('-', ''), id_ + '0', id_[:-1], f'%7B{id_}%7D', '%C3%BC'):
        told = refused('bad-request', w.alice.get, '/vm?after=' + after)
        assert 'after: expected a UUID in lower case' in told and urllib.parse.unquote(after) in told, told
    for query in ('limit=1&limit=2', f'after={id_}&after={id_}', f'after={id_}%00', 'limit=1%00', 'after=%FF', 'after=%'):
        refused('bad-request', w.alice.get, '/vm?' + query)
    assert len(w.alice.get('/vm?limit=1&after=00000000-0000-0000-0000-000000000000')['vms']) <= 1
    told = refused('bad-request', w.alice.get, '/launch?limit=1001')
    assert 'limit: expected a number from 1 to 1000' in told, told
    assert 'vm: expected a UUID' in refused('bad-request', w.alice.get, '/launch?vm=x')
    assert 'after: expected a number' in refused('bad-request', w.alice.get, '/audit?after=-1')


@test
def a_foreign_id_is_a_place_like_any_other(w):
    many, other = Many(w, 'placed'), Many(w, 'neighbour')
    for number in (1, 3, 5):
        many.add(number)
    other.add(2)
    other.add(6)
    nobody = '00000002' + str(uuid.uuid4())[8:]
    for limit in (1, 2, 100):
        told = [many.peer.get(f'/vm?limit={limit}&after={id_}') for id_ in (other.ids[0], nobody)]
        assert told[0] == told[1] and [vm['id'] for vm in told[0]['vms']] == many.ids[1:1 + limit], told
    assert many.peer.get('/vm?after=' + other.ids[1]) == {'vms': []}
    assert other.peer.get('/vm?limit=1&after=' + many.ids[2])['vms'][0]['id'] == other.ids[1]


@test
def replaced_while_open(w):
    vm = w.register(secrets=[{'name': 'disk'}])
    guest = w.launch(vm)
    w.register(id_=vm, firmware_hashes=[sha256(w.plain)], policy=3)
    assert guest.open_packet(w.validate(vm, guest)) == {LUKS: PASSPHRASE + b'\0'}
    guest = w.launch(vm)
    assert guest.grant['policy'] == 3
    refused('measurement-mismatch', w.validate, vm, guest)


@test
def secrets(w):
    status, made = w.alice.call('PUT', f'/secret/key?guid={OTHER_GUID}', raw=b'\0\1\2')
    assert status == 201 and made['guid'] == OTHER_GUID and made['size'] == 3
    assert w.alice.call('PUT', f'/secret/key?guid={OTHER_GUID}', raw=b'\0\1')[0] == 200
    assert w.alice.get('/secret/key')['size'] == 2
    for path, data in (('key', b'x'), ('key?type=luks-passphrase&guid=' + OTHER_GUID, b'x'), ('key?type=tpm', b'x'),
                       ('key?guid=xyz', b'x'), ('key?guid=' + OTHER_GUID.upper(), b'x'),
                       ('.key?type=luks-passphrase', b'x'), ('key?type=luks-passphrase', b''),
                       ('key?type=luks-passphrase', b'a\0b')):
        refused('bad-request', w.alice.call, 'PUT', '/secret/' + path, raw=data)
    refused('too-large', w.alice.call, 'PUT', '/secret/key?type=luks-passphrase', raw=b'x' * 16385)
    vm = w.register(secrets=[{'name': 'key'}])
    assert vm in refused('in-use', w.alice.call, 'DELETE', '/secret/key')
    w.alice.call('DELETE', '/vm/' + vm)
    w.alice.call('DELETE', '/secret/key')
    refused('not-found', w.alice.get, '/secret/key')
    refused('forbidden', w.node1.get, '/secret')


@test
def artifacts(w):
    image = firmware(4)
    status, made = w.alice.call('PUT', '/artifact', raw=image)
    assert status == 201 and made['hash'] == sha256(image) and made['secret-base'] == 0x810000
    assert w.alice.call('PUT', '/artifact', raw=image)[0] == 200
    assert sha256(image) in [a['hash'] for a in w.alice.get('/artifact')['artifacts']]
    assert sha256(image) not in [a['hash'] for a in w.bob.get('/artifact')['artifacts']]
    for data, words in NOT_FIRMWARE:
        assert words in refused('bad-request', w.alice.call, 'PUT', '/artifact', raw=data), words
    big = firmware(5, size=16 * 1024 * 1024)
    assert w.alice.call('PUT', '/artifact', raw=big)[1]['size'] == len(big)
    refused('forbidden', w.node1.call, 'PUT', '/artifact', raw=image)
    shown = w.alice.get('/artifact/' + sha256(image))
    assert shown.pop('created') <= time.time() and shown.pop('registrations') == [] and shown == made, shown
    refused('not-found', w.bob.get, '/artifact/' + sha256(image))
    refused('not-found', w.alice.get, '/artifact/' + 'A' * 64)
    refused('forbidden', w.node1.get, '/artifact/' + sha256(image))
    vms = sorted(w.register(w.alice, firmware_hashes=[sha256(image)]) for _ in range(2))
    w.register(w.alice)  # another image's
    assert w.alice.get('/artifact/' + sha256(image))['registrations'] == vms


@test
def hosts(w):
    features = {'sev': True, 'sev-es': False, 'gate-loaded': True, 'qemu-version': '7.2.22'}
    w.node1.post('/host', features)
    for peer in (w.alice, w.olga):
        host, = (h for h in peer.get('/host')['hosts'] if h['name'] == 'node1')
        assert host['features'] == features and abs(host['seen'] - time.time()) < 60
    refused('bad-request', w.node1.post, '/host', dict(features, sev=1))
    refused('forbidden', w.alice.post, '/host', features)
    refused('forbidden', w.node1.get, '/host')


@test
def health_and_strangers(w):
    for peer in (w.alice, w.node1, w.olga, w.anna):
        assert peer.get('/healthz')['status'] == 'ok' and peer.get('/readyz')['status'] == 'ok'
    refused('not-found', w.alice.get, '/nothing')
    refused('method-not-allowed', w.alice.call, 'PUT', '/vm')
    stranger = Peer(Site(os.path.join(TMP, 'foreign-site')), 'owner', 'alice', SCHEMAS.check)
    stranger.service = w.service
    stranger.context.load_verify_locations(w.site.ca)
    try:
        stranger.get('/vm')
        raise AssertionError('a certificate of another CA was accepted')
    except (ssl.SSLError, ConnectionError) as error:
        assert not isinstance(error, ssl.SSLCertVerificationError), error
