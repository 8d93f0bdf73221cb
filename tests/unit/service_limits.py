# SPDX-License-Identifier: LGPL-2.1-or-later
"""What one peer may ask for and keep on a real virt-attestd, so that the others are served: lists in pages."""

import hashlib
import http.client
import json
import os
import re
import shutil
import socket
import threading
import time
import uuid

from service_audit import Site
from service_peers import Refused, firmware, sha256
from service_world import Database, read_store, refused, test

PAGE = 512 * 1024
HASHES = [sha256(bytes([i])) for i in range(64)]


def pages(peer, path, name):
    """Each page of a list, which goes on as “next” says."""
    after = None
    while True:
        mark = '&' if '?' in path else '?'
        page = peer.get(path + (f'{mark}after={after}' if after else ''))
        yield page[name]
        after = page.get('next')
        if after is None:
            return
        assert page[name], page


class Line:
    """One connection of a peer's, for many requests."""

    def __init__(self, peer):
        self.connection = http.client.HTTPSConnection('127.0.0.1', peer.service.port, context=peer.context, timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def ask(self, method, path, body=None, raw=None):
        """The answer's status and what it says."""
        kind = 'application/json' if raw is None else 'application/octet-stream'
        headers = {'Content-Type': kind} if body is not None or raw is not None else {}
        data = raw if raw is not None else json.dumps(body) if body is not None else None
        self.connection.request(method, '/v1' + path, body=data, headers=headers)
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else {}


def large(**changes):
    """A registration of some 3.5 KiB, which stands in the audit log as it is, or of much more."""
    return {'scheme': 'amd-sev', 'policy': 1, 'launch-digests': HASHES[:48], **changes}


@test
def every_list_comes_in_pages(w):
    site = Site(w, 'limits-pages')
    names = sorted([f's{i:02d}' for i in range(7)] + ['A', '_', 'z.z'])
    for name in names:
        site.alice.call('PUT', f'/secret/{name}?guid={uuid.uuid4()}', raw=b'x')
    images = sorted([sha256(w.image)] + [site.alice.call('PUT', '/artifact', raw=firmware(60 + i))[1]['hash'] for i in range(4)])
    for host in ('n1', 'n2', 'n3'):
        w.peer('host', host, site.service).post('/host', {'sev': True, 'sev-es': False, 'gate-loaded': True})
    vm = w.register(site.alice)
    launches = [w.launch(vm, host=site.node1).id for _ in range(5)][::-1]
    others = [w.launch(site.vm, host=site.node1).id]
    for path, name, member, want in (('/secret', 'secrets', 'name', names), ('/artifact', 'artifacts', 'hash', images),
                                     ('/host', 'hosts', 'name', ['n1', 'n2', 'n3']),
                                     ('/launch', 'launches', 'launch-id', others + launches),
                                     (f'/launch?vm={vm}', 'launches', 'launch-id', launches)):
        mark = '&' if '?' in path else '?'
        for limit in (1, 2, 3, len(want), 500):
            told = [[one[member] for one in page] for page in pages(site.alice, f'{path}{mark}limit={limit}', name)]
            assert told == [want[i:i + limit] for i in range(0, len(want), limit)], (path, limit, told)
        assert [one[member] for one in site.alice.get(path)[name]] == want
        refused('bad-request', site.alice.get, f'{path}{mark}limit=0')
        refused('bad-request', site.alice.get, f'{path}{mark}after=%20')
    # What is another's, and what there is not, are places like any other, or the end.
    assert site.alice.get(f'/launch?after={uuid.uuid4()}') == {'launches': []}
    bob = w.peer('owner', 'bob', site.service)
    assert bob.get(f'/launch?after={launches[0]}') == {'launches': []}
    assert [json.loads(site.people['owner'].run(kind, 'list', '--json'))[name] for kind, name in (
        ('secret', 'secrets'), ('artifact', 'artifacts'), ('host', 'hosts'), ('launch', 'launches'))] == [
            site.alice.get('/' + kind)[name] for kind, name in (
                ('secret', 'secrets'), ('artifact', 'artifacts'), ('host', 'hosts'), ('launch', 'launches'))]
    assert site.service.end() == 0


@test
def pages_of_launches_are_bounded_in_bytes(w):
    """A host makes its launches' records as large as it can."""
    site = Site(w, 'limits-launches')
    vm = w.register(site.alice)
    report = {'state': 'failed', 'reason': 'r' * 512, 'steps': [{'name': f'{i:02d}' + 's' * 30, 'ms': 2**31} for i in range(32)]}
    count = 190
    with Line(site.node1) as line:
        for _ in range(count):
            grant = line.ask('POST', f'/vm/{vm}/launch', w.platform.request(vm, name='n' * 128))[1]
            assert line.ask('POST', f'/launch/{grant["launch-id"]}/outcome', report)[0] == 200
    told = list(pages(site.alice, '/launch?limit=1000', 'launches'))
    assert len(told) > 1 and sum(len(page) for page in told) == count, [len(page) for page in told]
    assert all(len(json.dumps(page)) < 2 * PAGE for page in told)
    for limit in (189, 1000):
        told = json.loads(site.people['owner'].run('launch', 'list', '--json', '--limit', str(limit)))
        assert len(told['launches']) == min(limit, count)
    assert site.service.end() == 0


@test
def large_registrations_are_on_record_by_hash(w):
    site = Site(w, 'limits-record')
    domains = [str(uuid.uuid4()) for _ in range(64)]
    vm = str(uuid.uuid4())
    site.alice.post(f'/vm/{vm}', large())
    site.alice.post(f'/vm/{vm}', large(domains=domains, chips=HASHES))
    small, big = site.records()[-2:]
    assert small['registration']['launch-digests'] == HASHES[:48] and 'registration-hash' not in small
    assert 'registration' not in big and re.fullmatch('[0-9a-f]{64}', big['registration-hash']), big
    assert big['registration-size'] > 4096 and len(json.dumps(big)) < 2048
    shown = site.alice.get('/vm/' + vm)
    for name in ('id', 'created', 'launches', 'running', 'approved'):
        del shown[name]
    text = json.dumps(shown, separators=(',', ':'))
    assert (len(text), sha256(text.encode())) == (big['registration-size'], big['registration-hash']), text[:200]
    assert site.service.end() == 0


@test
def pages_of_records_are_bounded_in_bytes(w):
    site = Site(w, 'limits-audit')
    vm = str(uuid.uuid4())
    with Line(site.alice) as line:
        for _ in range(300):
            assert line.ask('POST', f'/vm/{vm}', large())[0] in (200, 201)
    texts = [text for text, in read_store(site.service, 'SELECT text FROM audit ORDER BY seq')]
    assert sum(map(len, texts)) > PAGE + PAGE // 2
    whole, after = [], 0
    while after is not None:
        page = site.alice.get(f'/audit?order=chain&limit=500&after={after}')
        assert sum(len(r['text']) for r in page['records'][:-1]) <= PAGE
        whole += [r['text'] for r in page['records']]
        after = page.get('next')
        assert after is None or after == json.loads(whole[-1])['seq']
    assert whole == texts
    newest, before = [], ''
    while before is not None:
        page = site.alice.get(f'/audit?limit=500{before}')
        newest = [r['text'] for r in page['records']] + newest
        before = page.get('next') and f'&before={page["next"]}'
    assert newest == texts
    # The program puts them together, for the newest and for all.
    lines = site.people['owner'].run('audit', 'list', '--limit', '290', '--json').splitlines()
    assert lines == texts[-290:]
    assert site.people['owner'].run('audit', 'list', '--limit', '1000', '--json').splitlines() == texts
    export = site.export()
    assert f'ok: {len(texts)} records' in site.verify(export)
    assert site.service.end() == 0


@test
def the_chain_is_read_without_its_texts(w):
    """Others' records come as the stored digest; where there is none, from before, it is computed."""
    site = Site(w, 'limits-chain')
    site.launch()
    texts = read_store(site.service, 'SELECT text, digest FROM audit ORDER BY seq')
    digests = [hashlib.sha256(text.encode()).digest() for text, _ in texts]
    assert [bytes(digest) for _, digest in texts] == digests
    bob = w.peer('owner', 'bob', site.service)

    def told():
        return [r['digest'] for r in bob.get('/audit?order=chain')['records']]
    assert told() == [digest.hex() for digest in digests]
    with Database(site.service) as database:
        database.execute('UPDATE audit SET digest = NULL WHERE seq = 2')
    assert told() == [digest.hex() for digest in digests]
    with Database(site.service) as database:
        database.execute("UPDATE audit SET text = 'x' WHERE seq = 3")
    assert told() == [digest.hex() for digest in digests], 'the text was read'
    assert site.service.end() == 0


def memory(service):
    with open(f'/proc/{service.process.pid}/status', encoding='ascii') as status:
        return {name: int(re.search(name + r':\s+(\d+)', status_text)[1]) for status_text in [status.read()]
                for name in ('VmRSS', 'VmHWM')}


@test
def one_owners_lists_cost_others_nothing(w):
    """Many of the largest lists at once: another owner is never refused, and memory stays bounded."""
    site = Site(w, 'limits-flood')
    id_ = str(uuid.uuid4())
    with Line(site.alice) as line:
        for _ in range(160):
            assert line.ask('POST', f'/vm/{id_}', large())[0] in (200, 201)
    bob, before, answers, waited, stop = w.peer('owner', 'bob', site.service), memory(site.service), [], [], threading.Event()

    def ask():
        connection = http.client.HTTPSConnection('127.0.0.1', site.service.port, context=site.alice.context, timeout=60)
        for _ in range(3):
            connection.request('GET', '/v1/audit?limit=500')
            answer = connection.getresponse()
            answers.append((answer.status, len(answer.read())))
        connection.close()

    def look():
        while not stop.is_set():
            waited.append(bob.get('/secret'))  # any refusal is an error

    threads = [threading.Thread(target=ask) for _ in range(48)]
    victim = threading.Thread(target=look)
    for thread in [victim] + threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    stop.set()
    victim.join(60)
    assert len(answers) == 48 * 3 and waited and not victim.is_alive()
    sizes = [size for status, size in answers if status == 200]
    assert sizes and max(sizes) < 2 * PAGE, sorted(sizes)[-3:]
    assert {status for status, _ in answers} <= {200, 503}
    told = memory(site.service)
    # Four lists under way of some 2 MiB each, and answers that wait to be read.
    assert told['VmHWM'] - before['VmRSS'] < 96 * 1024, (before, told)
    print(f"# memory {before['VmRSS'] >> 10} MiB before, {told['VmHWM'] >> 10} MiB at the most; "
          f"{len(sizes)} lists, {len(answers) - len(sizes)} times busy; bob asked {len(waited)} times")
    assert site.service.end() == 0


def locked(service):
    """KiB of secret memory (wiped on fork, left out of dumps) that is locked, and that is not."""
    sizes, size = {True: 0, False: 0}, 0
    with open(f'/proc/{service.process.pid}/smaps', encoding='ascii') as smaps:
        for line in smaps:
            words = line.split()
            if words[0] == 'Size:':
                size = int(words[1])
            elif words[0] == 'VmFlags:' and {'wf', 'dd'} <= set(words):
                sizes['lo' in words] += size
    return sizes[True], sizes[False]


def without_locked_memory(w, name, kib):
    """A service that may lock so much, as its unit says, and no more for being root's."""
    site = Site(w, name)
    assert site.service.end() == 0
    site.service.before = ['setpriv', '--bounding-set', '-ipc_lock', '--inh-caps', '-ipc_lock', 'prlimit', f'--memlock={kib * 1024}']
    site.service.start()
    for peer in (site.alice, site.node1):
        peer.service = site.service
    return site


@test
def images_leave_locked_memory_to_secrets(w):
    if os.geteuid() != 0 or not shutil.which('setpriv') or not shutil.which('prlimit'):
        print('# SKIP: needs root, setpriv and prlimit')
        return
    site, standing = without_locked_memory(w, 'limits-locked', 4096), []
    for _ in range(8):
        plain = socket.create_connection(('127.0.0.1', site.service.port), timeout=30)
        standing.append(site.alice.context.wrap_socket(plain, server_hostname='127.0.0.1'))
        standing[-1].sendall(b'PUT /v1/artifact HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n'
                             b'Content-Length: 16777216\r\n\r\n' + bytes(3 * 1024 * 1024))
    bob = w.peer('owner', 'bob', site.service)
    for i in range(16):
        bob.call('PUT', f'/secret/s{i}?guid={uuid.uuid4()}', raw=b'y' * 16000)
    assert memory(site.service)['VmRSS'] > 8 * 1024, 'the uploads do not stand'
    assert locked(site.service)[1] == 0, locked(site.service)
    assert 'not in locked memory' not in site.service.log()
    for connection in standing:
        connection.close()
    assert site.service.end() == 0


@test
def secrets_that_are_not_locked_are_told_once(w):
    if os.geteuid() != 0 or not shutil.which('setpriv') or not shutil.which('prlimit'):
        print('# SKIP: needs root, setpriv and prlimit')
        return
    site = without_locked_memory(w, 'limits-unlocked', 0)
    site.launch()
    site.launch()
    lines = [line for line in site.service.log().splitlines() if 'not in locked memory' in line]
    assert len(lines) == 1 and 'WARNING' in lines[0] and 'RLIMIT_MEMLOCK' in lines[0], lines
    olga = w.peer('operator', 'olga', site.service)
    connection = http.client.HTTPSConnection('127.0.0.1', site.service.port, context=olga.context, timeout=30)
    connection.request('GET', '/metrics')
    text = connection.getresponse().read().decode()
    connection.close()
    assert int(float(re.search(r'^virt_attest_secrets_not_locked_bytes (\S+)$', text, re.M)[1])) > 0, text
    assert site.service.end() == 0


@test
def explanations_come_after_the_answer(w):
    """One at a time, of one host a few; who is above the limit of refusals gets none."""
    site = Site(w, 'limits-explained', refusals=20)
    vm, wrong = w.register(site.alice), b'\1' * 32
    with Line(site.alice) as line:
        for i in range(8):
            image = bytearray(firmware(100 + i, size=1 << 20))
            assert line.ask('PUT', '/artifact', raw=bytes(image))[0] in (200, 201)
    guests = [w.launch(vm, host=site.node1) for _ in range(40)]
    told = []
    for guest in guests:
        try:
            w.validate(vm, guest, wrong, host=site.node1)
        except Refused as problem:
            told.append(problem.code)
    assert told.count('measurement-mismatch') == 20 and told.count('too-many-refusals') == 20, told
    end, details = time.monotonic() + 120, []
    while time.monotonic() < end:
        details = [site.alice.get('/launch/' + guest.id)['detail'] for guest in guests]
        if not any(detail.endswith('allows') for detail in details):
            break
        time.sleep(0.1)
    whole = [detail for detail in details if 'none of the registered' in detail]
    skipped = [detail for detail in details if 'not explained' in detail]
    assert len(whole) + len(skipped) == 40 and len(whole) >= 8, details
    assert sum('refused in the last minute' in detail for detail in skipped) == 20, skipped
    other = site.service.end()
    assert other == 0
