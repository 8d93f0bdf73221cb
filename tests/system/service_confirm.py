# SPDX-License-Identifier: LGPL-2.1-or-later
"""Launches that wait for their owner: approved, denied, expired, and what a host can and cannot make of that."""

import json
import os
import threading
import re
import time
import uuid

from lib.peers import Guest, Service, firmware
from lib.service import LUKS, PASSPHRASE, TMP, refused, test

from service_cli import Owner, put


def ask(w, vm, host=None, domain=None, launch=None, **more):
    """The launch-id that waits, or the guest that was granted."""
    again = {'launch-id': launch} if launch else {}
    status, answer = (host or w.node1).call('POST', f'/vm/{vm}/launch', w.platform.request(domain or vm, **again, **more))
    if status == 202:
        assert answer['retry-after'] >= 1
        return answer['launch-id']
    assert status == 201
    return Guest(w.platform, answer)


def approve(w, launch, **how):
    return w.alice.post(f'/launch/{launch}/approve', {name.replace('_', '-'): value for name, value in how.items()})


def show(w, launch):
    return w.alice.get('/launch/' + launch)


@test
def waits_and_is_approved(w):
    vm = w.register(permit={'confirm-after': 1}, secrets=[{'name': 'disk'}])
    first = ask(w, vm)
    w.validate(vm, first)
    waiting = ask(w, vm)
    assert isinstance(waiting, str) and w.count(vm) == (1, 1)
    assert ask(w, vm) == waiting and ask(w, vm, launch=waiting) == waiting
    record = show(w, waiting)
    assert record['state'] == 'waiting' and record['host'] == 'node1' and record['domain']['uuid'] == vm, record
    assert [step['step'] for step in record['timeline']] == ['requested']
    refused('launch-used', w.node1.post, f'/vm/{vm}/validate', {**first.claim(b'\0' * 32), 'launch-id': waiting})
    record = approve(w, waiting)
    assert record['state'] == 'waiting' and record['approvals'][0]['by'] == 'alice'
    guest = ask(w, vm, launch=waiting)
    assert guest.id == waiting and w.count(vm) == (2, 2)
    assert [step['step'] for step in show(w, waiting)['timeline']] == ['requested', 'approved', 'granted']
    assert guest.open_packet(w.validate(vm, guest)) == {LUKS: PASSPHRASE + b'\0'}
    refused('launch-used', approve, w, waiting)
    refused('launch-used', ask, w, vm, launch=waiting)
    third = ask(w, vm)
    assert third != waiting


@test
def approved_after_the_host_gave_up(w):
    vm = w.register(permit={'confirm-after': 0})
    waiting = ask(w, vm)
    approve(w, waiting)
    guest = ask(w, vm)
    assert guest.id == waiting
    w.validate(vm, guest)


@test
def denied(w):
    vm = w.register(permit={'confirm-after': 0})
    waiting = ask(w, vm)
    record = w.alice.post(f'/launch/{waiting}/deny', None)
    assert record['state'] == 'refused' and record['code'] == 'confirmation-denied'
    refused('confirmation-denied', ask, w, vm, launch=waiting)
    refused('launch-used', approve, w, waiting)
    again = ask(w, vm)
    assert again != waiting
    w.alice.post(f'/launch/{again}/revoke', None)
    refused('launch-revoked', ask, w, vm, launch=again)


@test
def next_launches(w):
    vm = w.register(permit={'confirm-after': 0}, any_domain=True)
    waiting = ask(w, vm, domain=str(uuid.uuid4()))
    other = ask(w, vm, domain=str(uuid.uuid4()))
    assert isinstance(other, str) and other != waiting
    domain = show(w, waiting)['domain']['uuid']
    approve(w, waiting, launches=3)
    granted = [ask(w, vm, domain=str(uuid.uuid4())) for _ in range(2)]
    assert all(isinstance(g, Guest) for g in granted)
    assert isinstance(ask(w, vm, domain=str(uuid.uuid4())), str)
    assert ask(w, vm, domain=domain).id == waiting
    # One that waited already was not among the next ones.
    assert show(w, other)['state'] == 'waiting'


def approved(w, vm):
    shown = w.alice.get('/vm/' + vm)
    listed, = (one for page in w.alice.vm_pages() for one in page['vms'] if one['id'] == vm)
    assert listed == shown and ('approved-until' in shown) == (shown['approved'] > 0), (shown, listed)
    return shown['approved']


@test
def denial_takes_approvals_back(w):
    """Whatever the launch has become: what was approved with it, of this version of the registration, is gone."""
    secrets = [{'name': 'disk'}]

    def waiting_one():
        vm = w.register(permit={'confirm-after': 0}, any_domain=True, secrets=secrets)
        return vm, ask(w, vm)

    def no_more(vm):
        assert approved(w, vm) == 0
        for host in (w.node1, w.node2):
            assert isinstance(ask(w, vm, host=host, domain=str(uuid.uuid4())), str)
    for verb in ('deny', 'revoke'):
        vm, launch = waiting_one()
        before = time.time()
        approve(w, launch, launches=3, valid_seconds=1000)
        assert approved(w, vm) == 2 and 900 < w.alice.get('/vm/' + vm)['approved-until'] - before < 1100
        assert w.alice.post(f'/launch/{launch}/{verb}', None)['state'] == 'refused'
        no_more(vm)
        record = next(r for r in reversed(records(w)) if r['what'] == verb)
        assert record['approvals-taken-back'] is True, record
        # Too late for this one, whose host was quicker.
        vm, launch = waiting_one()
        approve(w, launch, launches=3)
        guest = ask(w, vm, launch=launch)
        if verb == 'revoke':
            w.validate(vm, guest)
        refused('launch-used', w.alice.post, f'/launch/{launch}/{verb}', None)
        no_more(vm)
        record = next(r for r in reversed(records(w)) if r['what'] == verb)
        assert record['result'] == 'launch-used' and record['approvals-taken-back'] is True, record
    # One that was granted by such an approval; and another owner's no says nothing.
    vm, launch = waiting_one()
    approve(w, launch, launches=4)
    guest = ask(w, vm, domain=str(uuid.uuid4()))
    refused('launch-unknown', w.bob.post, f'/launch/{guest.id}/revoke', None)
    assert approved(w, vm) == 2
    w.alice.post(f'/launch/{guest.id}/revoke', None)
    no_more(vm)
    # One of an earlier version of the registration, too.
    vm, launch = waiting_one()
    approve(w, launch)
    old = ask(w, vm, launch=launch)
    w.register(id_=vm, permit={'confirm-after': 0}, any_domain=True, secrets=secrets)
    launch = ask(w, vm)
    approve(w, launch, launches=3)
    w.alice.post(f'/launch/{old.id}/revoke', None)
    no_more(vm)
    assert show(w, launch)['state'] == 'waiting' and isinstance(ask(w, vm, launch=launch), str)


@test
def denial_takes_back_what_waits(w):
    """Another launch that was approved and whose host has not asked again yet; not one of another registration."""
    for verb in ('deny', 'revoke'):
        vm, apart = (w.register(permit={'confirm-after': 0}, any_domain=True) for _ in range(2))
        no, yes, granted = ask(w, vm), ask(w, vm, domain=str(uuid.uuid4())), str(uuid.uuid4())
        other = ask(w, apart)
        for launch in (yes, other):
            approve(w, launch, launches=2)
        guest = ask(w, vm, domain=granted)  # by what was approved, before it is taken back
        w.alice.post(f'/launch/{no}/{verb}', None)
        record = next(r for r in reversed(records(w)) if r['what'] == verb)
        assert record['approvals-taken-back'] is True, record
        shown = show(w, yes)
        assert shown['state'] == 'waiting' and not shown.get('approvals'), shown
        assert ask(w, vm, launch=yes, domain=shown['domain']['uuid']) == yes
        assert show(w, guest.id)['state'] == 'open' and not isinstance(ask(w, apart, launch=other), str)
        w.alice.post(f'/launch/{guest.id}/revoke', None)
        approve(w, yes)
        assert not isinstance(ask(w, vm, launch=yes, domain=shown['domain']['uuid']), str)


def records(w):
    return [json.loads(record['text']) for record in w.alice.get('/audit?limit=50')['records']]


@test
def one_approval_for_each_person(w):
    vm = w.register(permit={'confirm-after': 0}, any_domain=True)
    launch, other = ask(w, vm), ask(w, vm, domain=str(uuid.uuid4()), host=w.node2)
    for launches in range(40, 0, -1):
        record = approve(w, launch, launches=launches)
        assert [a['launches'] for a in record['approvals']] == [launches] and approved(w, vm) == launches - 1
    assert [step['step'] for step in record['timeline']] == ['requested', 'approved']
    carl = w.peer('owner', 'alice:carl')
    carl.post(f'/launch/{launch}/approve', {'launches': 5})
    record = carl.post(f'/launch/{launch}/approve', {'launches': 7})
    assert [(a.get('person'), a['launches']) for a in record['approvals']] == [(None, 1), ('carl', 7)], record
    assert approved(w, vm) == 6
    # What was approved with another launch stays when this one is approved for itself.
    approve(w, other)
    assert approved(w, vm) == 6


@test
def approval_expires(w):
    vm = w.register(permit={'confirm-after': 0}, any_domain=True)
    waiting = ask(w, vm)
    approve(w, waiting, launches=5, valid_seconds=1)
    time.sleep(1.2)
    assert 'the approval of launch' in refused('confirmation-expired', ask, w, vm, launch=waiting)
    record = show(w, waiting)
    assert record['state'] == 'expired' and record['code'] == 'confirmation-expired', record
    assert re.fullmatch(r'this launch was approved until 20.* UTC, and its host did not ask for it again before',
                        record['detail']), record
    assert isinstance(ask(w, vm), str) and isinstance(ask(w, vm, domain=str(uuid.uuid4())), str)
    for bad in ({'launches': 0}, {'valid_seconds': 0}, {'launches': 1001}, {'extra': 1}):
        refused('bad-request', approve, w, waiting, **bad)


@test
def taken_back_approval_leaves_the_ordinary_time(w):
    vm = w.register(permit={'confirm-after': 0}, any_domain=True)
    for call in ('deny', 'revoke'):
        first, other = ask(w, vm), ask(w, vm, domain=str(uuid.uuid4()))
        ordinary = show(w, other)['expires']
        assert approve(w, other, valid_seconds=2592000)['expires'] > ordinary + 86400
        w.alice.post(f'/launch/{first}/{call}', None)
        record = show(w, other)
        assert record['state'] == 'waiting' and record['approved'] is False and abs(record['expires'] - ordinary) <= 1, record
        w.alice.post(f'/launch/{other}/deny', None)


@test
def waiting_expires(w):
    service = Service(os.path.join(TMP, 'impatient'), w.site, os.path.join(w.platform.folder, 'roots'), confirm_seconds=1)
    service.start()
    alice, node1 = w.peer('owner', 'alice', service), w.peer('host', 'node1', service)
    alice.call('PUT', '/artifact', raw=w.image)
    vm = w.register(alice, permit={'confirm-after': 0})
    waiting = ask(w, vm, host=node1)
    time.sleep(1.2)
    assert 'was not confirmed' in refused('confirmation-expired', ask, w, vm, host=node1, launch=waiting)
    record = alice.get('/launch/' + waiting)
    assert record['code'] == 'confirmation-expired' and record['detail'] == 'nobody confirmed this launch in time', record
    assert service.end() == 0


@test
def what_was_approved_and_nothing_else(w):
    vm = w.register(permit={'confirm-after': 0}, policy={'required': 1}, any_domain=True)
    waiting = ask(w, vm, policy=1)
    approve(w, waiting)
    # Another host, another domain, another policy.
    for more in ({'host': w.node2}, {'domain': str(uuid.uuid4())}, {'policy': 3}):
        other = ask(w, vm, **{'policy': 1, **more})
        assert isinstance(other, str) and other != waiting, more
    refused('launch-unknown', ask, w, vm, host=w.node2, launch=waiting)
    for call in ('approve', 'deny'):
        refused('launch-unknown', w.bob.post, f'/launch/{waiting}/{call}', {} if call == 'approve' else None)
        refused('forbidden', w.node1.post, f'/launch/{waiting}/{call}', {} if call == 'approve' else None)
    # Rules that changed since it was approved count.
    w.register(id_=vm, permit={'confirm-after': 0}, policy={'required': 1}, hosts=['node2'], any_domain=True)
    assert show(w, waiting)['code'] == 'confirmation-expired'
    refused('host-not-allowed', ask, w, vm, policy=1)
    new = ask(w, vm, host=w.node2, policy=1)
    w.alice.call('DELETE', '/vm/' + vm)
    assert show(w, new)['code'] == 'vm-unknown'
    refused('launch-used', approve, w, new)


@test
def only_so_many_wait(w):
    vm = w.register(permit={'confirm-after': 0, 'max-launches': 2}, any_domain=True)
    waiting = [ask(w, vm, domain=str(uuid.uuid4())) for _ in range(64)]
    refused('confirmation-limit', ask, w, vm, domain=str(uuid.uuid4()))
    for launch in waiting[:3]:
        approve(w, launch)
    for launch in waiting[:2]:
        assert ask(w, vm, domain=show(w, launch)['domain']['uuid']).id == launch
    refused('permit-exhausted', ask, w, vm, domain=show(w, waiting[2])['domain']['uuid'])


@test
def one_approval_is_one_launch(w):
    """Many ask at the same moment for what was approved once."""
    vm = w.register(permit={'confirm-after': 0, 'max-launches': 50})
    waiting = ask(w, vm)
    approve(w, waiting)
    answers, lock = [], threading.Lock()

    def run(peer):
        for _ in range(3):
            answer = ask(w, vm, host=peer)
            with lock:
                answers.append(answer)
    threads = [threading.Thread(target=run, args=(w.peer('host', 'node1'),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    granted = [answer for answer in answers if isinstance(answer, Guest)]
    assert len(answers) == 24, answers
    assert [g.id for g in granted] == [waiting], (waiting, [g.id for g in granted], answers)
    assert len({answer for answer in answers if isinstance(answer, str)}) == 1 and w.count(vm)[0] == 1


@test
def typed_by_an_owner(w):
    owner, vm = Owner(w, 'frank'), str(uuid.uuid4())
    text = owner.run('vm', 'register', vm, '--policy', '1', '--firmware', put('confirm.fd', firmware(61)), '--confirm-after', '0')
    assert 'each launch waits until you approve it' in text, text
    waiting = ask(w, vm)
    text = owner.run('launch', 'show', waiting)
    assert 'waiting' in text and 'waiting until' in text, text
    assert ' waiting ' in owner.run('launch', 'list')
    text = owner.run('launch', 'approve', waiting, '--launches', '2', '--valid', '60')
    assert f'approved: launch {waiting} of domain guest on host node1' in text and 'next 1 launch until' in text, text
    assert 'by frank, valid until' in owner.run('launch', 'show', waiting)
    assert ask(w, vm).id == waiting and isinstance(ask(w, vm), Guest)
    waiting = ask(w, vm)
    assert 'denied: launch ' + waiting in owner.run('launch', 'deny', waiting)
    assert 'is not waiting' in owner.run('launch', 'approve', waiting, code=1)
    owner.run('launch', 'approve', waiting, '--launches', '0', code=2)
    owner.run('launch', 'approve', waiting, '--valid', '0', code=2)
    assert 'approve' in owner.run('audit', 'list') and 'denied' in owner.run('audit', 'list')
