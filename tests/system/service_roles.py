# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every path of openapi.yaml with every role, and with another tenant's ids: only who is named gets in, and what is
another's is not there."""

import os
import uuid

import yaml

from lib.peers import SOURCE, b64, firmware, sha256
from lib.service import OTHER_GUID, refused, test

NOT_THERE = {'{id}': 'vm-unknown', '{launch-id}': 'launch-unknown', '{name}': 'not-found'}


def calls():
    with open(os.path.join(SOURCE, 'schemas', 'openapi.yaml'), encoding='utf-8') as source:
        api = yaml.safe_load(source)
    for path, item in api['paths'].items():
        for method, call in item.items():
            if method != 'parameters':
                yield method.upper(), path[len('/v1'):], call


class Tenant:
    """Objects of one owner, one of each kind, and bodies that would fit."""

    def __init__(self, w, owner, image):
        self.w, self.owner = w, owner
        owner.call('PUT', '/artifact', raw=image)
        owner.call('PUT', f'/secret/walk?guid={OTHER_GUID}', raw=b'walked')
        self.vm = w.register(owner, **{'firmware-hashes': [sha256(image)]}, permit={'confirm-after': 1})
        self.open = w.launch(self.vm)
        self.waiting = w.node1.call('POST', f'/vm/{self.vm}/launch', w.platform.request(self.vm))[1]['launch-id']
        self.image = image

    def ids(self, method, path):
        launch = self.waiting if path.endswith(('approve', 'deny')) else self.open.id
        return path.replace('{id}', self.vm).replace('{launch-id}', launch).replace('{name}', 'walk')

    def send(self, peer, method, path):
        raw = body = None
        if method == 'PUT':
            raw = firmware(91) if path.endswith('artifact') else b'other'
        elif path.endswith('/launch'):
            body = self.w.platform.request(self.vm)
        elif path.endswith('/validate'):
            body = self.open.claim(b'\0' * 32)
        elif path.endswith('/outcome'):
            body = {'state': 'failed'}
        elif path.endswith('/confirm'):
            body = {'proposal': 'ab' * 32}
        elif path.endswith('/approve'):
            body = {}
        elif path.endswith('/host') and method == 'POST':
            body = {'sev': True, 'sev-es': False, 'gate-loaded': True}
        elif path == '/vm/{id}' and method == 'POST':
            body = {'scheme': 'amd-sev', 'policy': 1, 'firmware-hashes': [sha256(self.image)]}
        query = f'?guid={OTHER_GUID}' if method == 'PUT' and 'secret' in path else ''
        return peer.call(method, self.ids(method, path) + query, **({'raw': raw} if raw else {'body': body}))

    def state(self):
        return (self.owner.get('/vm/' + self.vm), self.owner.get('/secret/walk'), self.owner.get('/artifact'),
                self.owner.get('/launch/' + self.open.id), self.owner.get('/launch/' + self.waiting))


def peers(w):
    return {'owner': w.peer('owner', 'walker'), 'host': w.peer('host', 'node1'), 'operator': w.olga, 'auditor': w.anna,
            'metrics': w.peer('metrics', 'prometheus')}


@test
def each_role_on_each_path(w):
    roles = peers(w)
    tenant = Tenant(w, roles['owner'], firmware(90))
    before, walked = tenant.state(), 0
    for method, path, call in calls():
        for role, peer in roles.items():
            if role in call['x-roles']:
                continue
            refused('forbidden', tenant.send, peer, method, path)
            walked += 1
    assert walked > 60 and tenant.state() == before, walked


@test
def each_path_with_anothers_ids(w):
    roles = peers(w)
    tenant = Tenant(w, roles['owner'], firmware(92))
    stranger, other_host = w.peer('owner', 'trespasser'), w.peer('host', 'node7')
    stranger.call('PUT', '/artifact', raw=firmware(92))
    before, walked = tenant.state(), 0
    for method, path, call in calls():
        names = [name for name in NOT_THERE if name in path]
        if not names or method == 'PUT' or path.endswith('/launch') or (method, path) == ('POST', '/vm/{id}'):
            continue  # what is made under the stranger's own name, or is a host's to ask
        roles_here = [(role, peer) for role, peer in (('owner', stranger), ('host', other_host)) if role in call['x-roles']]
        for role, peer in roles_here:
            code = 'launch-unknown' if role == 'host' else NOT_THERE[names[0]]
            code = 'not-found' if path.endswith(('/proposal', '/confirm')) else code
            told = refused(code, tenant.send, peer, method, path)
            assert 'walker' not in told and 'node1' not in told, told
            walked += 1
        for role, peer in roles_here:
            # The same to the letter, but for the id, as for what nobody has.
            if '{name}' not in path and '/proposal' not in path and role == 'owner' and method != 'POST':
                nobody = path.replace('{id}', str(uuid.uuid4())).replace('{launch-id}', str(uuid.uuid4()))
                refused(NOT_THERE[names[0]], peer.call, method, nobody)
    assert walked >= 10 and tenant.state() == before, walked


@test
def lists_are_the_owners_own(w):
    roles = peers(w)
    tenant = Tenant(w, roles['owner'], firmware(93))
    stranger = w.peer('owner', 'newcomer')
    for path, name in (('/vm', 'vms'), ('/launch', 'launches'), ('/secret', 'secrets'), ('/artifact', 'artifacts'),
                       ('/audit', 'records')):
        assert stranger.get(path)[name] == [], path
    assert stranger.get('/launch?vm=' + tenant.vm)['launches'] == []
    text = str(stranger.get('/audit?order=chain&limit=500'))
    assert tenant.vm not in text and 'walker' not in text and b64(b'walked') not in text
