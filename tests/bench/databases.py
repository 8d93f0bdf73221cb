# SPDX-License-Identifier: LGPL-2.1-or-later
"""A PostgreSQL of the bench's own, from Debian's package, and what a service does with it."""

import contextlib
import glob
import os
import re
import subprocess

from lib.peers import SERVICE
from lib.postgresql import Missing, Postgresql, create_database

import machine
import results
from speed import CLIENTS, QUICK, ROUNDS, Running, launches, middle, validations
from stage import PLATFORMS

NAMES = (('/validate / PostgreSQL, pgbench with one INSERT and one client', 0.5),
         ('/launch: two processes on two cores / one on one, PostgreSQL', 1.8))

TOGETHER_MS = 400


class Postgres(Postgresql):
    """With a database for the service, and a table for pgbench."""

    def __init__(self, below):
        super().__init__(below=below)
        self.place = None

    def __enter__(self):
        try:
            with machine.on(machine.CLIENT):
                self.start()
            self.place = create_database(self.server_url(), 'service')
            self.call('psql', '-q', '-h', self.sockets, '-U', self.superuser, '-v', 'ON_ERROR_STOP=1', '-c',
                      'CREATE TABLE rows (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL)')
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        self.remove()

    def commits(self):
        """Transactions a second of pgbench's one client, which runs on the service's core."""
        script = os.path.join(self.sockets, 'insert.sql')
        with open(script, 'w', encoding='ascii') as out:
            out.write("INSERT INTO rows (text) VALUES ('0123456789abcdef');\n")
        with machine.on(machine.SERVER):
            text = self.call('pgbench', '-n', '-f', script, '-c', '1', '-T', '1', '-h', self.sockets, '-U', self.superuser)
        return float(re.search(r'^tps = ([0-9.]+)', text, re.M)[1])

    def move(self, *cores):
        """The server and its children run there from now on."""
        pids = [self.process.pid]
        for path in glob.glob('/proc/[0-9]*/stat'):
            try:
                with open(path, encoding='ascii', errors='replace') as source:
                    if int(source.read().rsplit(')', 1)[1].split()[1]) == self.process.pid:
                        pids.append(int(path.split('/')[2]))
            except (FileNotFoundError, ProcessLookupError):
                continue
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # autovacuum workers come and go
                os.sched_setaffinity(pid, cores)


def check_key(service):
    """Whether this service knows the configuration at all."""
    done = subprocess.run([SERVICE, '--check-config', '--config', service.config], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise Missing(f'the service does not take [store] url: {done.stdout.strip().splitlines()[-1]}')


def together(stage, running):
    """Launches a second of all services, each with clients of its own that begin and end at the same moment, wherever they
    run; those that are under way at the end do not count. No service sees a platform twice."""
    words = [stage.load_words(one.service.port, stage.requests, PLATFORMS, '--milliseconds', TOGETHER_MS, '--wait',
                              clients=CLIENTS // len(running)) for one in running]
    loads = [subprocess.Popen([str(word) for word in one], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
             for one in words]
    for load in loads:
        if load.stdout.readline() != 'ready\n':
            raise RuntimeError('bench-load did not get ready')
    for load in loads:
        load.stdin.write('\n')
        load.stdin.flush()
    lines = [stage.read_load(load.communicate()[0]) for load in loads]
    return sum(line['in-time'] / min(TOGETHER_MS / 1000, line['seconds']) for line in lines)


def two_processes(stage, postgres, services):
    """Everything on one core, which is each of the two in turn since they are seldom equally fast, and everything on both:
    service, clients and database."""
    first, second = machine.CORES[:2]
    ratios = []
    for _ in range(ROUNDS):
        rates = []
        for cores in ((first,), (first, second), (second,)):
            postgres.move(*cores)
            running = [Running(stage, service, cores=(core,)) for service, core in zip(services, cores)]
            with machine.on(*cores):
                rates.append(together(stage, running))
            for one in running:
                one.service.end()
        ratios.append(2 * rates[1] / (rates[0] + rates[2]))
    results.at_least(NAMES[1][0], middle(ratios), NAMES[1][1], 'ratio')


def measure(stage, below):
    """What has an aim stands in the results in any case."""
    left = list(NAMES)
    try:
        with Postgres(below) as postgres:
            services = [stage.service(f'postgresql-{i}', postgres.place) for i in range(2)]
            check_key(services[0])
            with Running(stage, services[0], warm=False):
                stage.furnish(services[0])
            validations(stage, services[0], postgres.commits, NAMES[0][0].split(' / ')[1])
            left.pop(0)
            if not QUICK:
                launches(stage, services[0], 'never seen', ' on PostgreSQL')
            if len(machine.CORES) < 2:
                raise Missing('this machine has one core')
            two_processes(stage, postgres, services)
            left.pop(0)
    except Missing as reason:
        for name, aim in left:
            results.not_measured(name, aim, 'ratio', 'at least', str(reason))
