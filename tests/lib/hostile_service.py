# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who stands in the service's place, with a certificate of the site's CA: answers in ways that harm a client that trusts
in its good will. Each way is a method named answer_WAY."""

import json
import os
import socket
import ssl
import threading

ESCAPES = '\x1b]0;owned\x07\x1b[31mRED\u009b2J\u202e\n\rFORGED LINE'
ID = '01a21d55-2ead-78d9-acc8-184d0fea0ac3'


class HostileService:
    """Listens at a port of its own until it is closed."""

    def __init__(self, site, way):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*site.issue('hostile-' + way, *site_server()))
        if way == 'tickets':
            self.context.num_tickets = 2 ** 31 - 1
        self.answer = getattr(self, 'answer_' + way)
        self.calls = 0
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        self.calls += 1
        try:
            connection.settimeout(60)
            with self.context.wrap_socket(connection, server_side=True) as link:
                self.answer(link, *self.read(link))
        except OSError:
            pass
        finally:
            connection.close()

    @staticmethod
    def read(link):
        """Method and path of the request."""
        text = b''
        while b'\r\n\r\n' not in text:
            part = link.recv(65536)
            if not part:
                raise OSError('gone')
            text += part
        head, _, body = text.partition(b'\r\n\r\n')
        for line in head.split(b'\r\n'):
            name, _, value = line.partition(b':')
            while name.lower() == b'content-length' and len(body) < int(value):
                body += link.recv(65536)
        return head.split(b' ')[0].decode(), head.split(b' ')[1].decode()

    @staticmethod
    def flood(link, first, then):
        link.sendall(first)
        while True:
            link.sendall(then * (1 + 16000 // len(then)))

    def answer_tickets(self, link, method, path):
        raise OSError('it never comes to this')

    def answer_continues(self, link, method, path):
        self.flood(link, b'', b'HTTP/1.1 100 Continue\r\n\r\n')

    def answer_headers(self, link, method, path):
        self.flood(link, b'HTTP/1.1 200 OK\r\n', b'X-A: ' + b'a' * 4000 + b'\r\n')

    def answer_chunks(self, link, method, path):
        self.flood(link, b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
                   b'1\r\n \r\n')

    def answer_silence(self, link, method, path):
        threading.Event().wait(60)

    def answer_escapes(self, link, method, path):
        """JSON in which every text is of control characters."""
        self.send(link, text_of(method, path))

    @staticmethod
    def send(link, answer):
        text = json.dumps(answer).encode()
        link.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b'
                     % (len(text), text))


def site_server():
    """What site.issue() needs for a server's certificate."""
    import ipaddress  # pylint: disable=import-outside-toplevel
    from cryptography import x509  # pylint: disable=import-outside-toplevel
    from cryptography.x509.oid import ExtendedKeyUsageOID  # pylint: disable=import-outside-toplevel
    return x509.IPAddress(ipaddress.ip_address('127.0.0.1')), ExtendedKeyUsageOID.SERVER_AUTH

LAUNCH = {'launch-id': ID, 'vm': ID, 'host': ESCAPES, 'domain': {'uuid': ID, 'name': ESCAPES}, 'state': ESCAPES, 'policy': 1,
          'generation': ESCAPES, 'created': 1, 'timeline': [{'step': ESCAPES, 'time': 1}], 'reason': ESCAPES,
          'steps': [{'name': ESCAPES, 'ms': 1}], 'detail': ESCAPES, 'code': ESCAPES, 'approved': True, 'expires': 1}
VM = {'id': ID, 'name': ESCAPES, 'scheme': ESCAPES, 'policy': 1, 'firmware-hashes': [ESCAPES], 'hosts': [ESCAPES],
      'chips': [ESCAPES], 'created': 1, 'launches': 1, 'running': 0, 'secrets': [{'name': ESCAPES}], 'cpu-model': ESCAPES,
      'domains': [ESCAPES], 'permit': {'max-launches': 3}, 'min-api': {'major': 1, 'minor': 1}, 'version': 1}
TEXTS = [('/proposal', {'id': ESCAPES, 'proposal': ESCAPES, 'proposed-by': ESCAPES, 'created': 1, 'registration': VM}),
         ('/confirm', {'id': ESCAPES, 'version': 2, 'created': 1, 'proposal': ESCAPES}),
         ('/receipt', {'launch-id': ID, 'records': [{'before': '0' * 64, 'text': ESCAPES, 'checkpoint': {}}]}),
         ('/v1/launch?', {'launches': [LAUNCH]}), ('/v1/launch/', LAUNCH),
         ('/v1/vm?', {'vms': [VM], 'registrations': [VM]}), ('/v1/vm/', VM), ('/v1/vm', {'vms': [VM]}),
         ('/v1/secret/', {'name': ESCAPES, 'guid': ID, 'size': 1, 'created': 1}),
         ('/v1/secret', {'secrets': [{'name': ESCAPES, 'guid': ESCAPES, 'size': 1, 'created': 1}]}),
         ('/v1/artifact', {'artifacts': [{'hash': ESCAPES, 'size': 1}], 'hash': ESCAPES, 'registrations': [ESCAPES]}),
         ('/v1/host', {'hosts': [{'name': ESCAPES, 'seen': 1, 'features': {'libvirt-version': ESCAPES}}]}),
         ('/v1/audit/checkpoint', {'seq': 1, 'link': ESCAPES, 'time': 1, 'certificate': ESCAPES, 'signature': ESCAPES}),
         ('/v1/audit', {'checkpoints': [], 'records': [{'text': json.dumps({
             'seq': 1, 'time': 1, 'what': ESCAPES, 'who': {'role': ESCAPES, 'name': ESCAPES}, 'result': ESCAPES,
             'why': ESCAPES, 'vm': ESCAPES})}]})]


def text_of(method, path):
    for part, answer in TEXTS:
        if part in path:
            return answer
    return {'status': ESCAPES, 'version': ESCAPES}


def memory_of(pid):
    """MiB of a process that are, and at most were, in memory."""
    with open(f'/proc/{pid}/status', encoding='ascii') as status:
        lines = dict(line.split(':', 1) for line in status)
    return int(lines['VmRSS'].split()[0]) // 1024, int(lines['VmHWM'].split()[0]) // 1024


def client_words(world, service):
    """Options for virt-attest that lead to @service as alice."""
    certificate, key = os.path.join(world.site.folder, 'owner-alice.pem'), os.path.join(world.site.folder, 'owner-alice.key')
    return ['--url', f'https://127.0.0.1:{service.port}', '--ca', world.site.ca, '--certificate', certificate, '--key', key]
