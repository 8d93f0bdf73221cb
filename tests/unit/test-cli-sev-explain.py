#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-attest sev explain: each mistake that a measurement tells of is found and named. Prints TAP."""

import base64
import hashlib
import json
import struct
import subprocess
import sys

from lib import owner, tap
from lib.peers import firmware

from cli_sev import IMAGE, TESTS, INITRD, KERNEL, MILAN, OVMF, PLAIN, PROGRAM, es_digest, folder, measured, put, sev, test


@test
def mismatch_is_explained():
    tik, tek = bytes(range(40, 56)), bytes(range(60, 76))
    keys = ("--tik", put("e.tik", tik), "--tek", put("e.tek", tek))
    plain = hashlib.sha256(IMAGE).digest()
    full = hashlib.sha256(IMAGE + owner.hash_table(b"a kernel", b"an initrd", b"quiet\0")).digest()
    kernel = ("--kernel", KERNEL, "--initrd", INITRD, "--cmdline", "quiet")
    es = ("--vcpus", "2", "--cpu", "EPYC-Milan", "--vmsa-profile", "zero")
    images = folder("images", {"a.fd": PLAIN, "b.fd": firmware(44), "c.txt": b"no firmware"})

    def explained(made, launch=(), policy="1", key=tik, text=None, code=1, **context):
        text = text or measured(key, made, context.get("policy", int(policy)), context.get("api", (1, 51)),
                                context.get("build", 3))
        return json.loads(sev("explain", "--measurement", text, *keys, "--api", "1.51", "--build", "3", "--policy", policy,
                              "--firmware", OVMF, *launch, "--json", code=code))

    assert explained(plain, code=0)["matches"]
    good = measured(tik, plain, 1)
    assert explained(plain, text=good.replace("+", "%2B").replace("/", "%2F") + "%0A", code=0)["matches"]
    cut = base64.b64encode(base64.b64decode(good)[:32]).decode()
    for word, told in (
            ("32 bytes", explained(plain, text=cut)), ("47 bytes", explained(plain, text=good[:-1])),
            ("swapped", explained(plain, key=tek)), ("major and minor are swapped", explained(plain, api=(51, 1))),
            ("1.50", explained(plain, api=(1, 50))), ("0.24", explained(plain, api=(0, 24))),
            ("build 200", explained(plain, build=200)), ("0x3", json.loads(sev("explain", "--measurement", measured(tik, plain, 3), *keys, "--api", "1.51",
                                          "--build", "3", "--policy", "1", "--firmware", OVMF, "--json", code=1))),
            ("policy 0x1,", json.loads(sev("explain", "--measurement", good, *keys, "--api", "1.51", "--build", "3",
                                          "--policy", "0x10000001", "--firmware", OVMF, "--json", code=1))),
            ("without kernel hashes", explained(plain, kernel)),
            ("without the initrd", explained(hashlib.sha256(IMAGE + owner.hash_table(b"a kernel", b"", b"quiet\0")).digest(),
                                             kernel)),
            ("without the command line", explained(hashlib.sha256(IMAGE + owner.hash_table(b"a kernel", b"an initrd")).digest(),
                                                   kernel)),
            ("ends with a line break", explained(hashlib.sha256(IMAGE + owner.hash_table(b"a kernel", b"an initrd",
                                                                                   b"quiet\n\0")).digest(), kernel)),
            ("no white space", explained(full, (*kernel[:-1], "quiet \n"))),
            ("without the zero byte", explained(hashlib.sha256(IMAGE + owner.hash_table(b"a kernel", b"an initrd",
                                                                                       b"quiet")).digest(), kernel)),
            ("number of vCPUs is 64, not 2", explained(bytes.fromhex(es_digest(64, True)), es, "5")),
            ("VMSA profile is “fpu”, which is not expected", explained(bytes.fromhex(es_digest(2, True)), es, "5")),
            ("CPU is 23/49/0 (EPYC-Rome), not 25/1/1 (EPYC-Milan)", explained(bytes.fromhex(es_digest(2, False, signature=0x00830f10)), es, "5")),
            ("b.fd", explained(hashlib.sha256(firmware(44)).digest(), ("--firmware-dir", images)))):
        assert word in told["cause"] and not told["matches"], (word, told)
    told = explained(bytes(32), (*kernel, *es, "--firmware-dir", images), "5")
    assert "cause" not in told and len(told["ruled-out"]) == 9, told
    assert not any("not all" in what for what in told["ruled-out"]), told


def why(made, *launch, policy="1", actual=None, api=(1, 51), build=3, firmware_file=OVMF):
    """The sentence of explain about a measurement of @made, where a plain launch was expected."""
    tik = bytes(range(40, 56))
    text = measured(tik, made, int(policy, 0) if actual is None else actual, api, build)
    told = json.loads(sev("explain", "--measurement", text, "--tik", put("w.tik", tik), "--api", "1.51", "--build", "3",
                          "--policy", policy, "--firmware", firmware_file, *launch, "--json", code=1))
    return told.get("cause", "nothing")


@test
def policies_and_versions_are_explained():
    plain = hashlib.sha256(IMAGE).digest()
    for policy in range(64):
        if policy & 4 == 0 and policy != 1:
            assert f"policy 0x{policy:x}, not 0x1" in why(plain, actual=policy), policy
    assert "0x33, not 0x21: 33 was read as hexadecimal" in why(plain, policy="33", actual=0x33)
    assert "0x33, not 0x10033" in why(plain, policy="0x10033", actual=0x33)
    assert "0x33010031" in why(plain, policy="0x33010001", actual=0x33010031)
    assert "0x21, not 0x33: 33 was read as decimal" in why(plain, policy="0x33", actual=33)
    for api, build in (((1, 55), 21), ((0, 17), 48), ((0, 0), 255), ((1, 255), 0)):
        assert f"is {api[0]}.{api[1]} build {build}, not 1.51 build 3" in why(plain, api=api, build=build), (api, build)


@test
def other_kind_is_explained():
    """SEV-ES measures save areas, SEV does not: another policy of the other kind means another digest, too."""
    plain, es = hashlib.sha256(IMAGE).digest(), ("--vcpus", "2", "--cpu", "EPYC-Milan")
    table = owner.hash_table(b"a kernel", b"", b"quiet\0")
    kernel = ("--kernel", KERNEL, "--cmdline", "quiet")
    for policy in (1, 3, 0x21):
        assert f"policy 0x{policy:x} (plain SEV), not 0x5" in why(plain, *es, policy="5", actual=policy), policy
    assert "policy 0x1 (plain SEV), not 0x5" in why(hashlib.sha256(IMAGE + table).digest(), *es, *kernel, policy="5", actual=1)
    for cpus, fpu, policy in ((1, False, 5), (3, True, 7), (64, True, 0x25)):
        told = why(bytes.fromhex(es_digest(cpus, fpu)), actual=policy)
        assert f"policy 0x{policy:x} (SEV-ES), not 0x1, with {cpus} vCPUs of CPU 25/1/1 (EPYC-Milan)" in told, told
        assert f"“{'fpu' if fpu else 'zero'}”" in told, told
    told = why(bytes.fromhex(es_digest(2, False, table)), *kernel, actual=5)
    assert "(SEV-ES), not 0x1, with 2 vCPUs" in told, told
    # Only what was tried is ruled out: of a digest alone the other kind cannot be made.
    keys = ("--tik", put("w.tik", bytes(16)), "--api", "1.51", "--build", "3")
    for policy, other in (("5", "no policy of plain SEV was tried"), ("1", "no policy of SEV-ES was tried")):
        text = sev("explain", "--measurement", measured(bytes(range(16)), plain, 1), *keys, "--policy", policy, "--digest",
                   plain.hex(), code=1)
        assert f"ruled out: but {other}" in text and "ruled out: a policy" not in text, text


@test
def command_lines_are_explained():
    expected = "console=ttyS0 root=/dev/vda1 quiet"
    for actual, words in (
            (expected + "\r\n", "CRLF"), (expected + " ", "ends with “ ”"), (" " + expected, "begins with “ ”"),
            (f"\n      {expected}\n    ", "begins with “\\n      ” and ends with “\\n    ”"),
            (f"\n\t\t{expected}\n\t", "“\\n\\t\\t”"), (f'"{expected}"', "quotes around it"),
            (f"'{expected}'\n", "quotes around it"), (expected.replace(" ", "  "), "between its words"),
            ("console=ttyS0  root=/dev/vda1 quiet", "between its words"),
            ("console=ttyS0\troot=/dev/vda1 quiet", "between its words"),
            ("console=ttyS0\n    root=/dev/vda1 quiet", "console=ttyS0\\n    root"),
            ("\n    console=ttyS0\n    root=/dev/vda1\n    quiet\n  ", "between its words")):
        made = hashlib.sha256(IMAGE + owner.hash_table(b"a kernel", b"", actual.encode() + b"\0")).digest()
        told = why(made, "--kernel", KERNEL, "--cmdline", expected)
        assert words in told, (actual, told)
    for given, words in ((f" {expected}\t", "no white space around it"), (f'"{expected}"', "lacks the quotes"),
                         (expected.replace(" ", "   "), "between its words")):
        made = hashlib.sha256(IMAGE + owner.hash_table(b"a kernel", b"", expected.encode() + b"\0")).digest()
        told = why(made, "--kernel", KERNEL, "--cmdline", given)
        assert words in told, (given, told)


@test
def save_areas_are_explained():
    es = ("--vcpus", "2", "--cpu", "EPYC-Milan")

    def pages(cpus, signature=MILAN, fpu=False, features=0):
        def page(reset):
            made = bytearray(owner.vmsa(reset, signature, fpu))
            struct.pack_into("<Q", made, 0x3b0, features)
            return bytes(made)
        return page(0xfffffff0), page(0x80b004), cpus

    def digest(first, other, cpus):
        return hashlib.sha256(IMAGE + first + other * (cpus - 1)).digest()

    for made, words in (((128,), "number of vCPUs is 128, not 2"), ((512, MILAN, True), "number of vCPUs is 512"),
                        ((2, MILAN, False, 0x20), "“zero-debug-swap”, which is not expected: its KVM has debug_swap on"),
                        ((2, MILAN, True, 0x20), "“fpu-debug-swap”"), ((3, MILAN, True, 0x20), "vCPUs is 3"),
                        ((8, 0x00a10f10), "8 vCPUs of CPU 25/17/0 (EPYC-Genoa), not 2 of CPU 25/1/1 (EPYC-Milan)"),
                        ((2, 0x00a10f11), "CPU is 25/17/1, not 25/1/1 (EPYC-Milan) (with host-passthrough"),
                        ((2, 0x00aa0f02), "CPU is 25/160/2"), ((16, 0x00b00f21), "16 vCPUs of CPU 26/2/1"),
                        ((2, 0x00870f10), "CPU is 23/113/0")):
        told = why(digest(*pages(*made)), *es, policy="5")
        assert words in told, (made, told)
    first, other, cpus = pages(2)
    files = ("--vmsa0", put("s0", other), "--vmsa1", put("s1", first), "--vcpus", "2")
    assert "save areas are swapped" in why(digest(first, other, cpus), *files, policy="5")
    done = subprocess.run([PROGRAM, "sev", "digest", "--firmware", OVMF, "--policy", "5", *files], capture_output=True,
                          text=True, timeout=30, check=True)
    assert "begins at 0xfffffff0, this save area at 0x80b004" in done.stderr, done.stderr
    swap = digest(*pages(2, MILAN, True, 0x20)).hex()
    assert sev("digest", "--firmware", OVMF, "--policy", "5", *es, "--vmsa-profile", "fpu-debug-swap") == swap + "\n"


@test
def kernels_without_hashes():
    elf = put("vmlinux", b"\x7fELF" + bytes(9000))
    multiboot = put("multiboot", bytes(4092) + struct.pack("<3I", 0x1badb002, 3, 2 ** 32 - 0x1badb002 - 3) + bytes(100))
    late = put("late", bytes(8192) + struct.pack("<3I", 0x1badb002, 3, 2 ** 32 - 0x1badb002 - 3) + bytes(100))
    linux = put("bzImage", b"\x7fELF" + bytes(0x1fe) + b"HdrS" + bytes(9000))
    measurement = measured(bytes(16), bytes(32), 1)
    for kernel, word in ((elf, "ELF image"), (multiboot, "multiboot image")):
        sev("digest", "--firmware", OVMF, "--kernel", kernel, code=3, words=[kernel, word, "bzImage"])
        sev("verify", "--firmware", OVMF, "--kernel", kernel, "--measurement", measurement, "--tik", put("z.tik", bytes(16)),
            "--api", "1.51", "--build", "3", "--policy", "1", code=3, words=[word])
        told = why(hashlib.sha256(IMAGE).digest(), "--kernel", kernel, "--cmdline", "x")
        assert "ELF or multiboot image, for which QEMU makes no hashes" in told and "kernelHashes" not in told, told
    for kernel in (late, linux, KERNEL):
        assert len(sev("digest", "--firmware", OVMF, "--kernel", kernel)) == 65
    assert "kernelHashes='yes' is missing" in why(hashlib.sha256(IMAGE).digest(), "--kernel", KERNEL)


sys.exit(tap.run(TESTS, None, title=lambda test: test.__name__.replace("_", " ")))
