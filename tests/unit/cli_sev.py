# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of virt-attest sev share: the program, images, and what tests/lib/owner.py computes for them."""

import base64
import functools
import hashlib
import os
import struct
import subprocess

from lib import owner
from lib.peers import firmware

PROGRAM = os.path.join(os.environ["VA_TOP_BUILDDIR"], "virt-attest")
WORK = os.environ["TMPDIR"]
MILAN = 0x00a00f11
TESTS = []


def test(function):
    TESTS.append(functools.wraps(function)(lambda _: function()))
    return function


def sev(*arguments, code=0, words=()):
    """What the verb printed on standard output; its exit code and its error's words must be the expected ones."""
    done = subprocess.run([PROGRAM, "sev", *arguments], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == code, f"exit {done.returncode} instead of {code}: {done.stdout}{done.stderr}"
    for word in words:
        assert word in done.stderr, f"“{word}” is not in: {done.stderr}"
    assert not (code in (2, 3) and done.stdout), f"printed something nevertheless: {done.stdout}"
    return done.stdout


def put(name, data):
    path = os.path.join(WORK, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


IMAGE = firmware(1)
PLAIN = firmware(2, secret=(0, 0), hash_area=(0, 0), reset=0)
OVMF, BARE = put("ovmf.fd", IMAGE), put("bare.fd", PLAIN)
KERNEL, INITRD = put("kernel", b"a kernel"), put("initrd", b"an initrd")


def es_digest(cpus, fpu, table=b"", signature=MILAN):
    first, others = (owner.vmsa(reset, signature, fpu) for reset in (0xfffffff0, 0x80b004))
    return hashlib.sha256(IMAGE + table + first + others * (cpus - 1)).hexdigest()


def measured(tik, digest, policy, api=(1, 51), build=3, nonce=bytes(range(16))):
    mac = owner.mac(tik, bytes((4, *api, build)), struct.pack("<I", policy), digest, nonce)
    return base64.b64encode(mac + nonce).decode()


def folder(name, files):
    path = os.path.join(WORK, name)
    os.makedirs(path)
    for file, data in files.items():
        with open(os.path.join(path, file), "wb") as f:
            f.write(data)
    return path
