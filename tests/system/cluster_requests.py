# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two processes that do their work: permits, launches that one begins and the other ends, approvals."""

import hashlib
import signal
import time

from lib.peers import Guest

from cluster_world import THREADS, Member, answer_of, at_once, test
from service_confirm import ask

ROUNDS = 3


def stored(w, vm):
    """The registration's counter, and how many launches of it are open, validated or running."""
    (launches,), = w.rows('SELECT launches::bigint FROM registrations WHERE id = ?', vm)
    (running,), = w.rows("SELECT count(*)::bigint FROM launches WHERE vm = ? AND state IN ('open', 'validated', 'running')", vm)
    return launches, running


def launch_at_once(w, vm, times=2):
    """All ask through the balancer, each several times: the grants; everything else is a code."""
    hosts = [w.at(w.balancer, 'host', 'node1') for _ in range(THREADS)]
    answers = at_once(lambda host: [answer_of(w.launch, vm, host=host) for _ in range(times)], hosts)
    return [answer for several in answers for answer in several]


@test
def max_launches_at_two_processes(w):
    """Broken where two processes count at the same time: without the lock that all writers take, more than 5 are granted, or
    fail because two want the same place in the audit log."""
    before = dict(w.balancer.counts)
    for _ in range(ROUNDS):
        vm = w.register(permit={'max-launches': 5})
        answers = launch_at_once(w, vm)
        granted = [answer for answer in answers if isinstance(answer, Guest)]
        assert len(granted) == 5 and answers.count('permit-exhausted') == 2 * THREADS - 5, answers
        assert stored(w, vm) == w.count(vm) == (5, 5)
        assert {row[0] for row in w.rows('SELECT id FROM launches WHERE vm = ?', vm)} == {guest.id for guest in granted}
    # It was both, or this proves nothing.
    assert min(w.balancer.counts[i] - before[i] for i in before) > ROUNDS * THREADS / 2, w.balancer.counts


@test
def max_running_at_two_processes(w):
    """Broken where what one process gives back is not what the other counts."""
    vm, used = w.register(permit={'max-running': 4}), 0
    for round_ in range(ROUNDS):
        answers = launch_at_once(w, vm, times=1)
        granted = [answer for answer in answers if isinstance(answer, Guest)]
        assert len(granted) == 4 and answers.count('running-limit') == THREADS - 4, answers
        used += 4
        assert stored(w, vm) == (used, 4)
        alice, node1 = w.pair((w.a, w.b)[round_ % 2])

        def give_back(guest, node1=node1):
            w.validate(vm, guest, host=node1)
            node1.post(f'/launch/{guest.id}/outcome', {'state': 'running'})
            node1.post(f'/launch/{guest.id}/outcome', {'state': 'ended'})
        at_once(give_back, granted)
        assert stored(w, vm) == (used, 0) and alice.get('/vm/' + vm)['running'] == 0


@test
def one_approval_one_launch(w):
    """Broken where both find the same approval unused, or each makes a launch of its own wait."""
    for _ in range(ROUNDS):
        vm = w.register(permit={'confirm-after': 0, 'max-launches': 50})
        hosts = [w.at(w.balancer, 'host', 'node1') for _ in range(THREADS)]
        waiting, = set(at_once(lambda host, vm=vm: ask(w, vm, host=host), hosts))
        assert isinstance(waiting, str) and stored(w, vm) == (0, 0)
        w.alice.post(f'/launch/{waiting}/approve', {})
        answers = at_once(lambda host, vm=vm: ask(w, vm, host=host), hosts)
        granted = [answer.id for answer in answers if isinstance(answer, Guest)]
        assert granted == [waiting], answers
        assert len({answer for answer in answers if isinstance(answer, str)}) == 1 and stored(w, vm) == (1, 1)


@test
def begun_here_ended_there(w):
    """Broken where a process keeps in its memory what a launch needs."""
    for one, other in ((w.a, w.b), (w.b, w.a)):
        (alice, host), (alice_there, there) = w.pair(one), w.pair(other)
        alice.call('PUT', '/secret/shared?type=luks-passphrase', raw=one.folder.encode())
        vm = w.register(alice, secrets=[{'name': 'shared'}])
        guest = w.launch(vm, host=host)
        table = guest.open_packet(w.validate(vm, guest, host=there))
        assert list(table.values()) == [one.folder.encode() + b'\0']
        host.post(f'/launch/{guest.id}/outcome', {'state': 'running'})
        assert alice_there.get('/launch/' + guest.id)['state'] == 'running'
        assert answer_of(w.validate, vm, guest, host=host) == 'launch-used'
        there.post(f'/launch/{guest.id}/outcome', {'state': 'ended'})
        assert alice.get('/launch/' + guest.id)['state'] == 'ended' and stored(w, vm) == (1, 0)


@test
def replaced_here_decided_there(w):
    """Broken where a process goes by a registration that it has read before: grants what is forbidden by now, or refuses
    what is allowed."""
    for one, other in ((w.a, w.b), (w.b, w.a)):
        (alice, _), (_, there) = w.pair(one), w.pair(other)
        vm = w.register(alice)
        for _ in range(ROUNDS):
            w.launch(vm, host=there)
            w.register(alice, id_=vm, hosts=['node2'])
            assert answer_of(w.launch, vm, host=there) == 'host-not-allowed'
            w.register(alice, id_=vm, secrets=[{'type': 'luks-passphrase', 'passphrase': 'new'}])
            guest = w.launch(vm, host=there)
            table = guest.open_packet(w.validate(vm, guest, host=there))
            assert list(table.values()) == [b'new\0'], table
            alice.call('DELETE', '/vm/' + vm)
            assert answer_of(w.launch, vm, host=there) == 'vm-unknown'
            w.register(alice, id_=vm)


@test
def one_validation_has_the_secret(w):
    """Broken where reading a launch and using it up are not one step: two packets, and two records of a verdict."""
    w.alice.call('PUT', '/secret/once?type=luks-passphrase', raw=b'once')
    vm = w.register(secrets=[{'name': 'once'}])
    peers = [w.at((w.a, w.b)[i % 2], 'host', 'node1') for i in range(THREADS)]
    for _ in range(ROUNDS):
        guest = w.launch(vm)
        claim = guest.claim(hashlib.sha256(w.image).digest())
        answers = at_once(lambda peer, claim=claim: answer_of(peer.post, f'/vm/{vm}/validate', claim), peers)
        packet, = [answer for answer in answers if isinstance(answer, dict)]
        assert list(guest.open_packet(packet).values()) == [b'once\0'] and answers.count('launch-used') == THREADS - 1, answers
        (verdicts,), = w.rows("SELECT count(*)::bigint FROM audit WHERE launch = ? AND text LIKE '%\"result\":\"validated\"%'",
                              guest.id)
        assert verdicts == 1


@test
def what_an_ended_process_left_open(w):
    """A process that is no more, or stopped, expires nothing: the others do, once, and the permit has its launch back.
    Broken where a process sweeps only what it granted."""
    for how in (signal.SIGKILL, signal.SIGSTOP):
        member = Member(w, f'brief-{how.name}', launch_seconds=1).start()
        vm = w.register(permit={'max-launches': 1})
        guest = w.launch(vm, host=w.at(member, 'host', 'node1'))
        assert stored(w, vm) == (1, 1)
        member.signal(how)
        begun = time.monotonic()
        # Looked at past both, or the question itself would have it swept.
        while w.rows('SELECT state FROM launches WHERE id = ?', guest.id) != [('expired',)]:
            assert time.monotonic() - begun < 12, w.rows('SELECT state FROM launches WHERE id = ?', guest.id)
            time.sleep(0.1)
        took = time.monotonic() - begun
        assert stored(w, vm) == (0, 0)
        ends = w.rows("SELECT text FROM audit WHERE launch = ? AND text LIKE '%\"what\":\"end\"%'", guest.id)
        assert len(ends) == 1 and 'launch-expired' in ends[0][0], ends
        if how == signal.SIGSTOP:
            member.signal(signal.SIGCONT)
            assert answer_of(w.validate, vm, guest, host=w.at(member, 'host', 'node1')) == 'launch-expired'
        assert isinstance(w.launch(vm), Guest)
        member.kill()
        print(f'# after {how.name} its launch expired within {took:.1f} s')
