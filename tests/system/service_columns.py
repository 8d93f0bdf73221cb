# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each column of each table of a real virt-attestd's database changed alone by somebody without the key, while the service
runs and after it was started again: what a host, two owners and an auditor then get, and what they are told otherwise."""

import concurrent.futures
import datetime
import hashlib
import os
import subprocess
import tempfile
import time
import types

from lib.peers import Refused, Service, b64, firmware, sev, sha256
from lib.service import INLINE, LUKS, OTHER_GUID, PASSPHRASE, TMP, Database, test

from columns_answers import differences, shown

SECRET = 'secret'            # what the host gets while nothing is wrong
NO_SERVICE = 'no service'    # it does not start, and says why
NOTHING = {SECRET, 'launch-used'}  # of the first of two launches, if an earlier change has used it up
SEALED = NOTHING | {'internal'}
LOGGED = NOTHING | {'audit-broken'}
KEYS = SEALED | {NO_SERVICE}
REFUSED = {'internal', 'audit-broken', 'vm-unknown', 'launch-unknown', 'not-found', 'store-unavailable'}

# What a host that has an open launch, and then asks for another, may come to when this column alone is changed. Every column
# is here: whoever adds one decides what becomes of it in other hands.
COLUMNS = {
    'artifacts': {'owner': NOTHING | {'artifact-missing'}, 'hash': NOTHING | {'artifact-missing'}, 'size': NOTHING,
                  'has_table': NOTHING, 'secret_base': NOTHING, 'secret_size': NOTHING, 'hashes_base': NOTHING,
                  'hashes_size': NOTHING, 'ap_reset': NOTHING, 'created': NOTHING, 'image': SEALED},
    'audit': {'seq': LOGGED, 'owner': LOGGED, 'launch': LOGGED, 'link': LOGGED, 'text': LOGGED, 'digest': LOGGED, 'mac': LOGGED},
    'audit_anchor': {'seq': NOTHING, 'link': NOTHING, 'time': NOTHING, 'text': NOTHING, 'mac': NOTHING},
    'checkpoints': {'seq': NOTHING, 'text': NOTHING},
    'counters': {'name': NOTHING, 'value': NOTHING},
    'data_keys': {'id': KEYS, 'sealed': KEYS, 'oldest': KEYS, 'seals': NOTHING},
    'hosts': {'name': NOTHING, 'seen': NOTHING, 'features': NOTHING},
    'launches': {'id': {SECRET, 'launch-unknown'}, 'vm': {SECRET, 'launch-unknown'}, 'owner': SEALED,
                 'host': {SECRET, 'launch-unknown'}, 'domain_uuid': SEALED, 'domain_name': NOTHING,
                 'state': NOTHING | {'launch-expired', 'internal', 'launch-revoked'}, 'policy': SEALED, 'generation': NOTHING,
                 'version': NOTHING, 'created': NOTHING, 'expires': SEALED | {'launch-expired'}, 'fixed': SEALED,
                 'sealed_keys': SEALED, 'sealed_table': SEALED, 'timeline': NOTHING, 'api_major': NOTHING, 'api_minor': NOTHING,
                 'build_id': NOTHING, 'code': NOTHING, 'detail': NOTHING, 'steps': NOTHING, 'reason': NOTHING,
                 'firmware_error': NOTHING,
                 'approved_until': NOTHING, 'approvals': NOTHING, 'key_id': SEALED},
    'proposals': {'owner': NOTHING, 'vm': NOTHING, 'person': NOTHING, 'created': NOTHING, 'replaces': NOTHING, 'digest': NOTHING,
                  'text': NOTHING, 'sealed': NOTHING, 'key_id': NOTHING},
    'registration_secrets': {'owner': NOTHING, 'vm': NOTHING, 'secret': NOTHING},
    'registrations': {'owner': SEALED, 'id': NOTHING | {'vm-unknown'}, 'version': NOTHING, 'created': NOTHING,
                      'launches': NOTHING, 'text': SEALED, 'sealed': SEALED, 'approved': NOTHING, 'approved_until': NOTHING,
                      'key_id': SEALED},
    'secrets': {'owner': NOTHING | {'secret-missing'}, 'name': NOTHING | {'secret-missing'}, 'guid': SEALED, 'size': NOTHING,
                'created': NOTHING, 'sealed': SEALED, 'key_id': SEALED},
    'store_keys': {'name': KEYS, 'sealed': KEYS},
}


# What owners and auditors may be shown otherwise then: nothing, a refusal, a row that is marked unreadable, and what the
# database holds in the clear: what hosts have reported, times, counters and states, which row is whose, and how the rows are
# ordered. Names are those of members of the answers; “= code” is a refusal; “bob: ” is what another owner is shown.
BROKEN, LOG = {'= internal', 'unreadable'}, {'= audit-broken'}
LAUNCH = {'api-major', 'api-minor', 'build-id', 'code', 'created', 'detail', 'launch-id', 'next', 'state', 'step', 'time',
          'timeline', 'uuid', 'vm'}
SHOWN = {
    'artifacts': {'owner': {'artifacts'}, 'hash': {'artifacts', 'hash', 'unreadable'}, 'size': {'artifacts', 'next'},
                  'image': {'unreadable'}},
    'audit': {'seq': {'records', 'next'} | LOG, 'owner': {'records', 'bob: = audit-broken', 'bob: records'} | LOG, 'launch': LOG,
              'link': LOG, 'digest': LOG, 'mac': LOG, 'text': LOG | {'text'}},
    'audit_anchor': {'seq': LOG, 'link': LOG, 'time': LOG, 'text': LOG | {'anchor'}, 'mac': LOG},
    'checkpoints': {'seq': {'checkpoints'}, 'text': LOG | {'checkpoints'}},
    'data_keys': {'seals': {'next'}},
    'hosts': {'name': {'hosts', 'name'}, 'seen': {'seen'}, 'features': {'unreadable'}},
    'launches': {'id': {'= launch-unknown', 'launch-id', 'next'}, 'vm': {'running', 'vm'}, 'host': {'host'},
                 'owner': LAUNCH | {'= launch-unknown', 'running', 'bob: launches'}, 'domain_uuid': {'uuid'},
                 'domain_name': {'name'}, 'state': {'approved', 'expires', 'running', 'state'}, 'policy': {'policy'},
                 'generation': {'generation'}, 'created': LAUNCH,
                 'expires': {'code', 'detail', 'launches', 'next', 'running', 'state', 'timeline'},
                 'timeline': {'time', 'timeline'}, 'api_major': {'api-major', 'api-minor', 'build-id'},
                 'api_minor': {'api-minor'}, 'build_id': {'build-id'}, 'code': {'code'}, 'detail': {'detail'},
                 'steps': {'steps'}, 'reason': {'reason'}, 'firmware_error': {'firmware-error'}, 'approvals': {'approvals'}},
    'proposals': {'owner': {'= not-found', 'next'}, 'vm': {'= not-found', 'next'}, 'created': {'created'}, 'person': BROKEN,
                  'replaces': BROKEN, 'digest': BROKEN, 'text': BROKEN, 'sealed': BROKEN, 'key_id': BROKEN},
    'registrations': {'owner': {'= vm-unknown', 'bob: vms', 'next', 'vms'} | BROKEN, 'text': BROKEN, 'sealed': BROKEN,
                      'id': {'= vm-unknown', 'created', 'id', 'launches', 'next', 'running', 'unreadable', 'vms'},
                      'created': {'created'}, 'launches': {'launches'}, 'key_id': BROKEN},
    'secrets': {'owner': {'secrets'}, 'name': {'name', 'secrets'}, 'guid': {'guid'}, 'size': {'size'}, 'created': {'created'}},
}

VALUES_MOST = 4
PARTS = 2  # at a time


def measured(image):
    """With a kernel, so that a digest is computed from what the database has of the image."""
    return hashlib.sha256(image + sev.hash_table(b'kernel')).digest()


class Scene:
    """A service with two owners, whose rows may be put in each other's place."""

    def __init__(self, w, name):
        self.w = w
        site = types.SimpleNamespace(ca=w.site.ca, server=lambda: w.site.server(name))  # it keeps the key that it signs with
        # Thousands of commits, and none of them is here to last.
        self.folder = tempfile.TemporaryDirectory(dir='/dev/shm' if os.access('/dev/shm', os.W_OK) else TMP)
        self.service = Service(os.path.join(self.folder.name, name), site, os.path.join(w.platform.folder, 'roots'))
        self.service.start()
        self.alice, self.bob, self.node1, self.node2, self.anna = (w.peer(role, name, self.service) for role, name in (
            ('owner', 'alice'), ('owner', 'bob'), ('host', 'node1'), ('host', 'node2'), ('auditor', 'anna')))
        for peer in (self.alice, self.bob, self.node1, self.node2, self.anna):
            peer.check = lambda *_: None  # what others have put there need not fit a schema
        for owner, value in ((self.alice, PASSPHRASE), (self.bob, b'the word of bob')):
            owner.call('PUT', '/artifact', raw=w.image)
            owner.call('PUT', '/artifact', raw=firmware(2, secret=(0, 0), hash_area=(0, 0)))
            owner.call('PUT', '/secret/disk?type=luks-passphrase', raw=value)
        for host in (self.node1, self.node2):
            host.post('/host', {'sev': True, 'sev-es': True, 'gate-loaded': True})
        self.prune()
        self.bobs = w.register(self.bob, secrets=[{'name': 'disk'}])
        w.launch(self.bobs, host=self.node1)
        self.proposed, _ = (w.register(w.peer('owner', person, self.service), two_persons=True)
                            for person in ('alice:carl', 'bob:eve'))  # each waits for somebody else
        self.vm = self.guest = None
        self.renew()

    def prune(self):
        """The log begins behind a signed place, as it does after some time."""
        self.anna.call('POST', '/audit/checkpoint')
        time.sleep(1.1)  # dates have whole seconds
        date = datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')
        subprocess.run([os.path.join(os.environ['VA_TOP_BUILDDIR'], 'virt-attest'), 'service', 'prune', '--service-config',
                        self.service.config, '--before', date], check=True, stdout=subprocess.DEVNULL, timeout=60)

    def renew(self):
        """Another registration and launch, as good as new."""
        self.vm = self.w.register(self.alice, hosts=['node1'], kernel_hash=sha256(b'kernel'),
                                  secrets=[{'name': 'disk'}, {'guid': OTHER_GUID, 'data': b64(INLINE)}])
        self.guest = self.w.launch(self.vm, host=self.node1)

    def row(self, table, columns, rows):
        """The row that is changed, and what it is found by."""
        mine = {'registrations': ('id', self.vm), 'registration_secrets': ('vm', self.vm), 'launches': ('id', self.guest.id),
                'proposals': ('vm', self.proposed), 'secrets': ('owner', 'alice'), 'artifacts': ('hash', sha256(self.w.image)),
                'hosts': ('name', 'node1'), 'store_version': ('version', rows[0].get('version')) if rows else None}.get(table)
        if mine:
            return next(row for row in rows if row[mine[0]] == mine[1] and row.get('owner', 'alice') == 'alice'), mine[0]
        return rows[-1], columns[0]

    def answer(self, digest):
        def of(function):
            try:
                return function()
            except Refused as problem:
                return problem.code

        def whole(guest):
            packet = guest.open_packet(self.w.validate(self.vm, guest, digest, host=self.node1))
            assert packet == {LUKS: PASSPHRASE + b'\0', OTHER_GUID: INLINE}, packet
            return SECRET
        return {of(lambda: whole(self.guest)), of(lambda: whole(self.w.launch(self.vm, host=self.node1)))}


def rows_of(database, table):
    columns = database.columns(table)
    return columns, [dict(zip(columns, row)) for row in database.execute(f'SELECT * FROM {table}').fetchall()]


def others(column, value, rows):
    """What the column is changed to."""
    values = [row[column] for row in rows if row[column] != value][-1:]
    if column == 'image':
        values = [firmware(66), b'']
    elif column == 'state':
        values = ['validated', 'waiting', 'running', 'x']
    elif isinstance(value, int):
        values += [1, 2 ** 62, -1]
    elif isinstance(value, bytes):
        values += [b'', value[:-1] + bytes([value[-1] ^ 1]) if value else b'x', os.urandom(60)]
    else:
        values += ['', '[]', '{"a":' * 30] if value else ['x', '{}']
    return [None, *(new for new in dict.fromkeys(values) if new != value)][:VALUES_MOST]


def run(service, sql, *values):
    """Whether the database took it; references are not looked at, as whoever is its administrator can arrange."""
    with Database(service) as database:
        try:
            if database.is_postgresql:
                database.execute('SET session_replication_role = replica')
            else:
                database.execute('PRAGMA ignore_check_constraints = ON')
            database.execute(sql, values)
            return True
        except Exception as error:  # pylint: disable=broad-except
            database.connection.rollback()
            assert any(word in type(error).__name__ for word in ('Integrity', 'Violation', 'Data', 'Numeric', 'Invalid')), error
            return False


def check_nobody_gained(scene):
    """Of all that must hold whatever was changed."""
    w, evil = scene.w, measured(firmware(66))
    told = scene.answer(evil)
    assert SECRET not in told, 'a firmware that is not registered was given the secrets'
    for function in (lambda: w.launch(scene.vm, host=scene.node2),
                     lambda: scene.node2.post(f'/vm/{scene.vm}/validate', scene.guest.claim(measured(w.image)))):
        try:
            function()
        except Refused:
            continue
        raise AssertionError('a host that is not registered was served')
    try:
        guest = w.launch(scene.bobs, host=scene.node1)
        assert PASSPHRASE not in str(guest.open_packet(w.validate(scene.bobs, guest, host=scene.node1))).encode()
    except Refused:
        pass
    return told


def check_bob(scene):
    """Nothing of alice's is his; and the service lives."""
    for path in ('/vm/' + scene.vm, '/launch/' + scene.guest.id):
        try:
            got = scene.bob.get(path)
        except Refused as problem:
            assert problem.code in REFUSED, problem
            continue
        # A launch's record has no secrets, and whoever changes its row can read it.
        assert path.startswith('/launch/'), f'bob reads {path}: {got}'
    try:
        listed = [row for row in scene.bob.get('/vm')['vms'] if row['id'] != scene.bobs]
    except Refused as problem:
        assert problem.code in REFUSED, problem
    else:
        assert all(set(row) == {'id', 'unreadable'} for row in listed), f'bob is shown {listed}'
    assert scene.service.process.poll() is None, scene.service.log()[-3000:]

FRESH = ('launches', 'registration_secrets', 'registrations')


def restart(scene):
    assert scene.service.end() == 0, scene.service.log()[-3000:]
    try:
        scene.service.start()
        return True
    except RuntimeError:
        scene.service.process.wait(30)
        scene.service.process = None
        return False


def put_value(scene, table, column, row, key, new):
    """Whether the database takes it."""
    columns = row.keys()
    if table == 'audit':
        key = 'seq'
    return run(scene.service, f'UPDATE {table} SET {column} = ? WHERE {key} = ?'
               + (" AND owner = 'alice'" if 'owner' in columns and table not in ('launches', 'audit') else ''), new, row[key])


def try_value(scene, table, column, number, restarted):
    """What the host came to, what people were shown otherwise, and whether there is a value of that number: with the column
    changed to it under a service that has seen the right value, or one that has not. It is put back; what the service may
    have gone on with is removed."""
    if table in FRESH:
        scene.renew()
    elif table == 'audit':  # the last record is one of alice's
        scene.alice.call('PUT', '/secret/disk?type=luks-passphrase', raw=PASSPHRASE)
    with Database(scene.service) as database:
        columns, rows = rows_of(database, table)
        (highest,), = database.execute('SELECT max(seq) FROM audit').fetchall()
    assert rows, f'{table} is empty: nothing is tried'
    row, key = scene.row(table, columns, rows)
    values = others(column, row[column], rows)
    if number >= len(values):
        return set(), set(), False
    before = shown(scene, highest)
    if not put_value(scene, table, column, row, key, values[number]):
        return set(), set(), True
    told, changed = {NO_SERVICE}, set()
    try:
        if not restarted or restart(scene):
            changed = differences(before, shown(scene, highest))
            check_bob(scene)
            told = scene.answer(measured(scene.w.image))
            check_bob(scene)
            if number == restarted:
                check_nobody_gained(scene)
    finally:
        undo(scene, table, (column, row[column], values[number]), key, row)
    return told, changed, True


def undo(scene, table, changed, key, row):
    column, old, new = changed
    here = new if column == key else row[key]
    if table in FRESH:
        for name in FRESH:
            run(scene.service, f"DELETE FROM {name} WHERE {'id' if name == 'registrations' else 'vm'} = ?", scene.vm)
        run(scene.service, f'DELETE FROM {table} WHERE {key} = ?', here)
    else:
        if table == 'audit':  # what was added where it had been
            run(scene.service, 'DELETE FROM audit WHERE seq >= ? AND seq <> ?', row['seq'], here)
            run(scene.service, 'DELETE FROM checkpoints WHERE seq > ?', row['seq'])
        sql, values = f'UPDATE {table} SET {column} = ? WHERE {key} = ?', [old, here]
        if new is not None:
            sql, values = sql + f' AND {column} = ?', values + [new]
        if 'owner' in row and column != 'owner' and table != 'audit':
            sql += " AND owner = 'alice'"
        assert run(scene.service, sql, *values), f'{table}.{column} could not be put back'
    if table == 'audit':  # the service remembers how far the log went
        scene.service.end()
    if scene.service.process is None:
        scene.service.start()


def columns_of(service):
    with Database(service) as database:
        if database.is_postgresql:
            tables = [name for name, in database.execute("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")]
        else:
            tables = [name for name, in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'"
                                                         " AND name NOT LIKE 'sqlite%'")]
        return [(table, column) for table in sorted(tables) for column in database.columns(table)]


def try_column(scene, table, column):
    """With each of its values, running and restarted."""
    told, changed, number, more = set(), set(), 0, True
    while more:
        for restarted in (False, True):
            try:
                one, other, more = try_value(scene, table, column, number, restarted)
            except AssertionError as error:
                one, other = {f'{number}{" restarted" if restarted else ""}: {error}'[:300]}, set()
            told |= one
            changed |= other
        number += 1
    return told, changed


def try_columns(w, scene, part):
    """A part of all columns, at a service of its own."""
    columns = [one for one in columns_of(scene.service) if one[0] != 'store_version']  # PostgreSQL's alone
    found = {}
    for table, column in columns[part::PARTS]:
        found[f'{table}.{column}'] = try_column(scene, table, column)
    assert 'CRITICAL' not in scene.service.log()
    scene.renew()
    assert scene.answer(measured(w.image)) == {SECRET}, 'it was not put back'
    assert scene.service.end() == 0
    return found


@test
def each_column_in_other_hands(w):
    # One after the other: they share their people's certificates.
    scenes = [Scene(w, f'columns-{part}') for part in range(PARTS)]
    with concurrent.futures.ThreadPoolExecutor(PARTS) as pool:
        parts = list(pool.map(lambda part: try_columns(w, scenes[part], part), range(PARTS)))
    found = {name: ends for part in parts for name, ends in part.items()}
    if os.environ.get('VA_COLUMNS_SHOW'):
        for name, (told, changed) in sorted(found.items()):
            print(f'#     {name!r}: {sorted(told)}, {sorted(changed)}')
    allowed = {f'{table}.{column}': ends for table, named in COLUMNS.items() for column, ends in named.items()}
    assert set(found) == set(allowed), set(found) ^ set(allowed)
    wrong = {name: found[name][0] - ends for name, ends in allowed.items() if found[name][0] - ends}
    assert not wrong, wrong
    allowed = {f'{table}.{column}': names for table, named in SHOWN.items() for column, names in named.items()}
    wrong = {name: changed - allowed.get(name, set()) for name, (_, changed) in found.items()
             if changed - allowed.get(name, set())}
    assert not wrong, wrong
