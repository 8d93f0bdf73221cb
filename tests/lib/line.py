# SPDX-License-Identifier: LGPL-2.1-or-later
"""One connection of a peer for many requests, what is as large as it may be, and the memory of the service that takes it."""

import http.client
import json
import re

from lib.peers import sha256

PAGE = 512 * 1024
HASHES = [sha256(bytes([i])) for i in range(64)]


class Line:
    """One connection of a peer's, for many requests."""

    def __init__(self, peer):
        self.connection = http.client.HTTPSConnection('127.0.0.1', peer.service.port, context=peer.context, timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def ask(self, method, path, body=None, raw=None):
        """The answer's status and what it says."""
        kind = 'application/json' if raw is None else 'application/octet-stream'
        headers = {'Content-Type': kind} if body is not None or raw is not None else {}
        data = raw if raw is not None else json.dumps(body) if body is not None else None
        self.connection.request(method, '/v1' + path, body=data, headers=headers)
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else {}


def large(**changes):
    """A registration of some 3.5 KiB, which stands in the audit log as it is, or of much more."""
    return {'scheme': 'amd-sev', 'policy': 1, 'launch-digests': HASHES[:48], **changes}


def memory(service):
    with open(f'/proc/{service.process.pid}/status', encoding='ascii') as status:
        return {name: int(re.search(name + r':\s+(\d+)', status_text)[1]) for status_text in [status.read()]
                for name in ('VmRSS', 'VmHWM')}
