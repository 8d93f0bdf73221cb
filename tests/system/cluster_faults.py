# SPDX-License-Identifier: LGPL-2.1-or-later
"""One process of two is killed, or stops in the middle of something: the other goes on."""

import concurrent.futures
import os
import random
import signal
import subprocess
import time

from lib.service import OTHER_GUID

from cluster_world import Load, Member, seconds_of, test, until_it_works
from service_cli import PROGRAM

WRITERS_LOCK = 1986085236  # see src/db/postgresql.c
LIMIT = 40
STOPS = 3
RECOVERY = 12  # seconds: a session that says nothing ends after 5, a lock is waited for 4


def put(peer, name, value=b'value', path=f'?guid={OTHER_GUID}'):
    return peer.call('PUT', f'/secret/{name}{path}', raw=value)[0]


@test
def killed_in_the_middle(w):
    """Broken where an answer goes out before its commit, where half of a change is committed, or where the other process
    waits for what the dead one had begun."""
    limited = w.register(permit={'max-launches': LIMIT})
    restarts = []
    with Load(w, w.balancer, limited=limited) as load:
        for victim in (w.a, w.b, w.a, w.b):
            other = w.b if victim is w.a else w.a
            time.sleep(0.7 + random.random() / 2)
            victim.kill()
            seconds, status = until_it_works(put, w.at(other), 'beside')
            assert status in (200, 201) and seconds < RECOVERY, seconds
            time.sleep(0.7)
            begun = time.monotonic()
            victim.start()
            assert until_it_works(put, w.at(victim), 'again')[1] in (200, 201)
            restarts.append(time.monotonic() - begun)
    counted = load.check_kept(w.a)
    load.check_kept(w.b)
    (launches,), = w.rows('SELECT launches::bigint FROM registrations WHERE id = ?', limited)
    (rows,), = w.rows('SELECT count(*)::bigint FROM launches WHERE vm = ?', limited)
    assert len(load.acknowledged('limited')) <= launches == rows <= LIMIT, (launches, rows)
    # Somebody did lose an answer, or nothing was in the middle of anything.
    assert load.sum('lost') > 0 and w.balancer.refused[0] > 0 and w.balancer.refused[1] > 0, w.balancer.refused
    records = w.check_audit(w.b)
    print(f'# 4 kills: {counted}; {load.sum("lost")} answers lost, {load.sum("maybe")} of them of a validation that was done; '
          f'longest wait {load.longest():.1f} s, restarts {max(restarts):.1f} s at most; permit {launches} of {LIMIT}; '
          f'{records} audit records verify')


@test
def while_somebody_holds_the_lock(w):
    """A session of the test's own has the writers' lock. Broken where the wait for it has no end, or readers wait as well."""
    holder = w.session().cursor()
    holder.execute('BEGIN')
    holder.execute(f'SELECT pg_advisory_xact_lock ({WRITERS_LOCK})')
    alices = [w.at(member) for member in (w.a, w.b)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(seconds_of, put, alice, 'locked') for alice in alices]
        time.sleep(0.3)
        reads = [seconds_of(alice.get, path) for alice in alices for path in ('/vm', '/secret', '/healthz', '/readyz')]
        answers = [one.result() for one in waiting]
    assert all(isinstance(got, dict) for _, got in reads), reads
    assert all(got == 'store-unavailable' and 3 < seconds < 5.5 for seconds, got in answers), answers
    assert not w.rows("SELECT name FROM secrets WHERE name = 'locked'")
    holder.execute('ROLLBACK')
    holder.connection.close()
    for alice in alices:
        seconds, _ = until_it_works(put, alice, 'locked')
        assert seconds < 2, seconds
    print(f'# locked: writers gave up after {answers[0][0]:.1f} and {answers[1][0]:.1f} s, readers took at most '
          f'{max(seconds for seconds, _ in reads):.2f} s')


@test
def stopped_inside_a_transaction(w):
    """SIGSTOP while the process waits for the lock; then it gets the lock, and says nothing more. Broken where the database
    lets a silent session keep it: the other then never writes again."""
    holder = w.session().cursor()
    holder.execute('BEGIN')
    holder.execute(f'SELECT pg_advisory_xact_lock ({WRITERS_LOCK})')
    alice, other = w.at(w.a), w.at(w.b)
    # The other one may wait for the lock as well, to sign its audit log.
    locks = ("SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory'"
             f" AND application_name = 'virt-attest-{w.a.name}'")
    waiting, silent = f'{locks} AND NOT granted', f"{locks} AND granted AND state = 'idle in transaction'"
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        begun = pool.submit(seconds_of, put, alice, 'stopped')
        while holder.execute(waiting) or holder.fetchone()[0] == 0:
            assert not begun.done(), begun.result()
            time.sleep(0.02)
        w.a.signal(signal.SIGSTOP)
        try:
            holder.execute('ROLLBACK')
            ends = time.monotonic() + 3
            while holder.execute(silent) or holder.fetchone()[0] == 0:
                assert time.monotonic() < ends, 'it did not get the lock'
                time.sleep(0.02)
            seconds, _ = until_it_works(put, other, 'beside', seconds=RECOVERY)
            assert 3 < seconds < RECOVERY, seconds
        finally:
            w.a.signal(signal.SIGCONT)
        took, got = begun.result()
    assert got == 'store-unavailable', (took, got)
    again, _ = until_it_works(put, alice, 'stopped')
    assert again < RECOVERY and w.a.process.poll() is None
    holder.connection.close()
    print(f'# stopped inside a transaction: the other wrote after {seconds:.1f} s; after SIGCONT this one after {again:.2f} s')


@test
def stopped_again_and_again(w):
    """Under load, wherever it may be. Broken as above, and where a process that goes on does not notice that it lost its
    sessions."""
    others, own = [], []
    with Load(w, w.a, workers=4) as load:
        for round_ in range(STOPS):
            time.sleep(0.2 + random.random() / 5)
            w.a.signal(signal.SIGSTOP)
            try:
                seconds, _ = until_it_works(put, w.at(w.b), f'round-{round_}', seconds=RECOVERY)
                others.append(seconds)
                if round_ == STOPS - 1:
                    time.sleep(6)  # longer than a session may be idle in a transaction
            finally:
                w.a.signal(signal.SIGCONT)
            own.append(until_it_works(put, w.at(w.a), f'round-{round_}', seconds=RECOVERY)[0])
    assert max(others) < RECOVERY and max(own) < RECOVERY, (others, own)
    w.check_alive()
    counted = load.check_kept(w.b)
    w.check_audit(w.b)
    print(f'# {STOPS} stops: the other wrote after at most {max(others):.1f} s, this one after at most {max(own):.1f} s from '
          f'SIGCONT on; {counted["launch"]} launches acknowledged')


@test
def another_key(w):
    """A third process whose key-encryption key is another one must not come up: what it stored nobody could open."""
    stranger = Member(w, 'stranger', kek=os.urandom(32))
    try:
        stranger.start()
    except RuntimeError:
        pass
    assert stranger.process.wait(30) != 0
    text = stranger.log()
    assert 'is not the key that this store\'s data key was wrapped with' in text and stranger.kek in text, text
    assert put(w.at(w.a), 'still') in (200, 201)


@test
def rekeyed_while_both_work(w):
    """`virt-attest service rekey` on the database that both use, twice. Broken where a process goes on to seal with the data key
    that it knows, or cannot open what the other sealed with a newer one."""
    alice, there = w.at(w.a), w.at(w.b, 'host', 'node1')
    put(alice, 'before', b'sealed before')
    vm = w.register(alice, secrets=[{'name': 'before'}])
    with Load(w, w.balancer, workers=4) as load:
        for _ in range(2):
            time.sleep(0.5)
            done = subprocess.run([PROGRAM, 'service', 'rekey', '--service-config', w.b.config], capture_output=True, text=True,
                                  timeout=60, check=False)
            assert done.returncode == 0, done
    keys = {key for key, in w.rows('SELECT DISTINCT key_id::bigint FROM secrets')}
    assert len(w.rows('SELECT id FROM data_keys')) == 1 and len(keys) == 1, keys
    guest = w.launch(vm, host=there)
    assert guest.open_packet(w.validate(vm, guest, host=there))[OTHER_GUID].startswith(b'sealed before')
    assert load.sum('lost') == 0 and load.sum('away') == 0, (load.sum('lost'), load.sum('away'))
    load.check_kept(w.a)
    w.check_audit(w.b)
    print(f'# rekeyed twice: {len(load.acknowledged("launch"))} launches meanwhile, none refused')
