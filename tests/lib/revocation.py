# SPDX-License-Identifier: LGPL-2.1-or-later
"""A virt-attestd with a deny list and a revocation list, CAs below the site's, and connections that stay open."""

import datetime
import http.client
import json
import os
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lib.peers import Peer, Service, Site, write
from lib.service import SCHEMAS, TMP


def certificate(path):
    with open(path, 'rb') as f:
        return x509.load_pem_x509_certificate(f.read())


def crl(site, *serials, days=2):
    now = datetime.datetime.utcnow()
    builder = (x509.CertificateRevocationListBuilder().issuer_name(site.name).last_update(now - datetime.timedelta(days=3))
               .next_update(now + datetime.timedelta(days=days)))
    for serial in serials:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build())
    return builder.sign(site.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class Setting:
    def __init__(self, w, name, **more):
        self.w, folder = w, os.path.join(TMP, 'revocation-' + name)
        os.makedirs(folder)
        self.deny, self.crl = os.path.join(folder, 'deny'), os.path.join(folder, 'crl.pem')
        write(self.deny, b'# nobody yet\n\n')
        write(self.crl, crl(w.site))
        self.service = Service(folder, w.site, os.path.join(w.platform.folder, 'roots'),
                               extra=f'[tls]\ndeny = {self.deny}\ncrl = {self.crl}\n', **more)
        self.service.start()
        self.alice, self.node1 = w.peer('owner', 'alice', self.service), w.peer('host', 'node1', self.service)
        self.node2 = w.peer('host', 'node2', self.service)
        self.alice.call('PUT', '/artifact', raw=w.image)
        self.vm = w.register(self.alice)

    def end(self):
        assert (status := self.service.end()) == 0, (status, self.service.log()[-600:])


def put(path, data):
    """In one step, as careful people do."""
    os.replace(write(path + '.new', data), path)


class Kept:
    """One connection that stays open."""

    def __init__(self, peer):
        self.connection = http.client.HTTPSConnection('127.0.0.1', peer.service.port, context=peer.context, timeout=30)

    def status(self):
        self.connection.request('GET', '/v1/healthz')
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())


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
