# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients that are slow, half open, too large, or no clients at all. None of them may keep others from being served."""

import errno
import random
import select
import socket
import ssl
import threading
import time

from steps import PAUSE

DEADLINE = 8  # seconds that a host's agent waits for an answer
PER_ADDRESS = 100


def tls(world, port):
    """A connection with the prober's certificate, handshake done."""
    plain = socket.create_connection(('127.0.0.1', port), timeout=10)
    try:
        return world.prober.owner.context.wrap_socket(plain, server_hostname='127.0.0.1')
    except OSError:
        plain.close()
        raise

REQUEST = (b'PUT /v1/secret/slow?type=luks-passphrase HTTP/1.1\r\nHost: 127.0.0.1\r\n'
           b'Content-Type: application/octet-stream\r\nContent-Length: 4096\r\n\r\n')


def drip(world, port, seconds, inside):
    """A byte a second, inside TLS or instead of a ClientHello."""
    end = time.monotonic() + seconds
    connection = tls(world, port) if inside else socket.create_connection(('127.0.0.1', port), timeout=10)
    with connection:
        for byte in (REQUEST if inside else bytes([22, 3, 1, 2, 0, 1])) * 50:
            connection.sendall(bytes([byte]))
            if time.monotonic() > end:
                return
            time.sleep(1)


def hold(connection, seconds, first=b''):
    with connection:
        if first:
            connection.sendall(first)
        time.sleep(seconds)


def crowd(world, seconds, number=24):
    """Slow and half-open clients of every kind at once, in threads of their own; returns at once."""
    port = world.nodes[0].port
    kinds = (lambda: drip(world, port, seconds, True), lambda: drip(world, port, seconds, False),
             lambda: hold(socket.create_connection(('127.0.0.1', port), timeout=10), seconds),
             lambda: hold(tls(world, port), seconds), lambda: hold(tls(world, port), seconds, REQUEST + bytes(2048)),
             lambda: hold(tls(world, port), seconds, REQUEST[:40]))

    def run(kind):
        try:
            kind()
        except OSError:
            pass  # it was cut, as it should be sooner or later
    threads = [threading.Thread(target=run, args=(kinds[i % len(kinds)],), daemon=True) for i in range(number)]
    for thread in threads:
        thread.start()
    return threads


def garbage(world, number=60):
    """What is no TLS at all."""
    dice = random.Random(world.random.random())
    for _ in range(number):
        try:
            with socket.create_connection(('127.0.0.1', world.nodes[0].port), timeout=5) as connection:
                begin = dice.choice((b'', b'\x16\x03\x01\x40\x00\x01', b'GET / HTTP/1.1\r\n\r\n', b'\x16\x03\x03\x00\x00', b'\x15\x03\x03\x00\x02\x02\x28'))
                connection.sendall(begin + dice.randbytes(dice.randrange(1, 30000)))
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass
        except OSError:
            pass


def exchange(world, data):
    """The status of the answer to @data, or 'cut'."""
    try:
        with tls(world, world.nodes[0].port) as connection:
            try:
                connection.sendall(data)
            except OSError:
                pass  # it may have answered already
            line = connection.recv(4096).split(b'\r\n')[0]
            return int(line.split()[1]) if line.startswith(b'HTTP/') else 'cut'
    except (OSError, ValueError, ssl.SSLError):
        return 'cut'


def head(method, path, *lines):
    return '\r\n'.join((f'{method} /v1{path} HTTP/1.1', 'Host: 127.0.0.1', *lines, '', '')).encode()


def oversized(world):
    """Each must be refused as the peer's mistake, or cut; the count of both. Anything else is a finding."""
    kind, vm = 'Content-Type: application/json', world.prober_vm
    tries = [head('PUT', '/secret/big?type=luks-passphrase', 'Content-Type: application/octet-stream',
                  'Content-Length: 16385') + b'x' * 16385,
             head('POST', f'/vm/{vm}', kind, 'Content-Length: 300000') + b' ' * 300000,
             head('POST', f'/vm/{vm}', kind, 'Content-Length: 99999999999999999999') + b'{',
             head('POST', f'/vm/{vm}', kind, 'Transfer-Encoding: chunked') + b'20000\r\n' + b' ' * 0x20000 + b'\r\n20000\r\n' + b' ' * 0x20000,
             head('GET', '/vm', 'X-Large: ' + 'x' * 100000), head('GET', '/vm', *(f'X-{i}: y' for i in range(5000))),
             head('GET', '/vm?' + 'x' * 70000), head('GET', '/' + 'x' * 70000), head('POST', f'/vm/{vm}', kind, 'Content-Length: -1'),
             head('POST', f'/vm/{vm}', kind, 'Content-Length: 65000') + b'[' * 65000]
    answers = [exchange(world, data) for data in tries]
    for data, answer in zip(tries, answers):
        if answer != 'cut' and not 400 <= answer < 500:
            world.findings.add('oversized', f'{data[:60]} was answered with {answer}')
    return answers


class Idle:
    """Connections from several addresses on which nothing happens."""

    def __init__(self, world, number):
        self.world, self.number, self.sockets, self.refused = world, number, [], 0

    def open(self):
        port = self.world.nodes[0].port
        for i in range(self.number):
            connection = socket.socket()
            connection.setblocking(False)
            at = i // PER_ADDRESS
            connection.bind((f'127.1.{at // 250}.{at % 250 + 1}', 0))
            if connection.connect_ex(('127.0.0.1', port)) not in (0, errno.EINPROGRESS):
                self.refused += 1
                connection.close()
                continue
            self.sockets.append(connection)

    def still_open(self):
        """How many the service has neither cut nor refused."""
        poll = select.poll()
        for connection in self.sockets:
            poll.register(connection, select.POLLIN | select.POLLHUP | select.POLLERR)
        return len(self.sockets) - len(poll.poll(0))

    def close(self):
        for connection in self.sockets:
            connection.close()


def idle(world, number, seconds):
    """@number idle connections; meanwhile somebody with a certificate comes again and again. His seconds, each time."""
    times, late, crowd_ = [], 0, Idle(world, number)
    opener = threading.Thread(target=crowd_.open)
    opener.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end or opener.is_alive():
        begun = time.monotonic()
        world.prober.owner.close()
        while True:
            answer = None
            try:
                world.prober.owner.patience = 0
                answer = world.prober.owner.ask('GET', '/readyz')
            except Exception:  # pylint: disable=broad-except
                pass
            if answer is not None and answer.status == 200:
                break
            if time.monotonic() - begun > DEADLINE:
                late += 1
                break
            time.sleep(0.05)
        times.append(time.monotonic() - begun)
        if times[-1] > DEADLINE:
            world.findings.add('starved', f'with {number} idle connections a client with a certificate was not served within '
                               f'{DEADLINE} s (it took {times[-1]:.1f} s)')
        time.sleep(PAUSE / 5)
    opener.join()
    world.prober.owner.patience = 30
    left = crowd_.still_open()
    crowd_.close()
    return times, late, len(crowd_.sockets), left
