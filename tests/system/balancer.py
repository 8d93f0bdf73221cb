# SPDX-License-Identifier: LGPL-2.1-or-later
"""A TCP load balancer of the tests' own: connections go round robin to what listens, TLS passes through. It knows nothing of
what it carries; a backend that refuses a connection gets none for a moment."""

import select
import socket
import threading
import time

AVOIDED_SECONDS = 0.5
CONNECT_SECONDS = 2


class Balancer:
    """Listens on a free port of 127.0.0.1, `port`. A backend is anything with a `port`, which may change."""

    def __init__(self, *backends):
        self.backends = list(backends)
        self.counts = dict.fromkeys(range(len(backends)), 0)
        self.refused = dict.fromkeys(range(len(backends)), 0)
        self.avoided = dict.fromkeys(range(len(backends)), 0.0)
        self.lock, self.next = threading.Lock(), 0
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.carry, args=(client,), daemon=True).start()

    def order(self):
        """The backends in turn; those that refused a moment ago come last."""
        with self.lock:
            first, self.next = self.next, self.next + 1
            turn = [(first + i) % len(self.backends) for i in range(len(self.backends))]
            now = time.monotonic()
            return sorted(turn, key=lambda i: self.avoided[i] > now)

    def connect(self):
        for i in self.order():
            try:
                backend = socket.create_connection(('127.0.0.1', self.backends[i].port), CONNECT_SECONDS)
            except OSError:
                with self.lock:
                    self.refused[i] += 1
                    self.avoided[i] = time.monotonic() + AVOIDED_SECONDS
                continue
            with self.lock:
                self.counts[i] += 1
            return backend
        return None

    def carry(self, client):
        backend = self.connect()
        if backend is None:
            client.close()
            return
        other = {client: backend, backend: client}
        for one in other:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.settimeout(60)
        try:
            while other:
                for one in select.select(list(other), [], [])[0]:
                    data = one.recv(65536)
                    if data:
                        other[one].sendall(data)
                    else:
                        other.pop(one).shutdown(socket.SHUT_WR)
        except OSError:
            pass
        finally:
            client.close()
            backend.close()
