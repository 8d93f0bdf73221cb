# SPDX-License-Identifier: LGPL-2.1-or-later
"""The database is away, does not answer, ends sessions, or is not the one that it must be."""

import os
import signal
import time
import uuid

import psycopg2
from lib.peers import b64, write
from lib.postgresql import create_database
from lib.service import OTHER_GUID, TMP

from cluster_faults import put
from cluster_world import HOST_PATIENCE, Load, Member, at_once, seconds_of, test, until_it_works


def every_call(w, member, vm, guest):
    """One call of each kind that needs the store."""
    (alice, node1), anna = w.pair(member), w.at(member, 'auditor', 'anna')
    return [(alice.get, '/vm'), (alice.get, '/vm/' + vm), (alice.get, '/secret'), (alice.get, '/artifact'),
            (alice.get, '/launch'), (alice.get, '/launch/' + guest.id), (anna.get, '/audit'), (node1.get, '/readyz'),
            (put, alice, 'away'), (w.register, alice), (w.launch, vm, node1), (w.validate, vm, guest, None, node1),
            (node1.post, f'/launch/{guest.id}/outcome', {'state': 'failed'}), (w.launch, str(uuid.uuid4()), node1)]


def check_away(w, vm, guest, together=False):
    """Both processes say so to every call, and live. The seconds that the answers took."""
    # Peer.call () demands Retry-After of each 503.
    calls = [call for member in (w.a, w.b) for call in every_call(w, member, vm, guest)]
    if together:
        answers = at_once(lambda call: seconds_of(*call), calls)
    else:
        answers = [seconds_of(*call) for call in calls]
    for call, (_, got) in zip(calls, answers):
        assert got == 'store-unavailable', (call, got)
    for member in (w.a, w.b):
        seconds, got = seconds_of(w.at(member).get, '/healthz')
        assert got['status'] == 'ok', got
        answers.append((seconds, got))
    w.check_alive()
    taken = sorted(seconds for seconds, _ in answers)
    assert taken[-1] < HOST_PATIENCE, taken
    return taken


def check_back(w, limit=5):
    """Everything works again at both; the seconds until it did."""
    begun = time.monotonic()
    for member in (w.a, w.b):
        alice, node1 = w.pair(member)
        until_it_works(lambda node1=node1: node1.get('/readyz'))
        until_it_works(put, alice, 'back')
        took = time.monotonic() - begun
        vm = w.register(alice, secrets=[{'name': 'back'}])
        guest = w.launch(vm, host=node1)
        assert list(guest.open_packet(w.validate(vm, guest, host=node1))) == [OTHER_GUID]
        node1.post(f'/launch/{guest.id}/outcome', {'state': 'running'})
    assert took < limit, took
    return took


def backends(w):
    return {pid for pid, in w.rows("SELECT pid::bigint FROM pg_stat_activity WHERE application_name LIKE 'virt-attest%'")}


@test
def database_stopped_and_started(w):
    """In order, and as a crash. Broken where a process ends with its database, waits for it without end, goes on with prepared
    statements that the new server does not know, or acknowledges what the crash undoes."""
    vm = w.register()
    for how, name in ((signal.SIGINT, 'stopped'), (signal.SIGQUIT, 'crashed')):
        guest = w.launch(vm)
        with Load(w, w.balancer, workers=4) as load:
            time.sleep(0.8)
            w.server.stop(how)
            taken = check_away(w, vm, guest)
            w.server.start()
            took = check_back(w)
            time.sleep(0.4)
        counted = load.check_kept(w.a)
        assert load.sum('away') > 0 and load.sum('lost') == 0, (load.sum('away'), load.sum('lost'))
        quick = sum(seconds < 1 for seconds in taken)
        assert quick > 0.8 * len(taken), taken
        w.validate(vm, guest)  # granted before, and still good
        print(f'# {name}: {len(taken)} answers meanwhile, {quick} within 1 s, the slowest {taken[-1]:.2f} s; back after '
              f'{took:.2f} s; {counted["launch"]} launches acknowledged, all there')
    w.check_audit(w.b)


@test
def database_says_nothing(w):
    """It takes connections and never answers. Broken where one wait has no end, or several add up to more than a host waits."""
    vm = w.register()
    guest = w.launch(vm)
    # Both have readers and a writer that were in use a moment ago.
    at_once(lambda i: w.at((w.a, w.b)[i % 2]).get('/vm/' + vm), range(16))
    for together in (False, True):
        w.server.signal_all(signal.SIGSTOP)
        try:
            begun = time.monotonic()
            taken = check_away_silent(w, vm, guest, together)
            lasted = time.monotonic() - begun
        finally:
            w.server.signal_all(signal.SIGCONT)
        took = check_back(w, 10)
        how = 'all calls at once' if together else 'one call after another'
        print(f'# silent, {how}: {len(taken)} answers in {lasted:.1f} s, '
              f'half of them within {taken[len(taken) // 2]:.2f} s, the slowest {taken[-1]:.2f} s; back after {took:.2f} s')


def check_away_silent(w, vm, guest, together):
    if together:
        return check_away(w, vm, guest, True)
    # One after another would take minutes: the calls of hosts, at both processes.
    def ask(member):
        alice, node1 = w.pair(member)
        calls = ((put, alice, 'away'), (w.launch, vm, node1), (w.validate, vm, guest, None, node1), (node1.get, '/readyz'))
        return [seconds_of(*call) for call in calls]
    answers = [answer for several in at_once(ask, (w.a, w.b)) for answer in several]
    assert all(got == 'store-unavailable' for _, got in answers), answers
    taken = sorted(seconds for seconds, _ in answers)
    assert taken[-1] < HOST_PATIENCE, taken
    return taken


@test
def sessions_ended(w):
    """pg_terminate_backend, as a fail-over or an administrator does. Broken where a connection that is lost is used once more:
    the next requests must not notice."""
    vm, admin = w.register(), w.session().cursor()
    end = "SELECT count(pg_terminate_backend (pid)) FROM pg_stat_activity WHERE application_name LIKE 'virt-attest%'"
    ended = 0
    for _ in range(3):
        at_once(lambda i: w.at((w.a, w.b)[i % 2]).get('/vm/' + vm), range(16))
        there = backends(w)
        assert len(there) > 4, there
        admin.execute(end)
        ended += admin.fetchone()[0]
        while there & backends(w):
            time.sleep(0.02)
        # Refused would raise.
        for i in range(16):
            w.at((w.a, w.b)[i % 2]).get('/vm')
        at_once(lambda i: w.at((w.a, w.b)[i % 2]).get('/vm/' + vm), range(16))
        for member in (w.a, w.b):
            put(w.at(member), 'ended')
            w.launch(vm, host=w.at(member, 'host', 'node1'))
    longest = 0
    with Load(w, w.balancer) as load:
        for _ in range(6):
            time.sleep(0.25)
            admin.execute(end)
            ended += admin.fetchone()[0]
            for member in (w.a, w.b):
                longest = max(longest, until_it_works(put, w.at(member), 'ended')[0])
    assert longest < 2, longest
    counted = load.check_kept(w.b)
    w.check_audit(w.a)
    w.check_alive()
    admin.connection.close()
    print(f'# {ended} sessions ended: under load {load.sum("away")} answers 503, the next write within {longest:.2f} s; '
          f'{counted["launch"]} launches acknowledged, all there')


def ends_with(w, url, *sentences, extra='', line=None, **environment):
    """virt-attestd does not come up, and says why: all of its output."""
    member = Member(w, 'wrong-' + uuid.uuid4().hex[:8], url=url, extra=extra, **environment)
    if line:
        with open(member.config, encoding='utf-8') as config:
            text = config.read()
        assert member.store_line() in text
        with open(member.config, 'w', encoding='utf-8') as config:
            config.write(text.replace(member.store_line(), line))
    try:
        member.start()
    except RuntimeError:
        pass
    assert member.process.wait(30) == 1, member.process.returncode
    told = member.log()
    for sentence in sentences:
        assert sentence in told, (sentence, told)
    assert len(told.splitlines()) <= 3, told
    return told


@test
def a_database_that_is_not_right(w):
    """virt-attestd ends, and its words say what to do; what must not be told is not."""
    server = w.server.server_url()
    for encoding in ('SQL_ASCII', 'LATIN1'):
        url = create_database(server, 'other_' + encoding.lower(), encoding=encoding)
        ends_with(w, url, f'has the encoding {encoding}', 'must have been created with UTF8')
        connection = psycopg2.connect(url)
        cursor = connection.cursor()
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchone() == (0,)
        connection.close()
    ends_with(w, w.server.url('nowhere'), "the store's database", 'database "nowhere" does not exist')
    ends_with(w, w.url.replace('user=postgres', 'user=nobody_there'), 'role "nobody_there" does not exist')
    with w.session() as admin:
        admin.cursor().execute("CREATE ROLE guest_role LOGIN")
    # It may connect, and may read or write nothing of it.
    ends_with(w, w.url.replace('user=postgres', 'user=guest_role'), "the store's database", 'permission denied')
    needle = 'needle-' + os.urandom(6).hex()
    for url in (f'postgresql://postgres:{needle}@/cluster?host={w.server.sockets}', f'{w.url}&password={needle}'):
        assert needle not in ends_with(w, url, "the store's URL contains a password", '?passfile=/')
    for url in (f'postgresql://postgres:{needle}@[/cluster', f'{w.url}&pasword={needle}', f'{w.url}&sslmode={needle}'):
        ends_with(w, url, "the store")
    # Over TCP, in whatever words, only with TLS that knows the server.
    service = write(os.path.join(TMP, 'pg_service.conf'), b'[attest]\nhost=127.0.0.1\nport=1\n')
    for url, more in (('postgresql://127.0.0.1:1/x', {}), ('postgresql://127.0.0.1:1/x?sslmode=require', {}),
                      ('postgresql://localhost:1/x?sslmode=verify-ca', {}), ('postgresql://[::1]:1/x', {}),
                      (f'{w.url}&hostaddr=127.0.0.1', {}), (f'postgresql:///x?host={w.server.sockets},127.0.0.1', {}),
                      ('postgresql:///x?port=1', {'PGHOST': '127.0.0.1'}),
                      ('postgresql:///x?port=1', {'PGHOSTADDR': '127.0.0.1'}),
                      ('postgresql:///?service=attest', {'PGSERVICEFILE': service})):
        ends_with(w, url, 'over TCP without sslmode=verify-full', **more)
    said = ends_with(w, 'postgresql://127.0.0.1:1/x?sslmode=verify-full', "the store's database")
    assert 'over TCP without' not in said, said
    ends_with(w, w.url, 'both “path” and “url”', line=f'url = "{w.url}"\npath = /var/lib/virt-attest/store.db')
    ends_with(w, w.url, 'expected a URL that begins with postgresql://', line='url = "mysql://localhost/x"')
    ends_with(w, f'postgresql:///cluster?host={w.server.folder}/none', "the store's database", 'No such file or directory')
    assert put(w.alice, 'right', b64(b'x').encode()) in (200, 201)
