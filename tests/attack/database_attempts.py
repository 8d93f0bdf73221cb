# SPDX-License-Identifier: LGPL-2.1-or-later
"""Somebody who can write to the database, without the key-encryption key, and often with a host of their own."""

import hashlib
import struct
import uuid

from lib.peers import Refused, firmware, sha256
from lib.service import LUKS, PASSPHRASE, Database

from catalogue import NotStopped, attempt, need, stopped, victim


def hash_table(kernel):
    """What QEMU adds for a kernel with this hash, without initrd and command line."""
    def entry(guid, data):
        return uuid.UUID(guid).bytes_le + struct.pack('<H', 18 + len(data)) + data
    entries = (entry('97d02dd8-bd20-4c94-aa78-e7714d36ab2a', hashlib.sha256(b'\0').digest())
               + entry('44baf731-3a2f-4bd7-9af1-41e29169781d', hashlib.sha256(b'').digest())
               + entry('4de79437-abd2-427f-b835-d5b172d2045b', kernel))
    table = entry('9438d606-4f22-4cc9-b479-a793d411fd21', entries)
    return table + bytes(-len(table) % 16)


def restart(w):
    """A service that has computed nothing yet."""
    need(w.service.end() == 0, 'the service ended badly')
    w.service.start()


def swap(w, owner, image, evil):
    with Database(w.service) as database:
        database.execute('UPDATE artifacts SET image = ? WHERE owner = ? AND hash = ?', (evil, owner, sha256(image)))


def refuses_swapped(w, owner, registration, measured, **launch):
    """What the service says to a launch of an image that was swapped for @measured's."""
    restart(w)
    try:
        guest = w.launch(registration, **launch)
        w.validate(registration, guest, measured)
    except Refused as problem:
        need(problem.code == 'internal', f'stopped by {problem.code}, expected internal')
        return problem.code
    raise NotStopped(f'firmware that {owner.name} never registered was given the secret')


@attempt('database', 'puts another firmware under the hash of a registered one, which is measured with a kernel')
def swaps_registered_firmware_image(w):
    kernel = hashlib.sha256(b'registered kernel').digest()
    image, evil = firmware(81), firmware(82)
    w.alice.call('PUT', '/artifact', raw=image)
    vm = victim(w, firmware_hashes=[sha256(image)], kernel_hash=kernel.hex())
    swap(w, 'alice', image, evil)
    code = refuses_swapped(w, w.alice, vm, hashlib.sha256(evil + hash_table(kernel)).digest())
    # Uploaded again it is right again.
    w.alice.call('PUT', '/artifact', raw=image)
    guest = w.launch(vm)
    reply = w.validate(vm, guest, hashlib.sha256(image + hash_table(kernel)).digest())
    need(guest.open_packet(reply)[LUKS] == PASSPHRASE + b'\0', 'the registered firmware got another secret')
    return code


@attempt('database', 'puts another firmware under the hash of one registered for SEV-ES')
def swaps_firmware_of_sev_es(w):
    image, evil = firmware(83), firmware(84)
    w.alice.call('PUT', '/artifact', raw=image)
    vm = victim(w, scheme='amd-sev-es', policy=5, cpu_count=[1], cpu_model='EPYC', firmware_hashes=[sha256(image)])
    swap(w, 'alice', image, evil)
    code = refuses_swapped(w, w.alice, vm, b'\1' * 32)
    swap(w, 'alice', image, image)
    w.launch(vm)
    return code


@attempt('database', 'puts another firmware under one owner\'s hash, so that it counts for another owner of that hash')
def swaps_firmware_across_owners(w):
    kernel = hashlib.sha256(b'shared kernel').digest()
    image, evil = firmware(85), firmware(86)
    for owner in (w.alice, w.bob):
        owner.call('PUT', '/artifact', raw=image)
    vm = victim(w, firmware_hashes=[sha256(image)], kernel_hash=kernel.hex())
    bobs = w.register(w.bob, firmware_hashes=[sha256(image)], kernel_hash=kernel.hex())
    swap(w, 'bob', image, evil)
    code = refuses_swapped(w, w.bob, bobs, hashlib.sha256(evil + hash_table(kernel)).digest())
    guest = w.launch(vm)
    stopped('measurement-mismatch', w.validate, vm, guest, hashlib.sha256(evil + hash_table(kernel)).digest())
    swap(w, 'bob', image, image)
    return code


@attempt('database', 'moves the place where a registered firmware takes its secrets and hashes')
def moves_secret_area(w):
    image = firmware(87)
    w.alice.call('PUT', '/artifact', raw=image)
    vm = victim(w, firmware_hashes=[sha256(image)])
    with Database(w.service) as database:
        database.execute('UPDATE artifacts SET secret_base = 4096, secret_size = 4096, hashes_base = 8192, ap_reset = 1'
                         ' WHERE hash = ?', (sha256(image),))
    restart(w)
    listed, = (row for row in w.alice.get('/artifact')['artifacts'] if row['hash'] == sha256(image))
    need(listed['secret-base'] == 0x810000 and listed['ap-reset'] == 0x80b004, f'the list says {listed}')
    guest = w.launch(vm)
    reply = w.validate(vm, guest, hashlib.sha256(image).digest())
    need(reply['secret-address'] == 0x810000, f'the secret goes to {reply["secret-address"]}')
    return 'image-hash'


def audit_rows(w):
    with Database(w.service) as database:
        return [tuple(database.execute(f'SELECT * FROM {table}').fetchall())
                for table in ('audit', 'checkpoints', 'audit_anchor')]


def put_back(w, tables):
    with Database(w.service) as database:
        for table, rows in zip(('audit', 'checkpoints', 'audit_anchor'), tables):
            database.execute(f'DELETE FROM {table}')
            for row in rows:
                database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)


def rewrite_log(w, change, *more):
    """Every record through @change, the chain behind it recomputed, checkpoints gone, and @more statements."""
    with Database(w.service) as database:
        link = bytes(32)
        for seq, text in database.execute('SELECT seq, text FROM audit ORDER BY seq').fetchall():
            text = change(text)
            hashed = hashlib.sha256(text.encode()).digest()
            link = hashlib.sha256(link + hashed).digest()
            database.execute('UPDATE audit SET text = ?, digest = ?, link = ? WHERE seq = ?', (text, hashed, link, seq))
        for statement in ('DELETE FROM checkpoints', *more):
            database.execute(statement)


@attempt('database', 'rewrites the audit log with a chain that fits, and has the service sign it')
def rewrites_log_to_be_signed(w):
    guest = w.launch(victim(w))
    w.anna.call('POST', '/audit/checkpoint')
    before = audit_rows(w)
    try:
        rewrite_log(w, lambda text: text.replace('node1', 'node7'))
        stopped('audit-broken', w.alice.get, f'/launch/{guest.id}/receipt')
        stopped('audit-broken', w.alice.call, 'PUT', '/artifact', raw=firmware(88))
        code = stopped('audit-broken', w.anna.call, 'POST', '/audit/checkpoint')
        restart(w)
        stopped('audit-broken', w.anna.call, 'POST', '/audit/checkpoint')
    finally:
        put_back(w, before)
    w.anna.call('POST', '/audit/checkpoint')
    return code


@attempt('database', 'takes the MACs from the audit log, as if it were from before there were any')
def strips_macs_from_log(w):
    w.launch(victim(w))
    before = audit_rows(w)
    try:
        rewrite_log(w, lambda text: text.replace('node1', 'node7'), 'UPDATE audit SET mac = NULL, digest = NULL',
                    'INSERT INTO audit_anchor (seq, link, time, text, mac) SELECT seq, link, 1, NULL, link FROM audit'
                    ' ORDER BY seq DESC LIMIT 1')
        return stopped('audit-broken', w.anna.call, 'POST', '/audit/checkpoint')
    finally:
        put_back(w, before)


@attempt('database', 'cuts the audit log after a record, so that the service signs another end')
def cuts_log_to_be_signed(w):
    vm = victim(w)
    w.anna.call('POST', '/audit/checkpoint')
    guest = w.launch(vm)
    w.anna.call('POST', '/audit/checkpoint')
    before = audit_rows(w)
    try:
        with Database(w.service) as database:
            database.execute('DELETE FROM checkpoints')
            database.execute('DELETE FROM audit WHERE launch = ?', (guest.id,))
        return stopped('audit-broken', w.anna.call, 'POST', '/audit/checkpoint')
    finally:
        put_back(w, before)


@attempt('database', 'gives one owner\'s records of the audit log to another')
def moves_records_to_another_owner(w):
    guest = w.launch(victim(w))
    before = audit_rows(w)
    try:
        with Database(w.service) as database:
            database.execute("UPDATE audit SET owner = 'bob' WHERE launch = ?", (guest.id,))
        return stopped('audit-broken', w.bob.get, '/audit')
    finally:
        put_back(w, before)
