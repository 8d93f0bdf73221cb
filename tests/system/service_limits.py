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

from lib.line import HASHES, PAGE, Line, large, memory
from lib.metrics import scrape, value
from lib.peers import Refused, firmware, sha256
from lib.service import SANITIZED, Database, read_store, refused, test
from lib.tap import Skip

from service_audit import Site


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
    # Four lists under way of some 2 MiB each, and answers that wait to be read. Sanitizers keep freed memory.
    assert told['VmHWM'] - before['VmRSS'] < 96 * 1024 or SANITIZED, (before, told)
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
        raise Skip('needs root, setpriv and prlimit')
    if SANITIZED:
        raise Skip('the sanitizers do not lock memory')
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
        raise Skip('needs root, setpriv and prlimit')
    if SANITIZED:
        raise Skip('the sanitizers do not lock memory')
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


@test
def quotas(w):
    """An owner has so much and no more, others have their own, and a refusal says what there is and what to do."""
    site = Site(w, 'limits-quota', limits={'images-per-owner': 3, 'secrets-per-owner': 2, 'registrations-per-owner': 2})
    bob = w.peer('owner', 'bob', site.service)
    images = [firmware(70 + i) for i in range(3)]
    for image in images[:2]:
        site.alice.call('PUT', '/artifact', raw=image)
    told = refused('quota-exceeded', site.alice.call, 'PUT', '/artifact', raw=images[2])
    assert 'you have 3 and may have 3' in told and 'artifact remove' in told, told
    assert site.alice.call('PUT', '/artifact', raw=images[0])[0] == 200
    bob.call('PUT', '/artifact', raw=images[2])
    # Only what nothing names can be removed.
    assert site.vm in refused('in-use', site.alice.call, 'DELETE', '/artifact/' + sha256(w.image))
    assert site.vm in site.people['owner'].run('artifact', 'remove', sha256(w.image), code=1)
    refused('not-found', bob.call, 'DELETE', '/artifact/' + sha256(images[1]))
    refused('not-found', site.alice.call, 'DELETE', '/artifact/' + sha256(images[2]))
    refused('not-found', site.alice.call, 'DELETE', '/artifact/x')
    refused('forbidden', site.node1.call, 'DELETE', '/artifact/' + sha256(images[1]))
    # Whose launch digest it is does not name it.
    digest = w.register(site.alice, firmware_hashes=None, launch_digests=[sha256(images[1])])
    assert 'removed' in site.people['owner'].run('artifact', 'remove', sha256(images[1]))
    site.alice.call('DELETE', '/vm/' + digest)
    assert 'expected 64 digits' in site.people['owner'].run('artifact', 'remove', 'x', code=2)
    site.alice.call('PUT', '/artifact', raw=images[2])
    for name in ('a', 'b'):
        site.alice.call('PUT', f'/secret/{name}?guid={uuid.uuid4()}', raw=b'x')
    told = refused('quota-exceeded', site.alice.call, 'PUT', f'/secret/c?guid={uuid.uuid4()}', raw=b'x')
    assert 'you have 2 and may have 2' in told and 'secret remove' in told, told
    assert site.alice.call('PUT', f'/secret/a?guid={uuid.uuid4()}', raw=b'y')[0] == 200
    vm = w.register(site.alice)
    told = refused('quota-exceeded', w.register, site.alice)
    assert 'you have 2 and may have 2' in told and 'vm remove' in told, told
    w.register(site.alice, id_=vm)
    site.alice.call('DELETE', '/vm/' + vm)
    carl = w.peer('owner', 'alice:carl', site.service)
    w.register(carl, two_persons=True)  # what is proposed counts
    refused('in-use', site.alice.call, 'DELETE', '/artifact/' + sha256(w.image))
    assert 'proposed ones included' in refused('quota-exceeded', w.register, site.alice)
    refused('quota-exceeded', w.register, carl, two_persons=True)
    assert site.records()[-1]['result'] == 'quota-exceeded' and site.records()[-1]['owner'] == 'alice'
    assert site.service.end() == 0


@test
def quotas_in_bytes(w):
    site = Site(w, 'limits-bytes', limits={'image-mib-per-owner': 2, 'secret-mib-per-owner': 1, 'registration-mib-per-owner': 1})
    site.alice.call('PUT', '/artifact', raw=firmware(80, size=1 << 20))
    told = refused('quota-exceeded', site.alice.call, 'PUT', '/artifact', raw=firmware(81, size=1 << 20))
    assert 'may have 2.0 MiB' in told, told
    with Line(site.alice) as line:
        answers = [line.ask('PUT', f'/secret/s{i}?guid={uuid.uuid4()}', raw=b'x' * 16384)[1].get('code') for i in range(66)]
        assert answers == [None] * 64 + ['quota-exceeded'] * 2, answers
        domains = [str(uuid.uuid4()) for _ in range(64)]
        for i in range(200):
            told = line.ask('POST', f'/vm/{uuid.uuid4()}', large(domains=domains, chips=HASHES))[1]
            if told.get('code'):
                break
        assert told['code'] == 'quota-exceeded' and 'may have 1.0 MiB' in told['detail'] and i > 50, (i, told)
    assert site.service.end() == 0


@test
def launches_of_a_host_have_a_rate(w):
    """A permit of one, whose launches fail and give it back, does not make records without end."""
    site = Site(w, 'limits-rate', limits={'launches-per-minute': 5})
    vm, other = w.register(site.alice, permit={'max-launches': 1, 'max-running': 1}), w.register(site.alice)
    for _ in range(5):
        guest = w.launch(vm, host=site.node1)
        site.node1.post(f'/launch/{guest.id}/outcome', {'state': 'failed', 'reason': 'no'})
    before = len(site.alice.get(f'/launch?vm={vm}')['launches'])
    for _ in range(10):
        refused('too-many-launches', w.launch, vm, host=site.node1)
    assert len(site.alice.get(f'/launch?vm={vm}')['launches']) == before == 5
    # Other hosts, and other registrations, are not held off.
    w.launch(other, host=site.node1)
    w.launch(vm, host=w.peer('host', 'node2', site.service))
    assert site.service.end() == 0


@test
def changes_of_a_peer_have_a_rate(w):
    site = Site(w, 'limits-changes', limits={'changes-per-minute': 8})
    features = {'sev': True, 'sev-es': False, 'gate-loaded': True}
    for i in range(8):
        site.node1.post('/host', {**features, 'max-guests': i})
    refused('too-many-changes', site.node1.post, '/host', {**features, 'max-guests': 99})
    site.node1.post('/host', {**features, 'max-guests': 7})  # nothing new
    w.launch(site.vm, host=site.node1)
    for i in range(6):  # the site itself has changed two things
        site.alice.call('PUT', f'/secret/x?guid={uuid.uuid4()}', raw=b'x')
    refused('too-many-changes', site.alice.call, 'PUT', f'/secret/x?guid={uuid.uuid4()}', raw=b'x')
    refused('too-many-changes', w.register, site.alice)
    refused('too-many-changes', site.alice.call, 'DELETE', '/secret/x')
    w.peer('owner', 'bob', site.service).call('PUT', f'/secret/x?guid={uuid.uuid4()}', raw=b'x')
    assert site.service.end() == 0


@test
def the_last_of_the_disk_is_for_launches(w):
    site = Site(w, 'limits-disk')
    vm = w.register(site.alice)
    if '://' in site.service.store:
        assert site.service.end() == 0
        raise Skip('the disk of a database server is its own')
    assert site.service.end() == 0
    with open(site.service.config, encoding='utf-8') as config:
        text = config.read()
    with open(site.service.config, 'w', encoding='utf-8') as config:
        config.write(text.replace('reserve-mib = 0', 'reserve-mib = 1048576'))
    site.service.start()
    for ask in (lambda: site.alice.call('PUT', f'/secret/x?guid={uuid.uuid4()}', raw=b'x'),
                lambda: site.alice.call('PUT', '/artifact', raw=firmware(90)), lambda: w.register(site.alice),
                lambda: site.node1.post('/host', {'sev': True, 'sev-es': True, 'gate-loaded': True})):
        assert 'nearly full' in refused('store-full', ask)
    guest = w.launch(vm, host=site.node1)
    w.validate(vm, guest, host=site.node1)
    site.alice.call('DELETE', '/vm/' + vm)  # makes room
    assert site.service.log().count('only launches are stored') == 1
    assert site.service.end() == 0


@test
def the_whole_store_has_a_limit(w):
    """On both databases: what is new is refused, launches go on, and the metrics tell how large it is."""
    site = Site(w, 'limits-store')
    vm = w.register(site.alice)
    olga = w.peer('operator', 'olga', site.service)
    names = ('artifacts', 'audit', 'hosts', 'launches', 'proposals', 'registrations', 'secrets')
    tables = {name: read_store(site.service, f'SELECT count(*) FROM {name}')[0][0] for name in names}
    assert site.service.end() == 0
    site.service.start()
    end = time.monotonic() + 60
    while not value(samples := scrape(olga), 'virt_attest_store_rows', table='audit') and time.monotonic() < end:
        time.sleep(0.1)
    told = {name: value(samples, 'virt_attest_store_rows', table=name) for name in names}
    assert told == tables, (told, tables)
    size = value(samples, 'virt_attest_store_bytes')
    assert len(w.image) < size < 1024 ** 3, size
    assert site.service.end() == 0
    with open(site.service.config, encoding='utf-8') as config:
        text = config.read()
    for limit, full in ((int(size // 1024 ** 2) + 64, False), (1, True)):
        with open(site.service.config, 'w', encoding='utf-8') as config:
            config.write(text.replace('reserve-mib = 0', f'reserve-mib = 0\nstore-mib = {limit}'))
        site.service.start()
        if not full:
            for number in range(2):  # so that an SQLite database is larger than a MiB, too
                site.alice.call('PUT', '/artifact', raw=firmware(100 + number, size=1024 * 1024))
            end = time.monotonic() + 60
            while value(scrape(olga), 'virt_attest_store_bytes') <= size:  # good for a second
                assert time.monotonic() < end
                time.sleep(0.2)
        else:
            for ask in (lambda: site.alice.call('PUT', f'/secret/x?guid={uuid.uuid4()}', raw=b'x'), lambda: w.register(site.alice)):
                assert 'nearly full' in refused('store-full', ask)
            assert '“store-mib” of service.conf' in site.service.log()
        guest = w.launch(vm, host=site.node1)
        w.validate(vm, guest, host=site.node1)
        assert site.service.end() == 0


