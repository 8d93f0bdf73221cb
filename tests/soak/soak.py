#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Load and faults for a real virt-attestd, on loopback, for SOAK_SECONDS; then whether everything that it acknowledged is
there, no permit was exceeded, no secret lies about, and its memory is flat. Prints TAP; what is behind # is for people."""

import concurrent.futures
import os
import random
import statistics
import subprocess
import sys
import threading
import time
import uuid

from lib import namespace, tap

STORE = os.environ.get('SOAK_STORE', 'sqlite')


if os.geteuid() != 0:
    tap.skip_all('the faults need root: a disk and a network of their own')
namespace.enter()

from lib import postgresql  # noqa: E402
from lib.peers import SERVICE, Platform, Site, firmware, write  # noqa: E402

import closing  # noqa: E402
from caller import Caller  # noqa: E402
from database import Database  # noqa: E402
from faults import ONLY, Faults  # noqa: E402
from ledger import Findings, Ledger  # noqa: E402
from load import PERMIT_LAUNCHES, PERMIT_RUNNING, Worker  # noqa: E402
from nodes import Clock, Disk, Node, Sampler, allow_files  # noqa: E402
from steps import Client  # noqa: E402

CLIENTS, SHARED = 6, 2
RATE = float(os.environ.get('SOAK_RATE', '12'))  # things that each client does in a second, two requests or so each
IDLE = 10000
LAUNCH_SECONDS = 300
WARM_RECORDS, READERS = 6000, 6


class Store:
    """Where the service keeps everything: which configuration, and which folders there are to search."""

    def __init__(self, folder, kek):
        self.folder, self.kek, self.url, self.folders = folder, kek, None, [folder]


class World:
    def __init__(self, seed, seconds):
        self.seed, self.seconds, self.random = seed, seconds, random.Random(f'{seed} faults')
        self.folder = os.environ['TMPDIR']
        with open('/proc/uptime', encoding='ascii') as uptime:
            self.boot_seconds = float(uptime.read().split()[0])
        self.site, self.platform = Site(os.path.join(self.folder, 'site')), Platform(os.path.join(self.folder, 'platform'))
        self.image, self.clock, self.findings = firmware(1), Clock(self.folder), Findings()
        self.ledger = Ledger(self.clock, self.findings)
        self.make_store()
        self.nodes = [self.make_node(i) for i in range(int(os.environ.get('SOAK_PROCESSES', '1')))]
        self.threads, self.memory, self.lock = [], [], threading.Lock()
        self.idle = min(IDLE, allow_files(IDLE + 2000) - 1000)
        self.sampler = Sampler(self.nodes)
        self.replay = self.warm = None

    def make_store(self):
        kek = write(os.path.join(self.folder, 'kek'), os.urandom(32))
        self.database = self.disk = None
        self.store = Store(os.path.join(self.folder, 'state'), kek)
        if STORE == 'postgresql':
            self.database = Database(224 + self.seconds)
            self.disk = self.database.disk
            self.store.url, self.store.folders = self.database.place, [self.database.folder]
        else:
            self.disk = Disk(self.store.folder, 64 + self.seconds // 2)

    def make_node(self, number):
        return Node(number, os.path.join(self.folder, f'node{number}'), self, self.store, launch_seconds=LAUNCH_SECONDS)

    def setup(self):
        for node in self.nodes:
            node.start()
            node.quiet_files = len(node.open_files())
        self.prober = Client(self, 'prober', 'prober', random.Random(f'{self.seed} prober'))
        self.shared = Client(self, 'shared', 'shared', random.Random(f'{self.seed} shared'))
        self.workers = [Worker(self, i, RATE) for i in range(CLIENTS)]
        for client in (self.prober, self.shared):
            client.owner.ask('PUT', '/artifact', raw=self.image)
        self.prober_vm = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        self.prober.register(self.prober_vm)
        for _ in range(SHARED):
            vm = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
            self.ledger.permits[vm] = (PERMIT_LAUNCHES, PERMIT_RUNNING)
            self.replace_shared(vm)
        for worker in self.workers:
            worker.setup()

    def replace_shared(self, vm):
        with self.lock:
            launches, running = self.ledger.permits[vm]
            self.shared.register(vm, inline=False, permit={'max-launches': launches, 'max-running': running})

    def run(self, faults):
        """Half of the time processes are ended; then they live through the rest, so that their memory can be followed."""
        self.sampler.start()
        for worker in self.workers:
            worker.start()
        self.phase(faults, faults.kinds(True), time.monotonic() + self.seconds * 0.4)
        if not ONLY or 'idle' in ONLY:
            faults.idle()  # what the most clients need is in memory from now on
        if self.seconds >= closing.LONG:
            self.fill_caches()
        self.warm = time.monotonic()
        self.phase(faults, faults.kinds(False), time.monotonic() + self.seconds * 0.6)
        time.sleep(closing.GIVEN_BACK_SECONDS)  # or the last thing that is seen of memory may be a flood

    def fill_caches(self):
        """Records are written and read until the page caches of the store's writer and readers are full."""
        for _ in range(WARM_RECORDS):
            self.prober.host.ask('POST', '/vm/unknown/launch', {})
        with concurrent.futures.ThreadPoolExecutor(READERS) as pool:
            list(pool.map(self.read_everything, range(READERS)))

    def read_everything(self, number):
        auditor, after = Caller(self.site, 'auditor', f'reader{number}', self.nodes, self.random, self.findings), 0
        while (answer := auditor.ask('GET', f'/audit?order=chain&limit=500&after={after}')) is not None and answer.body.get('records'):
            after += len(answer.body['records'])
        auditor.close()

    def phase(self, faults, kinds, end):
        """Each kind at least once, then on until @end."""
        left = []
        first = True
        while kinds and (first or time.monotonic() < end):
            if not left:
                left = self.random.sample(kinds, len(kinds))
            left.pop()()
            first = first and bool(left)
            for node in self.nodes:
                if (status := node.died()) is not None:
                    self.findings.add('crash', f'virt-attestd ended with {status} by itself')
                    return
            time.sleep(self.random.uniform(0.2, 2.5) if time.monotonic() < end else 0)

    def settle(self):
        """All clients go, the clock is right again."""
        for worker in self.workers:
            worker.stop.set()
        for thread in self.workers + self.threads:
            thread.join(60)
            if thread.is_alive():
                self.findings.add('the test itself', f'{thread.name} does not end')
        self.sampler.stop.set()
        self.clock.step(0)
        for worker in self.workers:
            for launch in worker.open:
                worker.finish(launch, None)
            worker.client.close()
        # No launch is to expire while the log is compared with the store.
        self.clock.step(LAUNCH_SECONDS + 100)
        self.prober.owner.ask('GET', '/readyz')
        time.sleep(6)

    def summary(self, faults, seconds):
        print(f'# {seconds:.0f} s of load from {CLIENTS} clients, {STORE}, {len(self.nodes)} process(es), seed {self.seed}')
        total = {}
        for kind, counts in sorted(self.ledger.counts.items()):
            print(f'#   {kind:14}' + ''.join(f'{number:7} {how}' for how, number in counts.items() if number))
            for how, number in counts.items():
                total[how] = total.get(how, 0) + number
        print('#   all           ' + ''.join(f'{number:7} {how}' for how, number in total.items())
              + f'; {sum(total.values()) / seconds:.0f} requests a second')
        for kind, number in sorted(faults.counts.items()):
            times = sorted(faults.recoveries.get(kind, []))
            print(f'#   {number:4} × {kind}' + (f': served again after {statistics.median(times):.2f} s (p50), {times[-1]:.2f} s (most)'
                                               if times else ''))
        for note in faults.notes:
            print(f'#   {note}')


def takes_url():
    """Whether virt-attestd knows [store] url at all."""
    path = write(os.path.join(os.environ['TMPDIR'], 'url.conf'), b'[store]\nurl = "postgresql:///x"\n')
    done = subprocess.run([SERVICE, '--config', path, '--check-config'], capture_output=True, text=True, check=False)
    return 'unknown key' not in done.stdout + done.stderr


def main():
    seed, seconds = os.environ.get('SOAK_SEED') or random.SystemRandom().randrange(10 ** 6), int(os.environ.get('SOAK_SECONDS') or 45)
    if STORE == 'postgresql' and postgresql.programs() is None:
        tap.skip_all('PostgreSQL is not installed')
    if STORE == 'postgresql' and not takes_url():
        tap.skip_all('this virt-attestd has no PostgreSQL')
    printer = tap.Printer(len(closing.CHECKS))
    tap.note(f'SOAK_SEED={seed} SOAK_SECONDS={seconds} SOAK_STORE={STORE}')
    world = World(seed, seconds)
    faults, begun = Faults(world), time.monotonic()
    world.setup()
    world.run(faults)
    world.settle()
    world.summary(faults, time.monotonic() - begun)
    for check in closing.CHECKS:
        tap.note(printer.call(check.__name__, check, world) or '')
    ended = [node.end() for node in world.nodes]
    if printer.end() != 0 or any(ended):
        print(f'# FAILED. Again with: make soak SOAK_SEED={seed} SOAK_SECONDS={seconds} SOAK_STORE={STORE}')
        for text in world.findings.texts:
            print(f'#   {text}')
        for node in world.nodes:
            print(f'#   the last lines of its log:\n' + '\n'.join('#     ' + line for line in node.log().splitlines()[-15:]))
    return 1 if printer.failed or any(ended) else 0


sys.exit(main())
