# SPDX-License-Identifier: LGPL-2.1-or-later
"""Somebody who writes to a real virt-attestd's database, without the key-encryption key."""

import hashlib
import os
import subprocess
import time

from lib.metrics import scrape, value
from lib.peers import BUILD, Service, firmware, sha256, write
from lib.service import OTHER_GUID, TMP, Database, read_store, refused, test

from service_audit import Site


class Forger:
    """Rewrites the audit log as somebody can who has no key: the chain itself has none."""

    def __init__(self, service):
        self.service = service

    def sql(self, text, *arguments):
        with Database(self.service) as database:
            database.execute(text, arguments)

    def rewrite(self, change, macs=False):
        """Every text through @change, and the chain behind it recomputed; without MACs if @macs is to have none."""
        with Database(self.service) as database:
            link = bytes(32)
            for seq, text in database.execute('SELECT seq, text FROM audit ORDER BY seq').fetchall():
                text = change(text)
                digest = hashlib.sha256(text.encode()).digest()
                link = hashlib.sha256(link + digest).digest()
                database.execute('UPDATE audit SET text = ?, digest = ?, link = ? WHERE seq = ?', (text, digest, link, seq))
            if macs:
                database.execute('UPDATE audit SET mac = NULL, digest = NULL')
            database.execute('DELETE FROM checkpoints')


def broken(w, site):
    """What the metric says."""
    samples = scrape(w.peer('operator', 'olga', site.service))
    return value(samples, 'virt_attest_audit_broken')


def starts_not(service, words):
    """It ends by itself, and says why."""
    done = subprocess.run([os.path.join(BUILD, 'virt-attestd'), '--config', service.config], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 1 and words in done.stderr, done


@test
def rewritten_log_is_not_signed(w):
    site = Site(w, 'log-rewritten')
    guest = site.launch()
    anna = w.peer('auditor', 'anna', site.service)
    anna.call('POST', '/audit/checkpoint')
    assert broken(w, site) == 0
    forger = Forger(site.service)
    forger.rewrite(lambda text: text.replace('node1', 'node7'))
    refused('audit-broken', anna.call, 'POST', '/audit/checkpoint')
    assert broken(w, site) == 1
    for _ in range(2):
        refused('audit-broken', anna.call, 'POST', '/audit/checkpoint')
        refused('audit-broken', site.alice.get, f'/launch/{guest.id}/receipt')
        # Nothing is added to it either, so nothing is decided.
        refused('audit-broken', site.alice.call, 'PUT', '/artifact', raw=firmware(71))
        assert 'was changed in the database' in site.service.log()
        assert not read_store(site.service, 'SELECT * FROM checkpoints')
        assert site.service.end() == 0
        site.service.start()
    assert site.service.end() == 0


@test
def log_without_macs_is_not_taken(w):
    site = Site(w, 'log-without-macs')
    site.launch()
    anna, forger = w.peer('auditor', 'anna', site.service), Forger(site.service)
    forger.rewrite(lambda text: text.replace('node1', 'node7'), macs=True)
    refused('audit-broken', anna.call, 'POST', '/audit/checkpoint')
    # An anchor of somebody else's.
    head, = read_store(site.service, 'SELECT seq, link FROM audit ORDER BY seq DESC LIMIT 1')
    forger.sql('INSERT INTO audit_anchor (seq, link, time, text, mac) VALUES (?, ?, 1, NULL, ?)', *head, bytes(32))
    refused('audit-broken', anna.call, 'POST', '/audit/checkpoint')
    refused('audit-broken', site.alice.call, 'PUT', '/artifact', raw=firmware(72))
    assert site.service.end() == 0
    site.service.start()
    refused('audit-broken', anna.call, 'POST', '/audit/checkpoint')
    assert site.service.end() == 0
    # As if the store were an older one, which has no audit key yet.
    forger.sql('DELETE FROM audit_anchor')
    forger.sql('DELETE FROM store_keys')
    starts_not(site.service, 'has lost the key of its audit log')
    forger.sql('UPDATE data_keys SET oldest = NULL')
    starts_not(site.service, 'does not open')


@test
def log_that_was_cut_is_not_signed(w):
    site = Site(w, 'log-cut')
    site.launch()
    anna, forger = w.peer('auditor', 'anna', site.service), Forger(site.service)
    anna.call('POST', '/audit/checkpoint')
    rows = read_store(site.service, 'SELECT seq, owner, launch, link, text, digest, mac FROM audit WHERE seq > 3')
    forger.sql('DELETE FROM audit WHERE seq > 3')
    refused('audit-broken', anna.call, 'POST', '/audit/checkpoint')
    for row in rows:
        forger.sql('INSERT INTO audit (seq, owner, launch, link, text, digest, mac) VALUES (?, ?, ?, ?, ?, ?, ?)', *row)
    anna.call('POST', '/audit/checkpoint')  # as it was: it goes on
    forger.sql('DELETE FROM audit WHERE seq > 3')
    assert site.service.end() == 0
    site.service.start()  # which finds its own checkpoint at 4
    refused('audit-broken', anna.call, 'POST', '/audit/checkpoint')
    assert site.service.end() == 0


@test
def log_cannot_lose_its_end_while_a_service_runs(w):
    """The newest records, of which no checkpoint tells yet: the service remembers how far the log went."""
    site = Site(w, 'log-end')
    site.launch()
    anna, forger = w.peer('auditor', 'anna', site.service), Forger(site.service)
    anna.call('POST', '/audit/checkpoint')
    site.node1.post('/host', {'sev': True, 'sev-es': False, 'gate-loaded': True})
    last = site.records()[-1]['seq']
    guest = site.launch()
    columns = 'seq, owner, launch, link, text, digest, mac'
    rows = read_store(site.service, f'SELECT {columns} FROM audit WHERE seq > ?', last)
    forger.sql('DELETE FROM audit WHERE seq > ?', last)
    refused('audit-broken', anna.call, 'POST', '/audit/checkpoint')
    refused('audit-broken', site.alice.call, 'PUT', '/artifact', raw=firmware(79))
    refused('audit-broken', w.launch, site.vm, host=site.node1)
    end = rows[-1][0]
    assert f'record {end} was removed or replaced' in site.service.log(), site.service.log()[-2000:]
    for row in rows:
        forger.sql(f'INSERT INTO audit ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)', *row)
    site.alice.call('PUT', '/artifact', raw=firmware(79))
    anna.call('POST', '/audit/checkpoint')
    assert guest.id in site.export() and site.service.end() == 0


@test
def log_goes_on_from_where_a_service_saw_it(w):
    """Another service may have gone on; the record that was seen last must be there still."""
    site = Site(w, 'log-two')
    other = Service(os.path.join(TMP, 'log-two-other'), w.site, os.path.join(w.platform.folder, 'roots'))
    with open(other.config, encoding='ascii') as file:
        text = file.read().replace(other.store_line(), site.service.store_line()).replace(other.kek, site.service.kek)
    write(other.config, text.encode())
    other.start()
    bob = w.peer('owner', 'bob', other)
    site.launch()
    bob.call('PUT', '/artifact', raw=firmware(80))
    site.launch()
    seen = site.records()[-1]['seq']
    bob.call('PUT', '/artifact', raw=firmware(81))
    Forger(site.service).sql('DELETE FROM audit WHERE seq = ?', seen)
    refused('audit-broken', w.launch, site.vm, host=site.node1)
    assert f'record {seen} was removed or replaced' in site.service.log()
    assert other.end() == 0 and site.service.end() == 0


@test
def foreign_record_is_no_owners(w):
    site = Site(w, 'log-foreign')
    site.launch()
    Forger(site.service).sql("UPDATE audit SET owner = 'bob' WHERE seq = 2")
    refused('audit-broken', w.peer('owner', 'bob', site.service).get, '/audit')
    assert len(w.peer('auditor', 'anna', site.service).get('/audit')['records']) == 4
    assert site.service.end() == 0


@test
def audit_key_cannot_be_replaced(w):
    site, other = Site(w, 'audit-key'), Site(w, 'audit-key-other')
    site.launch()
    assert site.service.end() == 0 and other.service.end() == 0
    (foreign,), = read_store(other.service, 'SELECT sealed FROM store_keys')
    Forger(site.service).sql('UPDATE store_keys SET sealed = ?', foreign)
    starts_not(site.service, 'does not open')


@test
def swapped_image_after_restart(w):
    """With kernel hashes the digest is computed from the image."""
    site = Site(w, 'image-swapped')
    image = firmware(73)
    site.alice.call('PUT', '/artifact', raw=image)
    vm = w.register(site.alice, firmware_hashes=[sha256(image)], kernel_hash=sha256(b'kernel'))
    w.launch(vm, host=site.node1)
    Forger(site.service).sql('UPDATE artifacts SET image = ? WHERE hash = ?', firmware(74), sha256(image))
    w.launch(vm, host=site.node1)  # from what it has checked before
    assert site.service.end() == 0
    site.service.start()
    refused('internal', w.launch, vm, host=site.node1)
    assert {'hash': sha256(image), 'unreadable': True} in site.alice.get('/artifact')['artifacts']
    assert 'does not have this hash' in site.service.log()
    site.alice.call('PUT', '/artifact', raw=image)
    w.launch(vm, host=site.node1)
    assert {row['hash'] for row in site.alice.get('/artifact')['artifacts']} == {sha256(image), sha256(w.image)}
    assert site.service.end() == 0


@test
def retired_data_key_opens_nothing(w):
    """Somebody keeps a data key's row and what was sealed under it, and puts both back after a rekeying."""
    site = Site(w, 'retired-key')
    site.alice.call('PUT', f'/secret/disk?guid={OTHER_GUID}', raw=b'an old one')
    vm = w.register(site.alice, secrets=[{'name': 'disk'}])
    (key,), (secret,) = (read_store(site.service, f'SELECT * FROM {table}') for table in ('data_keys', 'secrets'))
    done = subprocess.run([os.path.join(BUILD, 'virt-attest'), 'service', 'rekey', '--service-config', site.service.config],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done
    site.alice.call('PUT', f'/secret/disk?guid={OTHER_GUID}', raw=b'a new one')
    with Database(site.service) as database:
        marks = ', '.join('?' * len(key))
        database.execute(f'INSERT INTO data_keys VALUES ({marks})', key)
        columns = database.columns('secrets')
        for name in ('sealed', 'key_id', 'size', 'created'):
            database.execute(f"UPDATE secrets SET {name} = ? WHERE name = 'disk'", (secret[columns.index(name)],))
    for _ in range(2):
        refused('internal', w.launch, vm, host=site.node1)
        assert site.service.end() == 0
        site.service.start()
    # Nor is it the newest one when the newest row says that it has never been alone.
    Forger(site.service).sql('UPDATE data_keys SET oldest = 1')
    assert site.service.end() == 0
    starts_not(site.service, 'does not open')


@test
def data_key_is_replaced_by_itself(w):
    """Once it has sealed as much as it should."""
    site = Site(w, 'own-rekey')
    (seals,), = read_store(site.service, 'SELECT seals FROM data_keys')
    assert seals == 65536, seals
    for _ in range(3):
        w.launch(site.vm, host=site.node1)
    assert read_store(site.service, 'SELECT seals FROM data_keys') == [(seals,)], 'each launch writes a row more'
    samples = scrape(w.peer('operator', 'olga', site.service))
    assert value(samples, 'virt_attest_data_key_seals') == seals
    assert site.service.end() == 0
    Forger(site.service).sql('UPDATE data_keys SET seals = 2147483648')
    site.service.start()
    until = time.monotonic() + 60
    while read_store(site.service, 'SELECT id, oldest FROM data_keys') != [(2, 2)]:
        assert time.monotonic() < until, site.service.log()[-2000:]
        time.sleep(0.1)
    assert [r['what'] for r in site.records()].count('rekey') == 1
    assert site.service.end() == 0
    site.service.start()
    site.alice.get('/vm/' + site.vm)
    assert site.service.end() == 0
