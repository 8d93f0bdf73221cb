# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two virt-attestd on one PostgreSQL behind a balancer, and clients that keep a list of all that was acknowledged."""

import atexit
import concurrent.futures
import copy
import http.client
import os
import signal
import threading
import time
import uuid

import psycopg2
from lib.peers import Guest, Platform, Refused, Service, Site, firmware, write
from lib.postgresql import Postgresql, create_database
from lib.service import OTHER_GUID, TMP, World, read_store

from balancer import Balancer
from service_cli import Owner

TESTS = []
THREADS = 16
HOST_PATIENCE = 8  # seconds that a host waits for an answer


def test(function):
    TESTS.append(function)
    return function


class Member(Service):
    """One process of several: the same database, key-encryption key, roots and CA."""

    def __init__(self, w, name, url=None, kek=None, **more):
        self.name, self.url = name, url or f'{w.url}&application_name=virt-attest-{name}'
        folder = os.path.join(TMP, name)
        os.makedirs(folder, exist_ok=True)
        write(os.path.join(folder, 'kek'), kek or w.kek)
        super().__init__(folder, w.site, os.path.join(w.platform.folder, 'roots'), **more)

    def new_store(self):
        return self.url

    def kill(self):
        self.process.kill()
        self.process.wait(30)
        self.process = None

    def signal(self, number):
        self.process.send_signal(number)


class Server(Postgresql):
    """The database as a whole may be made to say nothing."""

    def children(self):
        found = []
        for name in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open(f'/proc/{name}/stat', encoding='utf-8') as stat:
                    parent = int(stat.read().rsplit(')', 1)[1].split()[1])
            except OSError:
                continue
            if parent == self.process.pid:
                found.append(int(name))
        return found

    def signal_all(self, number):
        # It must make no new children meanwhile, and hear of no child that is stopped.
        pids = [self.process.pid, *self.children()]
        for pid in pids if number == signal.SIGSTOP else reversed(pids):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass


class Cluster(World):
    """What all tests share. `olga`, `alice` … speak through the balancer; `at ()` gives the same people at one process."""

    def __init__(self):  # pylint: disable=super-init-not-called
        self.server = Server().start()
        atexit.register(self.server.remove)
        self.url = create_database(self.server.server_url(), 'cluster')
        self.kek = os.urandom(32)
        self.site = Site(os.path.join(TMP, 'site'))
        self.platform = Platform(os.path.join(TMP, 'platform'))
        self.a, self.b = (Member(self, name).start() for name in ('a', 'b'))
        self.balancer = Balancer(self.a, self.b)
        self.service = self.a  # for read_store () and Owner
        self.people, self.lock = {}, threading.Lock()
        for role, name in (('owner', 'alice'), ('host', 'node1'), ('operator', 'olga')):
            setattr(self, name, self.at(self.balancer, role, name))
        self.image = firmware(1)
        self.alice.call('PUT', '/artifact', raw=self.image)

    def at(self, member, role='owner', name='alice'):
        with self.lock:
            if name not in self.people:
                self.people[name] = self.peer(role, name)
            person = copy.copy(self.people[name])
        person.service = member
        return person

    def pair(self, member):
        """An owner and a host."""
        return self.at(member), self.at(member, 'host', 'node1')

    def rows(self, sql, *arguments):
        return read_store(self.a, sql, *arguments)

    def session(self):
        """A session of the test's own."""
        connection = psycopg2.connect(self.url)
        connection.autocommit = True
        return connection

    def check_alive(self):
        for member in (self.a, self.b):
            assert member.process.poll() is None, member.log()[-3000:]

    def audit(self, member, *words):
        """`virt-attest audit …` as an auditor who asks that process."""
        auditor = Owner(self, 'anna')
        auditor.certificate, auditor.key = self.site.client('auditor', 'anna')
        self.service = member
        try:
            return auditor.run('audit', *words)
        finally:
            self.service = self.a

    def check_audit(self, member):
        """The whole log, as that process exports it, verifies offline; the number of its records."""
        path = write(os.path.join(TMP, f'export.{uuid.uuid4()}'), self.audit(member, 'export').encode())
        told = self.audit(member, 'verify', path)
        (records, highest), = self.rows('SELECT count(*)::bigint, max(seq)::bigint FROM audit')
        assert 'ok: ' in told and records == highest, (told, records, highest)
        return records


def at_once(function, arguments):
    """Its results, called with each of them at the same moment."""
    arguments = list(arguments)
    barrier = threading.Barrier(len(arguments))

    def run(argument):
        barrier.wait(60)
        return function(argument)
    with concurrent.futures.ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(run, arguments))


def answer_of(function, *arguments, **named):
    """What it returns, or the code it was refused with."""
    try:
        return function(*arguments, **named)
    except Refused as problem:
        return problem.code


def seconds_of(function, *arguments, **named):
    begun = time.monotonic()
    got = answer_of(function, *arguments, **named)
    return time.monotonic() - begun, got

LOST = (OSError, http.client.HTTPException)  # no answer, or half of one


def until_it_works(function, *arguments, seconds=12, **named):
    """Asks again as long as the store is away or nobody answers; the seconds it took, and the answer."""
    begun = time.monotonic()
    while True:
        try:
            return time.monotonic() - begun, function(*arguments, **named)
        except Refused as problem:
            if problem.code not in ('store-unavailable', 'busy') or time.monotonic() - begun > seconds:
                raise
        except LOST:
            if time.monotonic() - begun > seconds:
                raise
        time.sleep(0.02)


class Worker(threading.Thread):
    """Stores secrets, registers, launches, validates and reports, again and again, until it is told to stop; whatever gets no
    answer is asked for again. `acknowledged` is what it was told is done."""

    def __init__(self, w, number, service, limited=None):
        super().__init__(daemon=True)
        self.w, self.number, self.limited = w, number, limited
        self.alice, self.node1 = w.at(service), w.at(service, 'host', 'node1')
        self.alice.timeout = self.node1.timeout = 15
        self.stop = threading.Event()
        self.acknowledged = {kind: set() for kind in ('secret', 'vm', 'launch', 'validated', 'running', 'limited')}
        self.away = self.lost = self.rounds = 0  # answers that the store is away; no answers
        self.longest, self.trouble, self.maybe = 0.0, None, 0

    def ask(self, function, *arguments):
        """The answer; or the code of a refusal that is not about the store."""
        begun = time.monotonic()
        while True:
            try:
                got = function(*arguments)
                break
            except Refused as problem:
                if problem.code not in ('store-unavailable', 'busy', 'not-ready'):
                    got = problem.code
                    break
                self.away += 1
            except LOST:
                self.lost += 1
            assert time.monotonic() - begun < 60, 'no answer for a minute'
            time.sleep(0.05)
        self.longest = max(self.longest, time.monotonic() - begun)
        return got

    def run(self):
        try:
            while not self.stop.is_set():
                self.round()
                self.rounds += 1
        except Exception as trouble:  # pylint: disable=broad-except
            self.trouble = trouble

    def round(self):
        name, value, vm = f'w{self.number}-{uuid.uuid4().hex[:12]}', os.urandom(24), str(uuid.uuid4())
        stored = self.ask(self.alice.call, 'PUT', f'/secret/{name}?guid={OTHER_GUID}', None, value)
        assert stored[0] in (200, 201), stored
        self.acknowledged['secret'].add(name)
        registered = self.ask(lambda: self.w.register(self.alice, vm, secrets=[{'name': name}]))
        assert registered == vm, registered
        self.acknowledged['vm'].add(vm)
        grant = self.ask(self.node1.post, f'/vm/{vm}/launch', self.w.platform.request(vm))
        guest = Guest(self.w.platform, grant)
        self.acknowledged['launch'].add(guest.id)
        reply = self.ask(lambda: self.w.validate(vm, guest, host=self.node1))
        if isinstance(reply, dict):
            assert guest.open_packet(reply)[OTHER_GUID][:len(value)] == value
            self.acknowledged['validated'].add(guest.id)
            state = self.ask(self.node1.post, f'/launch/{guest.id}/outcome', {'state': 'running'})
            assert isinstance(state, dict) or state == 'launch-used', state
            self.acknowledged['running'].add(guest.id)
        else:
            # It was done, and the answer did not arrive.
            assert reply == 'launch-used', reply
            self.maybe += 1
        if self.limited:
            grant = self.ask(self.node1.post, f'/vm/{self.limited}/launch', self.w.platform.request(self.limited))
            assert isinstance(grant, dict) or grant == 'permit-exhausted', grant
            if isinstance(grant, dict):
                self.acknowledged['limited'].add(grant['launch-id'])


class Load:
    """Workers, for the time of a `with`."""

    def __init__(self, w, service, workers=6, limited=None):
        self.w = w
        self.workers = [Worker(w, i, service, limited) for i in range(workers)]

    def __enter__(self):
        for worker in self.workers:
            worker.start()
        return self

    def __exit__(self, *_):
        for worker in self.workers:
            worker.stop.set()
        for worker in self.workers:
            worker.join(90)
            assert not worker.is_alive()
        for worker in self.workers:
            if worker.trouble:
                raise worker.trouble

    def sum(self, name):
        return sum(getattr(worker, name) for worker in self.workers)

    def longest(self):
        return max(worker.longest for worker in self.workers)

    def acknowledged(self, kind):
        return set().union(*(worker.acknowledged[kind] for worker in self.workers))

    def check_kept(self, member):
        """Each acknowledged thing is in the database, and that process tells of it; what was on record had to be as well."""
        w, alice = self.w, self.w.at(member)
        alice.check = lambda *_: None  # hundreds of records against schemas take longer than everything else here
        stored = dict(w.rows('SELECT id, state FROM launches'))
        granted, validated = (
            {launch for launch, in w.rows(f"SELECT launch FROM audit WHERE text LIKE '%\"result\":\"{result}\"%'")}
            for result in ('granted', 'validated'))
        launches = self.acknowledged('launch') | self.acknowledged('limited')
        assert launches and launches <= set(stored) and launches <= granted, launches - (set(stored) & granted)
        assert self.acknowledged('validated') <= validated
        for launch in self.acknowledged('running'):
            assert stored[launch] == 'running', (launch, stored[launch])
        for launch in self.acknowledged('validated') - self.acknowledged('running'):
            assert stored[launch] == 'validated', (launch, stored[launch])
        told = {one['name'] for one in alice.get('/secret')['secrets']}
        assert self.acknowledged('secret') <= told, self.acknowledged('secret') - told
        told = {one['id'] for page in alice.vm_pages() for one in page['vms']}
        assert self.acknowledged('vm') <= told, self.acknowledged('vm') - told
        recent = {one['launch-id']: one['state'] for one in alice.get('/launch?limit=1000')['launches']}
        assert all(recent[launch] == stored[launch] for launch in launches if launch in recent)
        assert len(launches & set(recent)) > 0
        return {kind: len(self.acknowledged(kind)) for kind in self.workers[0].acknowledged}
