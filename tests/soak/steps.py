# SPDX-License-Identifier: LGPL-2.1-or-later
"""What one client does, step by step, each with what its answer implies."""

import hashlib
import time
import uuid

from lib.peers import Guest, b64, sha256

from caller import Caller

PAUSE = 0.5  # after a 503, instead of the seconds that it asks for: that the service recovers is what is measured
SECRET_GUID = uuid.UUID('5a1f2e33-0000-4000-8000-000000000000')


def guid_of(name):
    """The GUID of a named secret."""
    return str(uuid.UUID(int=SECRET_GUID.int + int(hashlib.sha256(name.encode()).hexdigest()[:10], 16)))

INLINE_GUID = guid_of('inline')


class Client:
    """An owner and a host, with one ledger; for one thread."""

    def __init__(self, world, name, host, random):
        self.world, self.ledger, self.random, self.name = world, world.ledger, random, name
        self.findings = world.ledger.findings
        self.owner, self.host = (Caller(world.site, role, who, world.nodes, random, self.findings)
                                 for role, who in (('owner', name), ('host', host)))
        self.serial = 0

    def close(self):
        self.owner.close()
        self.host.close()

    def expect(self, kind, answer, refusals=()):
        """'ok', the code of an expected refusal, or 'doubt'; all else is a finding, and is in doubt."""
        if answer is None:
            self.ledger.count(kind, 'doubt')
            return 'doubt'
        if answer.status < 300:
            self.ledger.count(kind, 'acknowledged')
            return 'ok'
        if answer.status == 503 and answer.code in ('store-unavailable', 'busy', 'not-ready'):
            self.ledger.count(kind, '503')
            time.sleep(PAUSE)
            return 'doubt'
        if answer.code in refusals:
            self.ledger.count(kind, 'refused')
            return answer.code
        self.findings.add('unexpected answer', f'{kind}: {answer}')
        return 'doubt'

    # --- what owners do -----------------------------------------------------------------------------------------------

    def value(self):
        """A secret that nobody had before, and that must not be found anywhere."""
        return self.ledger.plant(self.random.randbytes(24).hex().encode())

    def put_secret(self, name):
        value, thing = self.value(), self.ledger.secret(self.name, name)
        answer = self.owner.ask('PUT', f'/secret/{name}?guid={guid_of(name)}', raw=value)
        result = self.expect('secret-put', answer)
        thing.told(value, result == 'ok')
        if result == 'ok':
            self.ledger.record(answer, 'secret-put', 'stored')
        return result

    def remove_secret(self, name):
        thing = self.ledger.secret(self.name, name)
        answer = self.owner.ask('DELETE', f'/secret/{name}')
        result = self.expect('secret-remove', answer, ('not-found', 'in-use'))
        if result == 'ok':
            self.ledger.record(answer, 'secret-remove', 'removed')
        elif result != 'doubt':
            self.ledger.record(answer, 'secret-remove', result)
        if result == 'not-found' and None not in thing.values:
            self.findings.add('secret lost', f'{self.name}’s “{name}” was acknowledged and is not there')
        if result != 'in-use':
            thing.told(None, result in ('ok', 'not-found'))
        return result

    def register(self, vm, names=(), inline=True, **more):
        """Registers or replaces; what it is now is a tuple of serial number, inline secret and names of secrets."""
        self.serial += 1
        value = self.value() if inline else None
        secrets = [{'name': name} for name in names]
        if inline:
            secrets.append({'guid': INLINE_GUID, 'data': b64(value)})
        title = f'{self.name} {self.serial}'
        body = {'name': title, 'scheme': 'amd-sev', 'policy': 1, 'firmware-hashes': [sha256(self.world.image)],
                'any-domain': True, 'secrets': secrets, **{k.replace('_', '-'): v for k, v in more.items()}}
        answer = self.owner.ask('POST', f'/vm/{vm}', {k: v for k, v in body.items() if v != []})
        # One that none of its registrations named just then may have been removed.
        gone = any(None in self.ledger.secret(self.name, name).values for name in names)
        result = self.expect('register', answer, ('secret-missing',) if gone else ())
        if result != 'secret-missing':
            self.ledger.registration(self.name, vm).told((title, value, tuple(names)), result == 'ok')
        if result == 'ok':
            self.ledger.record(answer, 'vm-register', 'registered')
        return result

    def revoke(self, launch):
        launch.begin('revoke')
        answer = self.owner.ask('POST', f'/launch/{launch.id}/revoke')
        result = self.expect('revoke', answer, ('launch-used',))
        launch.told('revoke', {'ok': None}.get(result, result))
        if result != 'doubt':
            self.ledger.record(answer, 'revoke', {'ok': 'revoked'}.get(result, result))

    def show(self, launch):
        """What its owner is shown must be what its host was told."""
        answer = self.owner.ask('GET', f'/launch/{launch.id}')
        result = self.expect('launch-show', answer, ('launch-unknown',))
        if result == 'launch-unknown':
            self.findings.add('launch lost', launch.describe())
        elif result == 'ok':
            launch.check(answer.body['state'], answer.body.get('code'))

    # --- what hosts do ------------------------------------------------------------------------------------------------

    def launch(self, vm, refusals=(), domain=None, launch_id=None):
        """A Launch, the id of one that waits, the code of a refusal, or 'doubt'."""
        more = {'launch-id': launch_id} if launch_id else {}
        sent = time.time()
        answer = self.host.ask('POST', f'/vm/{vm}/launch', self.world.platform.request(domain or vm, **more))
        result = self.expect('launch', answer, refusals)
        if result != 'ok':
            if result != 'doubt':
                self.ledger.record(answer, 'launch', result)
            return result
        if answer.status == 202:
            if launch_id is None:
                self.ledger.record(answer, 'launch', None)
            return answer.body['launch-id']
        self.ledger.record(answer, 'launch', 'granted')
        try:
            guest = Guest(self.world.platform, answer.body)
        except AssertionError:
            self.findings.add('session', f'the session of launch {answer.body["launch-id"]} does not open')
            return 'doubt'
        return self.ledger.add_launch(guest, vm, sent)

    def validate(self, launch, right=True):
        """Asks for the verdict; the packet's entries where it is yes and there are any."""
        step = 'validate' if right else 'mismatch'
        claim = launch.guest.claim(hashlib.sha256(self.world.image if right else b'wrong').digest())
        launch.begin(step)
        answer = self.host.ask('POST', f'/vm/{launch.vm}/validate', claim)
        refusals = ['launch-used', 'launch-expired', 'launch-revoked'] + ([] if right else ['measurement-mismatch'])
        result = self.expect(step, answer, refusals)
        if not right and result == 'ok':
            self.findings.add('wrong measurement', f'{launch.describe()} was validated')
        launch.told(step, None if result in ('ok', 'measurement-mismatch') else result)
        if result == 'doubt':
            return None
        self.ledger.record(answer, 'validate', {'ok': 'validated'}.get(result, result))
        if launch.validations > 1:
            self.findings.add('two validations', launch.describe())
        if result != 'ok' or 'secret-payload' not in answer.body:
            return {}
        try:
            return launch.guest.open_packet(answer.body)
        except AssertionError:
            self.findings.add('packet', f'the secrets of {launch.describe()} do not open')
            return None

    def outcome(self, launch, state):
        launch.begin(state)
        answer = self.host.ask('POST', f'/launch/{launch.id}/outcome', {'state': state})
        result = self.expect('outcome', answer, ('launch-used',))
        before = set(launch.states)
        launch.told(state, {'ok': None}.get(result, result))
        if result == 'launch-used':
            self.ledger.record(answer, 'outcome', result)
        elif result == 'ok' and len(before) == len(launch.states) == 1 and before.isdisjoint(launch.states):
            self.ledger.record(answer, 'outcome', *launch.states)

    def check_secrets(self, launch, entries, registrations):
        """@entries are what one of @registrations, the ones that may have been in force, gives out."""
        for _, inline, names in registrations:
            wanted = {guid_of(name): self.ledger.secret(self.name, name).values for name in names}
            if inline is not None:
                wanted[INLINE_GUID] = {inline}
            if set(wanted) == set(entries) and all(entries[guid] in values for guid, values in wanted.items()):
                return
        self.findings.add('wrong secret', f'{launch.describe()} got {sorted(entries)}, which is not what was stored last')
