# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a real virt-attestd has stored and cannot open, or would not take any more: it keeps nobody from the rest."""

import json
import os
import subprocess
import uuid

from service_cli import Owner
from service_peers import BUILD, firmware, sha256
from service_world import TMP, Database, refused, test

PUT_REGISTRATION = os.path.join(BUILD, 'tests', 'unit', 'put-registration')


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
