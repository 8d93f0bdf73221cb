# SPDX-License-Identifier: LGPL-2.1-or-later
"""Registrations that take two persons: one proposes, another one confirms; and what one alone cannot do."""

import json
import os
import subprocess
import uuid

from lib.peers import Guest, b64, firmware, sha256
from lib.service import INLINE, OTHER_GUID, TMP, Database, read_store, refused, test

from service_cli import PROGRAM, put
from service_confirm import ask


class Pair:
    """Two people of one owner, one without a person's name, and another owner."""

    def __init__(self, w, name):
        self.w, self.name = w, name
        self.one, self.two = w.peer('owner', name + ':one'), w.peer('owner', name + ':two')
        self.nobody, self.stranger = w.peer('owner', name), w.peer('owner', name + 's-rival:three')
        self.one.call('PUT', '/artifact', raw=w.image)

    def body(self, **more):
        return {'scheme': 'amd-sev', 'policy': 1, 'firmware-hashes': [sha256(self.w.image)], 'two-persons': True,
                'secrets': [{'guid': OTHER_GUID, 'data': b64(INLINE)}], **more}

    def propose(self, who, vm, **more):
        status, answer = who.call('POST', f'/vm/{vm}', self.body(**more))
        assert status == 202, (status, answer)
        return answer['proposal']

    def confirm(self, who, vm, proposal):
        return who.call('POST', f'/vm/{vm}/confirm', {'proposal': proposal})

    def make(self, **more):
        vm = str(uuid.uuid4())
        self.confirm(self.two, vm, self.propose(self.one, vm, **more))
        return vm


@test
def registered_by_two(w):
    pair, vm = Pair(w, 'duo'), str(uuid.uuid4())
    proposal = pair.propose(pair.one, vm)
    refused('vm-unknown', pair.one.get, '/vm/' + vm)
    refused('vm-unknown', w.launch, vm)
    shown = pair.two.get(f'/vm/{vm}/proposal')
    assert shown['proposal'] == proposal and shown['proposed-by'] == 'one' and shown['registration']['two-persons'], shown
    assert shown['registration']['secrets'] == [{'guid': OTHER_GUID, 'size': len(INLINE)}]
    refused('second-person', pair.confirm, pair.one, vm, proposal)
    refused('second-person', pair.confirm, pair.nobody, vm, proposal)
    refused('not-found', pair.confirm, pair.stranger, vm, proposal)
    refused('not-found', pair.stranger.get, f'/vm/{vm}/proposal')
    refused('not-found', pair.confirm, pair.two, vm, 'ab' * 32)
    refused('bad-request', pair.two.post, f'/vm/{vm}/confirm', {})
    refused('second-person', pair.nobody.post, f'/vm/{vm}', pair.body())
    status, answer = pair.confirm(pair.two, vm, proposal)
    assert status == 200 and answer['id'] == vm and answer['two-persons'] is True
    refused('not-found', pair.confirm, pair.two, vm, proposal)
    guest = w.launch(vm)
    assert guest.open_packet(w.validate(vm, guest)) == {OTHER_GUID: INLINE}
    told = [json.loads(text) for text, in read_store(w.service, "SELECT text FROM audit WHERE owner = 'duo' ORDER BY seq")]
    told = [(r['what'], r['result'], r['who'].get('person')) for r in told]
    assert ('vm-register', 'proposed', 'one') in told and ('proposal-confirm', 'registered', 'two') in told, told


@test
def changed_by_two(w):
    pair = Pair(w, 'swap')
    vm = pair.make(hosts=['node1'])
    # Neither the rule itself nor the registration can be taken away by one.
    for change in ({'two-persons': False}, {'hosts': ['node2']}):
        before = pair.one.get('/vm/' + vm)
        proposal = pair.propose(pair.one, vm, **change)
        assert pair.one.get('/vm/' + vm) == before
        w.launch(vm)
        refused('host-not-allowed', w.launch, vm, host=w.node2)
        refused('second-person', pair.confirm, pair.one, vm, proposal)
    # The later proposal has taken the earlier one's place.
    pair.confirm(pair.two, vm, proposal)
    assert pair.one.get('/vm/' + vm)['hosts'] == ['node2'] and pair.one.get('/vm/' + vm)['two-persons']
    assert pair.one.call('DELETE', '/vm/' + vm)[0] == 202
    shown = pair.one.get(f'/vm/{vm}/proposal')
    assert 'registration' not in shown
    pair.nobody.call('DELETE', f'/vm/{vm}/proposal')
    refused('not-found', pair.confirm, pair.two, vm, shown['proposal'])
    refused('second-person', pair.nobody.call, 'DELETE', '/vm/' + vm)
    proposal = pair.two.call('DELETE', '/vm/' + vm)[1]['proposal']
    assert pair.confirm(pair.one, vm, proposal)[0] == 204
    refused('vm-unknown', pair.one.get, '/vm/' + vm)


@test
def one_becomes_two(w):
    """A registration without the rule gets it, and what is proposed for what is no more is worth nothing."""
    pair = Pair(w, 'grow')
    vm = str(uuid.uuid4())
    assert pair.one.call('POST', f'/vm/{vm}', pair.body(**{'two-persons': False}))[0] == 201
    proposal = pair.propose(pair.one, vm)
    assert pair.one.call('POST', f'/vm/{vm}', pair.body(**{'two-persons': False, 'name': 'other'}))[0] == 200
    refused('not-found', pair.confirm, pair.two, vm, proposal)
    pair.confirm(pair.two, vm, pair.propose(pair.one, vm))
    assert pair.one.call('POST', f'/vm/{vm}', pair.body(**{'two-persons': False}))[0] == 202
    refused('bad-request', pair.one.post, f'/vm/{vm}', pair.body(secrets=[{'name': 'disk'}]))
    # What another owner proposes, registers and withdraws under this id is another matter.
    pair.stranger.call('PUT', '/artifact', raw=w.image)
    other = str(uuid.uuid4())
    for id_ in (vm, other):
        proposal = pair.propose(pair.one, id_)
        pair.propose(pair.stranger, id_)
        assert pair.stranger.call('DELETE', f'/vm/{id_}/proposal')[0] == 204
        assert pair.stranger.call('POST', f'/vm/{id_}', pair.body(**{'two-persons': False}))[0] == 201
        assert pair.two.get(f'/vm/{id_}/proposal')['proposed-by'] == 'one'
        assert pair.confirm(pair.two, id_, proposal)[0] == 200


@test
def what_cannot_be_opened_takes_two(w):
    pair = Pair(w, 'shut')

    def break_it(table, vm):
        with Database(w.service) as database:
            database.execute(f"UPDATE {table} SET text = text || ' ' WHERE {'vm' if table == 'proposals' else 'id'} = ?", (vm,))
    vm = pair.make()
    break_it('registrations', vm)
    refused('internal', pair.one.get, '/vm/' + vm)
    refused('second-person', pair.nobody.call, 'DELETE', '/vm/' + vm)
    refused('second-person', pair.nobody.post, f'/vm/{vm}', pair.body(**{'two-persons': False}))
    proposal = pair.propose(pair.one, vm, **{'two-persons': False})
    refused('internal', pair.one.get, '/vm/' + vm)
    refused('second-person', pair.confirm, pair.one, vm, proposal)
    assert pair.confirm(pair.two, vm, proposal)[0] == 200
    assert w.launch(vm).id
    vm = pair.make()
    break_it('registrations', vm)
    status, answer = pair.one.call('DELETE', '/vm/' + vm)
    assert status == 202
    refused('internal', pair.two.get, '/vm/' + vm)
    assert pair.confirm(pair.two, vm, answer['proposal'])[0] == 204
    refused('vm-unknown', pair.one.get, '/vm/' + vm)
    # A proposal: it is not carried out, and nothing that one person registers takes its place.
    vm = str(uuid.uuid4())
    proposal = pair.propose(pair.one, vm)
    break_it('proposals', vm)
    refused('internal', pair.confirm, pair.two, vm, proposal)
    fresh = pair.propose(pair.one, vm, **{'two-persons': False})
    refused('vm-unknown', pair.one.get, '/vm/' + vm)
    assert pair.confirm(pair.two, vm, fresh)[0] == 200


@test
def a_third_renews_nothing(w):
    """What two have approved and hosts have used up takes two again."""
    pair = Pair(w, 'nods')
    three = w.peer('owner', 'nods:three')
    vm = pair.make(permit={'confirm-after': 0}, **{'any-domain': True})
    waiting = ask(w, vm)
    for person in (pair.one, pair.two):
        person.post(f'/launch/{waiting}/approve', {'launches': 2})
    assert isinstance(ask(w, vm, domain=str(uuid.uuid4())), Guest)
    record = three.post(f'/launch/{waiting}/approve', {'launches': 1000})
    assert record['approved'] and pair.one.get('/vm/' + vm)['approved'] == 0
    assert isinstance(ask(w, vm, domain=str(uuid.uuid4())), str)
    # One of them is enough to say no.
    waiting = ask(w, vm, domain=str(uuid.uuid4()))
    for person in (pair.one, pair.two):
        person.post(f'/launch/{waiting}/approve', {'launches': 9})
    assert pair.one.get('/vm/' + vm)['approved'] == 8
    assert three.post(f'/launch/{waiting}/deny', None)['state'] == 'refused'
    assert pair.one.get('/vm/' + vm)['approved'] == 0


@test
def approved_by_two(w):
    pair = Pair(w, 'nod')
    vm = pair.make(permit={'confirm-after': 0}, **{'any-domain': True})
    waiting = ask(w, vm)
    refused('second-person', pair.nobody.post, f'/launch/{waiting}/approve', {})
    record = pair.one.post(f'/launch/{waiting}/approve', {'launches': 5, 'valid-seconds': 100})
    assert record['approved'] is False and record['approvals'][0]['person'] == 'one'
    assert ask(w, vm, launch=waiting) == waiting
    refused('second-person', pair.one.post, f'/launch/{waiting}/approve', {})
    assert ask(w, vm, launch=waiting) == waiting
    record = pair.two.post(f'/launch/{waiting}/approve', {'launches': 2, 'valid-seconds': 1000})
    assert record['approved'] is True and record['expires'] == record['approvals'][0]['until']
    assert ask(w, vm, launch=waiting).id == waiting
    assert isinstance(ask(w, vm, domain=str(uuid.uuid4())), Guest)
    assert isinstance(ask(w, vm, domain=str(uuid.uuid4())), str)
    other = ask(w, vm, domain=str(uuid.uuid4()))
    assert pair.one.post(f'/launch/{other}/deny', None)['state'] == 'refused'


@test
def proposal_changed_in_the_database(w):
    pair, vm = Pair(w, 'forge'), str(uuid.uuid4())
    for column, value in (('person', 'two'), ('text', ''), ('replaces', 7)):
        proposal = pair.propose(pair.one, vm)
        with Database(w.service) as database:
            database.execute(f'UPDATE proposals SET {column} = ? WHERE vm = ?', (value, vm))
        refused('internal', pair.confirm, pair.one if column == 'person' else pair.two, vm, proposal)
    pair.propose(pair.one, vm)
    rows = read_store(w.service, 'SELECT sealed, text FROM proposals WHERE vm = ?', vm)
    assert INLINE not in rows[0][0] and INLINE.decode() not in rows[0][1]
    pair.one.call('DELETE', f'/vm/{vm}/proposal')


@test
def two_persons_typed(w):
    """The same with certificates that “ca issue --person” made, for the site's own CA."""
    folder = os.path.join(TMP, 'persons-ca')
    done = subprocess.run([PROGRAM, 'ca', 'init', '--dir', folder], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done

    def issue(*words, code=0):
        done = subprocess.run([PROGRAM, 'ca', 'issue', *words, '--dir', folder, '--out', folder], capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == code, done
        return done.stdout + done.stderr
    assert 'owner-acme-ann.pem' in issue('owner', 'acme', '--person', 'ann')
    issue('host', 'node1', '--person', 'ann', code=2)
    issue('owner', 'acme', '--person', 'Ann Other', code=2)
    text = subprocess.run(['openssl', 'x509', '-noout', '-ext', 'subjectAltName', '-in', os.path.join(folder, 'owner-acme-ann.pem')],
                          capture_output=True, text=True, check=True).stdout
    assert 'URI:urn:virt-attest:owner:acme:ann' in text, text

    def run(person, *words, code=0):
        certificate, key = w.site.client('owner', 'typist:' + person)
        done = subprocess.run([PROGRAM, *words[:2], '--url', f'https://127.0.0.1:{w.service.port}', '--ca', w.site.ca, '--certificate',
                               certificate, '--key', key, *words[2:]], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == code, (words, done)
        return done.stdout + done.stderr
    vm, image = str(uuid.uuid4()), put('persons.fd', firmware(71))
    text = run('ann', 'vm', 'register', vm, '--policy', '1', '--firmware', image, '--two-persons')
    command = text.strip().splitlines()[-1].split()
    assert command[:4] == ['virt-attest', 'vm', 'confirm', vm], text
    shown = run('bob', 'vm', 'proposal', vm)
    assert 'proposed by ann' in shown and command[4] in shown and 'requires two of your people' in shown, shown
    run('ann', 'vm', 'confirm', vm, command[4], code=1)
    assert 'Confirmed' in run('bob', 'vm', 'confirm', vm, command[4])
    assert 'no longer require two people' not in shown
    assert 'Proposed' in run('ann', 'vm', 'register', vm, '--policy', '1', '--firmware', image)
    assert 'no longer require two people' in run('bob', 'vm', 'proposal', vm)
    assert 'Proposed' in run('bob', 'vm', 'remove', vm) and 'to remove' in run('ann', 'vm', 'proposal', vm)
    assert 'withdrawn' in run('ann', 'vm', 'withdraw', vm)
    assert 'nothing is proposed' in run('bob', 'vm', 'proposal', vm, code=1)
