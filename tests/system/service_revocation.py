# SPDX-License-Identifier: LGPL-2.1-or-later
"""Certificates that a running virt-attestd must not take any more: deny list and revocation list."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from lib.metrics import scrape, value
from lib.peers import Peer, Service, Site, write
from lib.revocation import Kept, Setting, certificate, crl, put
from lib.service import SCHEMAS, TMP, refused, test

PROGRAM = os.path.join(os.environ['VA_TOP_BUILDDIR'], 'virt-attest')


@test
def denied_host(w):
    s = Setting(w, 'host')
    guest, kept = w.launch(s.vm, host=s.node1), Kept(s.node1)
    assert kept.status()[0] == 200
    put(s.deny, b'host:node1 # sold\n')
    status, problem = kept.status()
    assert status == 401 and problem['code'] == 'unauthenticated' and 'deny list' in problem['detail'], problem
    assert 'revoked' not in problem['detail'], problem
    refused('unauthenticated', w.validate, s.vm, guest, host=s.node1)
    refused('unauthenticated', w.launch, s.vm, host=s.node1)
    w.launch(s.vm, host=s.node2)
    assert s.alice.get('/launch/' + guest.id)['state'] == 'open'
    put(s.deny, b'host:node1\nhosts:node2\n')
    refused('unauthenticated', w.validate, s.vm, guest, host=s.node1)
    assert 'line 2' in s.service.log()
    os.unlink(s.deny)
    refused('unauthenticated', w.validate, s.vm, guest, host=s.node1)
    put(s.deny, b'')
    assert kept.status()[0] == 200
    w.validate(s.vm, guest, host=s.node1)
    s.end()


@test
def denied_certificate(w):
    s = Setting(w, 'certificate')
    old = certificate(os.path.join(w.site.folder, 'host-node1.pem'))
    put(s.deny, f'sha256:{old.fingerprint(hashes.SHA256()).hex()}\n'.encode())
    refused('unauthenticated', w.launch, s.vm, host=s.node1)
    w.launch(s.vm, host=w.peer('host', 'node1', s.service))
    s.end()


@test
def list_by_the_tool(w):
    s = Setting(w, 'tool')
    folder = os.path.join(TMP, 'revoking-ca')
    os.makedirs(folder)
    shutil.copy(w.site.ca, os.path.join(folder, 'ca.pem'))
    write(os.path.join(folder, 'ca.key'), w.site.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    made = os.path.join(folder, 'crl.pem')

    def revoke(*arguments, code=0):
        done = subprocess.run([PROGRAM, 'ca', 'revoke', '--dir', folder, *arguments], capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == code, done
        return done.stdout + done.stderr

    def serials():
        with open(made, 'rb') as f:
            return {one.serial_number for one in x509.load_pem_x509_crl(f.read())}

    hosts = [os.path.join(w.site.folder, f'host-{name}.pem') for name in ('node1', 'node2')]
    assert made in revoke() and serials() == set()
    revoke(hosts[0])
    put(s.crl, open(made, 'rb').read())
    refused('unauthenticated', w.launch, s.vm, host=s.node1)
    w.launch(s.vm, host=s.node2)
    revoke(hosts[1], hosts[0], '--days', '30')
    assert serials() == {certificate(path).serial_number for path in hosts}
    put(s.crl, open(made, 'rb').read())
    refused('unauthenticated', w.launch, s.vm, host=s.node2)
    foreign = Site(os.path.join(TMP, 'revoking-foreign'))
    assert 'issued by a' in revoke(foreign.client('host', 'node1')[0], code=1)
    write(made, crl(foreign))
    assert 'not signed by this CA' in revoke(hosts[0], code=1)
    revoke('--days', '0', code=2)
    revoke(os.path.join(TMP, 'no-such'), code=3)
    s.end()


@test
def revocation_list(w):
    s = Setting(w, 'list')
    old = certificate(os.path.join(w.site.folder, 'host-node1.pem'))
    put(s.crl, crl(w.site, 1, old.serial_number, 2))
    refused('unauthenticated', w.launch, s.vm, host=s.node1)
    w.launch(s.vm, host=s.node2)
    foreign = Site(os.path.join(TMP, 'crl-site'))
    before = s.service.log().count('reloaded the deny list')
    with open(w.site.ca, 'rb') as source:
        authority = source.read()
    for bad in (crl(foreign), b'garbage', b'', authority):
        put(s.crl, bad)
        refused('unauthenticated', w.launch, s.vm, host=s.node1)
    log = s.service.log()
    for words in ('not signed by the CA', 'this is a certificate, not a revocation list', 'no revocation list in PEM form'):
        assert words in log, (words, log)
    # What was not read is not reported as read.
    assert log.count('reloaded the deny list') == before and 'Base64' not in log, log
    put(s.crl, crl(w.site, days=-1))
    w.launch(s.vm, host=s.node1)
    assert 'past its next update' in s.service.log()
    s.end()
    for path, bad, word in ((s.crl, crl(foreign), 'not signed by the CA'), (s.deny, None, s.deny)):
        if bad is None:
            os.unlink(path)
        else:
            put(path, bad)
        try:
            s.service.start()
        except RuntimeError as error:
            assert word in str(error), error
        else:
            raise AssertionError('it started')
        finally:
            s.service.process = None
        if bad is not None:
            put(path, crl(w.site))


@test
def bad_line_at_the_start(w):
    """It is no more than one that comes later: the others count, and the service says that it is not ready."""
    s = Setting(w, 'bad-line')
    s.end()
    put(s.deny, b'node1\nhost:node2\n')
    s.service.start()
    w.launch(s.vm, host=s.node1)
    refused('unauthenticated', w.launch, s.vm, host=s.node2)
    refused('not-ready', s.alice.get, '/readyz')
    assert value(scrape(w.peer('metrics', 'prometheus', s.service)), 'virt_attest_revocation_bad') == 1
    assert 'line 1: expected ROLE:NAME' in s.service.log()
    put(s.deny, b'host:node2\n')
    assert s.alice.get('/readyz')['status'] == 'ok'
    s.end()


@test
def certificate_renewed_without_an_interruption(w):
    """systemctl reload: new connections get the new certificate, open ones go on, broken files change nothing."""
    folder = os.path.join(TMP, 'renewal')
    site = Site(os.path.join(folder, 'site'))
    service = Service(folder, site, os.path.join(w.platform.folder, 'roots'))
    service.start()
    alice = Peer(site, 'owner', 'alice', SCHEMAS.check)
    alice.service = service
    kept = http.client.HTTPSConnection('127.0.0.1', service.port, context=alice.context, timeout=30)

    def on_kept():
        kept.request('GET', '/v1/vm')
        answer = kept.getresponse()
        answer.read()
        return answer.status, x509.load_der_x509_certificate(kept.sock.getpeercert(True)).serial_number

    def on_new():
        with socket.create_connection(('127.0.0.1', service.port)) as plain, \
             alice.context.wrap_socket(plain, server_hostname='127.0.0.1') as tls:
            return x509.load_der_x509_certificate(tls.getpeercert(True)).serial_number

    def reload(words):
        before = service.log().count(words)
        service.process.send_signal(signal.SIGHUP)
        for _ in range(100):
            if service.log().count(words) > before:
                return
            time.sleep(0.05)
        raise AssertionError(service.log())
    old = on_new()
    assert on_kept() == (200, old)
    first = alice.post('/audit/checkpoint', None)['certificate']
    files = {path: open(path, 'rb').read() for path in (site.server())}
    for path in files:
        os.unlink(path)
    again = site.server()
    assert set(again) == set(files)
    reload('reloaded certificate')
    new = on_new()
    assert new != old and on_kept() == (200, old)
    alice.call('PUT', '/artifact', raw=w.image)
    assert alice.post('/audit/checkpoint', None)['certificate'] != first
    key = [path for path in again if path.endswith('.key')][0]
    put(key, b'broken')
    os.chmod(key, 0o600)
    reload('cannot reload certificate, key and CA')
    assert on_new() == new and on_kept() == (200, old)
    put(key, files[key])
    os.chmod(key, 0o600)
    reload('cannot reload certificate, key and CA')  # the old key does not belong to the new certificate
    assert on_new() == new
    kept.close()
    assert service.end() == 0


@test
def groups_of_hosts(w):
    """What the operator writes into the file counts with the next launch."""
    path = os.path.join(TMP, 'groups')
    write(path, b'# racks\nwest: node1\nwest: node3\neast: node2 # here\nempty:\n')
    service = Service(os.path.join(TMP, 'grouped'), w.site, os.path.join(w.platform.folder, 'roots'),
                      extra=f'[hosts]\ngroups = {path}\n')
    service.start()
    alice, node1, node2 = (w.peer(role, name, service) for role, name in (('owner', 'alice'), ('host', 'node1'), ('host', 'node2')))
    alice.call('PUT', '/artifact', raw=w.image)
    alice.call('PUT', '/secret/east?type=luks-passphrase', raw=b'east')
    vm = w.register(alice, hosts=['@west'])
    assert alice.get('/vm/' + vm)['hosts'] == ['@west']
    w.launch(vm, host=node1)
    refused('host-not-allowed', w.launch, vm, host=node2)
    assert 'no host group' in refused('bad-request', w.register, alice, hosts=['@north'])
    assert 'no host group' in refused('bad-request', w.register, alice, secrets=[{'name': 'east', 'rule': {'hosts': ['@north']}}])
    refused('host-not-allowed', w.launch, w.register(alice, hosts=['@empty']), host=node1)
    east = w.register(alice, secrets=[{'name': 'east', 'rule': {'hosts': ['@east'], 'otherwise': 'omit'}}])
    for host, has in ((node1, False), (node2, True)):
        guest = w.launch(east, host=host)
        assert ('secret-payload' in w.validate(east, guest, host=host)) == has
    put(path, b'west: node2\n')
    refused('host-not-allowed', w.launch, vm, host=node1)
    w.launch(vm, host=node2)
    put(path, b'west node1\n')
    refused('host-not-allowed', w.launch, vm, host=node1)
    assert 'cannot reload the host groups' in service.log() and 'line 1: expected GROUP' in service.log()
    os.unlink(path)
    w.launch(vm, host=node2)
    put(path, b'east: node1\n')
    refused('host-not-allowed', w.launch, vm, host=node2)
    assert service.end() == 0
    put(path, b'west: Node1\n')
    done = subprocess.run([os.path.join(os.environ['VA_TOP_BUILDDIR'], 'virt-attestd'), '--config', service.config, '--check-config'],
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1 and 'line 1: expected GROUP' in done.stderr, done
