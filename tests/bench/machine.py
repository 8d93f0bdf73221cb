# SPDX-License-Identifier: LGPL-2.1-or-later
"""The machine that a bench runs on: which cores for whom, what a process uses, what a folder lies on."""

import contextlib
import glob
import os
import subprocess

CORES = sorted(os.sched_getaffinity(0))
CLIENT, SERVER = CORES[0], CORES[-1]


@contextlib.contextmanager
def on(*cores):
    """What is started inside runs on these cores alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def run(core, *command):
    """The output of a program that runs on one core."""
    with on(core):
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def cpu_seconds(pid):
    """What all threads of a process have used; the kernel counts in nanoseconds."""
    total = 0
    for path in glob.glob(f'/proc/{pid}/task/*/schedstat'):
        with open(path, encoding='ascii') as source:
            total += int(source.read().split()[0])
    return total / 1e9


def resident(pid):
    """Bytes in memory."""
    with open(f'/proc/{pid}/status', encoding='ascii') as source:
        line, = (line for line in source if line.startswith('VmRSS:'))
    return int(line.split()[1]) * 1024


def filesystem(folder):
    """Type and device of what holds a folder."""
    device = os.stat(folder).st_dev
    with open('/proc/self/mountinfo', encoding='utf-8') as source:
        for line in source:
            fields = line.split()
            if fields[2] == f'{os.major(device)}:{os.minor(device)}':
                after = fields.index('-')
                return f'{fields[after + 1]} on {fields[after + 2]}'
    return 'unknown'


def model():
    with open('/proc/cpuinfo', encoding='utf-8') as source:
        names = [line.split(':', 1)[1].strip() for line in source if line.startswith('model name')]
    return f'{names[0] if names else "unknown"}, {len(CORES)} cores'
