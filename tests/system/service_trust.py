# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whose certificates count: CAs below the site's, a single person, another CA after a reload, a scraper's role."""

import datetime
import os
import signal
import ssl
import time


from lib.peers import Peer, Service, Site, write
from lib.revocation import Authority, Kept, Setting, crl, person, put
from lib.service import SCHEMAS, TMP, refused, test


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
    while 'reloaded certificate' not in service.log():
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
