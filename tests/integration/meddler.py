# SPDX-License-Identifier: LGPL-2.1-or-later
"""A service that misbehaves: sits on the service's port with the service's certificate, passes requests on to the real
one, and spoils what it is told to spoil."""

import http.client
import http.server
import json
import ssl
import sys
import threading
import time


class Meddler:
    """rules: {path suffix: function(handler, body) -> (status, type, bytes), or None to pass the request on}."""

    def __init__(self, port, upstream_port, ca, certificate, key, host_certificate, host_key):
        self.rules = {}
        self.seen = []  # (path, request body, status, answer)
        self.stopping = False
        self.begun = []  # paths of requests that have arrived
        self.errors = []  # what went wrong in here: the test must then fail
        self.upstream_port = upstream_port
        self.context = ssl.create_default_context(cafile=ca)
        self.context.load_cert_chain(host_certificate, host_key)
        meddler = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, kind, answer = meddler.answer(self, body)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(answer)
                self.close_connection = True

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request, client_address):
                error = sys.exc_info()[1]
                if not isinstance(error, (ssl.SSLError, ConnectionError)):  # a client that gives up may do so
                    meddler.errors.append(repr(error))

        self.server = Server(("127.0.0.1", port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(ca)
        context.verify_mode = ssl.CERT_REQUIRED
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def answer(self, handler, body):
        path = handler.path
        self.begun.append(path)
        for suffix, rule in self.rules.items():
            if path.endswith(suffix):
                spoiled = rule(handler, body)
                if isinstance(spoiled, tuple):
                    self.seen.append((path, body, spoiled[0], spoiled[2]))
                    return spoiled
                body = spoiled if spoiled is not None else body
        try:
            status, kind, answer = self.upstream(handler.command, path, body, handler.headers.get("Content-Type"))
        except (ssl.SSLError, OSError) as error:
            if not self.stopping:  # a request under way may find the service gone then; its sender asks again
                self.errors.append(f"{path}: {error!r}")
            raise
        self.seen.append((path, body, status, answer))
        return status, kind, answer

    def upstream(self, method, path, body, kind):
        connection = http.client.HTTPSConnection("localhost", self.upstream_port, context=self.context, timeout=20)
        connection.request(method, path, body, {"Content-Type": kind or "application/json"})
        reply = connection.getresponse()
        answer = reply.read()
        connection.close()
        return reply.status, reply.getheader("Content-Type") or "application/json", answer

    def waiting(self, suffix):
        """Whether a request to such a path has arrived."""
        return any(path.endswith(suffix) for path in self.begun)

    def stop(self):
        self.stopping = True
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def late(seconds):
    def rule(handler, body):
        time.sleep(seconds)
        return 200, "application/json", b"{}"
    return rule


def fixed(status, kind, answer):
    return lambda handler, body: (status, kind, answer)


def change(**members):
    """Changes members of the request on its way to the service."""
    def rule(handler, body):
        message = json.loads(body)
        message.update(members)
        return json.dumps(message).encode()
    return rule
