# SPDX-License-Identifier: LGPL-2.1-or-later
"""What virt-attestd tells Prometheus: every line held against the format, every counter against what the test did."""

import http.client
import os
import re
import socket
import ssl
import time
import uuid

from lib.metrics import changes, connect, fetch, parse, scrape, value
from lib.peers import Service
from lib.service import TMP, read_store, refused, test


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
