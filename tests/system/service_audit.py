# SPDX-License-Identifier: LGPL-2.1-or-later
"""The audit log: what is on record, that records and receipts verify offline, and that no change goes unnoticed."""

import hashlib
import http.client
import json
import os
import re
import subprocess
import time
import urllib.parse
import uuid

from lib.peers import Service, b64, firmware, sha256, write
from lib.service import INLINE, OTHER_GUID, TMP, Database, read_store, refused, test

from service_cli import Owner


class Person(Owner):
    """Somebody with another role who uses the program."""

    def __init__(self, w, role, name, service=None):
        super().__init__(w, name)
        self.certificate, self.key = w.site.client(role, name)
        self.service = service or w.service

    def command(self, *words):
        line = super().command(*words)
        line[line.index('--url') + 1] = f'https://127.0.0.1:{self.service.port}'
        return line


class Site:
    """A service of its own, with a history of a few launches."""

    def __init__(self, w, name, **more):
        self.w, self.service = w, Service(os.path.join(TMP, name), w.site, os.path.join(w.platform.folder, 'roots'), **more)
        self.service.start()
        self.people = {role: Person(w, role, name, self.service)
                       for role, name in (('owner', 'alice'), ('auditor', 'anna'), ('operator', 'olga'))}
        self.bob = Person(w, 'owner', 'bob', self.service)
        self.alice = w.peer('owner', 'alice', self.service)
        self.node1 = w.peer('host', 'node1', self.service)
        self.alice.call('PUT', '/artifact', raw=w.image)
        self.vm = w.register(self.alice, permit={'max-launches': 3},
                             secrets=[{'guid': OTHER_GUID, 'data': b64(INLINE)}])

    def launch(self, digest=None):
        guest = self.w.launch(self.vm, host=self.node1)
        if digest:
            refused('measurement-mismatch', self.w.validate, self.vm, guest, digest, host=self.node1)
        else:
            self.w.validate(self.vm, guest, host=self.node1)
        return guest

    def records(self):
        return [json.loads(text) for text, in read_store(self.service, 'SELECT text FROM audit ORDER BY seq')]

    def export(self, role='auditor'):
        return self.people[role].run('audit', 'export')

    def verify(self, text, *more, code=0):
        path = write(os.path.join(TMP, 'export.' + str(uuid.uuid4())), text.encode())
        return self.people['auditor'].run('audit', 'verify', path, *more, code=code)


@test
def audit_says_who_what_why(w):
    site = Site(w, 'audit-says')
    guest, wrong = site.launch(), site.launch(b'\1' * 32)
    refused('launch-used', w.validate, site.vm, guest, host=site.node1)
    refused('vm-unknown', w.launch, str(uuid.uuid4()), host=site.node1)
    site.node1.post(f'/launch/{guest.id}/outcome', {'state': 'running'})
    site.node1.post(f'/launch/{guest.id}/outcome', {'state': 'running'})
    revoked = w.launch(site.vm, host=site.node1)
    site.alice.call('POST', f'/launch/{revoked.id}/revoke')
    site.alice.call('PUT', f'/secret/later?guid={OTHER_GUID}', raw=b'x')
    site.alice.call('DELETE', '/secret/later')
    refused('forbidden', site.node1.get, '/audit')
    site.alice.call('DELETE', '/vm/' + site.vm)
    records = site.records()
    told = [(r['who']['role'], r['what'], r['result']) for r in records]
    assert told == [('owner', 'artifact-put', 'stored'), ('owner', 'vm-register', 'registered'),
                    ('host', 'launch', 'granted'), ('host', 'validate', 'validated'),
                    ('host', 'launch', 'granted'), ('host', 'validate', 'measurement-mismatch'),
                    ('host', 'validate', 'launch-used'), ('host', 'launch', 'vm-unknown'),
                    ('host', 'outcome', 'running'), ('host', 'launch', 'granted'), ('owner', 'revoke', 'revoked'),
                    ('owner', 'secret-put', 'stored'), ('owner', 'secret-remove', 'removed'),
                    ('host', 'audit-list', 'forbidden'), ('owner', 'vm-remove', 'removed')], told
    assert [r['seq'] for r in records] == list(range(1, len(records) + 1))
    granted, validated = records[2:4]
    assert granted['owner'] == 'alice' and granted['launch-id'] == guest.id and granted['vm'] == site.vm
    assert granted['who']['name'] == 'node1' and len(granted['who']['certificate']) == 64
    assert granted['platform']['pdh'] == sha256(w.platform.pdh) and granted['domain']['uuid'] == site.vm, granted
    assert validated['evidence']['measurement'] and validated['launch-id'] == guest.id
    assert 'not one that' in records[5]['why'] and records[5]['launch-id'] == wrong.id
    assert records[1]['registration']['permit'] == {'max-launches': 3}
    assert 'owner' not in records[7], records[7]
    whole = '\n'.join(text for text, in read_store(site.service, 'SELECT text FROM audit'))
    for needle in (INLINE.decode(), b64(INLINE), INLINE.hex(), guest.tik.hex(), guest.tek.hex()):
        assert needle not in whole
    assert site.service.end() == 0


BEGIN, PEER = ('seq', 'time', 'what', 'who'), ('path', 'request')
VALIDATE = (*BEGIN, *PEER, 'vm', 'claimed-launch-id', 'evidence', 'owner', 'launch-id', 'version', 'result')
MEMBERS = {  # of records, in their order: what is in a log once must be written in the same way for ever
    ('artifact-put', 'stored'): (*BEGIN, *PEER, 'owner', 'firmware', 'result'),
    ('vm-register', 'registered'): (*BEGIN, *PEER, 'owner', 'vm', 'registration', 'result'),
    ('launch', 'granted'): (*BEGIN, *PEER, 'vm', 'domain', 'owner', 'version', 'platform', 'launch-id', 'policy',
                            'generation', 'fixed', 'result'),
    ('launch', 'vm-unknown'): (*BEGIN, *PEER, 'vm', 'domain', 'result', 'why'),
    ('launch', 'launch-unknown'): (*BEGIN, *PEER, 'claimed-launch-id', 'result', 'why'),
    ('attempt', 'launch-unknown'): (*BEGIN, 'call', 'claimed-launch-id', 'result', 'why', 'owner'),
    ('validate', 'validated'): (*VALIDATE, 'detail'),
    ('validate', 'measurement-mismatch'): (*VALIDATE, 'why', 'detail'),
    ('validate', 'launch-used'): (*VALIDATE, 'why'),
    ('outcome', 'running'): (*BEGIN, *PEER, 'owner', 'launch-id', 'vm', 'result'),
    ('outcome', 'failed'): (*BEGIN, *PEER, 'owner', 'launch-id', 'vm', 'result', 'why'),
    ('revoke', 'revoked'): (*BEGIN, *PEER, 'owner', 'launch-id', 'vm', 'result'),
    ('secret-put', 'stored'): (*BEGIN, *PEER, 'owner', 'secret', 'result'),
    ('secret-remove', 'not-found'): (*BEGIN, *PEER, 'owner', 'secret', 'result', 'why'),
    ('attempt', 'not-found'): (*BEGIN, 'call', 'secret', 'result', 'why'),
    ('host-features', 'changed'): (*BEGIN, *PEER, 'result'),
    ('vm-remove', 'removed'): (*BEGIN, *PEER, 'owner', 'vm', 'result'),
    ('end', 'vm-unknown'): (*BEGIN, 'owner', 'vm', 'launch-id', 'host', 'result', 'why'),
    ('artifact-remove', 'removed'): (*BEGIN, *PEER, 'owner', 'firmware', 'result')}


@test
def audit_of_members_in_their_order(w):
    site = Site(w, 'audit-members')
    guest, _ = site.launch(), site.launch(b'\1' * 32)
    refused('launch-used', w.validate, site.vm, guest, host=site.node1)
    refused('vm-unknown', w.launch, str(uuid.uuid4()), host=site.node1)
    site.node1.post(f'/launch/{guest.id}/outcome', {'state': 'running'})
    other = w.launch(site.vm, host=site.node1)
    refused('launch-unknown', w.launch, str(uuid.uuid4()), host=site.node1, **{'launch-id': other.id})
    site.node1.post(f'/launch/{other.id}/outcome', {'state': 'failed', 'reason': 'x'})
    site.alice.call('POST', f'/launch/{w.launch(site.vm, host=site.node1).id}/revoke')
    site.alice.call('PUT', f'/secret/later?guid={OTHER_GUID}', raw=b'x')
    refused('not-found', site.alice.call, 'DELETE', '/secret/other')
    site.node1.post('/host', {'sev': True, 'sev-es': False, 'gate-loaded': True})
    w.launch(site.vm, host=site.node1)
    site.alice.call('DELETE', '/vm/' + site.vm)
    site.alice.call('DELETE', '/artifact/' + sha256(w.image))
    seen = {(r['what'], r['result']): tuple(r) for r in site.records()}
    assert site.service.end() == 0
    for kind, members in MEMBERS.items():
        assert seen.pop(kind) == (*members, 'salt'), kind
    assert not seen, seen


@test
def audit_of_what_time_ends(w):
    site = Site(w, 'audit-time', launch_seconds=1)
    guest = w.launch(site.vm, host=site.node1)
    for _ in range(100):
        last = site.records()[-1]
        if last['what'] == 'end':
            break
        time.sleep(0.1)
    assert (last['result'], last['who'], last['launch-id'], last['owner']) == (
        'launch-expired', {'role': 'service'}, guest.id, 'alice'), last
    assert site.service.end() == 0


@test
def audit_verifies_offline(w):
    site = Site(w, 'audit-offline')
    site.launch()
    mine, whole = site.export('owner'), site.export('auditor')
    site.node1.post('/host', {'sev': True, 'sev-es': False, 'gate-loaded': True})
    later = site.export('operator')
    bobs = site.bob.run('audit', 'export')
    assert site.service.end() == 0
    for text, records, hidden in ((whole, 4, 0), (mine, 4, 0), (later, 5, 0), (bobs, 5, 5)):
        told = site.verify(text)
        assert re.search(rf'ok: {records} records \(as digests only: {hidden};', told), told
    assert later.startswith(whole.rsplit('\n', 2)[0])
    assert 'alice' not in bobs and site.vm not in bobs and bobs.count('digest') == 5


@test
def audit_with_control_characters(w):
    """What a peer puts into a path or a reason stands in the record as it came, and the export verifies all the same."""
    site = Site(w, 'audit-controls')
    hostile = ''.join(chr(c) for c in (*range(0x80, 0xa0), 0xad, 0x200e, 0x202e, 0x2028, 0x2066, 0xe0001))
    refused('not-found', w.peer('owner', 'bob', site.service).get, '/secret/' + urllib.parse.quote('a' + hostile + 'b'))
    guest = site.launch()
    site.node1.post(f'/launch/{guest.id}/outcome', {'state': 'failed', 'reason': 'a' + hostile + 'b'})
    mine, whole = site.export('owner'), site.export('auditor')
    assert site.service.end() == 0
    for text in (mine, whole):
        assert re.search(r'ok: [0-9]+ records', site.verify(text)), text


@test
def audit_of_several_pages(w):
    """More records than one answer has, and pages without a checkpoint."""
    site = Site(w, 'audit-pages')
    connection = http.client.HTTPSConnection('127.0.0.1', site.service.port, context=site.node1.context, timeout=30)
    for _ in range(1010):
        connection.request('POST', '/v1/vm/unknown/launch', body='{}', headers={'Content-Type': 'application/json'})
        assert json.load(connection.getresponse())['code'] == 'vm-unknown'
    connection.close()
    site.launch()
    whole = site.export()
    assert site.service.end() == 0
    assert whole.count('{"checkpoint"') == 1, whole[-2000:]
    assert 'ok: 1014 records' in site.verify(whole)


@test
def audit_finds_every_change(w):
    site = Site(w, 'audit-change')
    for _ in range(2):
        site.launch()
        site.people['auditor'].run('audit', 'export')
    lines = site.export().splitlines()
    assert site.service.end() == 0
    kinds = ['c' if line.startswith('{"checkpoint"') else 'r' for line in lines[1:]]
    assert kinds == list('rrrrcrrc'), kinds

    def bad(expected, changed):
        told = site.verify('\n'.join(changed) + '\n', code=1)
        assert expected in told, (expected, told)
    site.verify('\n'.join(lines) + '\n')
    for i in range(1, len(lines)):
        without = lines[:i] + lines[i + 1:]
        if i != 5:
            bad('truncated' if i == len(lines) - 1 else '', without)
    assert 'export' in site.verify('\n'.join(lines[1:]) + '\n', code=1)
    bad('does not match: one of the records 1 to 4 was changed', lines[:3] + [lines[3].replace('granted', 'grunted')] + lines[4:])
    bad('does not match: one of the records 5 to 6 was changed', lines[:6] + [lines[6].replace('"why"', '"wy"')
                                                                             .replace('node1', 'node2')] + lines[7:])
    bad('where record 1 was expected', [lines[0], lines[2], lines[1]] + lines[3:])
    bad('where record 5 was expected', lines[:5] + [lines[3]] + lines[5:])
    bad('truncated', lines[:-1])
    bad('truncated', lines[:-2])
    bad('truncated', lines[:4])
    bad('', lines[:-1] + [lines[-1][:-10]])
    # Somebody without the key who computes the chain anew.
    text = lines[3].replace('granted', 'grunted')
    link = b'\0' * 32
    for line in [lines[1], lines[2], text, lines[4]]:
        link = hashlib.sha256(link + hashlib.sha256(line.encode()).digest()).digest()
    forged = json.loads(lines[5])
    forged['checkpoint']['link'] = link.hex()
    bad('signature does not match its certificate', lines[:3] + [text, lines[4], json.dumps(forged)] + lines[6:])
    client, _ = w.site.client('owner', 'alice')
    forged = json.loads(lines[5])
    with open(client, encoding='ascii') as pem:
        forged['checkpoint']['certificate'] = pem.read()
    bad("not a service's certificate", lines[:5] + [json.dumps(forged)] + lines[6:])
    forged = json.loads(lines[5])
    forged['checkpoint']['time'] = 1000
    bad('not valid at the time', lines[:5] + [json.dumps(forged)] + lines[6:])
    site.people['auditor'].run('audit', 'verify', os.path.join(TMP, 'no-such-export'), code=3)
    site.people['auditor'].run('audit', 'verify', code=2)


@test
def receipts(w):
    site = Site(w, 'audit-receipt')
    guest = site.launch()
    other = site.launch()
    alice, bob = site.people['owner'], site.bob
    receipt = alice.run('launch', 'receipt', guest.id)
    assert other.id not in receipt
    assert 'you have no launch' in bob.run('launch', 'receipt', guest.id, code=1)
    assert alice.run('launch', 'receipt', str(uuid.uuid4()), code=1)
    path = write(os.path.join(TMP, 'receipt'), receipt.encode())
    export = site.export()
    assert site.service.end() == 0
    assert 'ok: 2 receipt records are all signed' in alice.run('audit', 'verify', '--receipt', path)
    assert 'all in the log' in site.verify(export, '--receipt', path)
    broken = write(os.path.join(TMP, 'receipt-broken'), receipt.replace('node1', 'node7').encode())
    assert 'not the one that was signed' in alice.run('audit', 'verify', '--receipt', broken, code=1)
    moved = write(os.path.join(TMP, 'receipt-moved'), receipt.replace('{"launch-id":"' + guest.id, '{"launch-id":"' + other.id).encode())
    assert 'not one of launch' in alice.run('audit', 'verify', '--receipt', moved, code=1)
    alice.run('audit', 'verify', '--receipt', os.path.join(TMP, 'no-such-receipt'), code=3)
    # The operator rolls the database back, and goes on with another history, signed with the service's own key.
    with Database(site.service) as database:
        database.execute('DELETE FROM audit WHERE seq > 3')
        database.execute('DELETE FROM checkpoints WHERE seq > 3')
    site.service.start()
    assert 'records were removed from its end' in site.verify(site.export(), '--receipt', path, code=1)
    site.alice.call('PUT', '/artifact', raw=firmware(77))
    rewritten = site.export()
    assert site.service.end() == 0
    assert 'ok' in site.verify(rewritten)
    assert 'changed after the receipt was issued' in site.verify(rewritten, '--receipt', path, code=1)


@test
def tampered_log_is_not_signed_away(w):
    site = Site(w, 'audit-tampered')
    guest = site.launch()
    site.export()
    with Database(site.service) as database:
        database.execute("UPDATE audit SET text = replace(text, 'node1', 'node9') WHERE seq = 3")
    refused('audit-broken', site.alice.get, f'/launch/{guest.id}/receipt')
    refused('audit-broken', site.alice.get, '/audit')
    site.alice.call('PUT', '/artifact', raw=firmware(78))
    assert 'records 1 to 4 was changed' in site.verify(site.export(), code=1)
    assert site.service.end() == 0


@test
def checkpoints_come_by_themselves(w):
    site = Site(w, 'audit-checkpoint')
    site.launch()
    assert site.service.end() == 0
    (seq, text), = read_store(site.service, 'SELECT seq, text FROM checkpoints')
    assert seq == 4 and json.loads(text)['seq'] == 4


@test
def audit_list_for_each(w):
    site = Site(w, 'audit-list')
    site.launch(b'\1' * 32)
    told = site.people['owner'].run('audit', 'list')
    assert 'host node1' in told and 'measurement-mismatch' in told and 'vm-register' in told, told
    assert 'no records' in site.bob.run('audit', 'list')
    lines = site.people['operator'].run('audit', 'list', '--limit', '2', '--json').splitlines()
    assert [json.loads(line)['seq'] for line in lines] == [3, 4], lines
    assert site.people['operator'].run('audit', 'list', '--limit', '10001', code=2)
    refused('bad-request', site.alice.get, '/audit?order=oldest')
    refused('bad-request', site.alice.get, '/audit?limit=501')
    refused('bad-request', site.alice.get, '/audit?after=-1')
    refused('bad-request', site.alice.get, '/audit?before=0')
    refused('bad-request', site.alice.get, '/audit?order=chain&before=2')
    assert site.service.end() == 0


@test
def refused_too_often(w):
    site = Site(w, 'audit-often', refusals=5)
    for _ in range(5):
        refused('vm-unknown', w.launch, str(uuid.uuid4()), host=site.node1)
    before = len(site.records())
    for _ in range(20):
        refused('too-many-refusals', w.launch, str(uuid.uuid4()), host=site.node1)
    assert len(site.records()) == before
    # What is allowed, is, and others are not held off.
    guest = site.launch()
    refused('not-found', site.alice.get, '/secret/none')
    # What is decided is on record, told or not.
    wrong = w.launch(site.vm, host=site.node1)
    refused('too-many-refusals', w.validate, site.vm, wrong, b'\1' * 32, host=site.node1)
    assert site.records()[-1]['result'] == 'measurement-mismatch' and site.records()[-1]['launch-id'] == wrong.id
    assert guest.id and site.service.end() == 0


@test
def signer_is_the_service_that_is_meant(w):
    site = Site(w, 'audit-signer')
    site.launch()
    auditor, text = site.people['auditor'], site.export()
    path = write(os.path.join(TMP, 'export.' + str(uuid.uuid4())), text.encode())
    auditor.run('audit', 'verify', path, '--signer', '127.0.0.1')
    assert 'signed by “127.0.0.1”, not by the service “attest.example.org”' in auditor.run(
        'audit', 'verify', path, '--signer', 'attest.example.org', code=1)
    # Without an url nobody is meant: whose signature it is, and no “ok”.
    program = os.path.join(os.environ['VA_TOP_BUILDDIR'], 'virt-attest')
    empty = write(os.path.join(TMP, 'no-client.conf'), b'')
    done = subprocess.run([program, 'audit', 'verify', path, '--ca', w.site.ca, '--config', empty], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 1 and '--signer 127.0.0.1' in done.stderr and not done.stdout, done
    done = subprocess.run([program, 'audit', 'verify', path, '--ca', w.site.ca, '--config', empty, '--signer', '127.0.0.1',
                           '--json'], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and json.loads(done.stdout)['signer'] == '127.0.0.1', done


@test
def attempts_are_on_the_owners_record(w):
    """What others were refused of alice's, with their role and name and no more; and nothing that tells them it is there."""
    site = Site(w, 'attempts')
    guest = site.launch()
    eve, node2 = w.peer('owner', 'bob:eve', site.service), w.peer('host', 'node2', site.service)
    site.alice.call('PUT', f'/secret/disk?guid={OTHER_GUID}', raw=b'of alice')
    carl = w.peer('owner', 'alice:carl', site.service)
    proposed = str(uuid.uuid4())
    assert carl.call('POST', f'/vm/{proposed}', {'scheme': 'amd-sev', 'policy': 1, 'two-persons': True,
                                                'firmware-hashes': [sha256(w.image)]})[0] == 202

    def try_all(vm, proposal, launch, secret):
        """Each call that could reach somebody else's object; how many."""
        calls = [('vm-unknown', 'GET', f'/vm/{vm}'), ('vm-unknown', 'DELETE', f'/vm/{vm}'),
                 ('not-found', 'GET', f'/vm/{proposal}/proposal'), ('not-found', 'DELETE', f'/vm/{proposal}/proposal'),
                 ('not-found', 'POST', f'/vm/{proposal}/confirm', {'proposal': 'ab' * 32}),
                 ('launch-unknown', 'GET', f'/launch/{launch}'), ('launch-unknown', 'GET', f'/launch/{launch}/receipt'),
                 ('launch-unknown', 'POST', f'/launch/{launch}/approve', {}),
                 ('launch-unknown', 'POST', f'/launch/{launch}/deny'), ('launch-unknown', 'POST', f'/launch/{launch}/revoke'),
                 ('not-found', 'GET', f'/secret/{secret}'), ('not-found', 'DELETE', f'/secret/{secret}')]
        for code, *call in calls:
            refused(code, eve.call, *call)
        claim = {**guest.claim(bytes(48)), 'launch-id': launch}
        refused('launch-unknown', node2.post, f'/vm/{site.vm}/validate', claim)
        refused('launch-unknown', node2.post, f'/launch/{launch}/outcome', {'state': 'failed'})
        refused('launch-unknown', w.launch, site.vm, host=node2, **{'launch-id': launch})
        return len(calls) + 3
    before = len(site.records())
    made = try_all(site.vm, proposed, guest.id, 'disk')
    there = site.records()[before:]
    try_all(str(uuid.uuid4()), str(uuid.uuid4()), str(uuid.uuid4()), 'no-such')
    nothing = site.records()[before + len(there):]
    assert len(there) == len(nothing) == 2 * made, (len(there), len(nothing))
    shapes = [[(r['what'], r['result'], sorted(set(r) - {'owner'})) for r in part] for part in (there, nothing)]
    assert shapes[0] == shapes[1]
    assert not [r for r in nothing if r['what'] == 'attempt' and 'owner' in r]
    seen = [json.loads(record['text']) for record in site.alice.get('/audit?limit=100')['records']]
    seen = [record for record in seen if record['what'] == 'attempt']
    assert len(seen) == made and {(r['who']['role'], r['who']['name']) for r in seen} == {('owner', 'bob'), ('host', 'node2')}
    assert all(set(record['who']) == {'role', 'name'} for record in seen)
    assert {record.get('claimed-launch-id') for record in seen} == {None, guest.id}
    assert {record.get('vm') for record in seen} == {None, site.vm, proposed} and {r.get('secret') for r in seen} == {None, 'disk'}
    # Not even its digest can be guessed, and the launch's receipt is what it was.
    assert all(len(record['salt']) >= 32 for record in seen)
    assert not [r for r in site.alice.get(f'/launch/{guest.id}/receipt')['records'] if 'attempt' in r['text']]
    # The tool shows them, and what is one's own is nobody's attempt.
    assert site.people['owner'].run('audit', 'export').count('"what":"attempt"') == made
    refused('not-found', site.alice.get, '/secret/no-such')
    w.register(eve, id_=site.vm, firmware_hashes=None, launch_digests=['ab' * 32])
    refused('not-found', eve.get, f'/vm/{site.vm}/proposal')
    refused('not-found', site.alice.get, f'/vm/{site.vm}/proposal')
    assert not [r for r in site.records()[-4:] if r['what'] == 'attempt' and 'owner' in r]
    refused('launch-used', site.alice.post, f'/launch/{guest.id}/deny', None)
    assert site.records()[-1]['what'] == 'deny'
    assert site.service.end() == 0


@test
def attempts_end_at_the_limit(w):
    site = Site(w, 'attempts-limit', refusals=10)
    guest = site.launch()
    bob = w.peer('owner', 'bob', site.service)
    for _ in range(10):
        refused('launch-unknown', bob.get, '/launch/' + guest.id)
    for _ in range(50):
        refused('too-many-refusals', bob.get, '/launch/' + guest.id)
    assert sum(record['what'] == 'attempt' for record in site.records()) <= 11
    assert site.service.end() == 0
