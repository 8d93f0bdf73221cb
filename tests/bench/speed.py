# SPDX-License-Identifier: LGPL-2.1-or-later
"""A running service against what it cannot do without: its cryptography, its disk, its TLS. Rounds of each in turn."""

import os
import statistics
import subprocess

import machine
import results
from stage import PLATFORMS, program

QUICK = bool(os.environ.get('BENCH_QUICK'))
ROUNDS = 3 if QUICK else 5
PRIMITIVES_MS = 250 if QUICK else 500
CLIENTS = 16
SHORT = ('--milliseconds', 1000 if QUICK else 2500)  # of a measured run, however slow the machine is
PARTS = {'never seen': ('rsa-verify', 'ecdsa-verify', 'ecdsa-verify', 'ecdsa-verify', 'keygen', 'ecdh'),
         'seen before': ('keygen', 'ecdh')}


class Cryptography:
    """One round of the primitives, in microseconds."""

    def __init__(self, stage):
        lines = machine.run(machine.SERVER, program('primitives'), stage.rsa, PRIMITIVES_MS).splitlines()
        self.median, self.mean, self.computed = ({line.split()[0]: float(line.split()[at]) for line in lines}
                                                 for at in (1, 2, 3))

    def cost(self, kind):
        """Of one launch, as one of many."""
        return sum(self.mean[name] for name in PARTS[kind])

    def processor_time(self, kind):
        return sum(self.computed[name] for name in PARTS[kind])

    def usual_cost(self, kind):
        """Of one launch by itself."""
        return sum(self.median[name] for name in PARTS[kind])


class Running:
    """A service that runs on its core; each one starts with empty caches."""

    def __init__(self, stage, service, warm=True, cores=(machine.SERVER,)):
        self.stage, self.service = stage, service
        with machine.on(*cores):
            service.start()
        if warm:
            self.load(stage.warming, 2 * CLIENTS, clients=CLIENTS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.service.end()

    def load(self, requests, count, *options, **named):
        """bench-load's line, with what the service has used and done for one request."""
        begun = machine.cpu_seconds(self.service.process.pid)
        line = self.stage.load(self.service.port, requests, count, *options, **named)
        line['cpu'] = (machine.cpu_seconds(self.service.process.pid) - begun) / line['count'] * 1e6
        line['rate'] = line['count'] / line['seconds']
        return line


def middle(values):
    return statistics.median(values)


def launches(stage, service, kind, where='', requests=None):
    """Throughput with a connection that stays; the service's own time tells how much is waiting. @requests: in place of
    those from the platforms of one owner."""
    requests = requests or stage.requests
    ratios, rates, times = [], [], []
    count = PLATFORMS if kind == 'never seen' or QUICK else 5 * PLATFORMS
    running = None
    for _ in range(ROUNDS):
        crypto = Cryptography(stage)
        if running is None or kind == 'never seen':
            if running is not None:
                running.service.end()
            running = Running(stage, service)
            if kind == 'seen before':
                running.load(requests, PLATFORMS, clients=CLIENTS)
        line = running.load(requests, count, *SHORT, clients=CLIENTS)
        limit = 1e6 / crypto.cost(kind)
        ratios.append(line['rate'] / limit)
        rates.append(line['rate'])
        times.append(line['cpu'] / crypto.processor_time(kind))
    running.service.end()
    results.at_least(f'/launch{where}, platforms {kind}, kept connections / cryptography', middle(ratios), 0.8, 'ratio')
    results.told(f'/launch{where}, platforms {kind}: processor time / cryptography', middle(times), 'ratio')
    results.told(f'/launch{where}, platforms {kind}', middle(rates), 'launches/s')


def read_latencies(path):
    with open(path, encoding='ascii') as source:
        return [float(line) for line in source]


def alone(stage, service, kind, aim):
    path, crypto, all_, count = os.path.join(stage.folder, 'latencies'), [], [], PLATFORMS // 2 if QUICK else PLATFORMS
    for _ in range(ROUNDS):
        crypto.append(Cryptography(stage).usual_cost(kind))
        with Running(stage, service) as running:
            if kind == 'seen before':
                running.load(stage.requests, count, clients=CLIENTS)
            running.load(stage.requests, count, *SHORT, '--latencies', path)
        all_.append(read_latencies(path))
    ratio = middle([middle(times) / cost for times, cost in zip(all_, crypto)])
    every = sorted(sum(all_, []))
    results.at_most(f'/launch alone, platforms {kind}: p50 / cryptography', ratio, aim, 'ratio')
    results.at_most(f'/launch alone, platforms {kind}: p99 / p50', every[len(every) * 99 // 100] / middle(every),
                    2 if aim is not None else None, 'ratio')
    results.told(f'/launch alone, platforms {kind}: p50', middle(every) / 1000, 'ms')


def sync_time(folder):
    return float(machine.run(machine.SERVER, program('commits'), 'fdatasync', folder, 300))


def sqlite_commits(folder):
    return float(machine.run(machine.SERVER, program('commits'), 'commits', folder, 400))


def validations(stage, service, commits, name):
    """@commits: how many a second the database does by itself."""
    count, ratios, rates, own = PLATFORMS if QUICK else 2 * PLATFORMS, [], [], []
    answers, requests = os.path.join(stage.folder, 'answers'), os.path.join(stage.folder, 'validations')
    with Running(stage, service) as running:
        for _ in range(ROUNDS):
            running.load(stage.requests, count, '--answers', answers, clients=CLIENTS)
            stage.validations(answers, requests)
            own.append(commits())
            line = running.load(requests, count, *SHORT, clients=CLIENTS)
            ratios.append(line['rate'] / own[-1])
            rates.append(line['rate'])
    results.at_least(f'/validate / {name}', middle(ratios), 0.5, 'ratio')
    results.told(f'/validate on {name.split(",")[0]}', middle(rates), 'validations/s')
    results.told(name, middle(own), 'commits/s')


class Hello:
    """The service's TLS and HTTP and nothing else."""

    def __init__(self, stage):
        certificate, key = stage.site.server()
        with machine.on(machine.SERVER):
            self.process = subprocess.Popen([program('hello'), stage.site.ca, certificate, key],
                                            stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[-1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()


def hello_cost(stage, hello, count):
    """Microseconds of the server for a fresh connection and its one request: what it computes, if that is less."""
    begun = machine.cpu_seconds(hello.process.pid)
    line = stage.load(hello.port, stage.health, count, *SHORT, '--fresh', clients=CLIENTS)
    computed = (machine.cpu_seconds(hello.process.pid) - begun) / line['count']
    return min(computed, line['seconds'] / line['count']) * 1e6


def fresh(stage, service, kind, aim):
    ratios, rates, costs = [], [], []
    with Hello(stage) as hello:
        hello_cost(stage, hello, 50)
        for _ in range(ROUNDS):
            crypto = Cryptography(stage)
            costs.append(hello_cost(stage, hello, PLATFORMS))
            with Running(stage, service) as running:
                if kind == 'seen before':
                    running.load(stage.requests, PLATFORMS, clients=CLIENTS)
                line = running.load(stage.requests, PLATFORMS, *SHORT, '--fresh', clients=CLIENTS)
            rates.append(line['rate'])
            ratios.append(line['rate'] * (crypto.cost(kind) + costs[-1]) / 1e6)
    name = f'/launch, platforms {kind}, fresh mutual TLS each / (cryptography + hello)'
    if aim is None:
        results.told(name, middle(ratios), 'ratio')
    else:
        results.at_least(name, middle(ratios), aim, 'ratio')
    results.told(f'/launch, platforms {kind}, fresh mutual TLS each', middle(rates), 'launches/s')
    results.told('fresh mutual TLS of a hello server, its processor time', middle(costs) / 1000, 'ms')
