# SPDX-License-Identifier: LGPL-2.1-or-later
"""Mixed load: threads that each do one thing after another, at a bounded rate, until they are told to stop."""

import random
import threading
import time
import traceback
import uuid

from lib.peers import firmware

from caller import Unreachable
from steps import Client

NAMES = ('a', 'b', 'c')
UUID_LENGTH = 36
OPEN_MAX = 12  # launches that a thread leaves open or running, to go on with later
PERMIT_LAUNCHES, PERMIT_RUNNING = 30, 4


class Worker(threading.Thread):
    """One client. Its registrations and secrets are its own, but for the shared ones that all want to launch from."""

    def __init__(self, world, number, rate):
        super().__init__(name=f'client {number}', daemon=True)
        self.world, self.rate = world, rate
        self.random = random.Random(f'{world.seed} client {number}')
        self.client = Client(world, f'owner{number}', f'node{number}', self.random)
        self.vms = [str(uuid.UUID(int=self.random.getrandbits(128), version=4)) for _ in range(3)]
        self.confirmed = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        self.open, self.live, self.stop, self.done = [], [], threading.Event(), 0
        self.things = ([self.whole_launch] * 6 + [self.leave_open] * 3 + [self.go_on] * 4 + [self.wrong] * 3
                       + [self.unknown] + [self.permit] * 6 + [self.secret] * 2 + [self.replace] * 2
                       + [self.approval] * 2 + [self.denial] + [self.revoked] + [self.look] * 3 + [self.audit]
                       + [self.short_lived] + [self.end_one] * 4 + [self.upload, self.features])

    def setup(self):
        self.client.owner.ask('PUT', '/artifact', raw=self.world.image)
        for name in NAMES:
            self.client.put_secret(name)
        for vm in self.vms:
            self.client.register(vm, NAMES[:2])
        self.client.register(self.confirmed, inline=False, permit={'confirm-after': 0})

    def run(self):
        while not self.stop.is_set():
            begun = time.monotonic()
            try:
                self.random.choice(self.things)()
            except Unreachable as error:
                self.world.ledger.count('any', 'unreachable')
                self.world.ledger.findings.add('unreachable', str(error))
            except Exception:  # pylint: disable=broad-except
                self.world.ledger.findings.add('the test itself', traceback.format_exc())
            self.done += 1
            self.stop.wait(max(0, self.random.uniform(0.5, 1.5) / self.rate - (time.monotonic() - begun)))
        self.client.close()

    # --- each of these is one thing to do -----------------------------------------------------------------------------

    def begin(self):
        """A launch of an own registration, with what it may get."""
        vm = self.random.choice(self.vms)
        registrations = set(self.client.ledger.registration(self.client.name, vm).values) - {None}
        launch = self.client.launch(vm)
        return (None, None) if launch == 'doubt' else (launch, registrations)

    def finish(self, launch, registrations):
        entries = self.client.validate(launch)
        if entries and registrations:
            self.client.check_secrets(launch, entries, registrations)
        if launch.validations and len(self.live) < OPEN_MAX:
            self.live.append(launch)
            if self.random.random() < 0.5:
                self.client.outcome(launch, 'running')

    def whole_launch(self):
        launch, registrations = self.begin()
        if launch:
            self.finish(launch, registrations)
            if self.random.random() < 0.2:
                self.client.validate(launch)  # which was done already, or in doubt

    def leave_open(self):
        launch, _ = self.begin()
        if launch:
            self.open.append(launch)
        if len(self.open) > OPEN_MAX:
            self.go_on()

    def go_on(self):
        if self.open:
            launch = self.open.pop(self.random.randrange(len(self.open)))
            self.random.choice((lambda l: self.finish(l, None), lambda l: self.client.outcome(l, 'failed'),
                                self.client.revoke, self.client.show))(launch)

    def end_one(self):
        if self.live:
            launch = self.live.pop(self.random.randrange(len(self.live)))
            self.client.outcome(launch, self.random.choice(('ended', 'ended', 'failed', 'running')))
            if launch.vm in self.vms:
                self.client.show(launch)

    def wrong(self):
        launch, _ = self.begin()
        if launch:
            self.client.validate(launch, right=False)
            self.client.validate(launch)

    def unknown(self):
        self.client.launch(str(uuid.uuid4()), refusals=('vm-unknown',))

    def permit(self):
        """All clients want one of a few launches."""
        vm = self.random.choice(list(self.world.ledger.permits))
        if self.random.random() < 0.05:
            self.world.replace_shared(vm)
            return
        launch = self.client.launch(vm, refusals=('permit-exhausted', 'running-limit'))
        if isinstance(launch, str):
            return
        self.client.validate(launch, right=self.random.random() < 0.7)
        if launch.validations and self.random.random() < 0.2:
            self.live.append(launch)  # which takes one of the running away for a while
        else:
            self.client.outcome(launch, 'ended')

    def secret(self):
        self.client.put_secret(self.random.choice(NAMES))
        if self.random.random() < 0.2:
            self.client.remove_secret('a')  # which is in use

    def short_lived(self):
        name = f'once{self.random.randrange(5)}'
        if self.client.put_secret(name) == 'ok':
            self.client.remove_secret(name)

    def replace(self):
        self.client.register(self.random.choice(self.vms), self.random.sample(NAMES, 2) if self.random.random() < 0.3 else NAMES[:2])

    def wait_for_owner(self, domain):
        """The id of a launch that waits, or None."""
        waiting = self.client.launch(self.confirmed, domain=domain, refusals=('confirmation-limit',))
        if waiting == 'confirmation-limit':  # of those whose approval was never answered; none of them waits any more then
            self.client.register(self.confirmed, inline=False, permit={'confirm-after': 0})
        return waiting if isinstance(waiting, str) and len(waiting) == UUID_LENGTH else None

    def settle(self, waiting, how, body, refusals=()):
        answer = self.client.owner.ask('POST', f'/launch/{waiting}/{how}', body)
        result = self.client.expect(how, answer, refusals)
        if result == 'ok':
            self.client.ledger.record(answer, how, {'approve': 'approved', 'deny': 'denied'}[how])
        return result

    def approval(self):
        domain = str(uuid.uuid4())
        waiting = self.wait_for_owner(domain)
        if not waiting:
            return
        if self.settle(waiting, 'approve', {}) != 'ok':
            self.settle(waiting, 'deny', None, ('launch-used',))  # so that not too many wait
            return
        launch = self.client.launch(self.confirmed, domain=domain, launch_id=waiting, refusals=('launch-used',))
        if isinstance(launch, str):
            if launch != 'doubt':
                self.client.findings.add('approval lost', f'launch {waiting} was approved, and is {launch}')
            return
        if launch.id != waiting:
            self.client.findings.add('approval', f'launch {launch.id} was granted, {waiting} was approved')
        self.finish(launch, None)

    def denial(self):
        waiting = self.wait_for_owner(str(uuid.uuid4()))
        if waiting and self.settle(waiting, 'deny', None) == 'ok':
            told = self.client.launch(self.confirmed, launch_id=waiting, refusals=('confirmation-denied',))
            if told not in ('confirmation-denied', 'doubt'):
                self.client.findings.add('denial lost', f'launch {waiting} was denied, and is {told}')

    def revoked(self):
        launch, _ = self.begin()
        if launch:
            self.client.revoke(launch)
            self.client.validate(launch)

    def look(self):
        mine = [launch for launch in list(self.world.ledger.launches.values()) if launch.vm in self.vms]
        if mine:
            self.client.show(self.random.choice(mine))

    def audit(self):
        for path in ('/audit?limit=100', '/launch?limit=50', '/secret', '/vm', '/readyz'):
            self.client.expect('listing', self.client.owner.ask('GET', path))

    def upload(self):
        answer = self.client.owner.ask('PUT', '/artifact', raw=firmware(self.random.randrange(256)))
        self.client.expect('artifact', answer)

    def features(self):
        answer = self.client.host.ask('POST', '/host', {'sev': True, 'sev-es': self.random.random() < 0.5,
                                                        'gate-loaded': True})
        self.client.expect('features', answer)
