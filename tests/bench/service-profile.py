#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""make bench-profile: where the service's processor time goes under launches, by perf; below the build tree."""

import collections
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import machine
from speed import CLIENTS, Running
from stage import PLATFORMS, Stage

SOURCE, BUILD = os.environ['VA_TOP_SRCDIR'], os.environ['VA_TOP_BUILDDIR']

HERTZ = 1000
SECONDS = float(os.environ.get('BENCH_PROFILE_SECONDS', '5'))

# The first rule that fits a frame, from the innermost one outwards, names the group of a sample.
RULES = [(group, re.compile(pattern)) for group, pattern in (
    ('secrets: mmap, mlock, munmap', r'\bva_secret_(new|free)\b'),
    ('RSA verification', r'\bverify_rsa\b|\brsa_pss'),
    ('P-384 verification', r'\bva_sev_verify_ec\b|\becdsa_verify\b'),
    ('P-384 key generation and ECDH', r'\bva_sev_agree\b|\b(nettle_)?ecdsa_generate_keypair\b'),
    ('session, packet, measurement: AES, HMAC', r'\bva_sev_session_new\b|\bva_packet_seal\b|\bva_measurement'),
    ('sealing: AES-GCM', r'\bva_seal_(open|close)\b'),
    ('database: making it durable', r'\bfdatasync\b|\bfsync\b'),
    ('database', r'libsqlite3|\bva_sqlite_|libpq'),
    ('launch digests', r'\bva_reference'),
    ('base64, hex', r'\bva_(base64|hex)_'),
    ('JSON', r'libjson-glib|\bva_json_|\bva_fields_|json_'),
    ('audit records', r'\bva_audit_'),
    ('log', r'\bva_log|\bg_log'),
    ('TLS', r'libgnutls'),
    ('HTTP', r'libmicrohttpd'),
)]
# Assembly without unwind tables hides who called it.
BY_OBJECT = (('cryptography, callers unknown', 'libhogweed'), ('cryptography, callers unknown', 'libgmp'),
           ('hashes, callers unknown', 'libnettle'))


def group_of(frames):
    """@frames: "symbol (object)", innermost first."""
    for frame in frames:
        for group, pattern in RULES:
            if pattern.search(frame):
                return group
    for group, name in BY_OBJECT:
        if any(name in frame for frame in frames):
            return group
    return 'other: ' + frames[-1]


def caller_of(frames):
    """The innermost function of the service itself."""
    return next((frame.split()[0] for frame in frames if 'virt-attestd' in frame or '(inlined)' in frame and
                 frame.startswith('va_')), 'unknown')


def samples(path):
    """Frames of each sample, innermost first."""
    text = subprocess.run(['perf', 'script', '-i', path, '-F', 'comm,ip,sym,dso'], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, errors='replace', check=True).stdout
    for block in text.split('\n\n'):
        frames = [line.split(None, 1)[1] for line in block.splitlines()[1:] if len(line.split(None, 1)) == 2]
        if frames:
            yield frames


def record(running, path, kind):
    stage = running.stage
    perf = subprocess.Popen(['perf', 'record', '-q', '-F', str(HERTZ), '-e', 'cpu-clock', '--call-graph', 'dwarf,16384',
                             '-p', str(running.service.process.pid), '-o', path], stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    begun, count = time.monotonic(), 0
    before = machine.cpu_seconds(running.service.process.pid)
    while time.monotonic() - begun < SECONDS and (count == 0 or kind == 'seen before'):
        running.load(stage.requests, PLATFORMS, clients=CLIENTS)
        count += PLATFORMS
    used = machine.cpu_seconds(running.service.process.pid) - before
    perf.send_signal(signal.SIGINT)
    perf.wait(60)
    return used / count * 1e6


def write_report(out, kind, path, microseconds):
    groups, leaves, callers = collections.Counter(), collections.Counter(), collections.defaultdict(collections.Counter)
    for frames in samples(path):
        group = group_of(frames)
        groups[group] += 1
        callers[group][caller_of(frames)] += 1
        leaves[frames[0]] += 1
    total = sum(groups.values())
    print(f'\nlaunches of platforms {kind}: {microseconds:.0f} µs of processor time each, {total} samples', file=out)
    for group, number in groups.most_common(30):
        inside = ', '.join(f'{name} {part / total:.1%}' for name, part in callers[group].most_common(6))
        print(f'{number / total:7.1%} {number / total * microseconds:8.0f} µs  {group}  ({inside})', file=out)
    print('  functions by themselves:', file=out)
    for leaf, number in leaves.most_common(25):
        print(f'{number / total:7.1%}  {leaf}', file=out)


def main():
    if shutil.which('perf') is None:
        sys.exit('perf is missing: install the package linux-perf')
    target = os.path.join(BUILD, 'bench-profile.txt')
    with tempfile.TemporaryDirectory(prefix='bench.', dir=BUILD) as folder, open(target, 'w', encoding='utf-8') as out:
        stage = Stage(folder)
        service = stage.service('service')
        with Running(stage, service, warm=False):
            stage.furnish(service)
        with Running(stage, service) as running:
            for kind in ('never seen', 'seen before'):
                path = os.path.join(folder, 'perf.data')
                write_report(out, kind, path, record(running, path, kind))
    with open(target, encoding='utf-8') as done:
        print(done.read())
    print(f'written: {target}')


if __name__ == '__main__':
    main()
