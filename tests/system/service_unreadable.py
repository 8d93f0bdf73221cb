# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a real virt-attestd has stored and cannot open, or would not take any more: it keeps nobody from the rest."""

import json
import os
import subprocess
import uuid

from lib.peers import BUILD, Refused, firmware, sha256
from lib.service import TMP, Database, refused, test
from lib.tap import Skip

from service_audit import Site
from service_cli import Owner

PUT_REGISTRATION = os.path.join(BUILD, 'tests', 'system', 'put-registration')


@test
def one_broken_registration_among_others(w):
    owner, cli = w.peer('owner', 'ulla'), Owner(w, 'ulla')
    image = firmware(91)
    owner.call('PUT', '/artifact', raw=image)
    vms = sorted(w.register(owner, firmware_hashes=[sha256(image)], name=f'guest {i}') for i in range(3))
    before = owner.get('/vm')['vms']
    with Database(w.service) as database:
        database.execute("UPDATE registrations SET text = replace(text, 'guest', 'ghost') WHERE id = ?", (vms[1],))
    assert owner.get('/vm')['vms'] == [before[0], {'id': vms[1], 'unreadable': True}, before[2]]
    # The page's end may be the broken one.
    page = owner.get('/vm?limit=2')
    assert page['vms'][1]['unreadable'] and page['next'] == vms[1]
    assert owner.get('/vm?after=' + vms[1])['vms'] == [before[2]]
    assert 'ghost' not in json.dumps(page)
    refused('internal', owner.get, '/vm/' + vms[1])
    refused('internal', w.launch, vms[1])
    w.launch(vms[0])
    text = cli.run('vm', 'list')
    assert f'{vms[1]}  UNREADABLE' in text and "Ask the service's operator" in text and 'guest 2' in text.replace(
        'guest 0', 'guest 2'), text
    assert json.loads(cli.run('vm', 'list', '--json'))['vms'][1] == {'id': vms[1], 'unreadable': True}
    fd = os.path.join(TMP, 'unreadable.fd')
    with open(fd, 'wb') as f:
        f.write(image)
    impact = cli.run('vm', 'impact', '--firmware', fd, code=1)
    assert impact.count('fits') == 2 and 'cannot open' in impact, impact
    assert vms[1] in w.service.log() and 'CRITICAL' not in w.service.log()


@test
def broken_artifact_and_host_among_others(w):
    owner, cli = w.peer('owner', 'uwe'), Owner(w, 'uwe')
    images = sorted((firmware(92), firmware(93)), key=sha256)
    for image in images:
        owner.call('PUT', '/artifact', raw=image)
    good = owner.get('/artifact')['artifacts'][1]
    with Database(w.service) as database:
        database.execute('UPDATE artifacts SET image = ? WHERE hash = ?', (firmware(94), sha256(images[0])))
    # The service that has not looked at this image yet.
    assert w.service.end() == 0
    w.service.start()
    assert owner.get('/artifact')['artifacts'] == [{'hash': sha256(images[0]), 'unreadable': True}, good]
    text = cli.run('artifact', 'list')
    assert f'{sha256(images[0])}  UNREADABLE' in text and sha256(images[1]) in text, text
    owner.call('PUT', '/artifact', raw=images[0])
    assert 'unreadable' not in json.dumps(owner.get('/artifact'))
    node = w.peer('host', 'unode')
    node.post('/host', {'sev': True, 'sev-es': True, 'gate-loaded': True})
    with Database(w.service) as database:
        database.execute("UPDATE hosts SET features = '{' WHERE name = 'unode'")
    hosts = owner.get('/host')['hosts']
    assert {'name': 'unode', 'unreadable': True} in hosts, hosts
    assert 'UNREADABLE' in cli.run('host', 'list')
    with Database(w.service) as database:
        database.execute("DELETE FROM hosts WHERE name = 'unode'")


@test
def policy_of_an_earlier_version(w):
    """Reserved bits and a policy of SEV-SNP, which were taken once."""
    owner, cli = w.peer('owner', 'ursula'), Owner(w, 'ursula')
    image = firmware(95)
    owner.call('PUT', '/artifact', raw=image)
    for policy, words in ((0x41, 'reserved bits 0x40'), (0x30001, 'policy of SEV-SNP')):
        vm = str(uuid.uuid4())
        body = {'scheme': 'amd-sev', 'policy': policy, 'firmware-hashes': [sha256(image)]}
        assert words.split()[0] in refused('bad-request', owner.post, '/vm/' + vm, body)
        subprocess.run([PUT_REGISTRATION, w.service.store, w.service.kek, 'ursula', vm, json.dumps(body)], check=True, timeout=60)
        assert owner.get('/vm/' + vm)['policy'] == policy
        assert [one['policy'] for one in owner.get('/vm')['vms'] if one['id'] == vm] == [policy]
        assert f'0x{policy:08x}' in cli.run('vm', 'show', vm)
        for more in ({}, {'policy': policy}, {'policy': 1}):
            assert words in refused('policy-not-allowed', w.launch, vm, **more)
        body['policy'] = 1
        assert owner.post('/vm/' + vm, body)['policy'] == 1
        w.launch(vm)
        body['policy'] = policy
        subprocess.run([PUT_REGISTRATION, w.service.store, w.service.kek, 'ursula', vm, json.dumps(body)], check=True, timeout=60)
        refused('policy-not-allowed', w.launch, vm)
        assert owner.call('DELETE', '/vm/' + vm)[0] == 204


def asked_everything(site, guest):
    """Whatever the answers are, they are answers, in UTF-8."""
    w, alice = site.w, site.alice
    for path in ('/vm', '/vm/' + site.vm, '/launch', '/launch/' + guest.id, '/secret', '/artifact', '/host', '/audit',
                 f'/launch/{guest.id}/receipt', '/readyz'):
        try:
            alice.get(path)
        except Refused:
            pass
    for function in (lambda: alice.post(f'/launch/{guest.id}/deny', {}),
                     lambda: w.validate(site.vm, guest, host=site.node1), lambda: site.launch()):
        try:
            function()
        except Refused:
            pass
    assert site.service.process.poll() is None, site.service.log()[-3000:]


@test
def nothing_where_something_must_be(w):
    """NULL in columns from which somebody has taken NOT NULL."""
    site = Site(w, 'nulls')
    site.alice.check = lambda *_: None  # what others have put there need not fit a schema
    alice, node1 = site.alice, site.node1
    alice.call('PUT', '/secret/disk?type=luks-passphrase', raw=b'x')
    guest = w.launch(site.vm, host=node1)
    with Database(site.service) as database:
        if database.is_postgresql:
            assert site.service.end() == 0
            raise Skip('the tables of SQLite alone are changed; the rows of both are read by the same functions')
        database.drop_not_null()
    for table, columns in (('launches', ('vm', 'host', 'owner', 'domain_uuid', 'domain_name', 'state', 'generation', 'fixed',
                                         'sealed_keys', 'timeline')),
                           ('registrations', ('text', 'sealed')), ('secrets', ('guid', 'sealed')), ('audit', ('text', 'link')),
                           ('artifacts', ('image',)), ('hosts', ('features',)), ('checkpoints', ('text',))):
        for column in columns:
            with Database(site.service) as database:
                rows = database.execute(f'SELECT rowid, {column} FROM {table}').fetchall()
                database.execute('PRAGMA ignore_check_constraints = ON')
                database.execute(f'UPDATE {table} SET {column} = NULL')
            asked_everything(site, guest)
            with Database(site.service) as database:
                for row, value in rows:
                    database.execute(f'UPDATE {table} SET {column} = ? WHERE rowid = ?', (value, row))
    with Database(site.service) as database:
        database.execute('INSERT INTO data_keys (id, oldest, sealed) VALUES (99, 1, NULL)')
    refused('not-ready', alice.get, '/readyz')
    with Database(site.service) as database:
        database.execute('DELETE FROM data_keys WHERE id = 99')
    assert alice.get('/readyz')['status'] == 'ok'
    assert 'CRITICAL' not in site.service.log()
    assert site.service.end() == 0


@test
def texts_that_are_no_utf8(w):
    site = Site(w, 'no-utf8')
    site.alice.check = lambda *_: None  # what others have put there need not fit a schema
    alice, node1 = site.alice, site.node1
    alice.call('PUT', '/secret/disk?type=luks-passphrase', raw=b'x')
    node1.post('/host', {'sev': True, 'sev-es': True, 'gate-loaded': True})
    guest = w.launch(site.vm, host=node1)
    with Database(site.service) as database:
        if database.is_postgresql:
            assert site.service.end() == 0
            raise Skip('PostgreSQL keeps texts out that are not UTF-8')
    expected = {('launches', 'domain_name'): ('/launch', 'launches', 'g\ufffd'), ('secrets', 'name'): ('/secret', 'secrets', 'g\ufffd'),
                ('registrations', 'id'): ('/vm', 'vms', 'unreadable'), ('artifacts', 'hash'): ('/artifact', 'artifacts', 'unreadable'),
                ('launches', 'vm'): ('/launch', 'launches', 'g\ufffd'), ('launches', 'timeline'): ('/launch', 'launches', guest.id),
                ('launches', 'generation'): ('/launch', 'launches', 'g\ufffd'), ('launches', 'host'): ('/launch', 'launches', 'g\ufffd'),
                ('launches', 'fixed'): ('/launch', 'launches', guest.id), ('registrations', 'text'): ('/vm', 'vms', 'unreadable'),
                ('hosts', 'features'): ('/host', 'hosts', 'unreadable'), ('audit', 'text'): ('/audit', None, 'audit-broken')}
    for (table, column), (path, member, mark) in expected.items():
        with Database(site.service) as database:
            (row, old), = database.execute(f'SELECT rowid, {column} FROM {table} ORDER BY rowid DESC LIMIT 1').fetchall()
            database.execute('PRAGMA foreign_keys = OFF')
            database.execute(f"UPDATE {table} SET {column} = CAST(x'67ff' AS TEXT) WHERE rowid = ?", (row,))
        try:
            told = json.dumps(alice.get(path), ensure_ascii=False)
            assert member is not None and member in told and mark in told, (table, column, told)
            if column == 'domain_name':
                assert 'g\ufffd' in site.people['owner'].run('launch', 'list')
        except Refused as problem:
            assert problem.code == mark, (table, column, problem)
        with Database(site.service) as database:
            database.execute(f'UPDATE {table} SET {column} = ? WHERE rowid = ?', (old, row))
    assert site.service.end() == 0


@test
def keys_changed_in_the_database(w):
    """A running service has them in memory; that it will not start again is said while there is something to be done about it."""
    site = Site(w, 'keys-changed')
    alice = site.alice
    assert alice.get('/readyz')['status'] == 'ok'
    for table in ('data_keys', 'store_keys'):
        with Database(site.service) as database:
            (old,), = database.execute(f'SELECT sealed FROM {table}').fetchall()
            database.execute(f'UPDATE {table} SET sealed = ?', (os.urandom(len(bytes(old))),))
        for _ in range(3):
            assert 'restore a backup' in refused('not-ready', alice.get, '/readyz')
        with Database(site.service) as database:
            database.execute(f'UPDATE {table} SET sealed = ?', (bytes(old),))
        assert alice.get('/readyz')['status'] == 'ok'
    assert site.service.log().count("cannot open the store's data keys") == 2, site.service.log()
    assert site.service.log().count('open again') == 2
    assert site.service.end() == 0
