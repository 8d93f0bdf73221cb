# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a service holds in memory after it has worked, and whether clients make it hold more."""

import os
import time

from lib.peers import Site

import machine
import results
from speed import CLIENTS, QUICK, Running
from stage import MIB, PLATFORMS

CONNECTIONS = 2000 if QUICK else 10000
SECONDS = 4 if QUICK else 30  # of each kind
PIECE = 250 if QUICK else 500


def settle(running):
    """What it holds when its last clients are gone."""
    time.sleep(0.3)
    return machine.resident(running.service.process.pid)


def grow(running, *options, **named):
    """(connections, bytes more) after up to CONNECTIONS of them, in bounded time."""
    health = None if '--refused' in options else running.stage.health
    running.load(health, PIECE, *options, clients=CLIENTS, **named)  # what the first ones need is no growth
    before, done, end = settle(running), 0, time.monotonic() + SECONDS
    while done < CONNECTIONS and time.monotonic() < end:
        running.load(health, PIECE, *options, clients=CLIENTS, **named)
        done += PIECE
    return done, settle(running) - before


def report(what, done, more):
    results.at_most(f'memory for each of {done} {what} clients', more / done, 200, 'bytes')


def measure(stage, service):
    foreign = Site(os.path.join(stage.folder, 'foreign-site')).client('host', 'node')
    with Running(stage, service) as running:
        running.load(stage.requests, 2 * PLATFORMS, clients=CLIENTS)
        running.load(stage.requests, PLATFORMS, '--fresh', clients=2 * CLIENTS)
        results.at_most('resident memory after launches of 200 platforms', settle(running) / MIB, 24, 'MiB')
        report('accepted', *grow(running, '--fresh'))
        without, more = grow(running, '--refused', certificate=None)
        wrong, further = grow(running, '--refused', certificate=foreign)
        report('refused', without + wrong, more + further)
        results.at_most('resident memory after all clients', settle(running) / MIB, 24, 'MiB')
