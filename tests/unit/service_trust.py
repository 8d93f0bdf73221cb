# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whose certificates count: CAs below the site's, a single person, another CA after a reload, a scraper's role."""

import datetime
import os
import signal
import ssl
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from service_peers import Peer, Service, Site, write
from service_revocation import Kept, Setting, crl, put
from service_world import SCHEMAS, TMP, refused, test


class Authority:
    """A CA below a site's, with what it issues."""

    def __init__(self, site, name='department', lasts=datetime.timedelta(days=2)):
        self.site, self.key = site, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = Site.usage(key_cert_sign=True, crl_sign=True)
        self.certificate = (site.builder(self.name, self.key, lasts).add_extension(usage, True)
                            .add_extension(x509.BasicConstraints(True, 0), True)
                            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False)
                            .sign(site.key, hashes.SHA256()))
        self.serial_number = self.certificate.serial_number

    def peer(self, service, urn, role='owner', name='alice', lasts=datetime.timedelta(days=1)):
        """A peer with a certificate of this CA, and its serial number."""
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.utcnow()
        certificate = (x509.CertificateBuilder().subject_name(self.name).issuer_name(self.name).public_key(key.public_key())
                       .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
                       .not_valid_after(now + lasts)
                       .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(urn)]), False)
                       .add_extension(Site.usage(digital_signature=True), True)
                       .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
                       .add_extension(x509.BasicConstraints(False, None), True).sign(self.key, hashes.SHA256()))
        path = os.path.join(TMP, f'below-{certificate.serial_number:x}')
        write(path + '.pem', Site.pem(certificate) + Site.pem(self.certificate))
        write(path + '.key', key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                               serialization.NoEncryption()))
        peer = Peer(self.site, role, name, SCHEMAS.check)
        peer.service = service
        peer.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        peer.context.load_verify_locations(self.site.ca)
        peer.context.load_cert_chain(path + '.pem', path + '.key')
        peer.serial_number = certificate.serial_number
        return peer


def person(w, service, name):
    """One of alice's people."""
    peer = Peer(w.site, 'owner', f'alice:{name}', SCHEMAS.check)
    peer.service = service
    return peer


@test
def revoked_intermediate(w):
    s, below = Setting(w, 'intermediate'), Authority(w.site)
    alice, bob = (below.peer(s.service, f'urn:virt-attest:owner:{name}', name=name) for name in ('alice', 'bob'))
    kept = Kept(alice)
    assert kept.status()[0] == 200 and bob.get('/vm')
    put(s.crl, crl(w.site, below.serial_number))
    assert kept.status()[0] == 401
    for peer in (alice, bob):
        refused('unauthenticated', peer.get, '/vm')
    s.alice.get('/vm')
    put(s.crl, crl(w.site))
    assert kept.status()[0] == 200
    s.end()


@test
def certificates_that_end_while_a_connection_is_open(w):
    """The client's own, or that of the CA above it: the connection ends with it, whether anything is asked on it or not."""
    s = Setting(w, 'ending', limits={'timeout-seconds': 600, 'request-seconds': 600})
    soon = datetime.timedelta(seconds=6)
    ending, lasting = Authority(w.site, 'ending', soon), Authority(w.site, 'lasting')
    peers = [ending.peer(s.service, 'urn:virt-attest:owner:alice'), lasting.peer(s.service, 'urn:virt-attest:owner:alice', lasts=soon),
             lasting.peer(s.service, 'urn:virt-attest:owner:alice')]
    kept = [Kept(peer) for peer in peers]
    assert [one.status()[0] for one in kept] == [200, 200, 200]
    for one in kept[:2]:
        one.connection.sock.settimeout(120)  # an idle connection of a peer may last longer
        assert one.connection.sock.recv(1) == b''
    assert kept[2].status()[0] == 200
    time.sleep(1.5)  # a certificate counts until the end of its last second
    for peer in peers[:2]:
        try:
            peer.get('/vm')
        except (ssl.SSLError, ConnectionError):
            continue
        raise AssertionError('a certificate that has ended was taken')
    s.end()


@test
def list_of_an_intermediate(w):
    """It counts for what that CA made, and for nothing else; one that somebody else signed in its name does not."""
    s, below, other = Setting(w, 'list-below'), Authority(w.site), Authority(w.site)
    alice, bob = (below.peer(s.service, f'urn:virt-attest:owner:{name}', name=name) for name in ('alice', 'bob'))
    kept = Kept(alice)
    assert kept.status()[0] == 200
    put(s.crl, crl(w.site) + crl(other, alice.serial_number))  # the same name, another key
    assert kept.status()[0] == 200
    put(s.crl, crl(w.site) + crl(below, alice.serial_number))
    assert kept.status()[0] == 401
    refused('unauthenticated', alice.get, '/vm')
    bob.get('/vm')
    put(s.crl, crl(w.site, alice.serial_number))  # the root made no certificate of that number
    assert kept.status()[0] == 200
    s.alice.get('/readyz')
    s.end()


@test
def denied_person(w):
    s = Setting(w, 'person')
    carl, dora = person(w, s.service, 'carl'), person(w, s.service, 'dora')
    kept = Kept(carl)
    assert kept.status()[0] == 200
    put(s.deny, b'owner:alice:carl\nhost:node1\n')
    assert kept.status()[0] == 401
    refused('unauthenticated', carl.get, '/vm')
    refused('unauthenticated', s.node1.get, '/healthz')
    for peer in (dora, s.alice, s.node2):
        peer.get('/readyz')
    put(s.deny, b'owner:alice\n')
    for peer in (carl, dora, s.alice):
        refused('unauthenticated', peer.get, '/vm')
    s.end()


@test
def bad_lines_are_told_and_the_others_count(w):
    s = Setting(w, 'bad-lines')

    connection = Kept(w.peer('metrics', 'prometheus', s.service)).connection

    def metric():
        connection.request('GET', '/metrics')
        return [line for line in connection.getresponse().read().decode().splitlines()
                if line.startswith('virt_attest_revocation_bad ')]

    s.node2.get('/readyz')
    assert metric() == ['virt_attest_revocation_bad 0']
    for bad in (b'hosts:node2', b'host:node1:carl', b'node2', b'owner:', b'owner:alice:Carl', b'owner:a:b:c', b'sha256:abc'):
        put(s.deny, b'owner:zoe\n' + bad + b'\nhost:node1\n')
        refused('unauthenticated', s.node1.get, '/healthz')
        assert 'deny list' in refused('not-ready', s.node2.get, '/readyz')
        assert f'{s.deny}: line 2: expected' in s.service.log()
        assert metric() == ['virt_attest_revocation_bad 1']
        s.node2.get('/healthz')
        put(s.deny, b'')
        s.node1.get('/readyz')
        assert metric() == ['virt_attest_revocation_bad 0']
    put(s.crl, b'garbage')
    refused('not-ready', s.node1.get, '/readyz')
    s.end()


@test
def another_ca_ends_connections(w):
    folder = os.path.join(TMP, 'other-ca')
    site, other = Site(os.path.join(folder, 'site')), Site(os.path.join(folder, 'other'))
    both = os.path.join(folder, 'both.pem')
    os.makedirs(folder, exist_ok=True)
    write(both, b''.join(open(one, 'rb').read() for one in (site.ca, other.ca)))
    served, site.ca = site.ca, both
    service = Service(os.path.join(folder, 'service'), site, os.path.join(w.platform.folder, 'roots')).start()
    site.ca = served
    before, after = Peer(site, 'owner', 'alice', SCHEMAS.check), Peer(other, 'owner', 'bob', SCHEMAS.check)
    for peer in (before, after):
        peer.service = service
        peer.context.load_verify_locations(served)
    old, busy, new = Kept(before), Kept(before), Kept(after)
    assert [kept.status()[0] for kept in (old, busy, new)] == [200] * 3
    put(both, open(other.ca, 'rb').read())
    service.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 30
    while 'were read again' not in service.log():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for kept in (old, busy):  # both have ended by now: nobody had to ask for it
        kept.connection.sock.settimeout(30)
        try:
            assert kept.connection.sock.recv(1) == b''
        except (ssl.SSLError, ConnectionError):
            pass
    assert new.status()[0] == 200
    try:
        before.get('/vm')
        raise AssertionError('the old CA still counts')
    except (ssl.SSLError, ConnectionError):
        pass
    after.get('/vm')
    assert service.end() == 0


@test
def role_metrics_reads_metrics_alone(w):
    scraper = w.peer('metrics', 'prometheus')
    connection = Kept(scraper).connection
    for path in ('/metrics', '/v1/metrics'):
        connection.request('GET', path)
        answer = connection.getresponse()
        assert answer.status == 200 and b'virt_attest_build_info' in answer.read()
    scraper.get('/healthz')
    scraper.get('/readyz')
    for path in ('/vm', '/audit', '/launch', '/secret', '/artifact', '/host'):
        refused('forbidden', scraper.get, path)
    refused('forbidden', scraper.call, 'POST', '/audit/checkpoint')
