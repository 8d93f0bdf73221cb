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

SOURCE, BUILD = os.environ["VA_TOP_SRCDIR"], os.environ["VA_TOP_BUILDDIR"]
sys.path[:0] = [os.path.join(SOURCE, "tests/unit"), os.path.join(SOURCE, "tests/platform")]
sys.dont_write_bytecode = True

import owner  # noqa: E402
from service_peers import CODE_GUID, as_volume, firmware, volume_header  # noqa: E402

PAGE = os.path.join(SOURCE, "docs/man/virt-attest-sev.1")
WORK = os.path.join(os.environ["TMPDIR"], "examples")
MILAN = 0x00a00f11


REST, LAST = (4 << 20) - 65536, 65536  # two volumes, as OVMF has them
OVMF = volume_header(CODE_GUID, REST) + bytes([1]) * (REST - 72) + as_volume(firmware(1, size=LAST), 0x8664)


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
    results, seen = [], ""
    for _, _, lines in blocks(text):
        for command, _, expected in commands(lines):
            printed = run(command)
            seen += command + "\n"
            results.append((command.split("\n")[0], fits(expected, printed), printed))
    verbs = re.findall(r"^\.It Cm (sev(?: [a-z]+)+)", text, re.M)
    missing = [verb for verb in verbs if f"virt-attest {verb}" not in seen]
    results.append((f"each of the {len(verbs)} verbs has an example", len(verbs) >= 10 and not missing, missing))
    for number, (name, passed, printed) in enumerate(results, 1):
        print(f"{'ok' if passed else 'not ok'} {number} - {name.replace('#', '')}")
        if not passed:
            print("".join(f"# printed: {line}\n" for line in printed), end="")
    print(f"1..{len(results)}")
    return 0 if all(passed for _, passed, _ in results) else 1


sys.exit(main())
