# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stand-in for AMD's key service, and a virt-attestd that asks it."""

import copy
import http.server
import os
import ssl
import struct
import threading

from lib.peers import Service
from lib.service import TMP, refused

CERT = 2084
SIGNED = 1044
SLOT = 520


def without_signature(cert):
    """The certificate with both slots empty, as a platform has its CEK when nobody fetched the signed one."""
    return cert[:SIGNED] + (struct.pack('<II', 0x1000, 0) + bytes(SLOT - 8)) * 2


class KeyService:
    """HTTPS on 127.0.0.1; what it answers to a path is in `answers`: bytes, a status, or a function of the handler."""

    def __init__(self, site):
        stand_in = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                stand_in.asked.append(self.path)
                answer = stand_in.answers.get(self.path, 404)
                if callable(answer):
                    answer(self)
                elif isinstance(answer, int):
                    self.send_response(answer)
                    for name, value in stand_in.headers.items():
                        self.send_header(name, value)
                    self.send_header('Content-Length', '0')
                    self.end_headers()
                else:
                    self.send_response(200)
                    self.send_header('Content-Length', str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self.answers, self.asked, self.headers = {}, [], {}
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*site.server())
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f'https://127.0.0.1:{self.server.server_port}'
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def end(self):
        self.server.shutdown()
        self.server.server_close()


class Setting:
    """A service with a key service, a platform without a signed CEK, and a registration."""

    def __init__(self, w, name, roots=None, site=None, timeout=5, key_path=''):
        self.w, self.folder = w, os.path.join(TMP, 'keys-' + name)
        self.keys = KeyService(site or w.site)
        self.cache = os.path.join(self.folder, 'amd')
        self.service = Service(self.folder, w.site, os.path.join(w.platform.folder, 'roots'), roots=roots, extra=(
            f'[amd]\nkey-service = "{self.keys.url}{key_path}"\nroot-service = "{self.keys.url}/roots/"\n'
            f'ca = {w.site.ca}\ncache = {self.cache}\ntimeout-seconds = {timeout}\n'))
        self.service.start()
        self.platform = copy.copy(w.platform)
        self.cek = w.platform.chain[2 * CERT:]
        self.platform.chain = w.platform.chain[:2 * CERT] + without_signature(self.cek)
        self.path = key_path + '/cek/id/' + self.platform.cpu_id.hex()
        self.keys.answers[self.path] = self.cek
        self.alice, self.node1 = w.peer('owner', 'alice', self.service), w.peer('host', 'node1', self.service)
        self.alice.call('PUT', '/artifact', raw=w.image)
        self.vm = w.register(self.alice)

    def launch(self, platform=None):
        return self.w.launch(self.vm, host=self.node1, platform=platform or self.platform)

    def refused(self, code, platform=None):
        return refused(code, self.launch, platform)

    def cached(self):
        return sorted(os.path.join(os.path.basename(folder), name) for folder, _, names in os.walk(self.cache)
                      for name in names)

    def end(self):
        self.keys.end()
        assert (status := self.service.end()) == 0, (status, self.service.log()[-600:])


def impostor(w, s):
    """A chain that somebody made himself, with the id of a processor that he does not have."""
    evil = copy.copy(w.foreign)
    evil.chain = w.foreign.chain[:2 * CERT] + without_signature(w.foreign.chain[2 * CERT:])
    evil.cpu_id = s.platform.cpu_id
    return evil
