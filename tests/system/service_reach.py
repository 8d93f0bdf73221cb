# SPDX-License-Identifier: LGPL-2.1-or-later
"""What virt-attest says when the service cannot be reached, or does not take its certificate: what was wrong, with which
file or host, what was expected, and what to do."""

import datetime
import ipaddress
import os
import socket
import ssl
import struct
import subprocess
import threading

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from lib.peers import Site
from lib.revocation import Setting
from lib.service import TMP, test

from service_cli import PROGRAM

LOOPBACK = x509.IPAddress(ipaddress.ip_address('127.0.0.1'))
SERVER = ExtendedKeyUsageOID.SERVER_AUTH


class OldSite(Site):
    """Another CA's site, or the one of @of, at another time, in @days from now."""

    def __init__(self, folder, of=None, days=(-1 / 24, 2)):
        self.days = days
        if of is None:
            super().__init__(folder)
        else:
            os.makedirs(folder, exist_ok=True)
            self.folder, self.key, self.name, self.ca = folder, of.key, of.name, of.ca

    def builder(self, name, key):
        made = super().builder(name, key)
        now = datetime.datetime.utcnow()
        made._not_valid_before, made._not_valid_after = (now.replace(microsecond=0) + datetime.timedelta(days=d) for d in self.days)
        return made


class Listener:
    """At a port of its own: does one thing with each connection, until it is closed."""

    def __init__(self, serve):
        self.socket, self.serve = socket.create_server(('127.0.0.1', 0)), serve
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            try:
                connection.settimeout(20)
                self.serve(connection)
            except OSError:
                pass
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def over_tls(files, then=lambda link: link.recv(65536), most=ssl.TLSVersion.TLSv1_3):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = most
    context.load_cert_chain(*files)

    def serve(connection):
        with context.wrap_socket(connection, server_side=True) as link:
            then(link)
    return serve


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))


def answers(text):
    def serve(link):
        link.recv(65536)
        link.sendall(text)
    return serve


def call(w, port, told, host='127.0.0.1', code=3, files=None, named=True):
    """What “vm list” prints, as one who is called @files; all of @told is in it, and nothing of a library's."""
    certificate, key = files if files is not None else w.site.client('owner', 'reacher')
    done = subprocess.run([PROGRAM, 'vm', 'list', '--url', f'https://{host}:{port}', '--ca', w.site.ca, '--certificate',
                           certificate, '--key', key], capture_output=True, text=True, timeout=120, check=False)
    printed = done.stdout + done.stderr
    assert done.returncode == code, printed
    for words in (*told, *([f'https://{host}:{port}'] if named else [])):
        assert words in printed, (words, printed)
    for words in ('GnuTLS', 'Error ', 'A packet', 'Unacceptable', 'GDBus'):
        assert words not in printed, (words, printed)
    return printed


@test
def servers_that_are_not_the_service(w):
    folder = os.path.join(TMP, 'reach')
    other = OldSite(folder + '-other')
    for days, *told in (((-9, -2), 'its certificate expired on 20', 'and it is 20', 'virt-attest ca issue service'),
                        ((2, 9), 'its certificate is not valid before 20', 'but it is 20', 'check the clocks')):
        with Listener(over_tls(OldSite(folder, w.site, days).issue('service', LOOPBACK, SERVER))) as listener:
            call(w, listener.port, told)
    for files, *told in ((other.issue('service', LOOPBACK, SERVER), f'not signed by the CA in {w.site.ca}', '“CN=test site”', 'ca.pem'),
                         (w.site.issue('elsewhere', x509.DNSName('attest.example'), SERVER), 'its certificate is for attest.example, not for 127.0.0.1',
                          'ca issue service'),
                         (w.site.issue('elsewhere-6', x509.IPAddress(ipaddress.ip_address('::1')), SERVER),
                          'for ::1, not for 127.0.0.1'),
                         (w.site.issue('client', LOOPBACK, ExtendedKeyUsageOID.CLIENT_AUTH), 'not for a server', 'ca issue service')):
        with Listener(over_tls(files)) as listener:
            call(w, listener.port, told)
    with Listener(over_tls(w.site.server(), most=ssl.TLSVersion.TLSv1_2)) as listener:
        call(w, listener.port, ['does not speak TLS 1.3', 'check host and port'])


@test
def places_without_a_service(w):
    where = 'check host and port'
    for serve, *told in ((answers(b'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'), 'does not speak TLS', 'plain HTTP', where),
                         (answers(b'SSH-2.0-OpenSSH_9.2\r\n'), 'does not speak TLS', 'another program', where),
                         (reset, 'closed before the TLS handshake was complete', where), (lambda connection: None, 'closed before the TLS handshake was complete', where)):
        with Listener(serve) as listener:
            call(w, listener.port, told)
    call(w, listener.port, ['nothing listens there', where, 'systemctl status virt-attestd'])
    call(w, listener.port, ['its name is unknown', 'DNS'], host='attest.invalid')
    for text, *told in ((None, 'closed the connection before it answered', 'owner-reacher.pem', 'its journal'),
                        (b'502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\n<h1>Sorry</h1>', 'status 502', 'a proxy'),
                        (b'403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nSorry', 'status 403', 'a proxy'),
                        (b'200 OK\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\n<h1>Sorry</h1>', 'content type is not JSON')):
        then = answers(b'HTTP/1.1 ' + text) if text else lambda link: (link.recv(65536), reset(link))
        with Listener(over_tls(w.site.server(), then)) as listener:
            assert 'Sorry' not in call(w, listener.port, told, named='status' not in told[0])


@test
def certificates_that_the_service_refuses(w):
    folder, port = os.path.join(TMP, 'reach-client'), w.service.port
    refused = 'it refused the client certificate '
    other = OldSite(folder + '-other').client('owner', 'reacher')
    for days, *told in (((-9, -2), 'which expired on 20', 'virt-attest ca issue'), ((2, 9), 'which is not valid before 20', 'clock')):
        files = OldSite(folder, w.site, days).client('owner', 'reacher')
        call(w, port, [refused + files[0], *told], files=files)
    call(w, port, [refused + other[0], '“CN=test site”', f'not by the CA in {w.site.ca}', 'virt-attest ca issue'], files=other)
    for name in (x509.UniformResourceIdentifier('urn:virt-attest:king:alice'), x509.DNSName('alice')):
        files = w.site.issue('strange', name, ExtendedKeyUsageOID.CLIENT_AUTH)
        call(w, port, [refused + files[0], 'urn:virt-attest:ROLE:NAME', 'ca issue'], files=files)
    files = w.site.server()
    call(w, port, [refused + files[0], 'purposes other than', 'ca issue'], files=files)
    setting = Setting(w, 'reach')
    with open(setting.deny, 'w', encoding='ascii') as deny:
        deny.write('owner:reacher\n')
    call(w, setting.service.port, ['refused: ', 'deny list', '(unauthenticated)'], code=1, named=False)
    setting.end()
