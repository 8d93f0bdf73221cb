# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real virt-attestd over time: expiry, restart, kill -9, a tampered store, configurations, its log."""

import hashlib
import json
import os
import re
import signal
import subprocess
import time

from lib.peers import SERVICE, Refused, Service, b64, sha256, write
from lib.service import INLINE, LUKS, OTHER_GUID, PASSPHRASE, TMP, Database, read_store, refused, test


@test
def expiry(w):
    service = Service(os.path.join(TMP, 'hasty'), w.site, os.path.join(w.platform.folder, 'roots'), launch_seconds=1)
    service.start()
    alice, node1 = w.peer('owner', 'alice', service), w.peer('host', 'node1', service)
    alice.call('PUT', '/artifact', raw=w.image)
    vm = w.register(alice, permit={'max-launches': 1})
    first, = (w.launch(vm, host=node1) for _ in range(1))
    assert first.grant['expires'] >= time.time() and first.grant['expires'] - time.time() <= 2
    time.sleep(max(0, first.grant['expires'] - time.time()) + 0.1)
    refused('launch-expired', w.validate, vm, first, host=node1)
    refused('launch-expired', w.validate, vm, first, host=node1)
    assert alice.get('/launch/' + first.id)['state'] == 'expired'
    second = w.launch(vm, host=node1)
    time.sleep(max(0, second.grant['expires'] - time.time()) + 0.1)
    assert alice.get('/vm/' + vm)['launches'] == 0
    record = alice.get('/launch/' + second.id)
    assert record['state'] == 'expired' and record['timeline'][-1]['step'] == 'expired'
    third = w.launch(vm, host=node1)
    for _ in range(100):
        rows = read_store(service, 'SELECT state, sealed_keys FROM launches WHERE id = ?', third.id)
        if rows[0][0] == 'expired':
            break
        time.sleep(0.1)
    assert rows == [('expired', None)], rows
    assert service.end() == 0


@test
def restart_and_kill(w):
    vm = w.register(secrets=[{'name': 'disk'}], permit={'max-launches': 100})
    before, killed = w.launch(vm), w.launch(vm)
    assert w.service.end() == 0
    w.service.start()
    assert before.open_packet(w.validate(vm, before)) == {LUKS: PASSPHRASE + b'\0'}
    assert w.service.end(signal.SIGKILL) == -signal.SIGKILL
    w.service.start()
    assert w.record(before)['state'] == 'validated' and w.count(vm) == (2, 2)
    refused('launch-used', w.validate, vm, before)
    w.validate(vm, killed)


@test
def store_does_not_answer(w):
    vm = w.register()
    guest = w.launch(vm)
    with Database(w.service) as database:
        database.lock()
        begun = time.monotonic()
        refused('store-unavailable', w.validate, vm, guest)
        assert time.monotonic() - begun < 8
        assert w.alice.get('/readyz')['status'] == 'ok'
    w.validate(vm, guest)


@test
def tampered_database(w):
    vm = w.register()
    guest = w.launch(vm)
    other = hashlib.sha256(b'other').hexdigest()
    with Database(w.service) as database:
        fixed, = database.execute('SELECT fixed FROM launches WHERE id = ?', (guest.id,)).fetchone()
        database.execute('UPDATE launches SET fixed = ? WHERE id = ?', (fixed.replace(sha256(w.image), other), guest.id))
        database.execute('UPDATE registrations SET text = replace(text, ?, ?) WHERE id = ?', (sha256(w.image), other, vm))
    refused('internal', w.validate, vm, guest, hashlib.sha256(b'other').digest())
    assert w.record(guest)['state'] == 'refused'
    refused('internal', w.launch, vm)
    refused('second-person', w.alice.call, 'DELETE', '/vm/' + vm)
    proposal = w.peer('owner', 'alice:carl').call('DELETE', '/vm/' + vm)[1]['proposal']
    assert w.peer('owner', 'alice:dora').call('POST', f'/vm/{vm}/confirm', {'proposal': proposal})[0] == 204


@test
def bad_configurations(w):
    def run(text, **files):
        path = write(os.path.join(TMP, 'bad.conf'), text.encode())
        done = subprocess.run([SERVICE, '--config', path, *files.get('more', [])], capture_output=True, text=True,
                              timeout=30, check=False)
        return done.returncode, done.stderr + done.stdout
    with open(w.service.config, encoding='ascii') as source:
        good = source.read()
    status, words = run(good, more=['--check-config'])
    assert status == 0 and 'ok' in words, words
    for text, expected in ((good + 'colour = blue\n', 'line 21: unknown key “colour”'),
                           (good.replace('port = 0', 'port = x'), 'line 3'),
                           (good.replace('[tls]', '[tsl]'), 'line 4'),
                           (good.replace('key = ', '#', 1), 'key “key” of section [tls] is missing'),
                           (re.sub('folder = .*', f'folder = {TMP}/no-such', good, 1), 'no-such'),
                           (re.sub('trusted-folder = .*', f'trusted-folder = {TMP}/site/..', good, 1), 'ark.cert')):
        for more in ([], ['--check-config']):
            status, words = run(text, more=more)
            assert status == 1 and expected in words, (status, expected, words)
    for line in ('ca', 'certificate', 'key'):
        status, words = run(re.sub(f'^{line} = .*', f'{line} = {TMP}/absent', good, 1, re.M), more=['--check-config'])
        assert status == 1 and f'{TMP}/absent' in words, words
    wrong = write(os.path.join(TMP, 'wrong.kek'), os.urandom(32))
    status, words = run(good.replace(w.service.kek, wrong))
    assert status == 1 and 'not the key' in words and wrong in words, words
    open_key = write(os.path.join(TMP, 'open.kek'), os.urandom(32))
    os.chmod(open_key, 0o644)
    status, words = run(good.replace(w.service.kek, open_key))
    assert status == 1 and '0600' in words, words
    assert subprocess.run([SERVICE, 'surplus'], capture_output=True, check=False).returncode == 2
    assert subprocess.run([SERVICE, '--version'], capture_output=True, check=True).stdout.startswith(b'virt-attestd ')


@test
def warning_about_the_root(w):
    assert re.search('WARNING: .*NOT one of AMD', w.service.log())


@test
def decisions_are_logged(w):
    vm = w.register()
    guest = w.launch(vm)
    refused('measurement-mismatch', w.validate, vm, guest, b'\1' * 32)
    lines = [line for line in w.service.log().splitlines() if guest.id in line]
    assert [line.split('verdict=')[1] for line in lines] == ['granted', 'measurement-mismatch'], lines
    assert all(f'vm={vm} host=node1' in line for line in lines)


@test
def requests_are_found_again(w):
    """One id in the request, the answer, the log's line and the audit record."""
    vm = w.register()
    body = w.platform.request(vm)
    granted = w.node1.call('POST', f'/vm/{vm}/launch', body, request_id='agent-on-node1-17')[1]
    assert w.node1.answered == 'agent-on-node1-17'
    try:
        w.node1.call('POST', f'/vm/{vm}/validate', {'launch-id': granted['launch-id']}, request_id='two words')
    except Refused:
        pass
    made = w.node1.answered
    assert re.fullmatch('[0-9a-f-]{36}', made), made
    refused('forbidden', w.alice.call, 'POST', f'/vm/{vm}/launch', body, request_id='alice-0001')
    line, = [line for line in w.service.log().splitlines() if 'agent-on-node1-17' in line]
    assert f'call=launch request=agent-on-node1-17 launch={granted["launch-id"]} vm={vm} host=node1 verdict=granted' in line
    assert any(f'request={made} ' in line and 'bad-request' in line for line in w.service.log().splitlines())
    records = {record['request']: record for record, in map(lambda row: map(json.loads, row), read_store(
        w.service, 'SELECT text FROM audit')) if record.get('request') in ('agent-on-node1-17', 'alice-0001')}
    assert records['agent-on-node1-17']['result'] == 'granted' and records['alice-0001']['result'] == 'forbidden'


@test
def nothing_secret_outside(w):
    vm = w.register(secrets=[{'name': 'disk'}, {'guid': OTHER_GUID, 'data': b64(INLINE)}])
    guests = [w.launch(vm) for _ in range(3)]
    w.validate(vm, guests[0])
    refused('measurement-mismatch', w.validate, vm, guests[1], b'\1' * 32)
    needles = [PASSPHRASE, INLINE]
    for guest in guests:
        needles += [guest.tik, guest.tek, guest.tik.hex().encode(), guest.tek.hex().encode()]
        needles += [b64(guest.tik).encode(), b64(guest.tek).encode()]
    needles += [b64(s).encode()[:-4] for s in [PASSPHRASE, INLINE]]
    with open(w.service.kek, 'rb') as kek:
        needles.append(kek.read())
    with Database(w.service) as database:
        files = database.files() + [w.service.log_path]
    assert len(files) >= 4, files
    parts = []
    for path in files:
        with open(path, 'rb') as source:
            parts.append(source.read())
    blob = b'\0'.join(parts)
    for name in ('cmdline', 'environ'):
        with open(f'/proc/{w.service.process.pid}/{name}', 'rb') as source:
            blob += source.read()
    assert guests[0].id.encode() in blob and w.service.config.encode() in blob
    for needle in needles:
        assert needle not in blob, needle
    rows = dict(read_store(w.service, 'SELECT id, sealed_keys IS NULL AND sealed_table IS NULL FROM launches'))
    assert [rows[g.id] for g in guests] == [1, 1, 0]


@test
def no_surprise_with_many_launches(w):
    """A launch costs the same after hundreds of others."""
    vm = w.register(any_domain=True, permit={'max-launches': 100000, 'max-running': 100000})

    def fastest():
        times = []
        for _ in range(20):
            begun = time.monotonic()
            w.launch(vm)
            times.append(time.monotonic() - begun)
        return min(times)
    first = fastest()
    with Database(w.service) as database:
        columns = database.columns('launches')
        rest = ', '.join(c for c in columns if c not in ('id', 'state', 'sealed_keys', 'sealed_table', 'key_id'))
        database.execute(f"""WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
                             INSERT INTO launches (id, state, {rest}) SELECT 'old-' || i, 'ended', {rest}
                             FROM n, (SELECT * FROM launches WHERE vm = ? LIMIT 1) AS one""", (vm,))
    last = fastest()
    print(f'# {first * 1000:.1f} ms a launch, {last * 1000:.1f} ms with 20000 ended ones in the store')
    assert last < 3 * first + 0.02, (first, last)
