# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest owner of SEV launches, independent of the C sources: SEV.md's formulas over python3-cryptography."""

import hashlib
import hmac
import os
import struct
import uuid

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

CERT_SIZE = 2084
SECRET_TABLE = uuid.UUID('1e74f542-71dd-4d66-963e-ef4287ff173b').bytes_le
HASH_TABLE = uuid.UUID('9438d606-4f22-4cc9-b479-a793d411fd21').bytes_le
HASH_CMDLINE = uuid.UUID('97d02dd8-bd20-4c94-aa78-e7714d36ab2a').bytes_le
HASH_INITRD = uuid.UUID('44baf731-3a2f-4bd7-9af1-41e29169781d').bytes_le
HASH_KERNEL = uuid.UUID('4de79437-abd2-427f-b835-d5b172d2045b').bytes_le


def mac(key, *parts):
    return hmac.new(key, b''.join(parts), hashlib.sha256).digest()


def ctr(key, iv, data):
    return Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor().update(data)


def kdf(key, label, context=b''):
    return mac(key, struct.pack('<I', 1), label, b'\0', context, struct.pack('<I', 128))[:16]


def public_key(cert):
    """The P-384 key of an SEV certificate."""
    assert struct.unpack_from('<I', cert, 16) == (2,)
    x, y = (int.from_bytes(cert[at:at + 72], 'little') for at in (20, 92))
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP384R1()).public_key()


def certificate(key):
    """An unsigned PDH certificate of a private key."""
    numbers = key.public_key().public_numbers()
    cert = bytearray(CERT_SIZE)
    struct.pack_into('<IBBHIII', cert, 0, 1, 0, 24, 0, 0x1003, 3, 2)
    cert[20:92] = numbers.x.to_bytes(72, 'little')
    cert[92:164] = numbers.y.to_bytes(72, 'little')
    for slot in (1044, 1044 + 520):
        struct.pack_into('<I', cert, slot, 0x1000)
    return bytes(cert)


def hash_table(kernel, initrd=b'', cmdline=b'\0'):
    """What QEMU measures for kernel-hashes=on; cmdline with its NUL."""
    entries = b''.join(guid + struct.pack('<H', 50) + hashlib.sha256(data).digest() for guid, data in
                       ((HASH_CMDLINE, cmdline), (HASH_INITRD, initrd), (HASH_KERNEL, kernel)))
    table = HASH_TABLE + struct.pack('<H', 18 + len(entries)) + entries
    return table + bytes(-len(table) % 16)


def secret_table(guid, data):
    entry = uuid.UUID(guid).bytes_le + struct.pack('<I', 20 + len(data)) + data
    table = SECRET_TABLE + struct.pack('<I', 20 + len(entry)) + entry
    return table + bytes(-len(table) % 16)


class Owner:
    """One launch: session, measurement, packet."""

    def __init__(self, pdh, policy):
        self.policy = policy
        self.tek, self.tik = os.urandom(16), os.urandom(16)
        key = ec.generate_private_key(ec.SECP384R1())
        self.cert = certificate(key)
        shared = key.exchange(ec.ECDH(), public_key(pdh))
        nonce, iv = os.urandom(16), os.urandom(16)
        master = kdf(shared, b'sev-master-secret', nonce)
        wrapped = ctr(kdf(master, b'sev-kek'), iv, self.tek + self.tik)
        self.session = (nonce + wrapped + iv + mac(kdf(master, b'sev-kik'), wrapped)
                        + mac(self.tik, struct.pack('<I', policy)))

    def measure(self, digest, api_major, api_minor, build, mnonce):
        return mac(self.tik, bytes((4, api_major, api_minor, build)), struct.pack('<I', self.policy), digest, mnonce)

    def packet(self, table, measure):
        """Header and payload of a secret."""
        flags, iv = bytes(4), os.urandom(16)
        payload = ctr(self.tek, iv, table)
        lengths = struct.pack('<II', len(payload), len(payload))
        return flags + iv + mac(self.tik, b'\1', flags, iv, lengths, payload, measure), payload
