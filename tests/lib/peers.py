# SPDX-License-Identifier: LGPL-2.1-or-later
"""Everything around a real virt-attestd: a site's certificates, owners and hosts that call, a platform's processor."""

import atexit
import base64
import datetime
import hashlib
import http.client
import ipaddress
import json
import lzma
import os
import re
import signal
import ssl
import struct
import subprocess
import sys
import time
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lib import owner as sev, postgresql

SOURCE = os.environ['VA_TOP_SRCDIR']
BUILD = os.environ['VA_TOP_BUILDDIR']

PLATFORM = os.path.join(BUILD, 'tests', 'platform', 'virt-attest-platform')
SERVICE = os.path.join(BUILD, 'virt-attestd')


def b64(data):
    return base64.b64encode(data).decode()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def write(path, data, mode=0o600):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), 'wb') as target:
        target.write(data)
    return path


class Site:
    """A CA and certificates under it, in a folder."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, 'test site')])
        usage = self.usage(key_cert_sign=True, crl_sign=True)
        builder = self.builder(self.name, self.key).add_extension(usage, True)
        builder = builder.add_extension(x509.BasicConstraints(True, None), True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False)
        self.ca = write(os.path.join(folder, 'ca.pem'), self.pem(builder.sign(self.key, hashes.SHA256())))

    @staticmethod
    def usage(**set_):
        names = ('digital_signature', 'content_commitment', 'key_encipherment', 'data_encipherment', 'key_agreement',
                 'key_cert_sign', 'crl_sign', 'encipher_only', 'decipher_only')
        return x509.KeyUsage(**{name: set_.get(name, False) for name in names})

    @staticmethod
    def pem(certificate):
        return certificate.public_bytes(serialization.Encoding.PEM)

    def builder(self, name, key, lasts=datetime.timedelta(days=2)):
        now = datetime.datetime.utcnow()
        return (x509.CertificateBuilder().subject_name(name).issuer_name(self.name).public_key(key.public_key())
                .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
                .not_valid_after(now + lasts))

    def issue(self, what, alternative, purpose):
        """Paths of a new certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, what)])
        builder = self.builder(name, key).add_extension(x509.SubjectAlternativeName([alternative]), False)
        builder = builder.add_extension(self.usage(digital_signature=True), True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), False)
        builder = builder.add_extension(x509.BasicConstraints(False, None), True)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        path = os.path.join(self.folder, what)
        write(path + '.key', key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                               serialization.NoEncryption()))
        write(path + '.pem', self.pem(builder.sign(self.key, hashes.SHA256())))
        return path + '.pem', path + '.key'

    def server(self, what='service'):
        """Another one of the same name takes its place in the files that a service reads when it is started again."""
        return self.issue(what, x509.IPAddress(ipaddress.ip_address('127.0.0.1')),
                          ExtendedKeyUsageOID.SERVER_AUTH)

    def client(self, role, name):
        return self.issue(f'{role}-{name}', x509.UniformResourceIdentifier(f'urn:virt-attest:{role}:{name}'),
                          ExtendedKeyUsageOID.CLIENT_AUTH)


class Refused(Exception):
    def __init__(self, status, problem):
        super().__init__(f'{status} {problem}')
        self.status, self.problem, self.code = status, problem, problem.get('code')


class Peer:
    """An owner or host with its certificate. `check` sees every answer."""

    def __init__(self, site, role, name, check):
        self.name, self.role, self.check = name, role, check
        self.service = self.answered = None
        self.timeout = 30
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.load_verify_locations(site.ca)
        self.context.load_cert_chain(*site.client(role, name))

    def call(self, method, path, body=None, raw=None, request_id=None):
        """The answer's status and JSON object; Refused otherwise. `answered` is the answer's Request-Id."""
        connection = http.client.HTTPSConnection('127.0.0.1', self.service.port, context=self.context,
                                                 timeout=self.timeout)
        data, headers = None, {}
        if raw is not None:
            data, headers = raw, {'Content-Type': 'application/octet-stream'}
        elif body is not None:
            data = body if isinstance(body, str) else json.dumps(body)
            headers = {'Content-Type': 'application/json'}
        if request_id is not None:
            headers['Request-Id'] = request_id
        try:
            connection.request(method, '/v1' + path, body=data, headers=headers)
            answer = connection.getresponse()
            text = answer.read()
            self.answered = answer.getheader('Request-Id')
        finally:
            connection.close()
        parsed = json.loads(text) if text else {}
        if answer.status == 503:
            assert int(answer.getheader('Retry-After')) >= 1
        self.check(method, path, answer.status, answer.getheader('Content-Type'), parsed)
        if answer.status >= 300:
            raise Refused(answer.status, parsed)
        return answer.status, parsed

    def get(self, path):
        return self.call('GET', path)[1]

    def post(self, path, body):
        return self.call('POST', path, body)[1]

    def vm_pages(self, limit=None):
        """The answers that list this owner's registrations, each of them asked for when it is wanted."""
        after = ''
        while after is not None:
            words = [f'{name}={value}' for name, value in (('after', after), ('limit', limit)) if value]
            page = self.get('/vm' + ('?' if words else '') + '&'.join(words))
            yield page
            after = page.get('next')

STARTED = []


def end_what_is_left():
    """Services of tests that failed."""
    for process in STARTED:
        if process.poll() is None:
            process.kill()
            process.wait(30)


atexit.register(end_what_is_left)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


class Service:
    """A virt-attestd with a configuration of its own, on a free port of 127.0.0.1."""

    def __init__(self, folder, site, trusted, launch_seconds=300, roots=None, extra='', refusals=1000000,
                 confirm_seconds=3600, limits=None, **more):
        os.makedirs(folder, exist_ok=True)
        self.folder, self.log_path = folder, os.path.join(folder, 'log')
        self.store = self.new_store()
        certificate, key = site.server()
        self.kek = os.path.join(folder, 'kek')
        if not os.path.exists(self.kek):
            write(self.kek, os.urandom(32))
        roots = roots or os.path.join(SOURCE, 'tests', 'data', 'roots')
        text = (f'[listen]\naddress = "127.0.0.1"\nport = 0\n[tls]\nca = {site.ca}\ncertificate = {certificate}\n'
                f'key = {key}\n[store]\n{self.store_line()}\nkey = {self.kek}\n[roots]\nfolder = {roots}\n'
                f'trusted-folder = {trusted}\n[limits]\nlaunch-seconds = {launch_seconds}\n'
                f'refusals-per-minute = {refusals}\nconfirm-seconds = {confirm_seconds}\n'
                + ''.join(f'{key} = {value}\n' for key, value in ({'launches-per-minute': 1000000, 'changes-per-minute': 1000000,
                                                                   'reserve-mib': 0} | (limits or {})).items()) + extra)
        self.config = write(os.path.join(folder, 'service.conf'), text.encode())
        self.process = self.port = None
        self.before = []  # words in front of the command line
        self.environment = {k: v for k, v in os.environ.items() if k != 'JOURNAL_STREAM'} | more

    def new_store(self):
        """Where it is: a file; or, where VA_TEST_POSTGRESQL names a server, a database of its own."""
        server = os.environ.get('VA_TEST_POSTGRESQL')
        if not server:
            return os.path.join(self.folder, 'state', 'store.db')
        return postgresql.create_database(server, f'service_{uuid.uuid4().hex}')

    def store_line(self):
        return f'url = "{self.store}"' if '://' in self.store else f'path = {self.store}'

    def start(self):
        offset = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        with open(self.log_path, 'ab') as log:
            self.process = subprocess.Popen([*self.before, SERVICE, '--config', self.config], stdout=log, stderr=log,
                                            env=self.environment)
        STARTED.append(self.process)
        for _ in range(600):
            found = re.search(r'listening on 127\.0\.0\.1 port (\d+)', self.log()[offset:])
            if found:
                self.port = int(found[1])
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError('virt-attestd did not start: ' + self.log()[offset:])

    def log(self):
        with open(self.log_path, encoding='utf-8', errors='replace') as log:
            return log.read()

    def end(self, how=signal.SIGTERM):
        """Its exit status."""
        if self.process is None:
            return None
        self.process.send_signal(how)
        status = self.process.wait(30)
        self.process = None
        return status


class Platform:
    """A software platform's processor, as far as a launch needs it."""

    def __init__(self, folder, *init):
        self.folder = folder
        if init[:1] == ('tamper',):
            arguments = ['tamper', init[1], init[2], folder]
        else:
            arguments = ['init', *init, folder]
        subprocess.run([PLATFORM, *arguments], check=True, stderr=subprocess.DEVNULL)
        self.pdh, self.chain, self.cpu_id = (self.read(n) for n in ('pdh.cert', 'cert-chain', 'cpu-id'))
        secret = self.read('pdh.key')
        public = sev.public_key(self.pdh).public_numbers()
        keys = [ec.derive_private_key(int.from_bytes(secret, order), ec.SECP384R1()) for order in ('big', 'little')]
        self.key, = (key for key in keys if key.public_key().public_numbers() == public)
        with open(os.path.join(folder, 'platform.conf'), encoding='ascii') as conf:
            values = dict(re.findall(r'^([a-z-]+)=(\d+)$', conf.read(), re.M))
        self.api_major, self.api_minor, self.build = (int(values[n]) for n in ('api-major', 'api-minor', 'build'))

    def read(self, name):
        with open(os.path.join(self.folder, name), 'rb') as source:
            return source.read()

    def request(self, domain, name='guest', **more):
        return {**more, 'pdh': b64(self.pdh), 'cert-chain': b64(self.chain), 'cpu-id': b64(self.cpu_id),
                'domain': {'uuid': domain, 'name': name}}

    def open_session(self, grant):
        """LAUNCH_START: TEK and TIK, or an assertion where the firmware would refuse."""
        session, cert = base64.b64decode(grant['session']), base64.b64decode(grant['owner-cert'])
        assert len(session) == 128 and len(cert) == 2084
        nonce, wrapped, iv = session[:16], session[16:48], session[48:64]
        shared = self.key.exchange(ec.ECDH(), sev.public_key(cert))
        master = sev.kdf(shared, b'sev-master-secret', nonce)
        assert sev.mac(sev.kdf(master, b'sev-kik'), wrapped) == session[64:96]
        keys = sev.ctr(sev.kdf(master, b'sev-kek'), iv, wrapped)
        assert sev.mac(keys[16:], struct.pack('<I', grant['policy'])) == session[96:]
        return keys[:16], keys[16:]


class Guest:
    """One launch on a platform, from the grant on."""

    def __init__(self, platform, grant):
        self.platform, self.grant, self.id = platform, grant, grant['launch-id']
        self.tek, self.tik = platform.open_session(grant)

    def claim(self, digest, **changes):
        """A validate request whose measurement is of `digest`; `changes` are claims, measured as they are claimed."""
        platform = self.platform
        claims = {'launch-id': self.id, 'api-major': platform.api_major, 'api-minor': platform.api_minor,
                  'build-id': platform.build, 'policy': self.grant['policy']}
        claims.update({name.replace('_', '-'): value for name, value in changes.items()})
        mnonce = os.urandom(16)
        self.measure = sev.mac(self.tik, bytes((4, claims['api-major'], claims['api-minor'], claims['build-id'])),
                               struct.pack('<I', claims['policy']), digest, mnonce)
        claims['measurement'] = b64(self.measure + mnonce)
        return claims

    def open_packet(self, reply):
        """LAUNCH_SECRET: the table, or an assertion where the firmware would refuse."""
        header, payload = base64.b64decode(reply['secret-header']), base64.b64decode(reply['secret-payload'])
        flags, iv, mac = header[:4], header[4:20], header[20:]
        lengths = struct.pack('<II', len(payload), len(payload))
        assert mac == sev.mac(self.tik, b'\1', flags, iv, lengths, payload, self.measure)
        return entries_of(sev.ctr(self.tek, iv, payload))


def entries_of(table):
    """GUID text to data."""
    assert table[:16] == sev.SECRET_TABLE and len(table) % 16 == 0
    total, = struct.unpack_from('<I', table, 16)
    entries, at = {}, 20
    while at < total:
        size, = struct.unpack_from('<I', table, at + 16)
        entries[str(uuid.UUID(bytes_le=table[at:at + 16]))] = table[at + 20:at + size]
        at += size
    assert at == total and not any(table[total:])
    return entries

RESET_VECTOR = bytes.fromhex('9090e95bff') + bytes(11)  # the last 16 bytes of OVMF, where a processor begins
PAGE = 4096
VARIABLES = bytes(16) + uuid.UUID('fff12b8d-7696-4c8b-a985-2747075b4f50').bytes_le + bytes(8) + b'_FVH'
CODE = bytes(16) + uuid.UUID('8c8ce578-8a3d-4f1c-9935-896185c32dd3').bytes_le + bytes(8) + b'_FVH'

# What people take for firmware, and what they are told that it is.
NOT_FIRMWARE = (
    (b'', 'empty'),
    (VARIABLES + b'\xff' * (PAGE - len(VARIABLES)), 'variable store'),
    (CODE + b'\xff' * (PAGE - len(CODE)), 'only part of a firmware image, or is for another processor'),
    (bytes(PAGE - 16) + bytes.fromhex('ea5be000f030362f32332f393900fc00'), 'SeaBIOS'),
    (bytes.fromhex('00040014') + b'\xff' * (PAGE - 4), 'AArch64'),
    (b'QFI\xfb' + bytes(PAGE - 20) + RESET_VECTOR, 'qemu-img convert -O raw'),
    (b'{"mapping": {"device": "memory", "filename": "/usr/share/ovmf/OVMF.amdsev.fd"}}', '“/usr/share/ovmf/OVMF.amdsev.fd”'),
    (b' {"mapping": {"nvram-template": {"filename": "VARS"}, "executable": {"filename" : "CODE"}}}', '“CODE”'),
    (b'{"mapping": {"filename": 1}}', 'JSON'),
    (b'\x7fELF' + bytes(PAGE - 4), 'ELF'), (b'\x1f\x8b\x08' + bytes(100), 'gzip'), (b'\xfd7zXZ\0' + bytes(100), 'xz'),
    (b'PK\3\4' + bytes(100), 'zip'), (b'!<arch>\n' + bytes(100), 'package'), (b'MZ' + bytes(PAGE - 2), 'PE'),
    (b'\x55\xaa' + bytes(PAGE - 2), 'option ROM'), (b'/usr/share/OVMF/OVMF_CODE.fd\n', 'text'),
    (bytes(PAGE), 'reset vector'), (b'\xff' * PAGE, 'reset vector'), (bytes(PAGE) + RESET_VECTOR, 'whole pages'),
    (bytes(100), 'truncated'), (bytes(PAGE - 1) + b'\xe9', 'reset vector'),
)


def firmware(fill, secret=(0x810000, 0xc00), hash_area=(0x810c00, 0x400), reset=0x80b004, size=8192):
    """An image with OVMF's footer table."""
    def entry(guid, data):
        return data + struct.pack('<H', len(data) + 18) + uuid.UUID(guid).bytes_le
    rows = (entry('4c2eb361-7d9b-4cc3-8081-127c90d3d294', struct.pack('<II', *secret))
            + entry('7255371f-3a3b-4b04-927b-1da6efa8d454', struct.pack('<II', *hash_area))
            + entry('00f771de-1a7e-4fcb-890e-68c77e2fb44e', struct.pack('<I', reset)))
    table = rows + struct.pack('<H', len(rows) + 18) + uuid.UUID('96b582de-1fb2-45f7-baea-a366c55a082d').bytes_le
    return bytes([fill]) * (size - 32 - len(table)) + table + bytes(16) + RESET_VECTOR

VARIABLE_GUID, CODE_GUID = 'fff12b8d-7696-4c8b-a985-2747075b4f50', '8c8ce578-8a3d-4f1c-9935-896185c32dd3'


def volume_header(guid, size):
    """A firmware volume's header, its checksum right."""
    header = (bytes(16) + uuid.UUID(guid).bytes_le + struct.pack('<Q', size) + b'_FVH' + struct.pack('<IHHHBB', 0x4feff, 72, 0, 0, 0, 2)
              + struct.pack('<IIII', size // 4096, 4096, 0, 0))
    total = sum(struct.unpack('<36H', header)) & 0xffff
    return header[:50] + struct.pack('<H', -total & 0xffff) + header[52:]


def as_volume(image, machine, te=False):
    """The image as one volume whose first code is for @machine, a PE machine type."""
    code = b'VZ' + struct.pack('<H', machine) if te else (b'MZ' + bytes(58) + struct.pack('<I', 0x40) + b'PE\0\0'
                                                          + struct.pack('<H', machine))
    section = struct.pack('<I', (len(code) + 4) | (0x12 if te else 0x10) << 24) + code
    first = b'\xff' * 18 + b'\xf0\0' + struct.pack('<I', 44 | 0xf8 << 24) + b'\xff' * 20
    sec = bytes(18) + b'\x03\0' + struct.pack('<I', (24 + len(section)) | 0xf8 << 24) + section
    begun = volume_header(CODE_GUID, len(image)) + first + bytes(-(72 + len(first)) % 8) + sec
    return begun + image[len(begun):]


SECRET_DXE = '6e2b9619-8810-4e9d-a177-d432bb9abeda'


def with_compressed(image, data):
    """The image with a section of a firmware volume a page after its beginning that is compressed as OVMF's."""
    head = uuid.UUID('ee4e5898-3914-4259-9d6e-dc7bd79403cf').bytes_le + struct.pack('<HH', 24, 1)
    part = struct.pack('<I', (24 + len(data)) | 0x02 << 24) + head + data
    return image[:4096] + part + image[4096 + len(part):]


def with_modules(image, *modules):
    """The same, with nothing in it but the names of modules."""
    return with_compressed(image, lzma.compress(bytes(64) + b''.join(uuid.UUID(name).bytes_le for name in modules) + bytes(64),
                                                lzma.FORMAT_ALONE))


def with_variables(image, size=4096):
    """The image after a variable store, as in a whole OVMF.fd."""
    return volume_header(VARIABLE_GUID, size) + b'\xff' * (size - 72) + image
