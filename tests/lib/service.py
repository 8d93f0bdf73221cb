# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of virt-attestd share: one service, its owners and hosts, and schemas/ that every answer must fit."""

import glob
import hashlib
import json
import os
import re
import sqlite3
import time
import uuid

import jsonschema

from lib.peers import SOURCE, Guest, Peer, Platform, Refused, Service, Site, firmware, sha256

LUKS = '736869e5-84f0-4973-92ec-06879ce3da0b'
OTHER_GUID = '5a1f2e33-0000-4000-8000-00000000c0de'
PASSPHRASE = b'correct horse battery staple'
INLINE = b'inline needle 0123456789'
TMP = os.environ['TMPDIR']
TESTS = []
with open(os.path.join(os.environ['VA_TOP_BUILDDIR'], 'config.h'), encoding='utf-8') as header:
    SANITIZED = '#define VA_SANITIZERS 1' in header.read()


def test(function):
    TESTS.append(function)
    return function


class Schemas:
    """Every 2xx answer fits the schema that openapi.yaml names for it, every other one is a problem."""

    ANSWERS = [('POST', '/vm/[^/]+', 'registration-answer'), ('GET', r'/vm(\?.*)?', 'registrations'),
               ('GET', '/vm/[^/]+/proposal', 'proposal'), ('POST', '/vm/[^/]+/confirm', 'registration-answer'),
               ('GET', '/vm/[^/]+', 'registration-answer'), ('POST', '/vm/[^/]+/launch', 'launch-grant'),
               ('POST', '/vm/[^/]+/validate', 'validate-reply'), ('POST', '/launch/[^/]+/outcome', 'empty'),
               ('POST', '/launch/[^/]+/(revoke|approve|deny)', 'launch'), ('GET', '/launch/[^/]+/receipt', 'receipt'),
               ('GET', r'/audit(\?.*)?', 'audit'), ('POST', '/audit/checkpoint', 'checkpoint'),
               ('GET', r'/launch(\?.*)?', 'launches'), ('GET', '/launch/[^/?]+', 'launch'),
               ('PUT', '/secret/.*', 'secret'), ('GET', r'/secret(\?.*)?', 'secrets'), ('GET', '/secret/[^?]*', 'secret'),
               ('PUT', '/artifact', 'artifact'), ('GET', r'/artifact(\?.*)?', 'artifacts'), ('GET', r'/artifact/.*', 'artifact-detail'), ('POST', '/host', 'empty'),
               ('POST', '/launch', 'launch-grant'),
               ('GET', r'/host(\?.*)?', 'hosts'), ('GET', '/(healthz|readyz)', 'health')]

    def __init__(self):
        self.store, self.codes, self.held = {}, set(), 0
        for path in glob.glob(os.path.join(SOURCE, 'schemas', '*.schema.json')):
            with open(path, encoding='utf-8') as source:
                self.store[os.path.basename(path)] = json.load(source)

    def hold(self, name, answer):
        schema = self.store[name + '.schema.json']
        resolver = jsonschema.RefResolver(base_uri='', referrer=schema, store=self.store)
        jsonschema.Draft202012Validator(schema, resolver=resolver).validate(answer)
        self.held += 1

    def check(self, method, path, status, kind, answer):
        if status == 204:
            assert not answer
        elif status == 202:
            self.hold('launch-pending' if path.endswith('/launch') else 'proposal', answer)
        elif status < 300:
            assert kind.startswith('application/json'), kind
            name, = {schema for m, pattern, schema in self.ANSWERS if m == method and re.fullmatch(pattern, path)}
            self.hold(name, answer)
        else:
            assert kind.startswith('application/problem+json'), kind
            self.hold('problem', answer)
            assert answer['status'] == status
            self.codes.add(answer['code'])

SCHEMAS = Schemas()


class World:
    """What all tests share."""

    def __init__(self):
        self.site = Site(os.path.join(TMP, 'site'))
        self.platform = Platform(os.path.join(TMP, 'platform'))
        self.foreign = Platform(os.path.join(TMP, 'foreign'))
        self.service = Service(os.path.join(TMP, 'service'), self.site, os.path.join(self.platform.folder, 'roots'))
        self.service.start()
        for role, name in (('owner', 'alice'), ('owner', 'bob'), ('host', 'node1'), ('host', 'node2'),
                           ('operator', 'olga'), ('auditor', 'anna')):
            setattr(self, name, self.peer(role, name))
        self.image = firmware(1)
        self.plain = firmware(2, secret=(0, 0), hash_area=(0, 0))
        for image in (self.image, self.plain):
            self.alice.call('PUT', '/artifact', raw=image)
        self.alice.call('PUT', '/secret/disk?type=luks-passphrase', raw=PASSPHRASE)

    def peer(self, role, name, service=None):
        peer = Peer(self.site, role, name, SCHEMAS.check)
        peer.service = service or self.service
        return peer

    def register(self, owner=None, id_=None, **changes):
        """The id of a new registration; underscores stand for hyphens, None leaves a member out."""
        body = {'scheme': 'amd-sev', 'policy': 1, 'firmware-hashes': [sha256(self.image)]}
        body.update({name.replace('_', '-'): value for name, value in changes.items()})
        id_ = id_ or str(uuid.uuid4())
        (owner or self.alice).post(f'/vm/{id_}', {k: v for k, v in body.items() if v is not None})
        return id_

    def launch(self, vm, host=None, platform=None, domain=None, **more):
        platform = platform or self.platform
        return Guest(platform, (host or self.node1).post(f'/vm/{vm}/launch', platform.request(domain or vm, **more)))

    def validate(self, vm, guest, digest=None, host=None, **claims):
        digest = digest or hashlib.sha256(self.image).digest()
        return (host or self.node1).post(f'/vm/{vm}/validate', guest.claim(digest, **claims))

    def record(self, guest):
        """What the owner reads; of a wrong measurement, when it has been explained."""
        end = time.monotonic() + 60
        while True:
            record = self.alice.get('/launch/' + guest.id)
            words = record.get('detail', '')
            if record.get('code') != 'measurement-mismatch' or 'none of the registered' in words or 'not explained' in words:
                return record
            assert time.monotonic() < end, record
            time.sleep(0.02)

    def count(self, vm):
        answer = self.alice.get('/vm/' + vm)
        return answer['launches'], answer['running']


def refused(code, function, *arguments, **named):
    try:
        got = function(*arguments, **named)
    except Refused as problem:
        assert problem.code == code, f'expected {code}, got {problem}'
        return problem.problem['detail']
    raise AssertionError(f'expected {code}, got {got}')


def read_store(service, sql, *arguments):
    with Database(service) as database:
        return database.execute(sql, arguments).fetchall()


class Database:
    """A service's database, as somebody has it who gets at it past the service. Committed at the end of the block."""

    def __init__(self, service):
        self.service = service
        self.is_postgresql = '://' in service.store
        if self.is_postgresql:
            import psycopg2
            self.connection = psycopg2.connect(service.store)
        else:
            self.connection = sqlite3.connect(service.store, timeout=10)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.connection.commit()
        self.connection.close()

    def execute(self, sql, arguments=()):
        """With ? for each argument; bytes are bytes."""
        if not self.is_postgresql:
            return self.connection.execute(sql, arguments)
        cursor = self.connection.cursor()
        cursor.execute(sql.replace('%', '%%').replace('?', '%s'), tuple(arguments))
        return Rows(cursor)

    def run_script(self, script):
        """Statements without arguments."""
        if self.is_postgresql:
            self.connection.cursor().execute(script)
        else:
            self.connection.executescript(script)

    def drop_not_null(self):
        """Of SQLite's tables, as whoever writes to the database can: NULL may be everywhere. Nothing on PostgreSQL."""
        if self.is_postgresql:
            return
        (version,), = self.execute('PRAGMA schema_version').fetchall()
        self.execute('PRAGMA writable_schema = ON')
        self.execute("UPDATE sqlite_schema SET sql = replace(replace(replace(sql, 'IS NOT NULL', 'IS_SET'), ' NOT NULL', ''),"
                     " 'IS_SET', 'IS NOT NULL') WHERE type = 'table'")
        self.execute(f'PRAGMA schema_version = {version + 1}')
        self.execute('PRAGMA writable_schema = OFF')

    def files(self):
        """Every file that the database consists of, with what has happened so far in them."""
        if not self.is_postgresql:
            return glob.glob(self.service.store + '*')
        self.connection.commit()
        self.connection.autocommit = True
        self.execute('CHECKPOINT')
        (oid,), = self.execute('SELECT oid::bigint FROM pg_database WHERE datname = current_database()')
        folder = os.environ['VA_TEST_POSTGRESQL_DATA']
        return glob.glob(f'{folder}/base/{oid}/*') + glob.glob(f'{folder}/pg_wal/0*') + glob.glob(f'{folder}/../log')

    def columns(self, table):
        if not self.is_postgresql:
            return [row[1] for row in self.execute(f'PRAGMA table_info({table})')]
        return [name for name, in self.execute('SELECT column_name::text FROM information_schema.columns WHERE table_name = ?'
                                               ' ORDER BY ordinal_position', (table,))]

    def lock(self):
        """Nobody else writes until the end of the block."""
        if self.is_postgresql:
            self.execute('SELECT pg_advisory_xact_lock (1986085236)')
        else:
            self.connection.isolation_level = None
            self.connection.execute('BEGIN IMMEDIATE')


class Rows:
    def __init__(self, cursor):
        self.rows = [] if cursor.description is None else [
            tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in cursor.fetchall()]

    def fetchall(self):
        return self.rows

    def fetchone(self):
        return self.rows[0] if self.rows else None

    def __iter__(self):
        return iter(self.rows)
