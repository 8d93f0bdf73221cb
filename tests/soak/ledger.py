# SPDX-License-Identifier: LGPL-2.1-or-later
"""What clients were told. Every answer that was received goes in here with what it implies; what follows from all of them
together is held against the service at the end. An answer that never came implies that either may be true."""

import threading
import time

# What a step makes of a launch in each state. A state that is not named refuses the step.
# "revoked" is what the service calls "refused", with another code.
ENDED = {'refused': 'refused', 'revoked': 'revoked', 'failed': 'failed', 'expired': 'expired', 'ended': 'ended'}
STEPS = {
    'validate': {'open': 'validated'},
    'mismatch': {'open': 'refused'},
    'revoke': {'open': 'revoked'},
    'running': {'validated': 'running', 'running': 'running', 'ended': 'ended'},
    'ended': {'open': 'failed', 'validated': 'ended', 'running': 'ended', **ENDED},
    'failed': {'open': 'failed', 'validated': 'failed', 'running': 'ended', **ENDED},
}
FREES = {'mismatch', 'revoke', 'ended', 'failed'}  # steps after which a launch may not count as running any more
SHOWN = {'revoked': 'refused'}


def refusal_of(step, state):
    """The code with which @step is refused in @state."""
    if step in ('validate', 'mismatch') and state == 'expired':
        return 'launch-expired'
    if step in ('validate', 'mismatch') and state == 'revoked':
        return 'launch-revoked'
    return 'launch-used'


class Findings:
    """What should not be. The first of a kind is printed at once, all are counted."""

    def __init__(self):
        self.lock, self.texts, self.kinds = threading.Lock(), [], {}

    def add(self, kind, text):
        with self.lock:
            self.kinds[kind] = self.kinds.get(kind, 0) + 1
            if self.kinds[kind] <= 3:
                self.texts.append(f'{kind}: {text}')
                print(f'# FINDING {kind}: {text}', flush=True)


class Launch:
    """A launch that was granted, and the states that it can be in by what its host was told."""

    def __init__(self, guest, vm, sent, ledger):
        self.id, self.vm, self.guest, self.ledger = guest.id, vm, guest, ledger
        self.states, self.steps, self.validations = {'open'}, [], 0
        self.sent, self.known, self.freed = sent, time.time(), None
        self.expires = guest.grant['expires']

    def grow_old(self):
        if 'open' in self.states and self.ledger.clock.latest(self.sent) >= self.expires:
            self.states.add('expired')

    def begin(self, step):
        """About to ask for @step."""
        if step in FREES and self.freed is None:
            self.freed = time.time()

    def told(self, step, code):
        """The answer to @step: None for yes, the code of a refusal, or 'doubt' where none came."""
        self.grow_old()
        before = set(self.states)
        after = {STEPS[step][state] for state in before if state in STEPS[step]}
        if code == 'doubt':
            self.states |= after
        elif code is None:
            self.states = after
            self.validations += step == 'validate'
        else:
            self.states = {state for state in before if state not in STEPS[step] and refusal_of(step, state) == code}
            # One that is validated too late ends in the same transaction that refuses it.
            if code == 'launch-expired' and 'open' in before:
                self.states.add('expired')
        self.steps.append((step, code))
        if not self.states:
            self.ledger.findings.add('contradiction', f'{self.describe()}: {step} gave {code or "yes"}, '
                                     f'but the launch can only have been {sorted(before)}')
            self.states = before | after

    def check(self, state, code):
        """The state that the service shows must be one of those that it can be in."""
        self.grow_old()
        shown = {SHOWN.get(one, one) for one in self.states}
        if state not in shown:
            self.ledger.findings.add('state', f'{self.describe()} is {state} ({code}), but must be {sorted(shown)}')
            return False
        if code == 'launch-revoked' and 'revoked' not in self.states:
            self.ledger.findings.add('state', f'{self.describe()} is revoked, which nobody asked for')
            return False
        return True

    def describe(self):
        return f'launch {self.id} of {self.vm} after {self.steps}'

    def may_be_free(self):
        """From when on, by the machine's clock, it may not have counted as running."""
        times = [self.freed] if self.freed is not None else []
        if not self.validations:
            times += [self.known] if self.ledger.clock.latest(self.sent) >= self.expires else []
        return min(times, default=None)


class Thing:
    """Something that is replaced as a whole: what it can be by what its owner was told. None: it is not there."""

    def __init__(self):
        self.values, self.acknowledged = {None}, 0

    def told(self, value, known):
        if known:
            self.values, self.acknowledged = {value}, self.acknowledged + 1
        else:
            self.values.add(value)


class Ledger:
    def __init__(self, clock, findings):
        self.clock, self.findings, self.lock = clock, findings, threading.Lock()
        self.launches, self.secrets, self.registrations = {}, {}, {}
        self.permits = {}      # shared registrations: id -> (max-launches, max-running)
        self.recorded = []     # (request id, what, result): what must be in the audit log
        self.keys, self.sessions, self.needles = {}, {}, set()
        self.counts = {}       # kind of request -> asked, acknowledged, refused, 503, in doubt

    def count(self, kind, how):
        with self.lock:
            self.counts.setdefault(kind, dict.fromkeys(('acknowledged', 'refused', '503', 'doubt', 'unreachable'), 0))[how] += 1

    def record(self, answer, what, result):
        """@answer must be on record with @result; None: any."""
        with self.lock:
            self.recorded.append((answer.request, what, result))

    def add_launch(self, guest, vm, sent):
        launch = Launch(guest, vm, sent, self)
        with self.lock:
            for name, key in (('TIK', guest.tik), ('TEK', guest.tek)):
                if key in self.keys:
                    self.findings.add('key reused', f'{name} of launch {launch.id} was {self.keys[key]}')
                self.keys[key] = f'{name} of launch {launch.id}'
            for part in ('session', 'owner-cert'):
                if guest.grant[part] in self.sessions:
                    self.findings.add('session reused', f'{part} of launch {launch.id} was that of '
                                      f'{self.sessions[guest.grant[part]]}')
                self.sessions[guest.grant[part]] = launch.id
            if launch.id in self.launches:
                self.findings.add('launch-id reused', launch.id)
            self.launches[launch.id] = launch
            self.needles.update((guest.tik, guest.tek))
        return launch

    def thing(self, where, name):
        with self.lock:
            return where.setdefault(name, Thing())

    def secret(self, owner, name):
        return self.thing(self.secrets, (owner, name))

    def registration(self, owner, vm):
        return self.thing(self.registrations, (owner, vm))

    def plant(self, value):
        with self.lock:
            self.needles.add(value)
        return value

    def most_running(self, vm):
        """How many of @vm's launches were running at once for certain, by what hosts were told."""
        changes = []
        for launch in self.launches.values():
            if launch.vm == vm:
                free = launch.may_be_free()
                changes.append((launch.known, 1))
                if free is not None:
                    changes.append((max(free, launch.known), -1))
        most = now = 0
        for _, change in sorted(changes):
            now += change
            most = max(most, now)
        return most
