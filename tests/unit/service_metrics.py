# SPDX-License-Identifier: LGPL-2.1-or-later
"""What virt-attestd tells Prometheus: every line held against the format, every counter against what the test did."""

import http.client
import math
import os
import re
import socket
import ssl
import time
import uuid

from service_peers import Service
from service_world import TMP, read_store, refused, test

TYPE = 'text/plain; version=0.0.4; charset=utf-8'
NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
NUMBER = r'[+-]?(?:[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?|Inf)|NaN'
SAMPLE = re.compile(f'({NAME})(?:\\{{({LABEL}(?:,{LABEL})*)\\}})? ({NUMBER})')
# All that a label may ever say; routes and rules are names of the program's own tables.
LABELS = {'call': {'launch', 'validate', 'outcome'}, 'result': {'hit', 'miss', 'explained', 'skipped'}, 'status': {'2xx', '4xx', '5xx'},
          'verdict': {'granted', 'waiting', 'validated', 'running', 'failed', 'ended', 'refused', 'error'},
          'reason': {'handshake', 'limit', 'certificate', 'role', 'too-many'}, 'version': None, 'le': None,
          'route': re.compile('[a-z-]{2,20}'), 'rule': re.compile('[a-z-]{0,30}'),
          'table': {'artifacts', 'audit', 'hosts', 'launches', 'proposals', 'registrations', 'secrets'}}


def fetch(connection, path='/v1/metrics'):
    """The status, type and text of a request on an open connection."""
    connection.request('GET', path)
    answer = connection.getresponse()
    return answer.status, answer.getheader('Content-Type'), answer.read().decode()


def connect(peer):
    return http.client.HTTPSConnection('127.0.0.1', peer.service.port, context=peer.context, timeout=30)


def read_labels(text):
    pairs = [one.split('=', 1) for one in re.findall(LABEL, text or '')]
    labels = {name: re.sub(r'\\(.)', lambda m: '\n' if m[1] == 'n' else m[1], value[1:-1]) for name, value in pairs}
    assert len(labels) == len(pairs), text
    for name, value in labels.items():
        allowed = LABELS[name]
        assert allowed is None or (value in allowed if isinstance(allowed, set) else allowed.fullmatch(value)), (name, value)
    return labels


def check_histogram(name, samples):
    """Of each set of labels: buckets that only grow, up to the count; and a sum that fits them."""
    series = {}
    for (sample, labels), value in samples.items():
        labels = dict(labels)
        bound = labels.pop('le', None)
        one = series.setdefault(tuple(labels.items()), {'buckets': []})
        if sample == name + '_bucket':
            one['buckets'].append((float(bound), value))
        else:
            assert bound is None and sample in (name + '_sum', name + '_count'), sample
            one[sample[len(name) + 1:]] = value
    for one in series.values():
        bounds, counts = zip(*one['buckets'])
        assert list(bounds) == sorted(set(bounds)) and bounds[-1] == math.inf, bounds
        assert 0 < bounds[0] <= 0.0005 and bounds[-2] >= 10
        assert list(counts) == sorted(counts) and counts[-1] == one['count'], one
        least = sum((n - before) * low for n, before, low in zip(counts, (0, *counts), (0, *bounds)))
        assert least <= one['sum'] + 1e-9 and (one['count'] > 0 or one['sum'] == 0), one
        if counts[-1] == counts[-2]:
            most = sum((n - before) * bound for n, before, bound in zip(counts, (0, *counts), bounds[:-1]))
            assert one['sum'] <= most + 1e-9, one


def parse(text):
    """{(name, labels): value} of a whole page; an assertion for whatever the format does not allow."""
    assert text.endswith('\n') and '\n\n' not in text
    lines, samples, families, at = text[:-1].split('\n'), {}, {}, 0
    while at < len(lines):
        described = re.fullmatch(f'# HELP ({NAME}) ([^\\\\]+)', lines[at])
        assert described, lines[at]
        name = described[1]
        kind = re.fullmatch(f'# TYPE {name} (counter|gauge|histogram)', lines[at + 1])
        assert kind and name not in families, lines[at + 1]
        assert kind[1] != 'counter' or name.endswith('_total'), name
        families[name], own, at = kind[1], {}, at + 2
        while at < len(lines) and not lines[at].startswith('#'):
            match = SAMPLE.fullmatch(lines[at])
            assert match, lines[at]
            assert match[1] == name or kind[1] == 'histogram', (name, lines[at])
            key = (match[1], tuple(sorted(read_labels(match[2]).items())))
            assert key not in own, lines[at]
            own[key], at = float(match[3]), at + 1
            assert own[key] >= 0, lines[at - 1]
        assert own, f'{name} has no samples'
        if kind[1] == 'histogram':
            check_histogram(name, own)
        samples.update(own)
    return samples


def scrape(peer, path='/v1/metrics'):
    status, kind, text = fetch(connect(peer), path)
    assert (status, kind) == (200, TYPE), (status, kind)
    for word in ('alice', 'bob', 'node1', 'olga', 'anna'):
        assert word not in text, word
    assert not re.search('[0-9a-f]{8}-[0-9a-f]{4}', text), 'an id'
    return parse(text)


def value(samples, name, **labels):
    return samples.get((name, tuple(sorted(labels.items()))), 0)


def changes(before, after, name):
    """{values of the labels, in the order of their names: how much more}"""
    keys = {key for key in (*before, *after) if key[0] == name}
    assert keys, name
    return {tuple(v for _, v in key[1]): after.get(key, 0) - before.get(key, 0) for key in keys
            if after.get(key, 0) != before.get(key, 0)}


@test
def metrics_count_what_was_done(w):
    vm, waits = w.register(permit={'max-launches': 2}), w.register(permit={'confirm-after': 0})
    before = scrape(w.olga)
    good, bad = w.launch(vm), w.launch(vm)
    w.validate(vm, good)
    refused('measurement-mismatch', w.validate, vm, bad, b'\1' * 32)
    refused('launch-used', w.validate, vm, bad)
    third = w.launch(vm)
    refused('permit-exhausted', w.launch, vm)
    refused('vm-unknown', w.launch, str(uuid.uuid4()))
    asked = w.platform.request(waits)
    pending = w.node1.post(f'/vm/{waits}/launch', asked)
    w.node1.post(f'/vm/{waits}/launch', {**asked, 'launch-id': pending['launch-id']})
    for state in ('running', 'ended'):
        w.node1.post(f'/launch/{good.id}/outcome', {'state': state})
    w.node1.post(f'/launch/{third.id}/outcome', {'state': 'failed'})
    refused('bad-request', w.node1.call, 'POST', f'/vm/{vm}/launch', '{')
    refused('not-found', w.alice.call, 'GET', '/nowhere')
    refused('forbidden', w.alice.call, 'POST', f'/vm/{vm}/launch', {})
    w.alice.post('/audit/checkpoint', None)
    after = scrape(w.anna, '/metrics')
    assert changes(before, after, 'virt_attest_launches_total') == {
        ('launch', '', 'granted'): 3, ('launch', '', 'waiting'): 1, ('launch', 'permit-exhausted', 'refused'): 1,
        ('launch', 'vm-unknown', 'refused'): 1, ('validate', '', 'validated'): 1,
        ('validate', 'measurement-mismatch', 'refused'): 1, ('validate', 'launch-used', 'refused'): 1,
        ('outcome', '', 'running'): 1, ('outcome', '', 'ended'): 1, ('outcome', '', 'failed'): 1}
    assert changes(before, after, 'virt_attest_http_requests_total') == {
        ('launch', '2xx'): 5, ('launch', '4xx'): 4, ('validate', '2xx'): 1, ('validate', '4xx'): 2, ('outcome', '2xx'): 3,
        ('none', '4xx'): 1, ('checkpoint', '2xx'): 1, ('metrics', '2xx'): 1}
    counts = changes(before, after, 'virt_attest_http_request_seconds_count')
    assert counts == {('launch',): 8, ('validate',): 3, ('outcome',): 3, ('checkpoint',): 1, ('metrics',): 1}
    assert changes(before, after, 'virt_attest_refused_total') == {('role',): 1}
    assert changes(before, after, 'virt_attest_checkpoints_total') == {(): 1}
    chains = changes(before, after, 'virt_attest_chain_cache_total')
    assert sum(chains.values()) == 6 and chains.get(('miss',), 0) <= 1, chains
    assert value(after, 'virt_attest_store_up') == 1
    done = {name: changes(before, after, f'virt_attest_store_{name}_total').get((), 0)
            for name in ('transactions', 'commits', 'failures', 'connects', 'commit_seconds')}
    assert done['transactions'] >= done['commits'] >= 10 and done['commit_seconds'] > 0 == done['failures'], done
    assert changes(before, after, 'virt_attest_launches_waiting') == {(): 1}
    taken = changes(before, after, 'virt_attest_connections_total')[()]
    assert taken == 18, taken  # one for each call, and the second scrape's
    w.launch(vm)
    (active,), = read_store(w.service, "SELECT count(*) FROM launches WHERE state IN ('open', 'validated', 'running')")
    assert value(scrape(w.anna), 'virt_attest_launches_active') == active == value(after, 'virt_attest_launches_active') + 1


@test
def metrics_of_the_process(w):
    begun = time.time()
    first, pid = scrape(w.olga), w.service.process.pid
    with open(f'/proc/{pid}/status', encoding='ascii') as status:
        kib = int(re.search(r'^VmRSS:\s+(\d+) kB', status.read(), re.M)[1])
    assert abs(value(first, 'process_resident_memory_bytes') - kib * 1024) < 4 << 20
    files = len(os.listdir(f'/proc/{pid}/fd'))
    assert abs(value(first, 'process_open_fds') - files) <= 2, (first, files)
    assert value(first, 'process_max_fds') >= 1024
    started = value(first, 'process_start_time_seconds')
    assert begun - 3600 < started < begun + 1 and value(scrape(w.olga), 'process_start_time_seconds') == started
    assert 0 < value(first, 'process_cpu_seconds_total') < time.time() - started + 1
    version, = [dict(labels)['version'] for name, labels in first if name == 'virt_attest_build_info']
    assert version in w.olga.get('/healthz')['version']
    ends = value(first, 'virt_attest_certificate_not_after_seconds')
    assert 86400 < ends - begun < 3 * 86400, ends
    # earlier than those of agents that other tests have run
    features = {'sev': True, 'sev-es': False, 'gate-loaded': True}
    w.node1.call('POST', '/host', {**features, 'certificate-ends': 1000000001})
    w.node2.call('POST', '/host', {**features, 'certificate-ends': 1000000000})
    assert value(scrape(w.olga), 'virt_attest_hosts_certificate_not_after_seconds') == 1000000000


@test
def metrics_are_for_operators_and_auditors(w):
    for path in ('/v1/metrics', '/metrics'):
        for peer in (w.alice, w.node1):
            status, kind, text = fetch(connect(peer), path)
            assert status == 403 and kind == 'application/problem+json' and 'virt_attest_' not in text, text
        scrape(w.olga, path)
        scrape(w.anna, path)


@test
def metrics_of_connections(w):
    before = scrape(w.olga)
    held = [connect(w.alice) for _ in range(3)]
    for connection in held:
        assert fetch(connection, '/v1/healthz')[0] == 200
    after = scrape(w.olga)
    assert changes(before, after, 'virt_attest_connections') in ({(): 3}, {(): 4}, {(): 2}), (before, after)
    for connection in held:
        connection.close()
    stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    stranger.check_hostname, stranger.verify_mode = False, ssl.CERT_NONE
    for _ in range(2):
        with socket.create_connection(('127.0.0.1', w.service.port)) as plain:
            try:
                with stranger.wrap_socket(plain) as tls:
                    assert tls.recv(1) == b''
            except (ssl.SSLError, ConnectionError):
                pass
    for _ in range(100):
        count = changes(after, scrape(w.olga), 'virt_attest_refused_total')
        if count == {('handshake',): 2}:
            break
        time.sleep(0.05)
    assert count == {('handshake',): 2}, count


@test
def metrics_at_the_limits(w):
    service = Service(os.path.join(TMP, 'narrow'), w.site, os.path.join(w.platform.folder, 'roots'), refusals=2,
                      extra='max-connections-per-address = 2\n').start()
    olga, node1 = w.peer('operator', 'olga', service), w.peer('host', 'node1', service)
    held, other = connect(olga), connect(node1)
    before = parse(fetch(held)[2])
    assert fetch(other, '/v1/healthz')[0] == 200
    for _ in range(3):
        try:
            fetch(connect(node1), '/v1/healthz')
            raise AssertionError('a third connection')
        except (OSError, http.client.HTTPException):
            pass
    statuses = [fetch(other, '/v1/vm')[0] for _ in range(3)]
    assert statuses == [403, 403, 429], statuses
    after = parse(fetch(held)[2])
    assert changes(before, after, 'virt_attest_refused_total') == {('limit',): 3, ('role',): 2, ('too-many',): 1}
    held.close()
    other.close()
    assert service.end() == 0
