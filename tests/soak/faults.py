# SPDX-License-Identifier: LGPL-2.1-or-later
"""What goes wrong, in an order that the seed decides, and how long the service takes to be there again."""

import hashlib
import os
import signal
import sqlite3
import statistics
import sys
import time
import uuid

import hostile
from caller import Unreachable

RECOVERY_MAX = 20  # seconds until a write is acknowledged again
UNAVAILABLE_SECONDS = 60  # in which a store that does not answer must show
LOCKED_SECONDS = 8         # the same where it is only locked: a host waits for no answer longer
ONLY = os.environ.get('SOAK_FAULTS', '').split()  # names of functions here; none: all
CLOCK_MAX = 1500   # seconds to and fro: more than a launch is open, less than an approval holds


class Faults:
    def __init__(self, world):
        unknown = [name for name in ONLY if not hasattr(self, name)]
        if unknown:
            sys.exit(f'SOAK_FAULTS: there is no {" or ".join(unknown)}')
        self.world, self.random = world, world.random
        self.counts, self.recoveries, self.notes = {}, {}, []

    def count(self, kind, recovery=None):
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if recovery is not None:
            self.recoveries.setdefault(kind, []).append(recovery)

    def recover(self, kind, begun):
        """Until a write is acknowledged on a connection of its own."""
        prober = self.world.prober
        while True:
            prober.owner.close()
            try:
                if prober.put_secret('probe') == 'ok':
                    break
            except Unreachable:
                pass
            if time.monotonic() - begun > RECOVERY_MAX:
                self.world.findings.add('no recovery', f'{RECOVERY_MAX} s after “{kind}” no write is acknowledged')
                break
        self.count(kind, time.monotonic() - begun)

    # --- those that end a process -------------------------------------------------------------------------------------

    def kill(self):
        node = self.random.choice(self.world.nodes)
        begun = time.monotonic()
        node.end(signal.SIGKILL)
        time.sleep(self.random.choice((0, 0, 0.3)))
        node.start()
        self.recover('killed', begun)

    def kill_in_request(self):
        """The bytes of a request are sent, then the process that has them is killed."""
        prober, node = self.world.prober, self.random.choice(self.world.nodes)
        launch = prober.launch(self.world.prober_vm)
        if isinstance(launch, str):
            return
        validate = self.random.random() < 0.6
        if validate:
            path, body = 'validate', launch.guest.claim(hashlib.sha256(self.world.image).digest())
            launch.begin('validate')
        else:
            path, body = 'launch', self.world.platform.request(str(uuid.uuid4()))
        try:
            prober.host.send('POST', f'/vm/{self.world.prober_vm}/{path}', body, node)
        except (OSError, Unreachable):
            return
        time.sleep(self.random.uniform(0, 0.015))
        begun = time.monotonic()
        node.end(signal.SIGKILL)
        prober.host.close()
        if validate:
            launch.told('validate', 'doubt')
        node.start()
        self.recover('killed in a request', begun)
        prober.validate(launch)
        prober.show(launch)

    def terminate(self):
        node, begun = self.random.choice(self.world.nodes), time.monotonic()
        status = node.end(signal.SIGTERM)
        if status != 0:
            self.world.findings.add('exit status', f'{status} after SIGTERM')
        node.start()
        self.recover('ended and started', begun)

    # --- those that it lives through ----------------------------------------------------------------------------------

    def stalled(self):
        node = self.random.choice(self.world.nodes)
        node.process.send_signal(signal.SIGSTOP)
        time.sleep(1.5)
        begun = time.monotonic()
        node.process.send_signal(signal.SIGCONT)
        self.recover('stopped and continued', begun)

    def see_unavailable(self, what, seconds):
        """Writes must be answered with 503 until it is over; whether one was seen."""
        prober, begun, seen = self.world.prober, time.monotonic(), False
        while time.monotonic() < begun + seconds and not seen:
            answer = prober.owner.ask('PUT', '/secret/probe?type=luks-passphrase', raw=(value := prober.value()))
            prober.ledger.secret(prober.name, 'probe').told(value, answer is not None and answer.status < 300)
            if answer is not None and answer.status >= 300:
                seen = answer.code == 'store-unavailable'
                if not seen:
                    self.world.findings.add('unexpected answer', f'with {what}: {answer}')
        if seen:
            self.notes.append(f'{what}: a write was answered with 503 after {time.monotonic() - begun:.1f} s')
        else:
            self.world.findings.add('fault unseen', f'{what} for {seconds} s, and no write was refused')

    def disk_full(self):
        self.world.disk.fill()
        self.see_unavailable('a full disk', UNAVAILABLE_SECONDS)
        time.sleep(self.random.uniform(1, 3))
        begun = time.monotonic()
        self.world.disk.free()
        if self.world.database:
            self.world.database.start_if_ended()
        self.recover('disk full', begun)

    def locked(self):
        """Somebody else holds the database's lock for longer than a client waits."""
        database = sqlite3.connect(self.world.nodes[0].store, isolation_level=None, timeout=20)
        database.execute('BEGIN IMMEDIATE')
        self.see_unavailable('a locked database', LOCKED_SECONDS)
        begun = time.monotonic()
        database.execute('ROLLBACK')
        database.close()
        self.recover('database locked', begun)

    def database_stopped(self):
        self.world.database.stop(self.random.choice((signal.SIGINT, signal.SIGQUIT)))
        self.see_unavailable('a stopped database', UNAVAILABLE_SECONDS)
        time.sleep(self.random.uniform(0, 2))
        self.world.database.start()
        self.recover('database stopped', time.monotonic())

    def clock(self):
        begun, shift = time.monotonic(), self.random.randrange(-CLOCK_MAX, CLOCK_MAX)
        self.world.clock.step(shift)
        self.recover('clock stepped', begun)

    def crowd(self):
        self.world.threads += hostile.crowd(self.world, self.random.uniform(3, 12))
        self.count('slow and half-open clients')

    def garbage(self):
        hostile.garbage(self.world)
        self.count('garbage')

    def oversized(self):
        answers = hostile.oversized(self.world)
        self.notes.append(f'oversized: {answers}')
        self.count('oversized')

    def idle(self):
        times, late, opened, left = hostile.idle(self.world, self.world.idle, 6)
        times.sort()
        self.notes.append(f'{opened} idle connections: {len(times)} times somebody with a certificate came; he was served in '
                          f'{statistics.median(times) * 1000:.0f} ms (median), {times[-1] * 1000:.0f} ms (most); {late} too late; '
                          f'{left} of the idle ones were still open')
        self.count('idle connections')

    def kinds(self, ending):
        """Those that end processes, or those that do not."""
        if ending:
            kinds = [self.kill, self.kill, self.kill_in_request, self.kill_in_request, self.terminate]
        else:
            kinds = [self.clock, self.clock, self.crowd, self.garbage, self.oversized, self.idle, self.stalled]
            kinds += [self.disk_full, self.database_stopped if self.world.database else self.locked]
        return [kind for kind in kinds if not ONLY or kind.__name__ in ONLY]
