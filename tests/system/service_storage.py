# SPDX-License-Identifier: LGPL-2.1-or-later
"""The store of a real virt-attestd from outside: saved and restored while it works, under other keys, in another place."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
import uuid

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lib.peers import BUILD, Service, firmware, sha256, write
from lib.service import INLINE, OTHER_GUID, TMP, Database, read_store, refused, test

from service_audit import Site

TOOL = os.path.join(BUILD, 'virt-attest')


def tool(*words, code=0):
    done = subprocess.run([TOOL, 'service', *words], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, (words, done)
    return done.stdout + done.stderr


def other_service(w, name, like, store=None):
    """A service that was not started yet, in an empty place, with the keys of @like."""
    service = Service(os.path.join(TMP, name), w.site, os.path.join(w.platform.folder, 'roots'))
    shutil.copy(like.kek, service.kek)
    os.chmod(service.kek, 0o600)
    if store:
        with open(service.config, encoding='ascii') as source:
            text = source.read().replace(service.store_line(), f'path = {store}')
        service.store = store
        write(service.config, text.encode())
    return service


def gives_its_secrets(w, site, service):
    """Whether @service, with the store of @site, goes on with the registration and has its secret."""
    node1, alice = w.peer('host', 'node1', service), w.peer('owner', 'alice', service)
    guest = w.launch(site.vm, host=node1)
    assert guest.open_packet(w.validate(site.vm, guest, host=node1))[OTHER_GUID] == INLINE
    return alice.get('/vm/' + site.vm)


class Load:
    """Launches that come one after the other, until the end of the block; what was acknowledged is in @granted."""

    def __init__(self, site):
        self.site, self.granted, self.failed, self.stop = site, [], [], threading.Event()
        self.vm = site.w.register(site.alice, any_domain=True, secrets=[{'guid': OTHER_GUID, 'data': 'QUFBQQ=='}])
        self.thread = threading.Thread(target=self.run)

    def run(self):
        node1 = self.site.w.peer('host', 'node1', self.site.service)
        while not self.stop.is_set():
            try:
                guest = self.site.w.launch(self.vm, host=node1)
                self.granted.append(guest.id)
                if self.site.w.validate(self.vm, guest, host=node1):
                    time.sleep(0.005)
            except Exception as problem:  # pylint: disable=broad-except
                self.failed.append(problem)
                return

    def __enter__(self):
        self.thread.start()
        while len(self.granted) < 5 and not self.failed:
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join(60)
        assert not self.failed, self.failed


@test
def saved_and_restored(w):
    site = Site(w, 'saved')
    site.launch()
    path = os.path.join(TMP, 'saved.db')
    with Load(site) as load:
        before = list(load.granted)
        said = tool('backup', '--service-config', site.service.config, path)
        assert "Back up the store's key-encryption key" in said and re.search(r'Registrations: 2, secrets: 0, launches: \d+, audit', said), said
        assert os.stat(path).st_mode & 0o7777 == 0o600 and not [n for n in os.listdir(TMP) if 'partial' in n]
        assert 'already' in tool('backup', '--service-config', site.service.config, path, code=1)
    saved = {row for row, in sqlite3.connect(path).execute('SELECT id FROM launches')}
    assert set(before) <= saved, 'a launch that was acknowledged before is missing'
    with open(path, 'rb') as source:
        assert INLINE not in source.read()
    assert site.service.end() == 0
    restored = other_service(w, 'restored', site.service)
    assert f'launches: {len(saved)},' in tool('restore', '--service-config', restored.config, path)
    assert 'already a store' in tool('restore', '--service-config', restored.config, path, code=3)
    restored.start()
    site.service = restored
    for person in site.people.values():
        person.service = restored
    answer = gives_its_secrets(w, site, restored)
    assert answer['launches'] == 2, answer
    rows = {row for row, in read_store(restored, 'SELECT id FROM launches')}
    assert saved < rows
    assert restored.end() == 0


@test
def restored_into_a_file(w):
    """Whatever the store is in: its backup is a store in a file."""
    site = Site(w, 'to-file')
    site.launch()
    path = os.path.join(TMP, 'to-file.db')
    tool('backup', '--service-config', site.service.config, path)
    assert site.service.end() == 0
    moved = other_service(w, 'in-file', site.service, os.path.join(TMP, 'in-file', 'state', 'store.db'))
    tool('restore', '--service-config', moved.config, path)
    moved.start()
    gives_its_secrets(w, site, moved)
    assert moved.end() == 0


def nullable(table):
    """The same columns without what they are held to."""
    return f'CREATE TABLE x AS SELECT * FROM {table}', f'DROP TABLE {table}', f'ALTER TABLE x RENAME TO {table}'


def redefined(path, table, definition, *changes):
    """The table as SQLite takes it to be, before the text that our own scripts make, of which it reads nothing."""
    database = sqlite3.connect(path)
    own, = database.execute("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", (table,)).fetchone()
    head, rest = own.split('(', 1)
    database.execute('PRAGMA writable_schema = ON')
    database.execute("UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?",
                     (definition.format(head=head, rest=rest, own=own), table))
    database.commit()
    database.close()
    database = sqlite3.connect(path)
    for change in changes:
        database.execute(change)
    database.commit()
    database.close()
    return path


def renamed(path, kind, number=1):
    """With a name that SQLite itself makes: of one of its tables of statistics."""
    database = sqlite3.connect(path)
    database.execute('PRAGMA writable_schema = ON')
    changed = database.execute(f"UPDATE sqlite_schema SET name = 'sqlite_stat{number}',"
                               f" tbl_name = CASE type WHEN 'trigger' THEN tbl_name ELSE 'sqlite_stat{number}' END,"
                               f" sql = replace(sql, 'other_stat', 'sqlite_stat') WHERE type = ? AND name = ?",
                               (kind, f'other_stat{number}')).rowcount
    assert changed == 1
    database.commit()
    database.close()
    return path


def no_room_for_store(w, site, huge):
    """Where the copy has room and the store has not."""
    memory, disk = '/dev/shm', os.statvfs(TMP)
    if not os.access(memory, os.W_OK) or os.stat(memory).st_dev == os.stat(TMP).st_dev:
        return
    there = os.statvfs(memory)
    size = there.f_bavail * there.f_frsize * 3 // 4
    if size > disk.f_bavail * disk.f_frsize // 2:
        return
    os.truncate(huge, size)
    target = other_service(w, 'no-room', site.service, os.path.join(memory, 'not-there', 'state', 'store.db'))
    said = tool('restore', '--service-config', target.config, huge, code=3)
    assert 'on the file system of /dev/shm, but' in said and 'put the store on a larger one' in said, said
    assert not os.path.exists(os.path.join(memory, 'not-there'))


@test
def backup_finds_what_was_changed(w):
    """While it can still be mended, and not when it is needed."""
    site = Site(w, 'bad-store')
    site.launch()
    w.peer('auditor', 'anna', site.service).call('POST', '/audit/checkpoint')
    path, image = os.path.join(TMP, 'bad-store.db'), sha256(w.image)
    with Database(site.service) as database:
        database.execute('UPDATE artifacts SET image = ? WHERE hash = ?', (w.plain, image))
    said = tool('backup', '--service-config', site.service.config, path, code=3)
    assert f'the firmware image {image} of owner alice was changed' in said and not os.path.exists(path), said
    site.alice.call('PUT', '/artifact', raw=w.image)
    tool('backup', '--service-config', site.service.config, path)
    with Database(site.service) as database:
        database.execute('DELETE FROM audit WHERE seq > 2')
    said = tool('backup', '--service-config', site.service.config, path + '.cut', code=3)
    assert 'ends at record 2' in said, said
    assert site.service.end() == 0


@test
def bad_backups(w):
    site = Site(w, 'bad-backup')
    site.launch()
    w.peer('auditor', 'anna', site.service).call('POST', '/audit/checkpoint')
    path = os.path.join(TMP, 'good.db')
    tool('backup', '--service-config', site.service.config, path)
    assert site.service.end() == 0
    image = sha256(w.image)

    def broken(name, *changes):
        copy = os.path.join(TMP, name)
        shutil.copy(path, copy)
        for change in changes:
            database = sqlite3.connect(copy)
            database.execute(change)
            database.commit()
            database.close()
        return copy
    cut = broken('cut.db')
    os.truncate(cut, os.path.getsize(cut) // 2)
    garbage = write(os.path.join(TMP, 'garbage.db'), b'no database' * 1000)
    cases = [(cut, 'damaged|malformed'), (garbage, 'not a database'), (os.path.join(TMP, 'no-such.db'), 'No such file'),
             (broken('record.db', "UPDATE audit SET text = replace(text, 'node1', 'node2') WHERE seq = 3"), 'record 3 was'),
             (broken('gone.db', 'DELETE FROM audit WHERE seq = 2'), 'record 2 was'),
             (broken('newer.db', 'PRAGMA user_version = 99'), 'newer virt-attestd'),
             (broken('negative.db', 'PRAGMA user_version = -5'), 'newer virt-attestd'),
             (broken('null.db', *nullable('audit'), 'UPDATE audit SET text = NULL WHERE seq = 2'), 'other tables'),
             (broken('link.db', *nullable('audit'), 'UPDATE audit SET link = NULL WHERE seq = 2'), 'other tables'),
             (broken('view.db', 'DROP TABLE hosts', 'CREATE VIEW hosts (name, seen, features) AS WITH RECURSIVE c(n) AS'
                     ' (SELECT 1 UNION ALL SELECT n+1 FROM c) SELECT n, n, n FROM c'), 'other tables'),
             (broken('trigger.db', 'CREATE TRIGGER t AFTER UPDATE ON counters BEGIN DELETE FROM audit; END'), 'other tables'),
             (broken('older.db', 'CREATE TRIGGER t AFTER UPDATE ON secrets BEGIN DELETE FROM audit; END',
                     'PRAGMA user_version = 3'), 'other tables'),
             (broken('index.db', 'CREATE INDEX more ON audit (text)'), 'other tables'),
             (broken('empty.db', *(f'DROP TABLE {table}' for table in (
                 'registration_secrets', 'proposals', 'registrations', 'launches', 'secrets', 'artifacts', 'hosts', 'audit',
                 'checkpoints', 'audit_anchor', 'counters', 'store_keys', 'data_keys')), 'PRAGMA user_version = 0'), 'is not a virt-attest store'),
             (broken('no-keys.db', 'DELETE FROM data_keys'), 'refers to what is not'),
             (broken('no-audit-key.db', 'DELETE FROM store_keys'), 'lost the key of its audit log'),
             (broken('no-keys-at-all.db', 'DELETE FROM data_keys', 'DELETE FROM store_keys', 'DELETE FROM registrations',
                     'DELETE FROM launches', 'DELETE FROM registration_secrets'), 'none of the keys'),
             (broken('no-mac.db', 'UPDATE audit SET mac = NULL WHERE seq = 3'), 'record 3 was'),
             (broken('other-mac.db', "UPDATE audit SET owner = 'bob' WHERE seq = 2"), 'record 2 was'),
             (broken('image.db', f"UPDATE artifacts SET image = X'{firmware(91).hex()}' WHERE hash = '{image}'"),
              f'the firmware image {image} of owner alice was changed: .*{sha256(firmware(91))}.*upload it again'),
             (broken('no-image.db', f"UPDATE artifacts SET image = X'' WHERE hash = '{image}'"), f'image {image} of owner alice'),
             (broken('image-hash.db', f"UPDATE artifacts SET hash = '{'0' * 64}' WHERE hash = '{image}'"), f"image {'0' * 64} of"),
             (broken('log-end.db', 'DELETE FROM audit WHERE seq > 2'),
              r'ends at record 2, but a service has signed it up to record \d+: .*receipts.*use a backup that has them'),
             (broken('log-end-moved.db', 'DELETE FROM audit WHERE seq > 2', 'UPDATE checkpoints SET seq = 1'), 'ends at record 2'),
             (broken('no-log.db', 'DELETE FROM audit'), 'ends at record 0'),
             (broken('checkpoint.db', 'UPDATE checkpoints SET seq = -1'), 'signed it up to'),
             (broken('large.db', "INSERT INTO hosts VALUES ('h', 1, printf ('%.*c', 40000000, 'x'))"), 'too big')]
    # Under names that are SQLite's own.
    named = [('trigger', 'AFTER INSERT ON hosts BEGIN DELETE FROM audit; END'), ('view', 'AS SELECT 1 AS one')]
    for kind, rest in named:
        cases.append((renamed(broken(f'stat-{kind}.db', f'CREATE {kind.upper()} other_stat1 {rest}'), kind), 'other tables'))
    for number in (1, 9):
        cases.append((renamed(broken(f'stat{number}.db', f'CREATE TABLE other_stat{number} (a)'), 'table', number), 'other tables'))
    # Text that is no comment for SQLite, words that are one word, and a second statement, which it never reads.
    grown = "name PRIMARY KEY, seen, features AS (printf('%.*c', 20000000, 'x'))"
    for number, definition in enumerate(('{head}("--" INT, ' + grown + ');\n{rest}', "{head}('--' INT, " + grown + ');\n{rest}',
                                         '{head}(`--` INT, ' + grown + ');\n{rest}', '{head}(' + grown + ');{own}',
                                         '{head}([--] INT, ' + grown + ');\n{rest}', '{head}(' + grown + ') --\n;{own}')):
        cases.append((redefined(broken(f'defined{number}.db'), 'hosts', definition,
                                "INSERT INTO hosts (name, seen) VALUES ('h', 1)"), 'other tables'))
    fifo = os.path.join(TMP, 'fifo.db')
    os.mkfifo(fifo)
    huge, disk = broken('huge.db'), os.statvfs(TMP)
    os.truncate(huge, disk.f_bavail * disk.f_frsize)  # no bytes of it are anywhere
    cases += [(huge, r'restoring it requires \d+ MiB on the file system of [^ ]+, but only \d+ MiB are free .*TMPDIR'),
              ('/proc/kallsyms', 'it had 0 bytes when it was opened'), (write(os.path.join(TMP, 'nothing.db'), b''), 'is not a virt-attest store')]
    cases += [(fifo, 'not a regular file'), ('/dev/zero', 'not a regular file'), (TMP, 'not a regular file')]
    target = other_service(w, 'bad-restored', site.service)
    for backup, words in cases:
        said = tool('restore', '--service-config', target.config, backup, code=3)
        assert re.search(words, said), said
    no_room_for_store(w, site, huge)
    foreign = other_service(w, 'foreign-kek', site.service)
    write(foreign.kek, os.urandom(32))
    assert 'does not open' in tool('restore', '--service-config', foreign.config, path, code=3)
    # Nothing of all that is in the store now: it takes the good one, even where somebody has analyzed it.
    tool('restore', '--service-config', target.config, broken('analyzed.db', 'ANALYZE'))
    tool('backup', code=2)
    assert 'does not exist' in tool('backup', '--service-config', other_service(w, 'not-there', site.service, os.path.join(
        TMP, 'nowhere', 'store.db')).config, os.path.join(TMP, 'x.db'), code=3)
    assert not os.path.exists(os.path.join(TMP, 'x.db')) and not os.path.exists(os.path.join(TMP, 'nowhere'))


@test
def restore_that_is_ended_leaves_no_copy(w):
    """Of what the backup has, in TMPDIR; ended in the middle of it."""
    site = Site(w, 'ended-restore')
    site.launch()
    path, room = os.path.join(TMP, 'ended.db'), os.path.join(TMP, 'ended-tmp')
    tool('backup', '--service-config', site.service.config, path)
    assert site.service.end() == 0
    os.mkdir(room)
    for ending in (signal.SIGTERM, signal.SIGINT):
        for number in range(100):
            target = other_service(w, f'ended-{ending}-{number}', site.service, os.path.join(TMP, f'ended-{ending}-{number}', 'x.db'))
            process = subprocess.Popen([TOOL, 'service', 'restore', '--service-config', target.config, path],
                                       env={**os.environ, 'TMPDIR': room}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while process.poll() is None and not any(files for _, _, files in os.walk(room)):
                time.sleep(0.001)
            process.send_signal(ending)
            code = process.wait(60)
            assert os.listdir(room) == [], (ending, code, os.listdir(room))
            if code == -ending:
                break
            assert code == 0, code  # it was quicker than this
        else:
            raise AssertionError('it is always quicker')


def label(*parts):
    """What a sealed value is held in place by."""
    return b''.join(part.encode() + b'\0' for part in ('virt-attest seal 1', *parts))


def wrapped_before_6(kek, columns, row):
    """A row of data_keys as it was wrapped before version 6, when nothing was said of older keys."""
    names = {name: number for number, name in enumerate(columns)}
    id_, oldest, sealed = (row[names[name]] for name in ('id', 'oldest', 'sealed'))
    with open(kek, 'rb') as source:
        cipher = AESGCM(source.read())
    key = cipher.decrypt(sealed[1:13], sealed[13:], label('data_keys', f'{id_}\n{oldest}', 'data key'))
    nonce = os.urandom(12)
    again = list(row)
    again[names['sealed']] = b'\1' + nonce + cipher.encrypt(nonce, key, label('data_keys', str(id_), 'data key'))
    return again


def make_store(service, version, rows):
    """The store of @service as the scripts up to @version make it, with what of @rows there was room for then."""
    if '://' not in service.store:
        os.makedirs(os.path.dirname(service.store), 0o700)
    with Database(service) as database:
        kind = 'postgresql' if database.is_postgresql else 'sqlite'
        for step in range(4 if database.is_postgresql else 1, version + 1):
            path = os.path.join(os.environ['VA_TOP_SRCDIR'], 'schemas', f'store-{kind}-{step}.sql')
            with open(path, encoding='utf-8') as script:
                database.run_script(script.read())
        database.execute('DELETE FROM counters')
        for table, (columns, values) in rows.items():
            if table == 'data_keys':
                values = [wrapped_before_6(service.kek, columns, row) for row in values]
            there = database.columns(table)
            kept = [column for column in columns if column in there]
            for row in values if there else []:
                row = [value for column, value in zip(columns, row) if column in kept]
                database.execute(f"INSERT INTO {table} ({', '.join(kept)}) VALUES ({', '.join('?' * len(kept))})", row)
        if database.is_postgresql:
            database.execute('UPDATE store_version SET version = ?', (version,))
        else:
            database.execute(f'PRAGMA user_version = {version}')
            os.chmod(service.store, 0o600)


def version_of(service):
    with Database(service) as database:
        query = 'SELECT version FROM store_version' if database.is_postgresql else 'PRAGMA user_version'
        (version,), = database.execute(query)
        return version


def version_of_tables(service):
    """What the tables and indexes are called; and that no reference dangles."""
    with Database(service) as database:
        if database.is_postgresql:
            query = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' UNION SELECT indexname::text FROM pg_indexes"
            return sorted(name for name, in database.execute(query + " WHERE schemaname = 'public'"))
        assert not database.execute('PRAGMA foreign_key_check').fetchall()
        return sorted(name for name, in database.execute("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'"))


@test
def older_versions_come_up_to_date(w):
    """A store of each version that there was, with a secret in it that still opens."""
    site = Site(w, 'older')
    guest = site.launch()
    site.alice.call('PUT', f'/secret/disk?guid={OTHER_GUID}', raw=b'by name')
    named, proposed = w.register(site.alice, secrets=[{'name': 'disk'}]), str(uuid.uuid4())
    carl = w.peer('owner', 'alice:carl', site.service)
    status, proposal = carl.call('POST', f'/vm/{proposed}', {'scheme': 'amd-sev', 'policy': 1, 'two-persons': True,
                                                            'firmware-hashes': [sha256(w.image)]})
    assert status == 202
    assert site.service.end() == 0
    with Database(site.service) as database:
        rows = {table: (database.columns(table), database.execute(f'SELECT * FROM {table}').fetchall())
                for table in ('data_keys', 'counters', 'artifacts', 'secrets', 'registrations', 'registration_secrets',
                              'proposals', 'launches', 'hosts', 'audit')}
        versions = (4, 5) if database.is_postgresql else (1, 2, 3, 4, 5)
    present = version_of(site.service)
    assert versions[-1] == present - 1, 'the version before this one has no test'
    for version in versions:
        old = other_service(w, f'older-{version}', site.service)
        make_store(old, version, rows)
        assert version_of(old) == version
        assert f'version {version}' in tool('backup', '--service-config', old.config, os.path.join(TMP, 'old.db'), code=3)
        old.start()
        assert version_of(old) == present
        alice = w.peer('owner', 'alice', old)
        assert alice.get('/launch/' + guest.id)['state'] == 'validated'
        assert [launch['launch-id'] for launch in alice.get(f'/launch?vm={site.vm}')['launches']] == [guest.id]
        assert gives_its_secrets(w, site, old)['launches'] == 2
        refused('launch-used', w.validate, site.vm, guest, host=w.peer('host', 'node1', old))
        refused('in-use', alice.call, 'DELETE', '/secret/disk')
        fresh = w.launch(named, host=w.peer('host', 'node1', old))
        assert fresh.open_packet(w.validate(named, fresh, host=w.peer('host', 'node1', old)))[OTHER_GUID] == b'by name'
        if version >= 3:
            dora = w.peer('owner', 'alice:dora', old)
            assert dora.post(f'/vm/{proposed}/confirm', {'proposal': proposal['proposal']})['two-persons']
        assert version_of_tables(old) == version_of_tables(site.service), 'an upgraded store has other tables than a new one'
        held_by_its_anchor(w, old, alice, guest)
        assert old.end() == 0


def held_by_its_anchor(w, old, alice, guest):
    """The audit log of the time before 6 still gives receipts, and only as it was."""
    (anchor,), = read_store(old, 'SELECT max(seq) FROM audit_anchor')
    if anchor is None:  # the first versions had none
        return
    assert len(alice.get(f'/launch/{guest.id}/receipt')['records']) == 3
    w.peer('auditor', 'anna', old).call('POST', '/audit/checkpoint')
    assert {seq for seq, in read_store(old, 'SELECT seq FROM audit WHERE mac IS NULL')} == set(range(1, anchor + 1))
    with Database(old) as database:
        (text, digest), = database.execute('SELECT text, digest FROM audit WHERE seq = 2').fetchall()
        assert digest is None
        database.execute("UPDATE audit SET text = replace(text, 'alice', 'mallo') WHERE seq = 2")
    assert len(alice.get(f'/launch/{guest.id}/receipt')['records']) == 3  # it is behind what was changed
    with Database(old) as database:
        database.execute('UPDATE audit SET text = ? WHERE seq = 2', (text,))
        database.execute("UPDATE audit SET text = replace(text, '\"launch-id\"', '\"Launch-id\"') WHERE launch = ?",
                         (guest.id,))
    refused('audit-broken', alice.get, f'/launch/{guest.id}/receipt')
