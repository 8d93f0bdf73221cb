# SPDX-License-Identifier: LGPL-2.1-or-later
"""Launches of domains that name no registration: candidates, and what hosts say of who made the domain."""

import json
import uuid

from lib.peers import Guest, firmware
from lib.service import refused, test
from service_cli import Owner, put

PROJECT, OTHER_PROJECT = '5ca1ab1e000040008000000000000001', '5ca1ab1e000040008000000000000002'


def candidates(*ids):
    return [{'id': id_, 'selector': f'selector-{i}'} for i, id_ in enumerate(ids)]


def select(w, *ids, domain=None, **more):
    """The answer to a launch of a domain that may be under each of IDS."""
    body = w.platform.request(domain or str(uuid.uuid4()), candidates=candidates(*ids), **more)
    return w.node1.post('/launch', body)


def source(image, **more):
    return {'kind': 'nova', 'project': PROJECT, 'image': image, **more}


@test
def first_candidate_that_exists_counts(w):
    first, second = w.register(any_domain=True), w.register(any_domain=True)
    nowhere = str(uuid.uuid4())
    for ids, chosen in (((first,), first), ((nowhere, first), first), ((nowhere, second, first), second)):
        grant = select(w, *ids)
        assert grant['vm'] == chosen, (ids, grant)
        guest = Guest(w.platform, grant)
        assert w.validate(chosen, guest)
        assert w.record(guest)['vm'] == chosen
    assert w.count(first)[0] == 2 and w.count(second)[0] == 1


@test
def no_candidate_is_known(w):
    ids = [str(uuid.uuid4()) for _ in range(4)]
    told = refused('vm-unknown', select, w, *ids)
    assert all(id_ in told for id_ in ids) and 'selector-3' in told, told


@test
def candidate_that_refuses_is_not_passed_over(w):
    """Else a host that is not allowed the one could go on to another."""
    strict, lax = w.register(any_domain=True, hosts=['node9']), w.register(any_domain=True)
    refused('host-not-allowed', select, w, strict, lax)
    assert w.count(lax) == (0, 0)


@test
def candidate_of_two_owners(w):
    vm = w.register(any_domain=True)
    w.bob.call('PUT', '/artifact', raw=w.image)
    w.register(owner=w.bob, id_=vm, any_domain=True)
    refused('owner-needed', select, w, vm, w.register(any_domain=True))


@test
def owners_may_not_select(w):
    vm = w.register(any_domain=True)
    body = w.platform.request(str(uuid.uuid4()), candidates=candidates(vm))
    refused('forbidden', w.alice.post, '/launch', body)


@test
def selected_launch_waits_for_its_owner(w):
    vm = w.register(any_domain=True, permit={'confirm-after': 0})
    domain = str(uuid.uuid4())
    pending = select(w, vm, domain=domain)
    assert pending['vm'] == vm and 'session' not in pending
    w.alice.post(f'/launch/{pending["launch-id"]}/approve', {})
    guest = w.launch(vm, domain=domain, **{'launch-id': pending['launch-id']})
    assert 'vm' not in guest.grant and guest.id == pending['launch-id']


@test
def source_is_compared_and_shown(w):
    image = str(uuid.uuid4())
    vm = w.register(any_domain=True, nova={'project': PROJECT, 'image': image})
    assert w.alice.get('/vm/' + vm)['nova'] == {'project': PROJECT, 'image': image}
    claim = source(image, instance=str(uuid.uuid4()), name='Guest 仮想', flavor='m1.sev', selector='selector-0')
    guest = Guest(w.platform, select(w, vm, source=claim))
    assert w.record(guest)['source'] == claim
    unsaid = {name: value for name, value in claim.items() if name != 'selector'}
    second = Guest(w.platform, select(w, str(uuid.uuid4()), vm, source=unsaid))
    assert w.record(second)['source'] == {**claim, 'selector': 'selector-1'}, 'the service says which candidate it was'
    assert w.validate(vm, guest)
    assert w.record(guest)['source'] == claim, 'after the launch was answered'
    assert [one['source'] for one in w.alice.get('/launch?vm=' + vm)['launches']] [-1:] == [claim]
    records = [json.loads(one['text']) for one in w.alice.get('/audit?limit=50')['records']]
    assert any(one.get('source') == claim for one in records if one.get('launch-id') == guest.id), records


@test
def source_of_another_guest_is_refused(w):
    image, other = str(uuid.uuid4()), str(uuid.uuid4())
    vm = w.register(any_domain=True, nova={'project': PROJECT, 'image': image})
    told = refused('source-not-allowed', select, w, vm, source=source(other))
    assert other in told and image not in told, told
    refused('source-not-allowed', select, w, vm, source={**source(image), 'project': OTHER_PROJECT})
    refused('source-not-allowed', select, w, vm, source={'kind': 'nova', 'project': PROJECT})
    refused('source-not-allowed', select, w, vm)
    refused('source-not-allowed', w.launch, vm)
    flavored = w.register(any_domain=True, nova={'project': PROJECT, 'flavor': 'm1.sev'})
    refused('source-not-allowed', select, w, flavored, source=source(image, flavor='m1.other'))
    assert select(w, flavored, source=source(image, flavor='m1.sev'))['vm'] == flavored
    assert w.count(vm) == (0, 0)


@test
def launches_of_prepared_domains_may_say_where_they_come_from(w):
    vm = w.register(any_domain=True)
    guest = w.launch(vm, source=source(str(uuid.uuid4())))
    assert w.record(guest)['source']['project'] == PROJECT
    assert 'source' not in w.record(w.launch(vm))


@test
def owner_registers_guests_of_openstack(w):
    """What the CLI computes is what a host asks for, and what it prints is what an owner wants to know."""
    owner = Owner(w, 'nova-owner')
    image, firmware_file = str(uuid.uuid4()), put('nova.fd', firmware(33))
    told = owner.run('vm', 'register', '--nova-project', PROJECT.upper(), '--nova-image', image.replace('-', ''), '--policy', '0x33',
                     '--firmware', firmware_file, '--max-running', '1')
    id_ = str(uuid.uuid5(uuid.NAMESPACE_OID, f'urn:virt-attest:nova:{PROJECT}:{image}'))
    assert id_ in told and f'project {PROJECT}, image {image}' in told and 'as the host claims' in told, told
    guest = Guest(w.platform, select(w, str(uuid.uuid4()), id_, source=source(image, name='web 1', instance=id_, selector='nova-image'),
                                     policy=0x33))
    told = owner.run('launch', 'show', guest.id)
    assert 'claimed by the host' in told and 'instance “web 1”' in told and 'found by selector-1' in told, told
    # By flavor; and under an id of one's own, for an extra spec.
    told = owner.run('vm', 'register', '--nova-project', PROJECT, '--nova-flavor', 'm1.sev', '--policy', '0x33', '--firmware', firmware_file)
    assert str(uuid.uuid5(uuid.NAMESPACE_OID, f'urn:virt-attest:nova-flavor:{PROJECT}:m1.sev')) in told, told
    own = str(uuid.uuid4())
    told = owner.run('vm', 'register', own, '--nova-project', PROJECT, '--any-domain', '--policy', '0x33', '--firmware', firmware_file)
    assert own in told and f'project {PROJECT}' in told, told
    again = json.loads(owner.run('vm', 'show', own, '--json'))
    assert again['nova'] == {'project': PROJECT} and again['any-domain'] is True
