# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client that lives through a service's death: it asks again where nothing was sent, and knows when it cannot know."""

import http.client
import json
import ssl
import time


class Unreachable(Exception):
    """No process could be reached for a long time: nothing was sent."""


class Answer:
    def __init__(self, status, body, headers, request):
        self.status, self.body, self.headers, self.request = status, body, headers, request
        self.code = body.get('code') if status >= 300 else None

    def __str__(self):
        return f'{self.status} {self.code or ""} {self.body.get("detail", "")}'


class Caller:
    """An owner, host, operator or auditor. Not to be shared by threads. Connections are kept, now and then not."""

    def __init__(self, site, role, name, nodes, random, findings, patience=30):
        self.role, self.name, self.nodes, self.random, self.findings = role, name, nodes, random, findings
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.load_verify_locations(site.ca)
        self.context.load_cert_chain(*site.client(role, name))
        self.patience, self.kept = patience, None

    def connect(self, node):
        port = node.port
        if port is None:
            raise ConnectionRefusedError('it is not running')
        if self.kept is not None and self.kept.port == port and self.random.random() > 0.2:
            return self.kept
        self.close()
        connection = http.client.HTTPSConnection('127.0.0.1', port, context=self.context, timeout=20)
        connection.connect()
        self.kept = connection
        return connection

    def close(self):
        if self.kept is not None:
            self.kept.close()
            self.kept = None

    def reach(self, node=None):
        """A connection to one of the processes, the first that can be had."""
        end = time.monotonic() + self.patience
        while True:
            try:
                return self.connect(node or self.random.choice(self.nodes))
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if time.monotonic() > end:
                    raise Unreachable(f'{self.role} {self.name}: {error}') from error
                time.sleep(0.03)

    def ask(self, method, path, body=None, raw=None, node=None):
        """The answer, or None where the request was sent and no answer came."""
        data, headers = None, {}
        if raw is not None:
            data, headers = raw, {'Content-Type': 'application/octet-stream'}
        elif body is not None:
            data, headers = json.dumps(body), {'Content-Type': 'application/json'}
        connection = self.reach(node)
        try:
            connection.request(method, '/v1' + path, body=data, headers=headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            return None
        return self.read(method, path, answer, text)

    def read(self, method, path, answer, text):
        try:
            parsed = json.loads(text) if text else {}
        except ValueError:
            self.findings.add('answer', f'{method} {path}: {answer.status} with {text[:200]}')
            return None
        headers = {name.lower(): value for name, value in answer.getheaders()}
        if answer.status == 503 and not headers.get('retry-after', '').isdigit():
            self.findings.add('503 without Retry-After', f'{method} {path}: {parsed}')
        if not headers.get('request-id'):
            self.findings.add('answer without Request-Id', f'{method} {path}: {answer.status}')
        return Answer(answer.status, parsed, headers, headers.get('request-id'))

    def send(self, method, path, body, node):
        """Sends a request without waiting for the answer."""
        self.close()
        self.connect(node).request(method, '/v1' + path, body=json.dumps(body), headers={'Content-Type': 'application/json'})
