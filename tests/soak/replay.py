# SPDX-License-Identifier: LGPL-2.1-or-later
"""The audit log played again from its first record: what every launch is, and what every permit counted at every moment."""

ACTIVE = ('open', 'validated', 'running')
GIVEN_BACK = ('refused', 'failed', 'expired')


class Replay:
    def __init__(self, records):
        self.states, self.of, self.validations = {}, {}, {}
        self.registered, self.permits = {}, {}  # vm -> permit now; (vm, version) -> permit
        self.current = {}                       # vm -> the version that launches were granted under since it was registered
        self.counted, self.running = {}, {}   # (vm, version) -> launches; vm -> running
        self.most_counted, self.most_running = {}, {}
        self.requests, self.problems = {}, []
        for record in records:
            self.take(record)

    def take(self, record):
        if 'request' in record:
            self.requests.setdefault(record['request'], []).append(record)
        what, result, launch = record['what'], record['result'], record.get('launch-id')
        if what == 'vm-register' and result == 'registered':
            self.registered[record['vm']] = record['registration'].get('permit', {})
            self.current[record['vm']] = None
        elif what == 'launch' and result == 'granted':
            self.grant(record, launch)
        elif what == 'validate' and result == 'validated':
            self.validations[launch] = self.validations.get(launch, 0) + 1
            self.move(launch, ('open',), 'validated', record)
        elif what == 'validate' and launch in self.states and self.states[launch] == 'open':
            self.move(launch, ('open',), 'expired' if result == 'launch-expired' else 'refused', record)
        elif what == 'outcome' and result in ('running', 'failed', 'ended'):
            self.move(launch, ACTIVE, result, record)
        elif what == 'revoke' and result == 'revoked' and launch in self.states:
            self.move(launch, ('open',), 'refused', record)
        elif what == 'end' and launch in self.states:
            self.move(launch, ('open',), 'expired' if result == 'launch-expired' else 'refused', record)

    def grant(self, record, launch):
        vm, version = record['vm'], record['version']
        if launch in self.states:
            self.problems.append(f'launch {launch} was granted twice')
        self.states[launch], self.of[launch] = 'open', (vm, version)
        counted = self.counted[vm, version] = self.counted.get((vm, version), 0) + 1
        running = self.running[vm] = self.running.get(vm, 0) + 1
        self.most_counted[vm, version] = max(counted, self.most_counted.get((vm, version), 0))
        self.most_running[vm] = max(running, self.most_running.get(vm, 0))
        if vm not in self.registered:
            self.problems.append(f'launch {launch} of {vm}, which was never registered')
            return
        permit, self.current[vm] = self.registered[vm], version
        if self.permits.setdefault((vm, version), permit) is not permit:
            self.problems.append(f'record {record["seq"]}: launch {launch} under version {version} of {vm}, which was replaced')
        if counted > permit.get('max-launches', counted):
            self.problems.append(f'record {record["seq"]}: launch {launch} is the {counted}th of {permit["max-launches"]} of {vm}')
        if running > permit.get('max-running', running):
            self.problems.append(f'record {record["seq"]}: launch {launch} is the {running}th that runs, of {permit["max-running"]} of {vm}')

    def move(self, launch, from_, to, record):
        before = self.states.get(launch)
        if before not in from_:
            self.problems.append(f'record {record["seq"]}: launch {launch} becomes {to}, but it was {before}')
            return
        self.states[launch] = to
        vm, version = self.of[launch]
        if to not in ACTIVE:
            self.running[vm] -= 1
        if before == 'open' and to in GIVEN_BACK:
            self.counted[vm, version] -= 1
