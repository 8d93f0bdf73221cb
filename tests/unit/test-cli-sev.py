#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-attest sev …: against tests/lib/owner.py, which shares no code with it, and known answers. Prints TAP."""

import base64
import glob
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import uuid

from lib import owner, tap
from lib.peers import (NOT_FIRMWARE, RESET_VECTOR, SECRET_DXE, VARIABLE_GUID, as_volume, firmware, volume_header, with_modules,
                       with_variables)
from cli_sev import (BARE, IMAGE, INITRD, KERNEL, MILAN, OVMF, PLAIN, PROGRAM, TESTS, WORK, es_digest, folder,
                     measured, put, sev, test)

SOURCE = os.environ["VA_TOP_SRCDIR"]

DATA = os.environ["VA_TEST_DATA"]
DEBIAN = os.environ.get("VA_DEBIAN_12_OVMF", "/usr/share/ovmf/OVMF.fd")
DEBIAN_HASH = "7b456907dd0786d415999e801a1ac4637b8ed4d7cf5378cfc6edbe5e574dd773"


@test
def firmware_is_described():
    told = json.loads(sev("firmware", OVMF, "--json"))
    assert told == {"hash": hashlib.sha256(IMAGE).hexdigest(), "size": len(IMAGE), "footer-table": True,
                    "secret-base": 0x810000, "secret-size": 0xc00, "hashes-base": 0x810c00, "hashes-size": 0x400,
                    "ap-reset": 0x80b004}, told
    text = sev("firmware", BARE)
    assert "no: it has no reset address" in text and "would boot any kernel" in text, text
    told = json.loads(sev("firmware", put("flat.fd", bytes(4096 - 16) + RESET_VECTOR), "--json"))
    assert told["footer-table"] is False and "ap-reset" not in told, told
    sev("firmware", put("empty.fd", b""), code=3)
    sev("firmware", os.path.join(WORK, "not-there"), code=3, words=["not-there"])
    sev("firmware", code=2)


@test
def a_firmware_without_the_module_for_secrets_is_noticed():
    """The area in the footer is not enough; the module is in the compressed part."""
    with open(f"{os.environ['VA_TOP_BUILDDIR']}/config.h", encoding="ascii") as f:
        if "#define VA_LZMA 1" not in f.read():
            raise tap.Skip("built without liblzma")
    plain = as_volume(firmware(7, size=65536), 0x8664)
    other, bomb = "11111111-2222-3333-4444-555555555555", with_modules(plain)
    bomb = bomb[:4096 + 24 + 1] + b"\xff" * 12 + bomb[4096 + 24 + 13:]  # announces more than anything holds
    for image, found, words in ((with_modules(plain, other, SECRET_DXE), True, r"secrets +yes$"),
                                (with_modules(plain, other), False, r"secrets +no: .*not the module"),
                                (with_modules(as_volume(firmware(7, size=65536, secret=(0, 0)), 0x8664), SECRET_DXE), True,
                                 r"secrets +no: it has no space"),
                                (plain, None, r"secrets +unknown: .*cannot be seen"),
                                (bomb, None, r"secrets +unknown: "),
                                (with_modules(plain, SECRET_DXE)[:4096 + 60] + plain[4096 + 60:], None, r"secrets +unknown: ")):
        path = put("modules.fd", image)
        assert json.loads(sev("firmware", path, "--json")).get("secret-module") is found, words
        text = sev("firmware", path)
        assert re.search(words, text, re.M), (words, text)


@test
def what_is_not_firmware_is_refused():
    for number, (data, words) in enumerate(NOT_FIRMWARE):
        path = put(f"other{number}", data)
        for verb in (("firmware", path), ("digest", "--firmware", path)):
            sev(*verb, code=3, words=[path, words])


@test
def what_is_not_known_of_firmware_is_said():
    plain = firmware(7, size=65536)
    for image, code, words in (
            (plain, None, ("SEV +unknown", "SEV-ES +unknown", "first code +unknown")),
            (as_volume(plain, 0x8664), "x64", ("SEV +yes", "SEV-ES +yes, unless it needs SMM", "SMM +unknown", "first code +x86-64")),
            (as_volume(plain, 0x8664, te=True), "x64", ("SEV +yes",)),
            (with_variables(as_volume(plain, 0x8664)), "x64", ("SEV +yes",)),
            (as_volume(plain, 0x14c), "ia32", ("first code +32-bit", "SEV +unknown: .*32-bit", "SEV-ES +unknown: .*32-bit")),
            (as_volume(plain, 0x14c, te=True), "ia32", ("SEV +unknown",)),
            (as_volume(plain, 0xaa64), "other", ("SEV +no: ", "another processor"))):
        path = put("image.fd", image)
        told, text = json.loads(sev("firmware", path, "--json")), sev("firmware", path)
        assert told.get("first-code") == code, (told, text)
        for word in words:
            assert re.search(f"(?m)^{word}" if "+" in word else word, text), (word, text)
    for name in ("OVMF_CODE_4M.secboot.fd", "OVMF_CODE.ms.fd", "edk2-x86_64-secure-code.fd", "ovmf-x86_64-smm.bin"):
        assert "SMM               probably needed" in sev("firmware", put(name, as_volume(plain, 0x8664))), name


@test
def damaged_firmware_is_named():
    image = with_variables(as_volume(firmware(7, size=65536), 0x8664))
    assert "SEV               yes" in sev("firmware", put("image.fd", image))
    for data, word in ((image[:40960], "truncated"), (image[:-16] + bytes(16), "truncated"), (image[:4096], "is a variable store"),
                       (image[:4096 - 1024], "its first volume has 4096 bytes"), (image[4096:40960], "its first volume has 65536"),
                       (image[:4096] + bytes(8192) + image[12288:], "from byte 4096 on there are zeros"),
                       (image[:4096] + bytes(65536), "truncated"), (b"\1" + image[1:4096], "header is damaged"),
                       (volume_header(VARIABLE_GUID, 1 << 40) + bytes(4096 - 72), "its first volume has")):
        path = put("damaged.fd", data)
        sev("firmware", path, code=3, words=[path, word])
    # Erased flash between volumes is none.
    padded = image[:4096] + b"\xff" * 8192 + image[4096:]
    assert "SEV               yes" in sev("firmware", put("padded.fd", padded))


@test
def digest_of_plain_sev():
    assert sev("digest", "--firmware", BARE) == hashlib.sha256(PLAIN).hexdigest() + "\n"
    assert sev("digest", "--firmware", BARE, "--policy", "0x3") == hashlib.sha256(PLAIN).hexdigest() + "\n"
    for arguments, table in (((), owner.hash_table(b"a kernel")),
                             (("--initrd", INITRD), owner.hash_table(b"a kernel", b"an initrd")),
                             (("--cmdline", "quiet"), owner.hash_table(b"a kernel", b"", b"quiet\0")),
                             (("--cmdline-file", put("cmdline", b"quiet\n")),
                              owner.hash_table(b"a kernel", b"", b"quiet\n\0"))):
        expected = hashlib.sha256(IMAGE + table).hexdigest()
        assert sev("digest", "--firmware", OVMF, "--kernel", KERNEL, *arguments) == expected + "\n", arguments


@test
def digest_of_sev_es():
    es = ("digest", "--firmware", OVMF, "--policy", "5", "--cpu", "EPYC-Milan")
    for cpus in (1, 2, 4, 64):
        for name, fpu in (("zero", False), ("fpu", True)):
            assert sev(*es, "--vcpus", str(cpus), "--vmsa-profile", name) == es_digest(cpus, fpu) + "\n"
    expected = [f"{es_digest(cpus, fpu)} {cpus} {name}" for cpus in (2, 8) for name, fpu in (("zero", 0), ("fpu", 1))]
    assert sev(*es, "--vcpus", "2", "--vcpus", "8", "--all").splitlines() == expected
    told = json.loads(sev(*es, "--vcpus", "2", "--all", "--json"))["digests"]
    assert [(one["cpu-count"], one["vmsa-profile"]) for one in told] == [(2, "zero"), (2, "fpu")], told
    assert sev("digest", "--firmware", OVMF, "--policy", "7", "--cpu", "25/1/1", "--vcpus", "2", "--vmsa-profile", "fpu",
               "--kernel", KERNEL) == es_digest(2, True, owner.hash_table(b"a kernel")) + "\n"
    first, other = (put(name, owner.vmsa(reset, MILAN, False)) for name, reset in (("v0", 0xfffffff0), ("v1", 0x80b004)))
    pages = ("digest", "--firmware", OVMF, "--policy", "5", "--vmsa0", first)
    assert sev(*pages, "--vcpus", "1") == es_digest(1, False) + "\n"
    assert sev(*pages, "--vmsa1", other, "--vcpus", "3") == es_digest(3, False) + "\n"
    sev(*pages, "--vcpus", "2", code=2, words=["--vmsa1"])
    sev("digest", "--firmware", OVMF, "--policy", "5", "--vmsa0", put("short", bytes(4095)), "--vcpus", "1", code=3,
        words=["4095", "4096"])


@test
def digest_refuses():
    es = ("--firmware", OVMF, "--policy", "5")
    for arguments, code, word in (
            ((), 2, "--firmware"), (("--firmware", OVMF, "extra"), 2, "extra"),
            (("--firmware", OVMF, "--initrd", INITRD), 2, "--kernel"),
            (("--firmware", OVMF, "--cmdline", "x"), 2, "--kernel"),
            (("--firmware", OVMF, "--kernel", KERNEL, "--cmdline", "x", "--cmdline-file", KERNEL), 2, "not both"),
            (("--firmware", OVMF, "--vcpus", "1"), 2, "bit 2"), (("--firmware", OVMF, "--policy", "x"), 2, "--policy"),
            (("--firmware", OVMF, "--policy", "0x100000000"), 2, "--policy"),
            (es, 2, "--vcpus"), ((*es, "--vcpus", "1"), 2, "--cpu"),
            ((*es, "--vcpus", "1", "--cpu", "EPYC"), 2, "--all"),
            ((*es, "--vcpus", "1", "--vcpus", "2", "--cpu", "EPYC", "--vmsa-profile", "fpu"), 2, "--all"),
            ((*es, "--vcpus", "0", "--cpu", "EPYC", "--all"), 2, "--vcpus"),
            ((*es, "--vcpus", "1", "--cpu", "Pentium", "--all"), 2, "EPYC-Genoa"),
            ((*es, "--vcpus", "1", "--cpu", "EPYC", "--vmsa-profile", "both"), 2, "both"),
            (("--firmware", BARE, "--policy", "5", "--vcpus", "1", "--cpu", "EPYC", "--all"), 3, "reset address"),
            (("--firmware", BARE, "--kernel", KERNEL), 3, BARE),
            (("--firmware", OVMF, "--kernel", put("empty-kernel", b"")), 3, "empty-kernel is empty: expected a kernel"),
            (("--firmware", OVMF, "--kernel", "/not/there"), 3, "/not/there")):
        sev("digest", *arguments, code=code, words=[word])


@test
def measurement_is_verified():
    tik = bytes(range(100, 116))
    path = put("tik", tik)
    digest = bytes.fromhex(es_digest(2, True))
    asked = ("verify", "--measurement", measured(tik, digest, 5), "--tik", path, "--api", "1.51", "--build", "3")
    assert sev(*asked, "--policy", "5", "--digest", digest.hex()).startswith("yes")
    es = ("--firmware", OVMF, "--cpu", "EPYC-Milan")
    told = json.loads(sev(*asked, "--policy", "5", *es, "--vcpus", "1", "--vcpus", "2", "--json"))
    assert told == {"matches": True, "digest": digest.hex(), "cpu-count": 2, "vmsa-profile": "fpu"}, told
    assert sev(*asked, "--policy", "5", *es, "--vcpus", "1", code=1).startswith("no")
    assert json.loads(sev(*asked, "--policy", "5", *es, "--vcpus", "2", "--vmsa-profile", "zero", "--json",
                          code=1)) == {"matches": False}
    for changed in (("--policy", "0x10000005"), ("--policy", "4")):
        sev(*asked, *changed, "--digest", digest.hex(), code=1)
    for option, value in (("--api", "1.50"), ("--build", "4"), ("--tik", put("other", bytes(16)))):
        at = asked.index(option)
        sev(*asked[:at + 1], value, *asked[at + 2:], "--policy", "5", "--digest", digest.hex(), code=1)


@test
def verify_refuses():
    tik = put("tik", bytes(16))
    good = {"--measurement": base64.b64encode(bytes(48)).decode(), "--tik": tik, "--api": "1.51", "--build": "3",
            "--policy": "1", "--digest": "00" * 32}

    def asked(**changes):
        values = {**good, **{"--" + name: value for name, value in changes.items()}}
        return ("verify", *(word for pair in values.items() if pair[1] is not None for word in pair))

    sev(*asked(), code=1)
    for name in good:
        sev(*asked(**{name[2:]: None}), code=2, words=["--firmware" if name == "--digest" else name])
    for name, value, code in (("measurement", base64.b64encode(bytes(47)).decode(), 3), ("measurement", "%3D", 3),
                              ("measurement", base64.b64encode(bytes(49)).decode(), 3), ("tik", "/not/there", 3),
                              ("tik", put("long", bytes(17)), 3), ("tik", put("short", bytes(15)), 3),
                              ("api", "1", 2), ("api", "1.256", 2), ("api", "1.2.3", 2), ("build", "256", 2),
                              ("policy", "-1", 2), ("digest", "00" * 31, 2)):
        sev(*asked(**{name: value}), code=code, words=["--" + name if name != "tik" else value])
    sev(*asked(firmware=OVMF), code=2, words=["not both"])


@test
def known_cases():
    with open(DEBIAN, "rb") as f:
        if hashlib.sha256(f.read()).hexdigest() != DEBIAN_HASH:
            raise tap.Skip(f"{DEBIAN} is not the one of the known answers")
    for name in sorted(os.listdir(os.path.join(DATA, "cases"))):
        with open(os.path.join(DATA, "cases", name, "expected.json"), encoding="utf-8") as f:
            case = json.load(f)
        es = ("--vcpus", str(case["vcpus"]), "--cpu", case["cpu"]) if case["sev_es"] else ()
        asked = ("verify", "--tik", os.path.join(DATA, "cases", name, "tik.bin"), "--policy", str(case["policy"]),
                 "--api", f"{case['api_major']}.{case['api_minor']}", "--build", str(case["build_id"]),
                 "--firmware", DEBIAN, *es)
        for key in ("launch_measure_blob_b64", "launch_measure_blob_b64_snp_measure"):
            if key in case:
                assert sev(*asked, "--measurement", case[key]).startswith("yes"), (name, key)


def naples():
    with_names = {f"{name}.cert": os.path.join(DATA, "chains/naples", f"{name}.cert") for name in ("pdh", "pek", "oca", "cek")}
    files = {}
    for name, path in with_names.items():
        with open(path, "rb") as f:
            files[name] = f.read()
    return files


def roots_of(generation):
    files = {}
    for name in ("ark.cert", "ask.cert"):
        with open(os.path.join(DATA, "roots", generation, name), "rb") as f:
            files[name] = f.read()
    return files

LINKS = ("ark-trusted", "ark-ark", "ark-ask", "ask-cek", "oca-oca", "cek-pek", "oca-pek", "pek-pdh")
ROOTS = os.path.join(DATA, "roots")


@test
def chain_of_a_real_machine():
    certs, own = naples(), roots_of("naples")
    wrapped = {name: base64.encodebytes(data) for name, data in {**certs, **own}.items()}
    joined = {"pdh.cert": certs["pdh.cert"], "cert-chain": certs["pek.cert"] + certs["oca.cert"] + certs["cek.cert"]}
    for number, (files, more) in enumerate(((certs, ("--roots", ROOTS)), ({**certs, **own}, ()), (wrapped, ()),
                                            ({**joined, **own}, ()), (joined, ("--roots", ROOTS)))):
        told = json.loads(sev("chain", folder(f"good{number}", files), *more, "--json"))
        assert told["verified"] and told["generation"] == "naples", told
        assert told["links"] == dict.fromkeys(LINKS, True), told
    text = sev("chain", os.path.join(WORK, "good1"))
    assert "generation: naples" in text and "NO" not in text and text.endswith("yes: the chain verifies\n"), text


@test
def chain_with_one_thing_wrong():
    certs, own = naples(), roots_of("naples")

    def flipped(name, offset):
        data = bytearray({**certs, **own}[name])
        data[offset] ^= 1
        return {**certs, **own, name: bytes(data)}

    for name, offset, broken in (("pdh.cert", 1044 + 8, {"pek-pdh"}), ("pek.cert", 1044 + 8, {"oca-pek"}),
                                 ("pek.cert", 1564 + 8, {"cek-pek"}), ("oca.cert", 1044 + 8, {"oca-oca"}),
                                 ("cek.cert", 1044 + 8, {"ask-cek"}), ("ask.cert", 64 + 512, {"ark-ask"}),
                                 ("ark.cert", 64 + 512, {"ark-ark"}), ("pek.cert", 4, {"oca-pek", "cek-pek"})):
        told = json.loads(sev("chain", folder(f"flip-{name}-{offset}", flipped(name, offset)), "--json", code=1))
        assert {link for link, ok in told["links"].items() if not ok} == broken, (name, offset, told)
        assert not told["verified"] and told["reason"], told
    other = folder("other-root", {**certs, **roots_of("milan")})
    text = sev("chain", other, code=1)
    assert "NO  the CEK is signed by the ASK" in text and "no: " in text, text
    text = sev("chain", folder("no-root", certs), "--roots", os.path.join(ROOTS, "milan"), code=1)
    assert "no ASK matches the CEK" in text, text


@test
def chain_of_a_software_platform():
    platform = os.path.join(WORK, "platform")
    subprocess.run([os.path.join(os.environ["VA_TOP_BUILDDIR"], "tests/platform/virt-attest-platform"), "init", platform],
                   check=True, capture_output=True, timeout=120)
    root = glob.glob(f"{platform}/roots/*")[0]
    certs = folder("soft", {})
    for path in glob.glob(f"{platform}/*.cert") + glob.glob(f"{root}/*.cert"):
        shutil.copy(path, certs)
    told = json.loads(sev("chain", certs, "--json", code=1))
    assert [link for link, ok in told["links"].items() if not ok] == ["ark-trusted"] and "generation" not in told, told
    assert json.loads(sev("chain", certs, "--roots", f"{platform}/roots", "--json"))["verified"]


@test
def chain_refuses():
    certs = naples()
    sev("chain", os.path.join(WORK, "nowhere"), code=3, words=["nowhere"])
    sev("chain", folder("no-certs", {}), code=3, words=["cert-chain", "pdh.cert"])
    sev("chain", code=2)
    for name in certs:
        for what, data in (("short", certs[name][:-1]), ("long", certs[name] + b"\0"), ("empty", b""), ("text", b"abc=")):
            sev("chain", folder(f"{what}-{name}", {**certs, name: data}), "--roots", ROOTS, code=3, words=[name])
        missing = {other: data for other, data in certs.items() if other != name}
        sev("chain", folder(f"missing-{name}", missing), "--roots", ROOTS, code=3, words=[name])
    sev("chain", folder("swapped", {**certs, "pek.cert": certs["oca.cert"]}), "--roots", ROOTS, code=3, words=["PEK"])
    sev("chain", folder("fine", certs), "--roots", os.path.join(WORK, "nowhere"), code=3, words=["nowhere"])

PDH = owner.ec.generate_private_key(owner.ec.SECP384R1())
SCALAR = PDH.private_numbers().private_value


def read(*parts):
    with open(os.path.join(*parts), "rb") as f:
        return f.read()


@test
def session_for_a_platform():
    pdh = put("pdh.cert", owner.certificate(PDH))
    out = os.path.join(WORK, "session")
    sev("session", "--pdh", pdh, "--policy", "0x10000005", "--out", out)
    assert sorted(os.listdir(out)) == ["dh-cert.base64", "session.base64", "tek.bin", "tik.bin"]
    assert [os.stat(os.path.join(out, name)).st_mode & 0o777 for name in ("tik.bin", "tek.bin")] == [0o600, 0o600]
    session = base64.b64decode(read(out, "session.base64"), validate=True)
    godh = base64.b64decode(read(out, "dh-cert.base64"), validate=True)
    assert len(session) == 128 and len(godh) == 2084
    assert owner.unwrap(session, godh, SCALAR) == (read(out, "tek.bin"), read(out, "tik.bin"))
    assert session[96:] == owner.mac(read(out, "tik.bin"), struct.pack("<I", 0x10000005))
    before = {name: read(out, name) for name in os.listdir(out)}
    sev("session", "--pdh", pdh, "--policy", "5", "--out", out, code=3, words=["tik.bin"])
    assert before == {name: read(out, name) for name in os.listdir(out)}
    again = os.path.join(WORK, "session-again")
    sev("session", "--pdh", pdh, "--policy", "0x10000005", "--out", again)
    assert read(out, "tik.bin") != read(again, "tik.bin") and read(out, "tek.bin") != read(again, "tek.bin")
    half = folder("half", {"session.base64": b"mine"})
    sev("session", "--pdh", pdh, "--policy", "5", "--out", half, code=3, words=["session.base64"])
    assert os.listdir(half) == ["session.base64"] and read(half, "session.base64") == b"mine"


@test
def session_only_for_a_verified_platform():
    certs = naples()
    place = folder("naples", {**certs, **roots_of("naples")})
    pdh, joined = put("naples.pdh", certs["pdh.cert"]), put("joined", certs["pek.cert"] + certs["oca.cert"] + certs["cek.cert"])
    out = os.path.join(WORK, "none")
    good = ("session", "--policy", "1", "--pdh", pdh)
    sev(*good, "--chain", place, "--out", os.path.join(WORK, "a-session"))
    sev(*good, "--cert-chain", joined, "--roots", ROOTS, "--out", os.path.join(WORK, "b-session"))
    own = put("own.pdh", owner.certificate(PDH))
    for arguments, code in ((("--pdh", own, "--chain", place), 1), (("--pdh", own, "--cert-chain", joined, "--roots", ROOTS), 1),
                            (("--pdh", pdh, "--cert-chain", joined, "--roots", os.path.join(ROOTS, "milan")), 1),
                            (("--pdh", os.path.join(place, "pek.cert")), 3), (("--pdh", "/not/there"), 3),
                            (("--pdh", put("cut.pdh", certs["pdh.cert"][:-1])), 3), (("--cert-chain", joined), 2),
                            (("--pdh", pdh, "--roots", ROOTS), 2), (("--pdh", pdh, "--chain", place, "--cert-chain", joined), 2)):
        sev("session", "--policy", "1", *arguments, "--out", out, code=code)
        assert not os.path.exists(out), arguments
    sev("session", "--pdh", pdh, "--policy", "x", "--out", out, code=2)


@test
def secret_packet():
    tik, tek, nonce = bytes(range(16)), bytes(range(16, 32)), bytes(16)
    keys = ("--tik", put("s.tik", tik), "--tek", put("s.tek", tek))
    measurement = measured(tik, bytes(32), 1, nonce=nonce)
    passphrase, other = put("pass", b"correct horse"), put("data", bytes(range(40)))
    guid = "7a8c3c1f-6a4e-4f0e-8a08-3a5a2c1f8f3e"
    out = os.path.join(WORK, "packet")
    told = json.loads(sev("secret", "--measurement", measurement, *keys, "--entry", f"luks={passphrase}", "--entry",
                          f"{guid}={other}", "--firmware", OVMF, "--out", out, "--json"))
    header, payload = (base64.b64decode(read(out, f"secret-{name}.base64")) for name in ("header", "payload"))
    assert told["gpa"] == 0x810000 and base64.b64decode(told["packet-header"]) == header
    table = owner.ctr(tek, header[4:20], payload)
    entries = b"".join(uuid.UUID(name).bytes_le + struct.pack("<I", 20 + len(data)) + data for name, data in
                       (("736869e5-84f0-4973-92ec-06879ce3da0b", b"correct horse\0"), (guid, bytes(range(40)))))
    plain = owner.SECRET_TABLE + struct.pack("<I", 20 + len(entries)) + entries
    assert table == plain + bytes(-len(plain) % 16), table
    lengths = struct.pack("<II", len(payload), len(payload))
    assert header[20:] == owner.mac(tik, b"\1", header[:20], lengths, payload, base64.b64decode(measurement)[:32])
    before = read(out, "secret-header.base64")
    again = ("secret", "--measurement", measurement, *keys, "--entry", f"luks={passphrase}", "--out", out)
    sev(*again, code=1, words=["TEK"])
    assert read(out, "secret-header.base64") == before
    fresh = {keys[1]: put("s2.tik", bytes(range(32, 48))), keys[3]: put("s2.tek", bytes(16))}
    sev(*(fresh.get(word, word) for word in again), "--force")
    assert read(out, "secret-header.base64") != before


@test
def secret_refuses():
    key = put("any.key", bytes(16))
    small = put("small.fd", firmware(3, secret=(0x820000, 64)))
    fine = put("one-byte", b"x")
    other = put("other.key", bytes(15) + b"x")
    good = {"--measurement": base64.b64encode(bytes(48)).decode(), "--tik": key, "--tek": other, "--entry": f"luks={fine}",
            "--out": os.path.join(WORK, "refused")}
    for name, value, code, word in (
            ("--measurement", None, 2, "--measurement"), ("--tik", None, 2, "--tik"), ("--tek", None, 2, "--tek"),
            ("--entry", None, 2, "--entry"), ("--out", None, 2, "--out"), ("--measurement", "AAAA", 3, "--measurement"),
            ("--tek", put("long.key", bytes(17)), 3, "16"), ("--entry", fine, 2, "GUID=FILE"), ("--entry", "luks=", 2, "luks"),
            ("--entry", f"grub={fine}", 2, "GUID=FILE"), ("--entry", f"luks={put('nothing', b'')}", 3, "empty"),
            ("--entry", "luks=/not/there", 3, "/not/there"), ("--entry", f"luks={put('big', b'x' * 16384)}", 3, "16384"),
            ("--firmware", BARE, 3, "no space"), ("--firmware", small, 3, "64")):
        values = {**good, name: value}
        if word == "64":
            values["--entry"] = f"luks={put('eighty', b'x' * 80)}"
        sev("secret", *(w for pair in values.items() if pair[1] is not None for w in pair), code=code, words=[word])
        assert not os.path.exists(good["--out"]), name


@test
def files_of_a_domain_are_looked_at():
    elf, vars_file = put("vmlinux2", b"\x7fELF" + bytes(9000)), put("vars.fd", NOT_FIRMWARE[1][0])

    def warnings(loader, kernel, hashes="yes"):
        xml = (f"<domain type='kvm'><name>d</name><uuid>6f1d2c3b-4a59-4e87-9d10-0123456789ab</uuid><os><type>hvm</type>"
               f"<loader>{loader}</loader><kernel>{kernel}</kernel></os><launchSecurity type='sev' kernelHashes='{hashes}'>"
               "<policy>0x1</policy></launchSecurity></domain>")
        told = []
        for verb in (("show",), ("prepare", "--owner", "alice")):
            done = subprocess.run([PROGRAM, "domain", *verb], input=xml, capture_output=True, text=True, timeout=30,
                                  check=False)
            assert done.stdout, done
            told.append([line for line in done.stderr.splitlines() if "warning" in line and "<kernel> is" not in line])
            assert verb[0] != "show" or not told[0] or "no: " + told[0][0].partition("warning: ")[2] in done.stdout, done
        assert told[0] == told[1], told
        return told[0]

    assert not warnings(OVMF, KERNEL) and not warnings("/not/there", "/not/there") and not warnings(BARE, elf, "no")
    one, = warnings(OVMF, elf)
    assert elf in one and "ELF image" in one, one
    one, = warnings(BARE, KERNEL)
    assert BARE in one and "no space for kernel hashes" in one, one
    one, = warnings(vars_file, KERNEL)
    assert vars_file in one and "variable store" in one, one


@test
def save_areas():
    for profile, fpu in (("zero", False), ("fpu", True)):
        out = os.path.join(WORK, "vmsa-" + profile)
        text = sev("vmsa", "build", "--cpu", "EPYC-Milan", "--vmsa-profile", profile, "--firmware", OVMF, "--out", out)
        for name, reset in (("vmsa0.bin", 0xfffffff0), ("vmsa1.bin", 0x80b004)):
            page = open(os.path.join(out, name), "rb").read()
            assert page == owner.vmsa(reset, MILAN, fpu) and hashlib.sha256(page).hexdigest() in text, name
            told = json.loads(sev("vmsa", "show", os.path.join(out, name), "--json"))
            assert told["reset"] == hex(reset) and told["cpu-signature"] == MILAN and told["vmsa-profile"] == profile, told
            assert told["unusual-bytes"] == 0 and told["registers"]["g_pat"] == "0x7040600070406", told
        first, others = (os.path.join(out, name) for name in ("vmsa0.bin", "vmsa1.bin"))
        assert sev("digest", "--firmware", OVMF, "--policy", "5", "--vcpus", "3", "--vmsa0", first, "--vmsa1",
                   others) == es_digest(3, fpu) + "\n"
    page = bytearray(owner.vmsa(0xfffffff0, MILAN, False))
    page[0x3b0] = 1
    text = sev("vmsa", "show", put("odd.bin", page))
    assert "no: bytes that differ: 1, the first at 0x3b0" in text and "25/1/1 (EPYC-Milan)" in text, text
    alone = os.path.join(WORK, "vmsa-alone")
    sev("vmsa", "build", "--cpu", "25/1/1", "--vmsa-profile", "fpu", "--out", alone)
    assert os.listdir(alone) == ["vmsa0.bin"]
    for words, arguments, code in (
            ("4096", ("show", put("short.bin", bytes(4095))), 3), ("4096", ("show", put("long.bin", bytes(4097))), 3),
            ("no reset address", ("build", "--cpu", "EPYC", "--vmsa-profile", "fpu", "--firmware", BARE, "--out", alone), 3),
            ("--cpu is missing", ("build", "--vmsa-profile", "fpu", "--out", alone), 2),
            ("not one of zero, fpu", ("build", "--cpu", "EPYC", "--vmsa-profile", "x", "--out", alone), 2),
            ("not a known CPU model", ("build", "--cpu", "Pentium", "--vmsa-profile", "fpu", "--out", alone), 2),
            ("sev vmsa build", (), 2), ("sev vmsa --help", ("frob",), 2)):
        sev("vmsa", *arguments, code=code, words=[words])


@test
def policy_both_ways():
    for names, number in (("nodbg", 1), ("NODBG,es", 5), ("nodbg,noks,es,nosend,domain,sev", 63),
                          ("nodbg,api=1.51", 1 | 1 << 16 | 51 << 24), ("api=253.255", 0xfffd0000)):
        assert json.loads(sev("policy", names, "--json"))["policy"] == number, names
    told = json.loads(sev("policy", "0x33010005", "--json"))
    assert told["nodbg"] and told["es"] and not told["noks"] and (told["api-major"], told["api-minor"]) == (1, 51), told
    assert sev("policy", "nodbg", "es") == sev("policy", "5")
    assert "no secret is safe" in sev("policy", "0") and "reserved" in sev("policy", "0x40", code=1)
    assert "no: " in sev("policy", "0x30000", code=1) and sev("policy", "0x133", "--json", code=1)
    for bad in ("", "debug", "api=1", "api=1.256", "5,es", "4294967296", "0x"):
        sev("policy", bad, code=2)


sys.exit(tap.run(TESTS, None, title=lambda test: test.__name__.replace('_', ' ')))
