# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest owner of SEV launches, independent of the C sources: SEV.md's formulas over python3-cryptography."""

import hashlib
import hmac
import os
import struct
import uuid

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
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


def unwrap(session, godh, scalar):
    """(TEK, TIK) of a session, as the firmware that holds the PDH's private @scalar takes them out."""
    nonce, wrapped, iv, wrap_mac, policy_mac = (session[a:b] for a, b in
                                                ((0, 16), (16, 48), (48, 64), (64, 96), (96, 128)))
    shared = ec.derive_private_key(scalar, ec.SECP384R1()).exchange(ec.ECDH(), public_key(godh))
    master = kdf(shared, b'sev-master-secret', nonce)
    assert mac(kdf(master, b'sev-kik'), wrapped) == wrap_mac and len(policy_mac) == 32
    keys = ctr(kdf(master, b'sev-kek'), iv, wrapped)
    return keys[:16], keys[16:]


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


def ap_reset_address(image):
    """Where the firmware's footer table tells SEV-ES vCPUs other than the first to begin."""
    guid = uuid.UUID('00f771de-1a7e-4fcb-890e-68c77e2fb44e').bytes_le
    at = image.rindex(struct.pack('<H', 22) + guid)
    return struct.unpack_from('<I', image, at - 4)[0]


def vmsa(reset_address, signature, fpu_reset):
    """The save area of a vCPU that begins at @reset_address, with the CPU's family, model and stepping in rdx."""
    page = bytearray(4096)

    def segment(at, selector, attributes, base=0):
        struct.pack_into('<HHIQ', page, at, selector, attributes, 0xffff, base)

    for at in (0x00, 0x20, 0x30, 0x40, 0x50):
        segment(at, 0, 0x93)
    segment(0x10, 0xf000, 0x9b, reset_address & 0xffff0000)
    for at, attributes in ((0x60, 0), (0x70, 0x82), (0x80, 0), (0x90, 0x8b)):
        segment(at, 0, attributes)
    for at, value in ((0xd0, 0x1000), (0x148, 0x40), (0x158, 0x10), (0x160, 0x400), (0x168, 0xffff0ff0), (0x170, 2),
                      (0x178, reset_address & 0xffff), (0x268, 0x0007040600070406), (0x310, signature), (0x3e8, 1)):
        struct.pack_into('<Q', page, at, value)
    if fpu_reset:
        struct.pack_into('<I', page, 0x408, 0x1f80)
        struct.pack_into('<H', page, 0x410, 0x37f)
    return bytes(page)


def signature_holds(key, cert, size, signature):
    """Whether @signature (little-endian, as in certificates) is @key's over the first @size bytes."""
    try:
        if isinstance(key, rsa.RSAPublicKey):
            length = key.key_size // 8
            digest = hashes.SHA256() if length == 256 else hashes.SHA384()
            key.verify(signature[length - 1::-1], cert[:size],
                       padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        else:
            r, s = (int.from_bytes(signature[at:at + 72], 'little') for at in (0, 72))
            key.verify(encode_dss_signature(r, s), cert[:size], ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def verify_chain(folder, roots=None):
    """The broken links of a platform's chain, by name."""
    certs = {}
    for name in ('pdh', 'pek', 'oca', 'cek', 'ark', 'ask'):
        with open(f'{roots if roots and name in ("ark", "ask") else folder}/{name}.cert', 'rb') as source:
            certs[name] = source.read()
    bits, = struct.unpack_from('<I', certs['ark'], 60)
    length = bits // 8
    keys = {name: public_key(certs[name]) for name in ('pek', 'oca', 'cek')}
    for name in ('ark', 'ask'):
        exponent, modulus = (int.from_bytes(certs[name][at:at + length], 'little') for at in (64, 64 + length))
        keys[name] = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    links = {'ark': ('ark', 'ark', 64 + 2 * length, 64 + 2 * length),
             'ask': ('ark', 'ask', 64 + 2 * length, 64 + 2 * length), 'cek': ('ask', 'cek', 1044, 1052),
             'oca': ('oca', 'oca', 1044, 1052), 'pek by oca': ('oca', 'pek', 1044, 1052),
             'pek by cek': ('cek', 'pek', 1044, 1052 + 520), 'pdh': ('pek', 'pdh', 1044, 1052)}
    return [link for link, (signer, name, size, at) in links.items()
            if not signature_holds(keys[signer], certs[name], size, certs[name][at:at + 512])]
