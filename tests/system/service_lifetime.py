# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-attestd as systemd sees it: readiness, watchdog, reload; and its end, with launches under way."""

import datetime
import http.client
import json
import os
import select
import signal
import socket
import ssl
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from lib.metrics import connect, fetch
from lib.peers import Guest, Service, write
from lib.service import TMP, Database, read_store, refused, test


class Notified(Service):
    """With a socket that takes what systemd would."""

    def __init__(self, w, name, extra='', **environment):
        path = os.path.join(TMP, name + '.notify')
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.messages = []
        super().__init__(os.path.join(TMP, name), w.site, os.path.join(w.platform.folder, 'roots'), extra=extra,
                         NOTIFY_SOCKET=path, **environment)

    def read(self):
        while True:
            try:
                self.messages.append(self.socket.recv(65536, socket.MSG_DONTWAIT).decode().splitlines())
            except BlockingIOError:
                return self.messages

    def wait_for(self, line, seconds=10):
        end = time.monotonic() + seconds
        while not any(line in message for message in self.read()):
            assert time.monotonic() < end, (line, self.messages)
            time.sleep(0.01)


@test
def systemd_is_told(w):
    service = Notified(w, 'told', WATCHDOG_USEC='300000').start()
    service.wait_for('READY=1')
    service.read().clear()
    time.sleep(0.8)  # the socket takes ten
    beats = sum('WATCHDOG=1' in message for message in service.read())
    assert 3 <= beats <= 9, beats
    assert all('STATUS=Ready' in message for message in service.messages)
    service.messages.clear()
    service.process.send_signal(signal.SIGSTOP)
    time.sleep(0.5)
    assert not any('WATCHDOG=1' in message for message in service.read()[3:])
    service.process.send_signal(signal.SIGCONT)
    service.wait_for('WATCHDOG=1')
    service.messages.clear()
    service.process.send_signal(signal.SIGHUP)
    service.wait_for('RELOADING=1')
    service.wait_for('READY=1')
    reloading, = [message for message in service.messages if 'RELOADING=1' in message]
    stamp, = [int(line[15:]) for line in reloading if line.startswith('MONOTONIC_USEC=')]
    assert abs(stamp / 1e6 - time.monotonic()) < 5
    assert service.end() == 0
    last = [message for message in service.read() if 'STOPPING=1' in message]
    assert len(last) == 1 and any(line.startswith('EXTEND_TIMEOUT_USEC=40') for line in last[0]), last


@test
def not_ready_with_an_expired_certificate(w):
    service = Service(os.path.join(TMP, 'brief'), w.site, os.path.join(w.platform.folder, 'roots'))
    certificate, key_path = os.path.join(w.site.folder, 'service.pem'), os.path.join(w.site.folder, 'service.key')
    with open(certificate, 'rb') as pem, open(key_path, 'rb') as key:
        old, secret = x509.load_pem_x509_certificate(pem.read()), serialization.load_pem_private_key(key.read(), None)
    end = datetime.datetime.utcnow().replace(microsecond=0) + datetime.timedelta(seconds=3)
    builder = (x509.CertificateBuilder().subject_name(old.subject).issuer_name(old.issuer)
               .public_key(secret.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(end - datetime.timedelta(hours=1)).not_valid_after(end))
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    short = write(os.path.join(TMP, 'brief.pem'), w.site.pem(builder.sign(w.site.key, hashes.SHA256())))
    with open(service.config, encoding='utf-8') as config:
        text = config.read()
    write(service.config, text.replace(certificate, short).encode())
    service.start()
    olga = w.peer('operator', 'olga', service)
    olga.context.check_hostname, olga.context.verify_mode = False, ssl.CERT_NONE
    assert olga.get('/readyz')['status'] == 'ok'
    while datetime.datetime.utcnow() <= end + datetime.timedelta(seconds=1):
        time.sleep(0.1)
    assert 'certificate has expired' in refused('not-ready', olga.get, '/readyz')
    assert olga.get('/healthz')['status'] == 'ok'
    write(short, w.site.pem(old))
    service.process.send_signal(signal.SIGHUP)
    for _ in range(100):
        if 'reloaded certificate' in service.log():
            break
        time.sleep(0.05)
    assert olga.get('/readyz')['status'] == 'ok'
    assert service.end() == 0


def launch_raw(w, peer, connection, vm):
    connection.request('POST', f'/v1/vm/{vm}/launch', json.dumps(w.platform.request(vm)), {'Content-Type': 'application/json'})


@test
def stopping_finishes_what_it_has_begun(w):
    service = Notified(w, 'stopping').start()
    alice, node1 = w.peer('owner', 'alice', service), w.peer('host', 'node1', service)
    alice.call('PUT', '/artifact', raw=w.image)
    vm = w.register(alice)
    kept, under_way = [connect(node1) for _ in range(8)], connect(node1)
    assert all(fetch(one, '/v1/readyz')[0] == 200 for one in kept)
    database = Database(service)
    database.lock()
    launch_raw(w, node1, under_way, vm)
    time.sleep(0.3)
    service.process.send_signal(signal.SIGTERM)
    service.wait_for('STOPPING=1')
    service.process.send_signal(signal.SIGTERM)
    service.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    # Those that share the waiting launch's thread wait with it.
    for one in kept:
        one.request('GET', '/v1/readyz')
    ready = select.select([one.sock for one in kept], [], [], 3)[0]
    answer, = [one for one in kept if one.sock is ready[0]]
    answer = answer.getresponse()
    status, text = answer.status, answer.read().decode()
    assert status == 503 and json.loads(text)['code'] == 'not-ready' and 'stopping' in text, text
    try:
        fetch(connect(node1), '/v1/healthz')
        raise AssertionError('a new connection was taken')
    except (OSError, http.client.HTTPException):
        pass
    assert service.process.poll() is None
    database.connection.rollback()
    database.connection.close()
    answer = under_way.getresponse()
    grant = json.loads(answer.read())
    assert answer.status == 201 and answer.getheader('Connection') == 'close', grant
    assert service.process.wait(10) == 0
    assert read_store(service, 'SELECT state FROM launches WHERE id = ?', grant['launch-id']) == [('open',)]
    assert 'still stopping' in service.log()


class Launcher(threading.Thread):
    """Launches until the service is away; what was acknowledged, and how it ended."""

    def __init__(self, w, peer, vm):
        super().__init__()
        self.w, self.peer, self.vm = w, peer, vm
        self.granted, self.strange = [], []

    def run(self):
        connection = connect(self.peer)
        while True:
            try:
                launch_raw(self.w, self.peer, connection, self.vm)
                answer = connection.getresponse()
                body = answer.read()
            except http.client.IncompleteRead as error:
                self.strange.append(error)
                return
            except (OSError, http.client.HTTPException):
                return
            if answer.status != 201 or len(body) != int(answer.getheader('Content-Length')):
                self.strange.append((answer.status, body))
                return
            self.granted.append(json.loads(body)['launch-id'])
            if answer.getheader('Connection') == 'close':
                connection.close()


@test
def stopping_under_load(w):
    """Each launch gets a whole answer or none, and each one that was granted is in the database, whenever SIGTERM comes."""
    service = Service(os.path.join(TMP, 'loaded'), w.site, os.path.join(w.platform.folder, 'roots')).start()
    alice = w.peer('owner', 'alice', service)
    alice.call('PUT', '/artifact', raw=w.image)
    vm = w.register(alice, permit={'max-launches': 1000000})
    acknowledged = []
    for round_ in range(4):
        threads = [Launcher(w, w.peer('host', f'node{i}', service), vm) for i in range(6)]
        for thread in threads:
            thread.start()
        time.sleep(0.4 + 0.13 * round_)
        begun = time.monotonic()
        assert service.end() == 0
        assert time.monotonic() - begun < 10
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive() and not thread.strange, thread.strange
            acknowledged += thread.granted
        service.start()
    assert len(acknowledged) > 40, len(acknowledged)
    stored = {row[0] for row in read_store(service, "SELECT id FROM launches WHERE state = 'open'")}
    assert set(acknowledged) <= stored and len(set(acknowledged)) == len(acknowledged)
    print(f'# {len(acknowledged)} launches acknowledged, {len(stored)} in the database')
    node1 = w.peer('host', 'node9', service)
    guest = Guest(w.platform, node1.post(f'/vm/{vm}/launch', w.platform.request(vm)))
    w.validate(vm, guest, host=node1)
    assert service.end() == 0
