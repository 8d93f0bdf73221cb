#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples of virt-attest-sev(1), run from the page itself: each command must print what the page says it prints.
With --write FILE the page is written with what they print now. Prints TAP."""

import base64
import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys

from lib import owner, tap
from lib.peers import CODE_GUID, as_volume, firmware, volume_header, with_compressed

SOURCE, BUILD = os.environ["VA_TOP_SRCDIR"], os.environ["VA_TOP_BUILDDIR"]

PAGE = os.path.join(SOURCE, "docs/man/virt-attest-sev.1")
WORK = os.path.join(os.environ["TMPDIR"], "examples")
MILAN = 0x00a00f11

REST, LAST = (4 << 20) - 65536, 65536  # two volumes, as OVMF has them
# SecretDxe's GUID, compressed once and for all: another liblzma may compress it to other bytes, and the page has digests.
MODULES = bytes.fromhex('5d00008000ffffffffffffffff000ca6553ba9821255b5b6c7d70088a6163e4e'
                        '26b485ffffa4540000')
OVMF = with_compressed(volume_header(CODE_GUID, REST) + bytes([1]) * (REST - 72), MODULES) + as_volume(firmware(1, size=LAST), 0x8664)


def put(name, data):
    with open(os.path.join(WORK, name), "wb") as f:
        f.write(data)


def prepare():
    """What the page says is there: a real platform's certificates, a firmware, a kernel, a passphrase."""
    os.makedirs(WORK)
    data = os.path.join(SOURCE, "tests/data")
    shutil.copytree(os.path.join(data, "chains/naples"), os.path.join(WORK, "platform"))
    for name in ("ark.cert", "ask.cert"):
        shutil.copy(os.path.join(data, "roots/naples", name), os.path.join(WORK, "platform"))
    put("OVMF.amdsev.fd", OVMF)
    put("vmlinuz", b"a kernel")
    put("initrd.img", b"an initrd")
    put("passphrase", b"correct horse")


def play_host():
    """The host's part: the guest was started with 4 vCPUs, which the owner learns as a measurement."""
    tik = os.path.join(WORK, "launch/tik.bin")
    if not os.path.exists(tik) or os.path.exists(os.path.join(WORK, "measurement")):
        return
    first, others = (owner.vmsa(reset, MILAN, True) for reset in (0xfffffff0, 0x80b004))
    digest = hashlib.sha256(OVMF
                            + owner.hash_table(b"a kernel", b"an initrd", b"console=ttyS0\0") + first + others * 3).digest()
    nonce = bytes(range(16))
    with open(tik, "rb") as f:
        measure = owner.mac(f.read(), bytes((4, 1, 51, 3)), struct.pack("<I", 7), digest, nonce)
    put("measurement", base64.b64encode(measure + nonce))


def blocks(text):
    """(start, end, lines) of each literal block with a command in it."""
    for match in re.finditer(r"^\.Bd -literal.*\n((?:.*\n)*?)\.Ed$", text, re.M):
        lines = match[1].replace("\\e", "\\").replace("\\&", "").splitlines()
        if lines[0].startswith("$ "):
            yield match.start(1), match.end(1), lines


def commands(lines):
    """[(command, its lines in the page, expected output)]"""
    found = []
    for line in lines:
        if line.startswith("$ "):
            found.append(([line], []))
        elif not found[-1][1] and found[-1][0][-1].endswith("\\"):
            found[-1][0].append(line)
        else:
            found[-1][1].append(line)
    return [("\n".join(typed)[2:], typed, printed) for typed, printed in found]


def run(command):
    done = subprocess.run(["bash", "-c", command], cwd=WORK, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=60, check=False, env={**os.environ, "PATH": BUILD + ":" + os.environ["PATH"]})
    play_host()
    return done.stdout.splitlines()


def fits(expected, printed):
    """“…” stands for anything within a line."""
    return len(expected) == len(printed) and all(
        re.fullmatch(".*".join(map(re.escape, line.split("…"))), got) for line, got in zip(expected, printed))


def write(text, path):
    parts, at = [], 0
    for start, end, lines in blocks(text):
        parts.append(text[at:start])
        for command, typed, expected in commands(lines):
            printed = run(command)
            shown = typed + (expected if fits(expected, printed) else printed)
            parts += [re.sub(r"^([.'])", r"\\&\1", line.replace("\\", "\\e")) + "\n" for line in shown]
        at = end
    with open(path, "w", encoding="utf-8") as f:
        f.write("".join(parts) + text[at:])


def main():
    with open(PAGE, encoding="utf-8") as f:
        text = f.read()
    prepare()
    if sys.argv[1:2] == ["--write"]:
        write(text, sys.argv[2])
        return 0
    printer, seen = tap.Printer(), ""
    for _, _, lines in blocks(text):
        for command, _, expected in commands(lines):
            printed = run(command)
            seen += command + "\n"
            printer.result(fits(expected, printed), command.split("\n")[0], "\n".join(f"printed: {line}" for line in printed))
    verbs = re.findall(r"^\.It Cm (sev(?: [a-z]+)+)", text, re.M)
    missing = [verb for verb in verbs if f"virt-attest {verb}" not in seen]
    printer.result(len(verbs) >= 10 and not missing, f"each of the {len(verbs)} verbs has an example", str(missing))
    return printer.end()


sys.exit(main())
