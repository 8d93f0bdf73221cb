# SPDX-License-Identifier: LGPL-2.1-or-later
"""Everything around a measured virt-attestd: site, owner, registrations, platforms, prepared requests."""

import base64
import hashlib
import json
import os
import struct
import uuid

from lib.peers import BUILD, Peer, Service, Site, b64, firmware, sev, sha256, write

import machine

MIB = 1 << 20
PLATFORMS = 200
WARM = 8     # further platforms, for what happens only once
EACH = PLATFORMS + WARM
VMS = 20     # registrations that the launches are spread over
POLICY = 1
RECORD = (2084, 6252, 48, 64)  # bench-platforms.c
HOST = object()  # the certificate of a host


def program(name):
    return os.path.join(BUILD, 'tests', 'bench', 'bench-' + name)


class Platform:
    def __init__(self, record):
        at, parts = 0, []
        for size in RECORD:
            parts.append(record[at:at + size])
            at += size
        self.pdh, self.chain, secret, self.cpu_id = parts
        self.scalar = int.from_bytes(secret, 'big')

    def request(self, domain):
        return {'pdh': b64(self.pdh), 'cert-chain': b64(self.chain), 'cpu-id': b64(self.cpu_id), 'policy': POLICY,
                'domain': {'uuid': domain, 'name': 'bench'}}


def put_requests(path, requests):
    """For bench-load: (method, path, object or None) each."""
    with open(path, 'wb') as out:
        for method, target, body in requests:
            data = b'' if body is None else json.dumps(body).encode()
            out.write(f'{method} {target} {len(data)}\n'.encode() + data)
    return path


class Stage:
    """A folder with a site, platforms under a root, and services that are told to trust it."""

    def __init__(self, folder):
        self.folder = folder
        self.site = Site(os.path.join(folder, 'site'))
        self.host = self.site.client('host', 'node')
        self.roots = os.path.join(folder, 'roots')
        os.makedirs(os.path.join(self.roots, 'bench'))
        self.kek = os.urandom(32)
        self.rsa = os.path.join(folder, 'rsa')
        machine.run(machine.SERVER, program('primitives'), self.rsa)
        self.platforms = self.make_platforms()
        kernel, initrd, command_line = os.urandom(MIB), os.urandom(MIB), b'quiet\0'
        self.image = firmware(1, size=4 * MIB)
        self.measured = hashlib.sha256(self.image + sev.hash_table(kernel, initrd, command_line)).digest()
        self.registration = {'scheme': 'amd-sev', 'policy': POLICY, 'any-domain': True,
                             'firmware-hashes': [sha256(self.image)], 'kernel-hash': sha256(kernel),
                             'initrd-hash': sha256(initrd), 'cmdline-hash': sha256(command_line),
                             'secrets': [{'type': 'luks-passphrase', 'passphrase': b64(os.urandom(24))}]}
        self.vms = [str(uuid.uuid4()) for _ in range(VMS)]
        self.requests = self.launch_requests('launches', self.platforms[:PLATFORMS])
        self.warming = self.launch_requests('warming', self.platforms[PLATFORMS:EACH])
        self.self_owned = self.launch_requests('self-owned', self.platforms[EACH:EACH + PLATFORMS])
        self.health = put_requests(os.path.join(folder, 'health'), [('GET', '/v1/healthz', None)])

    def make_platforms(self):
        """Those of one owner first, then those with an OCA of their own."""
        path, size = os.path.join(self.folder, 'platforms'), sum(RECORD)
        machine.run(machine.SERVER, program('platforms'), os.path.join(self.roots, 'bench'), EACH, path)
        with open(path, 'rb') as source:
            data = source.read()
        assert len(data) == 2 * EACH * size
        return [Platform(data[at:at + size]) for at in range(0, len(data), size)]

    def launch_requests(self, name, platforms):
        return put_requests(os.path.join(self.folder, name),
                            [('POST', f'/v1/vm/{self.vms[i % VMS]}/launch', platform.request(str(uuid.uuid4())))
                             for i, platform in enumerate(platforms)])

    def service(self, name, url=None):
        """A service that is not started yet, on SQLite or on the database of @url, and with the one key."""
        service = Service(os.path.join(self.folder, name), self.site, self.roots, launch_seconds=86400)
        write(service.kek, self.kek)
        if url is not None:
            with open(service.config, encoding='utf-8') as source:
                text = source.read()
            assert f'path = {service.store}\n' in text
            write(service.config, text.replace(f'path = {service.store}\n', f'url = "{url}"\n').encode())
        return service

    def furnish(self, service):
        """Registers the guests, once for a store."""
        owner = Peer(self.site, 'owner', 'alice', lambda *_: None)
        owner.service = service
        owner.call('PUT', '/artifact', raw=self.image)
        for vm in self.vms:
            owner.post('/vm/' + vm, self.registration)

    def load_words(self, port, requests, count, *options, clients=1, certificate=HOST):
        """A run of bench-load. @certificate: paths of it and its key, HOST, or None: without one."""
        words = [program('load'), '--port', port, '--clients', clients, '--count', count, *options]
        words += ['--requests', requests] if requests is not None else []
        certificate = self.host if certificate is HOST else certificate
        return words + (['--certificate', certificate[0], '--key', certificate[1]] if certificate is not None else [])

    @staticmethod
    def read_load(text):
        line = json.loads(text)
        if line['failed']:
            raise RuntimeError(f'{line["failed"]} of {line["count"]} requests failed')
        return line

    def load(self, *arguments, **named):
        """bench-load's line after a run on the client's core."""
        return self.read_load(machine.run(machine.CLIENT, *self.load_words(*arguments, **named)))

    def validations(self, answers, requests_path):
        """The prepared validate requests of launches that were answered with @answers, a line each."""
        requests = []
        with open(answers, encoding='utf-8') as source:
            for i, line in enumerate(source):
                platform = self.platforms[i % PLATFORMS]
                requests.append(('POST', f'/v1/vm/{self.vms[i % PLATFORMS % VMS]}/validate',
                                 self.claim(platform, json.loads(line))))
        return put_requests(requests_path, requests)

    def claim(self, platform, grant):
        """What the host of a guest that started as it should tells."""
        session, cert = base64.b64decode(grant['session']), base64.b64decode(grant['owner-cert'])
        _, tik = sev.unwrap(session, cert, platform.scalar)
        nonce = os.urandom(16)
        measure = sev.mac(tik, bytes((4, 1, 51, 3)), struct.pack('<I', grant['policy']), self.measured, nonce)
        return {'launch-id': grant['launch-id'], 'api-major': 1, 'api-minor': 51, 'build-id': 3,
                'policy': grant['policy'], 'measurement': b64(measure + nonce)}

