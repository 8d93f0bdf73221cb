#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-attest: what people give it, in the forms in which they have it. Prints TAP."""

import base64
import hashlib
import hmac
import json
import os
import pty
import struct
import subprocess
import sys

from lib import owner, tap

SOURCE = os.environ["VA_TOP_SRCDIR"]

PROGRAM = os.path.join(os.environ["VA_TOP_BUILDDIR"], "virt-attest")
DATA = os.environ["VA_TEST_DATA"]
ROOTS = os.path.join(DATA, "roots")
WORK = os.environ["TMPDIR"]
TIK, TEK = bytes(range(16, 32)), bytes(range(100, 116))
DIGEST = hashlib.sha256(b"a firmware").digest()
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def call(*words, code=0, told=(), **options):
    """What it printed, errors too; its exit code and words of it are expected."""
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=30, check=False, cwd=WORK, **options)
    printed = done.stdout + done.stderr
    assert done.returncode == code or (code is None and done.returncode != 0), f"exit {done.returncode} instead of {code}: {printed}"
    for word in told:
        assert word in printed, f"“{word}” is not in: {printed}"
    return printed


def put(name, data):
    path = os.path.join(WORK, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as target:
        target.write(data)
    return path


def read(*parts):
    with open(os.path.join(*parts), "rb") as source:
        return source.read()


def b64(data):
    return base64.b64encode(data).decode()


def measurement(policy=1):
    nonce = bytes(range(16))
    text = struct.pack("<BBBB", 4, 1, 51, 3) + struct.pack("<I", policy) + DIGEST + nonce
    return hmac.new(TIK, text, "sha256").digest() + nonce


def naples():
    return {name: read(DATA, "chains/naples", name + ".cert") for name in ("pdh", "pek", "oca", "cek")}


def unsigned(cek):
    """The same CEK as a machine has it that AMD's key service has not been asked for."""
    slot = struct.pack("<II", 0x1000, 0) + bytes(512)
    return cek[:1044] + slot + slot


@test
def measured_values_in_any_form(_world):
    keys = ("--tik", put("tik", TIK), "--api", "1.51", "--build", "3", "--policy", "nodbg")
    text = b64(measurement())
    table = f"sev-measurement: {text}\nsev-api-major  : 1\nsev-policy     : 1\n"
    forms = [text, f" {text}\n", text[:40] + "\r\n" + text[40:], measurement().hex(), text.replace("+", "-").replace("/", "_"),
             table, json.dumps({"return": {"data": text}}), put("m.raw", measurement()), put("m.txt", table.encode()),
             put("m16", table.encode("utf-16"))]
    digests = [DIGEST.hex(), DIGEST.hex().upper(), b64(DIGEST), DIGEST.hex() + "  OVMF.fd", put("digest", b64(DIGEST).encode())]
    for form in forms:
        for verb in ("verify", "explain"):
            call("sev", verb, "--measurement", form, *keys, "--digest", digests[0], told=["yes"])
    for digest in digests:
        call("sev", "verify", "--measurement", text, *keys, "--digest", digest, told=["yes"])
    for name, data in (("tik.b64", b64(TIK).encode()), ("tik.hex", TIK.hex().encode() + b"\n"), ("tk.bin", TEK + TIK)):
        call("sev", "verify", "--measurement", text, "--tik", put(name, data), *keys[2:], "--digest", DIGEST.hex(),
             told=["yes"])


@test
def what_is_something_else_is_named(_world):
    keys = ("--tik", put("tik", TIK), "--api", "1.51", "--build", "3", "--policy", "1", "--digest", DIGEST.hex())
    pdh = naples()["pdh"]
    for form, word in ((DIGEST.hex(), "32 bytes: a digest"), (b64(pdh), "a certificate of the PDH"),
                       (put("pdh", pdh), "a certificate of the PDH"), (put("domain", b"<domain/>"), "a domain's XML"),
                       ("no-such-file!", "neither base64 nor hex")):
        call("sev", "verify", "--measurement", form, *keys, code=3, told=["--measurement", word])
    key = b64(TIK)
    printed = call("sev", "verify", "--measurement", b64(measurement()), "--tik", key, *keys[2:], code=3,
                   told=["name of a file"])
    assert key not in printed, printed


@test
def one_key_is_not_two(_world):
    same, other = put("same", TIK), put("other", TEK)
    words = ("--measurement", b64(measurement()), "--entry", f"luks={put('secret', b'x')}", "--out", os.path.join(WORK, "sealed"))
    call("sev", "secret", "--tik", same, "--tek", put("copy", TIK), *words, code=3, told=["the same key"])
    assert not os.path.exists(os.path.join(WORK, "sealed"))
    call("sev", "secret", "--tik", same, "--tek", other, *words)
    pair = put("pairs/pair", TEK + TIK)
    call("sev", "secret", "--tik", pair, "--tek", pair, *words[:-1], os.path.join(WORK, "by-pair"), told=["pair of keys"])


@test
def secrets_that_the_guest_would_not_find(_world):
    keys = ("--tik", put("lost/tik", TIK), "--tek", put("lost/tek", TEK), "--measurement", b64(measurement()))
    secret, guid = put("secret", b"x"), "5a1f2e33-0000-4000-8000-00000000c0de"
    for number, (entries, word) in enumerate((
            (["00000000-0000-0000-0000-000000000000=" + secret], "zeros"),
            (["1e74f542-71dd-4d66-963e-ef4287ff173b=" + secret], "table's own"),
            ([f"{guid}={secret}", f"{guid.upper()}={secret}"], "two secrets"),
            ([f"luks={secret}", f"736869e5-84f0-4973-92ec-06879ce3da0b={secret}"], "two secrets"),
            (["luks=" + put("zero", b"a\0b")], "zero byte"))):
        out = os.path.join(WORK, f"refused-{number}")
        call("sev", "secret", *keys, "--out", out, *(w for e in entries for w in ("--entry", e)), code=3, told=[word])
        assert not os.path.exists(out)


def new_keys(name):
    """Options of fresh keys in a directory of their own, and where they are."""
    place = os.path.join(WORK, name)
    return ("--tik", put(name + "/tik.bin", os.urandom(16)), "--tek", put(name + "/tek.bin", os.urandom(16)),
            "--measurement", b64(measurement())), place


# A secret as people have it, what is said about it, and how many bytes of it are left with --strip-newline.
ENDS = ((b"passw0rd", (), 8), (b"passw0rd\n", ("line break (LF)",), 8), (b"passw0rd\r\n", ("line break (CRLF)",), 8),
        (b"passw0rd\n\n", ("2 line breaks (2 bytes)",), 9), (b"passw0rd\r\n\r\n", ("2 line breaks (4 bytes)",), 10),
        (b"passw0rd\r", ("carriage return alone (CR)",), 9), (b"passw0rd ", ("1 space at the end",), 9),
        (b"passw0rd \t\n", ("2 spaces at the end", "line break (LF)"), 10), (b" passw0rd", ("begins with a space",), 9),
        (b"\xef\xbb\xbfpassw0rd\n", ("byte order mark (UTF-8)", "line break (LF)"), 11),
        (b"\xff\xfep\x01w\x02", ("byte order mark (UTF-16)",), 6))


def sealed(place, tek, size):
    """The one entry's bytes, as the guest gets them."""
    header, payload = (base64.b64decode(read(os.path.join(place, f"secret-{name}.base64"))) for name in ("header", "payload"))
    table = owner.ctr(tek, header[4:20], payload)
    length, = struct.unpack("<I", table[36:40])
    assert length == 20 + size, (length, table)
    return table[40:40 + size]


@test
def ends_of_secrets_are_pointed_out(_world):
    for number, (secret, words, left) in enumerate(ENDS):
        for strip in (False, True):
            keys, place = new_keys(f"ends-{number}-{strip}")
            printed = call("sev", "secret", *keys, "--out", place, "--entry", "luks=" + put("text", secret),
                           *(["--strip-newline"] if strip else []), told=() if strip else words)
            assert "passw0rd" not in printed and (words or strip or "note" not in printed), printed
            expected = secret[:left] if strip else secret
            if strip:
                left_out = f"{left} bytes remain" if left < len(secret) else f"its {left} bytes"
                assert ("does not remove" if secret[-1:] == b"\r" else left_out) in printed, printed
                assert left == len(secret) or secret[left:] in (b"\n", b"\r\n")
            assert sealed(place, read(keys[3]), len(expected) + 1) == expected + b"\0", printed
    # What is not text has no ends: a random key may end with any byte.
    for secret, noted in ((bytes(range(200, 232)) + b"\n", False), (b"token\n", True)):
        keys, place = new_keys(f"ends-{noted}")
        printed = call("sev", "secret", *keys, "--out", place, "--entry",
                       "5a1f2e33-0000-4000-8000-00000000c0de=" + put("key", secret))
        assert ("line break" in printed) == noted and sealed(place, read(keys[3]), len(secret)) == secret, printed
    keys, place = new_keys("ends-empty")
    call("sev", "secret", *keys, "--out", place, "--entry", "luks=" + put("line", b"\n"), "--strip-newline", code=3, told=["empty"])


@test
def keys_are_used_once(_world):
    keys, place = new_keys("used")
    secret, new = "luks=" + put("secret", b"x"), os.path.join(WORK, "used-elsewhere")
    words = ("sev", "secret", *keys, "--entry", secret)
    # What fails before anything is encrypted uses no key up.
    call(*words, "--out", new, "--firmware", put("no.fd", bytes(4096)), code=3)
    for mine in (b"mine", b""):
        put("used-taken/secret-header.base64", mine)
        call(*words, "--out", os.path.join(WORK, "used-taken"), code=3, told=["already exists", "--force"])
        assert read(os.path.join(WORK, "used-taken/secret-header.base64")) == mine
    call(*words, "--out", place)
    before = read(os.path.join(place, "secret-header.base64"))
    for out in (place, new):
        for more in ((), ("--force",)):
            call(*words, "--out", out, *more, code=1, told=["TEK was already used for a packet", "sev session"])
    # Nor with one key of the two, by another name, or through a link.
    fresh, _ = new_keys("used-fresh")
    call("sev", "secret", *keys[:2], *fresh[2:], "--entry", secret, "--out", new, code=1, told=["TIK was already used for a packet"])
    os.symlink(place, os.path.join(WORK, "used-link"))
    linked = [word.replace("/used/", "/used-link/") for word in words]
    call(*linked, "--out", new, code=1, told=["TEK was already used for a packet"])
    copied = put("used/copy.bin", read(keys[3]))
    call(*(copied if word == keys[3] else word for word in words), "--out", new, code=1, told=["TEK was already used for a packet"])
    assert read(os.path.join(place, "secret-header.base64")) == before and not os.path.exists(new)
    ivs = set()
    for number in range(4):
        keys, place = new_keys(f"iv-{number}")
        call("sev", "secret", *keys, "--entry", secret, "--out", place)
        ivs.add(base64.b64decode(read(os.path.join(place, "secret-header.base64")))[4:20])
    assert len(ivs) == 4


@test
def wrong_values_name_their_option(_world):
    keys = ("--tik", put("option/tik", TIK), "--measurement", b64(measurement()), "--digest", DIGEST.hex())
    good = {"--api": "1.51", "--build": "3", "--policy": "1"}
    for name, value, word in (("--api", "1", "MAJOR.MINOR"), ("--api", "300.1", "MAJOR.MINOR"), ("--build", "256", "0 to 255"),
                              ("--build", "x", "0 to 255"), ("--policy", "0x40", "reserved"), ("--policy", "y", "nodbg"),
                              ("--tik", "/not/there", "cannot open"), ("--tik", put("option/long", bytes(17)), "16")):
        words = [w for pair in {**good, **({name: value} if name in good else {})}.items() for w in pair]
        printed = call("sev", "verify", *keys, *words, *(() if name in good else (name, value)), code=None, told=[word])
        assert f"virt-attest: {name}: " in printed, printed
    path = domain("<launchSecurity type='sev'><policy>0x1</policy></launchSecurity>")
    for name, value in (("--id", "x"), ("--id", ""), ("--owner", "A B"), ("--owner", "")):
        call("domain", "prepare", path, name, value, code=2, told=[f"{name}: “{value}” is not", "expected"])


@test
def a_directory_without_firmware_rules_nothing_out(_world):
    words = ("sev", "explain", "--tik", put("dir/tik", TIK), "--api", "1.51", "--build", "3", "--policy", "1", "--measurement",
             b64(measurement()), "--digest", hashlib.sha256(b"another").hexdigest(), "--firmware-dir")
    place = os.path.join(WORK, "dir/empty")
    os.mkdir(place)
    for name in (None, "notes.txt", "VARS.fd"):
        if name is not None:
            put("dir/empty/" + name, b"text" * 1024)
        printed = call(*words, place, code=1, told=["no firmware was found in " + place])
        assert "ruled out: each other firmware" not in printed, printed
    put("dir/empty/OVMF.fd", bytes(4096 - 16) + bytes.fromhex("9090e95bff") + bytes(11))
    printed = call(*words, place, code=1, told=["ruled out: each other firmware"])
    assert "no firmware was found" not in printed, printed
    call(*words, "/not/there", code=3, told=["/not/there"])


def at_terminal(*words):
    """What the program writes to a terminal."""
    leader, follower = pty.openpty()
    with os.fdopen(leader, "rb", buffering=0) as terminal:
        with os.fdopen(follower, "wb") as other:
            subprocess.run([PROGRAM, *words], stdout=other, stderr=other, timeout=30, check=True, cwd=WORK)
        written = b""
        try:
            while part := terminal.read(65536):
                written += part
        except OSError:  # the other end is closed
            pass
    return written.decode()


@test
def names_in_xml_reach_no_terminal(_world):
    sev = "<launchSecurity type='sev'><policy>0x1</policy></launchSecurity>"
    for sign in ("\x85", "\x9b", "\u202e", "\u2066", "\u2028", "\u2029", "\u200b", "\ufeff"):
        os_ = f"<os><type>hvm</type><loader>/no{sign}t.fd</loader></os>"
        path = put("odd.xml", read(domain(sev, os_=os_)).replace(b"<name>a", f"<name>a{sign}b".encode()))
        prepared = prepare_quietly(path)
        assert sign.encode() in read(prepared)
        for words in ((), ("--json",)):
            printed = call("domain", "show", prepared, *words)
            assert sign not in printed and (not words or f"\\u{ord(sign):04x}" in printed), printed
        written = at_terminal("domain", "prepare", path, "--owner", "alice")
        assert sign not in written and f"<name>a&#x{ord(sign):x};b</name>" in written, written


@test
def files_are_not_replaced_unasked(_world):
    sev = "<launchSecurity type='sev'><policy>0x1</policy></launchSecurity>"
    xml = domain(sev)
    before, out = read(xml), put("prepared-there.xml", b"mine")
    os.chmod(out, 0o640)
    words = ("domain", "prepare", xml, "--owner", "alice", "--output")
    for target in (out, xml):
        call(*words, target, code=1, told=[target, "already exists", "--force"])
    assert read(out) == b"mine" and read(xml) == before
    call(*words, out, "--force")
    prepared = read(out)
    assert b"attest:launch" in prepared and os.stat(out).st_mode & 0o777 == 0o640
    # Its own input, through a link, which stays one.
    link = os.path.join(WORK, "link.xml")
    os.symlink(xml, link)
    os.chmod(xml, 0o604)
    call(*words, link, "--force")
    assert read(xml) == prepared and os.path.islink(link) and os.stat(xml).st_mode & 0o777 == 0o604
    # What has these very bytes is as good as written.
    call(*words, out)
    fresh = os.path.join(WORK, "fresh.xml")
    call(*words, fresh)
    assert read(fresh) == prepared and os.stat(fresh).st_mode & 0o777 == 0o600
    os.symlink("/not/there", os.path.join(WORK, "dangling"))
    os.mkfifo(os.path.join(WORK, "fifo"))
    for target, word in (("dangling", "symbolic link"), ("fifo", "not a regular file"), (WORK, "not a regular file"),
                         ("/dev/null", "not a regular file"), ("/not/there/x", "does not exist"), ("", "is empty")):
        for more in ((), ("--force",)):
            call(*words, target, *more, code=None, told=[word])
    assert os.path.islink(os.path.join(WORK, "dangling")) and not os.path.isfile("/dev/null")
    pages = os.path.join(WORK, "pages")
    build = ("sev", "vmsa", "build", "--cpu", "EPYC", "--vmsa-profile")
    call(*build, "zero", "--out", pages)
    call(*build, "zero", "--out", pages)
    first = read(os.path.join(pages, "vmsa0.bin"))
    call(*build, "fpu", "--out", pages, code=3, told=["already exists", "--force"])
    assert read(os.path.join(pages, "vmsa0.bin")) == first
    call(*build, "fpu", "--out", pages, "--force")
    assert read(os.path.join(pages, "vmsa0.bin")) != first
    assert not [name for name in os.listdir(WORK) + os.listdir(pages) if name.endswith(".new")]


@test
def chains_in_any_form(_world):
    certs = naples()
    chain = certs["pek"] + certs["oca"] + certs["cek"]
    roots = b"".join(read(ROOTS, "naples", name) for name in ("ask.cert", "ark.cert"))
    put("sev-tool/cert_chain.cert", chain)
    put("sev-tool/pdh.cert", certs["pdh"])
    qmp = json.dumps({"return": {"pdh": b64(certs["pdh"]), "cert-chain": b64(chain)}}).encode()
    table = f"pdh        : {b64(certs['pdh'])}\ncert-chain : {b64(chain)}\n".encode()
    pem = "".join(f"-----BEGIN CERTIFICATE-----\n{b64(cert)}\n-----END CERTIFICATE-----\n" for cert in certs.values())
    full = put("full", certs["pdh"] + chain + roots)
    for path in (os.path.join(WORK, "sev-tool"), put("qmp", qmp), put("table", table), put("pem", pem.encode()), full,
                 put("mixed", certs["cek"] + certs["pdh"] + certs["oca"] + certs["pek"])):
        call("sev", "chain", path, "--roots", ROOTS, told=["generation: naples", "yes"])
    call("sev", "chain", full, told=["generation: naples", "yes"])
    put("amd/ask_ark_naples.cert", roots)
    call("sev", "chain", full, "--roots", os.path.join(WORK, "amd"), told=["yes"])
    os.makedirs(os.path.join(WORK, "no-roots"))
    call("sev", "chain", full, "--roots", os.path.join(WORK, "no-roots"), code=3, told=["contains no roots", "ark.cert"])
    call("sev", "chain", put("short", certs["pdh"] + certs["pek"] + certs["oca"]), code=3, told=["the CEK is missing"])
    call("sev", "chain", put("web", b"<html>404</html>"), code=3, told=["a web page"])


@test
def signed_cek_beside_the_chain(_world):
    certs = naples()
    bare = certs["pek"] + certs["oca"] + unsigned(certs["cek"])
    place, cek = os.path.join(WORK, "machine"), put("signed-cek", certs["cek"])
    chain, pdh = put("machine/cert-chain", bare), put("machine/pdh.cert", certs["pdh"])
    printed = call("sev", "chain", place, "--roots", ROOTS, code=1,
                   told=["no: the CEK carries no signature", "https://kdsintf.amd.com/cek/id/", "--cek"])
    assert "NO" not in printed and printed.count("--  not checked") == 4, printed
    links = json.loads(call("sev", "chain", place, "--roots", ROOTS, "--json", code=1))["links"]
    assert links["ark-ask"] is None and links["pek-pdh"] is True, links
    call("sev", "chain", place, "--roots", ROOTS, "--cek", cek, told=["yes"])
    told = {"return": {"pdh": b64(certs["pdh"]), "cert-chain": b64(bare), "cpu0-id": b64(bytes(range(64)))}}
    call("sev", "chain", put("with-id", json.dumps(told).encode()), "--roots", ROOTS, code=1,
         told=["https://kdsintf.amd.com/cek/id/" + bytes(range(64)).hex()])
    words = ("sev", "session", "--policy", "1", "--roots", ROOTS)
    call(*words, "--pdh", pdh, "--cert-chain", chain, "--out", os.path.join(WORK, "none"), code=1, told=["kdsintf"])
    call(*words, "--pdh", pdh, "--cert-chain", chain, "--cek", cek, "--out", os.path.join(WORK, "by-option"))
    other = bytearray(owner.certificate(owner.ec.generate_private_key(owner.ec.SECP384R1())))
    struct.pack_into("<II", other, 8, 0x1004, 0x102)
    call("sev", "chain", place, "--roots", ROOTS, "--cek", put("stranger", other), code=3, told=["a different processor"])
    put("machine/cek.cert", certs["cek"])
    call("sev", "chain", place, "--roots", ROOTS, told=["yes"])
    call(*words, "--chain", place, "--out", os.path.join(WORK, "by-place"))
    forged = bytearray(certs["cek"])
    forged[1044 + 8] ^= 1
    put("machine/cek.cert", bytes(forged))
    call("sev", "chain", place, "--roots", ROOTS, code=1, told=["NO  the CEK is signed by the ASK"])


@test
def sessions_and_their_policy(_world):
    pdh = put("pdh", naples()["pdh"])
    out = os.path.join(WORK, "session")
    call("sev", "session", "--pdh", pdh, "--policy", "33", "--out", out, told=["for policy 0x00000021 (NODBG, SEV)"])
    call("sev", "session", "--pdh", pdh, "--policy", "33", "--out", out, code=3, told=["one start", "new directory"])
    for policy, word in (("0x41", "reserved bits 0x40"), ("0x30000", "SEV-SNP"), ("debug", "nodbg")):
        call("sev", "session", "--pdh", pdh, "--policy", policy, "--out", out, code=2, told=["--policy", word])


@test
def registrations_in_the_words_of_their_options(_world):
    words = ("vm", "register", "5f3c0a1e-7c7e-4a0f-9a53-1e1f9d1a2b3c", "--url", "https://localhost:1", "--ca", "x",
             "--certificate", "x", "--key", "x")
    image = put("image", bytes(4096))
    for arguments, word in ((("--policy", "5", "--firmware", image), "--cpu-count"),
                            (("--policy", "nodbg,es", "--firmware", image, "--cpu-count", "2"), "--cpu-model"),
                            (("--policy", "1", "--firmware", image, "--cmdline", "x"), "--kernel"),
                            (("--policy", "1", "--firmware", image, "--cpu-count", "2"), "SEV-ES"),
                            (("--policy", "1", "--firmware", image, "--launch-digest", "00" * 32), "not both")):
        printed = call(*words, *arguments, code=2, told=[word])
        assert "member" not in printed, printed
    for arguments, word in ((("--policy", "0x41"), "reserved bits"), (("--policy", "0x30000"), "SEV-SNP"),
                            (("--policy", "1", "--cloud-cert", put("pek", naples()["pek"])), "OCA"),
                            (("--policy", "1", "--chip", put("pdh", naples()["pdh"])), "CEK")):
        call(*words, *arguments, "--launch-digest", b64(DIGEST), code=2, told=[word])


def domain(security, os_="<os><type>hvm</type><loader>/not/there.fd</loader></os>", arguments=(), kind="kvm"):
    """A domain's XML, with these arguments of QEMU."""
    line = "".join(f"<qemu:arg value='{argument}'/>" for argument in arguments)
    return put("domain.xml", f"""<domain type='{kind}' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>a</name>
  <uuid>5f3c0a1e-7c7e-4a0f-9a53-1e1f9d1a2b3c</uuid>
  {os_}
  {security}
  <qemu:commandline>{line}</qemu:commandline>
</domain>
""".encode())


def prepare(path, word):
    """The path of the prepared domain; there is a warning with @word."""
    result = path + ".prepared"
    call("domain", "prepare", path, "--owner", "alice", "--output", result, "--force", told=["virt-attest: warning: ", word])
    return result


def prepare_quietly(path):
    result = path + ".prepared"
    call("domain", "prepare", path, "--owner", "alice", "--output", result, "--force")
    return result


@test
def what_prepare_adds_or_leaves_open_is_said(_world):
    text = open(domain("<launchSecurity type='sev'><policy>0x1</policy></launchSecurity>"), encoding="utf-8").read()
    whole, bare = put("whole.xml", text.encode()), put("bare.xml", "".join(line for line in text.splitlines(True)
                                                                          if "<uuid>" not in line).encode())
    told = call("domain", "prepare", whole, "--owner", "alice")
    assert "names no owner" not in told and "random" not in told, told
    told = call("domain", "prepare", whole, "--config", put("none.conf", b""), told=["names no owner", "--owner NAME"])
    assert "random" not in told, told
    call("domain", "prepare", bare, "--owner", "alice", told=["no <uuid>, so it was given a random one"])
    call("domain", "show", whole, code=1, told=["/not/there.fd is not on this machine"])
    state = put("state.xml", text.replace("</qemu:commandline>", "<qemu:arg value='-loadvm'/><qemu:arg value='a'/>"
                                          "</qemu:commandline>").encode())
    call("domain", "show", state, code=1, told=["no: <qemu:commandline> makes QEMU load a saved state (-loadvm)"])
    call("domain", "prepare", state, "--owner", "alice", code=1, told=["-loadvm"])


@test
def domains_are_named_as_what_they_are(_world):
    for security, arguments, word in (
            ("<launchSecurity type='sev-snp'><policy>0x30000</policy></launchSecurity>", (), "SEV-SNP"),
            ("<launchSecurity type='tdx'><policy>0x1</policy></launchSecurity>", (), "TDX"),
            ("<launchSecurity type='s390-pv'/>", (), "Secure Execution"),
            ("<launchSecurity type='other'/>", (), "type='other'"),
            ("", ("-object", "sev-guest,id=sev0,policy=0x1", "-machine", "memory-encryption=sev0"), "qemu:commandline"),
            ("", (), "not confidential")):
        path = domain(security, arguments=arguments)
        call("domain", "prepare", path, "--owner", "alice", code=1, told=[word])
        if word != "not confidential":
            call("domain", "show", path, code=1, told=[word])
    sev = "<launchSecurity type='sev'><policy>0x1</policy></launchSecurity>"
    for given, word in ((dict(arguments=("-qmp", "unix:/tmp/x,server,nowait")), "another monitor (-qmp"),
                       (dict(arguments=("-mon", "chardev=mine,mode=control")), "another monitor (-mon"),
                       (dict(arguments=("-object", "monitor-qmp,id=m,chardev=mine")), "another monitor (-object"),
                       (dict(os_="<os><type>hvm</type><loader>/not/there.fd</loader><kernel>/k</kernel></os>"), "is not measured"),
                       (dict(security=sev.replace("0x1", "0x0")), "allows debugging")):
        path = domain(**{"security": sev, **given})
        prepared = prepare(path, word)
        call("domain", "show", prepared, code=0, told=["warning", word, "attested", "yes, at each start"])
    # What is added can be, and the domain would not be attested all the same.
    for given, word in ((dict(arguments=("-object", "sev-guest,id=sev0")), "adds an SEV object"),
                       (dict(os_="<os firmware='efi'><type>hvm</type></os>"), "libvirt chooses the firmware"),
                       (dict(os_="<os><type>hvm</type></os>"), "names no firmware"),
                       (dict(os_="<os><type>hvm</type><loader>/not/OVMF_VARS_4M.fd</loader></os>"), "variable store"),
                       (dict(security=sev.replace("0x1", " 0x1 ")), "spaces around its value")):
        path = domain(**{"security": sev, **given})
        prepared = prepare(path, word)
        printed = call("domain", "show", prepared, code=1, told=["attested", "no: ", word])
        assert "yes, at each start" not in printed, printed
    # Nothing can be added that would help.
    for given, word in ((dict(kind="qemu"), "TCG"), (dict(kind="xen"), "type is 'xen'"),
                       (dict(os_="<os><type arch='aarch64' machine='virt'>hvm</type></os>"), "aarch64"),
                       (dict(security=sev + sev), "<launchSecurity> 2 times"),
                       (dict(security=sev.replace("0x1", "0x30000")), "SEV-SNP")):
        path = domain(**{"security": sev, **given})
        call("domain", "prepare", path, "--owner", "alice", code=1, told=["cannot be attested", word])
        call("domain", "show", path, code=1, told=["no: ", word])
        told = json.loads(call("domain", "show", path, "--json", code=1))
        assert not told["ready"] and word in told["problems"][0] == told["problem"], told
    printed = call("domain", "prepare", domain(sev, arguments=("-monitor", "none", "-S")), "--owner", "alice")
    assert "warning" not in printed, printed

    path = domain(sev, arguments=("-chardev", "socket,id=virt-attest,path=/run/virt-attest/qmp/x/monitor.sock,server=on",
                                  "-mon", "chardev=virt-attest,mode=control"))
    call("domain", "show", path, code=1, told=["warning", "which version 11.1 deprecates"])
    call("domain", "prepare", path, "--owner", "alice", "--output", path + ".new", told=["is now one option, -qmp"])
    printed = call("domain", "show", path + ".new") + call("domain", "prepare", path + ".new", "--owner", "alice")
    assert "deprecates" not in printed, printed


if __name__ == "__main__":
    sys.exit(tap.run(TESTS, None))
