# SPDX-License-Identifier: LGPL-2.1-or-later
"""What owners and hosts keep on a real virt-attestd, and that they do not see each other's."""

import os
import ssl
import time
import uuid

from service_peers import Peer, Site, firmware, sha256
from service_world import INLINE, LUKS, OTHER_GUID, PASSPHRASE, SCHEMAS, TMP, refused, test


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
    refused('vm-unknown', w.register, w.bob, id_=vm)
    refused('secret-missing', w.register, w.bob, secrets=[{'name': 'disk'}])
    for path, name in (('/vm', 'vms'), ('/launch', 'launches'), ('/launch?vm=' + vm, 'launches'),
                       ('/secret', 'secrets')):
        assert w.bob.get(path)[name] == [] and w.alice.get(path)[name]
    assert w.record(guest)['state'] == 'open' and w.alice.get('/vm/' + vm)['secrets'] == [{'name': 'disk'}]
    w.bob.call('PUT', '/secret/disk?type=luks-passphrase', raw=b'of bob')
    reply = w.validate(vm, guest)
    assert guest.open_packet(reply)[LUKS] == PASSPHRASE + b'\0'


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
    refused('bad-request', w.alice.call, 'PUT', '/artifact', raw=b'')
    big = firmware(5, size=16 * 1024 * 1024)
    assert w.alice.call('PUT', '/artifact', raw=big)[1]['size'] == len(big)
    refused('forbidden', w.node1.call, 'PUT', '/artifact', raw=image)


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
