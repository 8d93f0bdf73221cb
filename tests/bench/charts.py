# SPDX-License-Identifier: LGPL-2.1-or-later
"""make bench-docs: throughput and latency against the number of clients, drawn into docs/."""

import os

from lib.peers import SOURCE

from drawing import Line, draw
import machine
from speed import CLIENTS, PARTS, Cryptography, Running, middle
from stage import PLATFORMS

NUMBERS = (1, 2, 4, 8, 16, 32)
ROUNDS = 3


def points(stage, service, kind):
    """For each number of clients the middle round's throughput, p50 and p99 in milliseconds."""
    measured = []
    for clients in NUMBERS:
        lines = []
        for _ in range(ROUNDS):
            with Running(stage, service) as running:
                if kind == 'seen before':
                    running.load(stage.requests, PLATFORMS, clients=CLIENTS)
                lines.append(running.load(stage.requests, PLATFORMS, clients=clients))
        measured.append((clients, middle([line['rate'] for line in lines]),
                         *(middle([line[name] for line in lines]) / 1000 for name in ('p50', 'p99'))))
    return measured


def draw_all(stage, service):
    crypto = Cryptography(stage)
    throughput, latency = [], []
    for colour, kind in enumerate(PARTS):
        measured, limit = points(stage, service, kind), 1e6 / crypto.cost(kind)
        throughput.append(Line(kind, colour, [(row[0], row[1]) for row in measured]))
        throughput.append(Line('its cryptography', colour, [(n, limit) for n in NUMBERS], dashed=True))
        latency.append(Line(f'{kind}, p50', colour, [(row[0], row[2]) for row in measured]))
        latency.append(Line(f'{kind}, p99', colour, [(row[0], row[3]) for row in measured], dashed=True))
    where = f'{machine.model()}; the service has one of them; SQLite on {machine.filesystem(stage.folder).split()[0]}'
    draw(os.path.join(SOURCE, 'docs/bench-throughput.svg'), 'Launches granted, each durable before it is answered',
         where, 'launches a second', throughput)
    draw(os.path.join(SOURCE, 'docs/bench-latency.svg'), 'Time to grant a launch', where, 'milliseconds', latency,
         logarithmic=True)
