# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-attestd --check-config: everything that a start would stumble over, in sentences."""

import datetime
import os
import re
import sqlite3
import subprocess

from cryptography.hazmat.primitives import hashes, serialization
from lib.peers import SERVICE, Service, Site, write
from lib.service import TMP, test


class Checked:
    """A configuration that is good, to be changed by one thing."""

    def __init__(self, w):
        self.folder = os.path.join(TMP, 'checked')
        os.makedirs(self.folder, exist_ok=True)
        with open(w.service.config, encoding='ascii') as source:
            self.good = source.read()

    def run(self, **changes):
        """Status and words with these keys changed; underscores stand for hyphens."""
        text = self.good
        for name, value in changes.items():
            text, count = re.subn(f'^{name.replace("_", "-")} = .*', f'{name.replace("_", "-")} = {value}', text, flags=re.M)
            assert count > 0, name
        done = subprocess.run([SERVICE, '--config', write(os.path.join(self.folder, 'service.conf'), text.encode()),
                               '--check-config'], capture_output=True, text=True, timeout=60, check=False)
        assert 'Success' not in done.stderr and 'CRITICAL' not in done.stderr, done
        return done.returncode, done.stdout + done.stderr

    def refused(self, words, *more, **changes):
        status, said = self.run(**changes)
        assert status == 1 and ': ok' not in said, (status, said)
        for one in (words, *more):
            assert one in said, (one, said)

    def put(self, name, data):
        return write(os.path.join(self.folder, name), data)


def key_lines(text, certificate, key):
    """[tls] has two keys of the names that [store] has too, so they are changed there alone."""
    head, tls, rest = re.split(r'(\[tls\]\n(?:[^\[].*\n)+)', text, maxsplit=1)
    tls = re.sub('^certificate = .*', f'certificate = {certificate}', tls, flags=re.M)
    return head + re.sub('^key = .*', f'key = {key}', tls, flags=re.M) + rest


@test
def check_finds_bad_certificates(w):
    c = Checked(w)
    site = Site(os.path.join(c.folder, 'site'))
    certificate, key = site.server()
    c.good = key_lines(c.good, certificate, key)
    status, said = c.run(ca=site.ca)
    assert status == 0 and ': ok' in said, said
    # The one-day certificates of tests end soon.
    assert 'service.pem: the certificate expires on' in said, said
    other, other_key = site.issue('other', *server_name())
    good = c.good
    c.good = key_lines(good, certificate, other_key)
    c.refused('expected the private key of the certificate', other_key)
    c.good = key_lines(good, ended(site), key)
    c.refused('ended.pem: the certificate expired on', 'issue a new one')
    client, client_key = site.client('owner', 'alice')
    c.good = key_lines(good, client, client_key)
    c.refused('not a certificate for a server', client)
    c.good = key_lines(good, c.put('no.pem', b'hello\n'), key)
    c.refused('no.pem: it contains no certificate in PEM form')
    c.good = key_lines(good, c.put('torn.pem', b'-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'), key)
    c.refused('torn.pem')
    c.good = key_lines(good, certificate, c.put('empty.key', b''))
    c.refused('empty.key: it contains no private key')
    c.good = good
    c.refused('empty.pem: it contains no certificate in PEM form', ca=c.put('empty.pem', b''))
    c.refused("certificate 1 in it is not a CA's", ca=other)


def server_name():
    import ipaddress
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID
    return x509.IPAddress(ipaddress.ip_address('127.0.0.1')), ExtendedKeyUsageOID.SERVER_AUTH


def ended(site):
    """The site's certificate for its service, as it would be two days later."""
    with open(os.path.join(site.folder, 'service.key'), 'rb') as source:
        key = serialization.load_pem_private_key(source.read(), None)
    now = datetime.datetime.utcnow()
    builder = site.builder(site.name, key)
    builder._not_valid_before, builder._not_valid_after = now - datetime.timedelta(days=3), now - datetime.timedelta(days=1)
    return write(os.path.join(site.folder, 'ended.pem'), site.pem(builder.sign(site.key, hashes.SHA256())))


@test
def check_names_every_file_of_tls(w):
    c = Checked(w)
    site = Site(os.path.join(c.folder, 'each-site'))
    certificate, key = site.server()
    good = c.good
    c.good = key_lines(good, c.put('each.pem', b'hello\n'), f'{c.folder}/absent.key')
    c.refused('each.pem: it contains no certificate', 'absent.key', 'absent.pem', ca=f'{c.folder}/absent.pem')
    c.good = key_lines(good, ended(site), f'{c.folder}/absent.key')
    c.refused('ended.pem: the certificate expired on', 'absent.key', ca=c.put('each-ca.pem', b''))
    # Well each by itself, but no client that has this CA would take the certificate: a warning.
    c.good = key_lines(good, certificate, key)
    status, said = c.run(ca=Site(os.path.join(c.folder, 'foreign-site')).ca)
    assert status == 0 and 'is not signed by the CA in' in said and certificate in said, said
    assert 'is not signed' not in c.run(ca=site.ca)[1]


def contents(folder):
    found = {}
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            with open(path, 'rb') as source:
                found[name] = source.read()
    return found


@test
def check_tries_the_key_on_the_store(w):
    """What is in the store that is there is read, and nothing is changed by that."""
    service = Service(os.path.join(TMP, 'checked-store'), w.site, os.path.join(w.platform.folder, 'roots'))
    service.start()
    c = Checked(w)
    with open(service.config, encoding='ascii') as source:
        c.good = source.read()
    other = c.put('other.kek', os.urandom(32))
    wrong = c.good.replace(service.kek, other)
    is_file = '://' not in service.store
    for running in (True, False):
        if not running:
            assert service.end() == 0
        before = contents(os.path.dirname(service.store)) if is_file and not running else None
        assert c.run()[0] == 0, c.run()
        right, c.good = c.good, wrong
        c.refused('does not open')
        c.good = right
        if before is not None:
            assert contents(os.path.dirname(service.store)) == before
    if not is_file:
        c.refused('sslmode=verify-full', url='"postgresql://attest@192.0.2.1/attest"')
        status, said = c.run(url='"postgresql://attest@127.0.0.1:1/attest?sslmode=verify-full&sslrootcert=/etc/hosts"')
        assert status == 0 and "the store's keys were not tried" in said, said
        return
    with open(service.store, 'wb') as store:
        store.write(b'not a database at all\n' * 100)
    before = contents(os.path.dirname(service.store))
    c.refused('is not an SQLite database', service.store)
    assert contents(os.path.dirname(service.store)) == before
    os.remove(service.store)
    make_database(service.store)
    c.refused("is a database, but not a virt-attest store")


def make_database(path):
    connection = sqlite3.connect(path)
    connection.execute('CREATE TABLE other (a)')
    connection.commit()
    connection.close()
    os.chmod(path, 0o600)


@test
def check_finds_the_rest(w):
    c = Checked(w)
    c.refused('“example.org” is not a numeric address', 'service.conf, line ', 'key “address”', address='"example.org"')
    base = c.good
    c.good = base + f'[tls]\ndeny = {c.put("deny", b"host:node1" + bytes([10]) + b"node2" + bytes([10]))}\n'
    c.refused('deny: line 2: expected ROLE:NAME')
    c.good = base + f'[tls]\ncrl = {c.put("crl.pem", b"hello" + bytes([10]))}\n'
    c.refused('crl.pem: revocation list')
    c.good = base
    for key in ('key-service', 'root-service'):
        c.good = base + f'[amd]\n{key} = ftp://example.org\n'
        c.refused("is not a server's URL", f'service.conf, line {c.good.count(chr(10))}: key “{key}”')
    c.good = base
    empty = os.path.join(c.folder, 'empty-roots')
    os.makedirs(empty)
    c.refused(f'{empty} contains no roots', trusted_folder=empty)
    # Several at once: each is said.
    c.refused('is not a numeric address', 'absent', address='"x"', ca=f'{TMP}/absent')
    if '://' in w.service.store:
        c.refused('contains a password', url='"postgresql://u:hunter2@h/d"')
        assert 'hunter2' not in c.run(url='"postgresql://u:hunter2@h/d"')[1]
        return
    c.refused("store's directory does not exist", path=f'{c.folder}/no/such/store.db')
    status, said = c.run(path=f'{c.folder}/new/store.db')
    assert status == 0 and 'creates it when it starts' in said and not os.path.exists(f'{c.folder}/new'), said
    c.refused('this is a file', path=f'{c.put("file", b"")}/store.db')
    for mode, words in ((0o750, 'must not be accessible to group and others (chmod 0700)'), (0o500, "cannot write into the store's directory")):
        directory = os.path.join(c.folder, f'mode-{mode:o}')
        os.makedirs(directory, exist_ok=True)
        os.chmod(directory, mode)
        if mode == 0o500 and os.geteuid() == 0:
            os.chown(directory, 65534, 65534)  # the service runs as its owner then
            for above in (TMP, c.folder):
                os.chmod(above, 0o755)
        c.refused(words, path=f'{directory}/store.db')
