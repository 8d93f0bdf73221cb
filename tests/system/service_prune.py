# SPDX-License-Identifier: LGPL-2.1-or-later
"""What “service prune” takes out of a real store, and what the audit log proves after that."""

import datetime
import json
import os
import subprocess
import time
import uuid

from lib.peers import write
from lib.service import TMP, test

from service_audit import Site


def prune(site, before, *more, code=0):
    line = [os.path.join(os.environ['VA_TOP_BUILDDIR'], 'virt-attest'), 'service', 'prune', '--service-config', site.service.config,
            '--before', before, *more]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done
    return done.stdout + done.stderr


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')


@test
def prune_keeps_a_signed_beginning(w):
    """Old launches and records go while the service works; what is left verifies, and says from when on it is there."""
    site = Site(w, 'limits-prune')
    early = [site.launch(), site.launch(b'\1' * 32)]
    for guest in early:
        site.node1.post(f'/launch/{guest.id}/outcome', {'state': 'ended'})
    waits = w.register(site.alice, permit={'confirm-after': 0})
    waiting = site.node1.call('POST', f'/vm/{waits}/launch', w.platform.request(waits))[1]['launch-id']
    active = w.launch(site.vm, host=site.node1)
    receipt = write(os.path.join(TMP, 'prune.receipt'), site.people['owner'].run('launch', 'receipt', early[0].id).encode())
    whole = site.export()
    upto = len(site.records())
    time.sleep(2.1)
    date = now()
    later = site.launch()
    assert 'not a date' in prune(site, 'yesterday', code=2) and 'not a date' in prune(site, '2999-01-01', code=2)
    assert f'2 launches would be removed\n{upto} records' in prune(site, date, '--dry-run')
    assert len(site.records()) > upto
    assert '0 launches would be removed\n0 records' in prune(site, '2020-01-01', '--dry-run')
    assert f'done: 2 launches were removed\ndone: {upto} records' in prune(site, date)
    assert [r['seq'] for r in site.records()][0] == upto + 1 and site.records()[-1]['result'] == 'pruned'
    assert '0 records' in prune(site, date)
    # Launches under way are still there, and go on; so does the log.
    told = {launch['launch-id'] for launch in site.alice.get('/launch')['launches']}
    assert told == {waiting, active.id, later.id}, told
    w.validate(site.vm, active, host=site.node1)
    for role in ('auditor', 'owner'):
        text = site.export(role)
        assert text.splitlines()[1].startswith('{"anchor":'), text[:300]
        told = site.verify(text)
        assert f'begins with record {upto + 1}' in told and 'ok:' in told, told
    lines = site.export().splitlines()
    assert 'a record was removed' in site.verify('\n'.join(lines[:1] + lines[2:]) + '\n', code=1)
    assert 'an anchor follows records' in site.verify('\n'.join(lines[:3] + lines[1:2] + lines[3:]) + '\n', code=1)
    forged = json.loads(lines[1])
    forged['anchor']['link'] = '0' * 64
    assert 'signature' in site.verify('\n'.join([lines[0], json.dumps(forged)] + lines[2:]) + '\n', code=1)
    assert 'earlier export' in site.verify('\n'.join(lines) + '\n', '--receipt', receipt, code=1)
    assert 'ok' in site.verify(whole, '--receipt', receipt)
    # A restarted service goes on behind it.
    assert site.service.end() == 0
    site.service.start()
    site.alice.call('PUT', f'/secret/later?guid={uuid.uuid4()}', raw=b'x')
    assert 'ok:' in site.verify(site.export())
    assert site.service.end() == 0


@test
def prune_takes_all_that_an_idle_service_saw(w):
    """The record that it remembers as the log's last one is gone then, and covered by the anchor."""
    site = Site(w, 'limits-prune-idle')
    site.launch()
    upto = json.loads(site.export().splitlines()[-1])['checkpoint']['seq']
    assert upto == len(site.records())
    time.sleep(1.1)
    assert f'{upto} records' in prune(site, now())
    assert [r['result'] for r in site.records()] == ['pruned']
    site.launch()
    assert 'ok:' in site.verify(site.export()) and site.service.end() == 0


@test
def a_pruned_store_is_backed_up(w):
    site = Site(w, 'limits-pruned-backup')
    site.launch()
    site.export()
    time.sleep(2.1)
    date = now()
    site.launch()
    assert 'done: 0 launches were removed\ndone: 4 records' in prune(site, date)
    assert site.service.end() == 0
    tool = os.path.join(os.environ['VA_TOP_BUILDDIR'], 'virt-attest')
    copy = os.path.join(TMP, 'pruned.backup')
    subprocess.run([tool, 'service', 'backup', '--service-config', site.service.config, copy], check=True, timeout=120)
    before = site.records()
    site.service.store = site.service.new_store() if '://' in site.service.store else site.service.store + '.other'
    with open(site.service.config, encoding='utf-8') as config:
        lines = config.read().splitlines()
    lines = [site.service.store_line() if line.startswith(('path = ', 'url = ')) else line for line in lines]
    with open(site.service.config, 'w', encoding='utf-8') as config:
        config.write('\n'.join(lines) + '\n')
    subprocess.run([tool, 'service', 'restore', '--service-config', site.service.config, copy], check=True, timeout=120)
    assert site.records() == before
    site.service.start()
    assert 'begins with record 5' in site.verify(site.export())
    assert site.service.end() == 0
