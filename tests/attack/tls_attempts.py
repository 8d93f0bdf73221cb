# SPDX-License-Identifier: LGPL-2.1-or-later
"""Certificates, HTTP itself, and what is told to whom."""

import base64
import json
import os
import socket
import ssl
import subprocess
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from lib.key_service import Setting as KeySetting, impostor
from lib.peers import BUILD, Refused, write
from lib.revocation import Authority, Setting, crl, person, put
from lib.service import TMP

from catalogue import attempt, need, stopped
from operator_attempts import program

NEEDLE = "hunter2needle"


def client_of(w):
    """The options with which `virt-attest` speaks to the service as alice."""
    return ["--url", f"https://127.0.0.1:{w.service.port}", "--ca", w.site.ca, "--certificate",
            f"{w.site.folder}/owner-alice.pem", "--key", f"{w.site.folder}/owner-alice.key"]


def broken_registrations():
    """JSON that goes wrong before, in or behind a passphrase, or has it where something else must stand."""
    head = '{"scheme":"amd-sev","policy":1,"launch-digests":["%s"],"secrets":[{' % ("a" * 64)
    for tail in (f'"type":"luks-passphrase","passphrase" "{NEEDLE}"}}]}}', f'"passphrase":"{NEEDLE}" "type":"luks-passphrase"}}]}}',
                 f'"type":"luks-passphrase","passphrase":"{NEEDLE}"', f'"type":"luks-passphrase","passphrase":"{NEEDLE}',
                 f'"type":"luks-passphrase","passphrase":"{NEEDLE}"]}}', f'"type":"{NEEDLE}","passphrase":"x"}}]}}',
                 f'"guid":"{NEEDLE}","data":"AAAA"}}]}}', f'"guid":"736869e5-84f0-4973-92ec-06879ce3da0b","data":"{NEEDLE}"}}]}}',
                 f'"type":"luks-passphrase","{NEEDLE}":"passphrase"}}]}}', f'"type":"luks-passphrase","passphrase":{NEEDLE}}}]}}',
                 f'"type":"luks-passphrase","passphrase":"\\x{NEEDLE}"}}]}}', f'"name":"{NEEDLE} {NEEDLE}"}}]}}'):
        yield head + tail
    yield f'["{NEEDLE}"]'
    yield f'{{"{NEEDLE}":1}}'


@attempt("stranger", "reads the messages about an owner's registration that is broken at its passphrase")
def reads_messages_about_broken_registration(w):
    path = os.path.join(TMP, "broken-registration.json")
    for text in broken_registrations():
        try:
            w.alice.call("POST", f"/vm/{uuid.uuid4()}", text)
            need(False, f"taken: {text}")
        except Refused as problem:
            need(problem.code == "bad-request", str(problem))
            need(NEEDLE not in str(problem), str(problem))
        done = subprocess.run([os.path.join(BUILD, "virt-attest"), "vm", "register", str(uuid.uuid4()), "--file",
                               write(path, text.encode()), *client_of(w)], capture_output=True, text=True, timeout=60, check=False)
        need(done.returncode != 0 and done.stderr, str(done))
        need(NEEDLE not in done.stderr + done.stdout, done.stderr)
    need(NEEDLE not in w.service.log(), "it is in the service's log")
    return "never-repeated"


def ended(w, setting, code):
    need(setting.service.end() == 0, "the service ended badly")
    return code


@attempt("owner", "continues with a certificate of a CA below the site's, after that CA was revoked")
def goes_on_below_revoked_ca(w):
    s, below = Setting(w, "attack-intermediate"), Authority(w.site)
    mallory = below.peer(s.service, "urn:virt-attest:owner:alice")
    mallory.get("/vm")
    put(s.crl, crl(w.site, below.serial_number))
    return ended(w, s, stopped("unauthenticated", mallory.get, "/vm"))


@attempt("owner", "continues although the CA below the site's that issued its certificate has revoked it")
def goes_on_revoked_by_ca_below(w):
    s, below = Setting(w, "attack-list-below"), Authority(w.site)
    mallory = below.peer(s.service, "urn:virt-attest:owner:alice")
    mallory.get("/vm")
    put(s.crl, crl(w.site) + crl(below, mallory.serial_number))
    return ended(w, s, stopped("unauthenticated", mallory.get, "/vm"))


@attempt("owner", "continues as one of an owner's people, of whom only that one is denied")
def goes_on_as_denied_person(w):
    s = Setting(w, "attack-person")
    carl, dora = person(w, s.service, "carl"), person(w, s.service, "dora")
    carl.get("/vm")
    put(s.deny, b"owner:alice:carl\n")
    dora.get("/vm")
    return ended(w, s, stopped("unauthenticated", carl.get, "/vm"))


@attempt("host", "is denied in a line after an invalid one")
def is_denied_behind_wrong_line(w):
    s = Setting(w, "attack-bad-line")
    put(s.deny, b"hosts:node2\nhost:node1\n")
    code = stopped("unauthenticated", s.node1.get, "/healthz")
    stopped("not-ready", s.node2.get, "/readyz")
    return ended(w, s, code)


@attempt("operator", "reads registrations and the audit log with the certificate of a metrics scraper")
def reads_with_scraper_certificate(w):
    scraper = w.peer("metrics", "prometheus")
    for path in ("/vm", "/launch", "/secret", "/artifact", "/host"):
        stopped("forbidden", scraper.get, path)
    return stopped("forbidden", scraper.get, "/audit")


def raw_answer(w, request):
    """All that comes back on a connection of alice's until it ends, which must be soon."""
    with socket.create_connection(("127.0.0.1", w.service.port)) as plain:
        plain.settimeout(20)
        with w.alice.context.wrap_socket(plain, server_hostname="127.0.0.1") as tls:
            answer = b""
            try:
                tls.sendall(request)
                while data := tls.recv(65536):
                    answer += data
            except (ConnectionError, ssl.SSLEOFError):  # it may be cut before all of the request is written
                pass
    return answer

SMUGGLED = b"GET /v1/vm HTTP/1.1\r\nHost: x\r\n\r\n"


@attempt("owner", "hides a second request in one whose length is not clear")
def hides_second_request(w):
    head = b"POST /v1/launch/" + str(uuid.uuid4()).encode() + b"/approve HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    chunked = b"2\r\n{}\r\n0\r\n\r\n"
    for lines, body in ((b"Content-Length: 2\r\nContent-Length: 40\r\n", b"{}"), (b"Content-Length: 40\r\nContent-Length: 2\r\n", b"{}"),
                        (b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", chunked), (b"Transfer-Encoding : chunked\r\n", chunked),
                        (b"Transfer-Encoding: gzip\r\n", b"{}"), (b"Transfer-Encoding: xchunked\r\n", chunked),
                        (b"Transfer-: chunked\r\n Encoding\r\n", chunked), (b"Content-Length: 1\r\n 0\r\n", b"{}        "),
                        (b"Content-Length: 2\r\nX: \0\r\n", b"{}")):
        answer = raw_answer(w, head + lines + b"\r\n" + body + SMUGGLED)
        need(answer.startswith(b"HTTP/1.1 400 ") and answer.count(b"HTTP/1.1 ") == 1, str((lines, answer[:200])))
        code = json.loads(answer.partition(b"\r\n\r\n")[2])["code"]
    for target in (b"/v1/vm\0x", b"/v1/vm\0HTTP/1.1"):
        answer = raw_answer(w, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        need(answer.startswith(b"HTTP/1.1 400 ") and b"no-store" in answer, str((target, answer[:200])))
    return code


@attempt("stranger", "learns which HTTP library answers, from requests that cannot be read")
def learns_http_library(w):
    for request in (b"GET /v1/vm HTTP/1.1\r\n\r\n", b"GET /v1/vm\r\n\r\n",
                    b"GET /v1/vm HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 70000 + b"\r\n\r\n"):
        need((answer := raw_answer(w, request)) == b"", str(answer[:200]))
    return "tls"


@attempt("stranger", "signs an audit log with the certificate of another server of the site")
def signs_log_with_other_server(w):
    lines = program(w, "auditor", "anna", "audit", "export").stdout.splitlines()
    checkpoint = json.loads(lines[-1])["checkpoint"]
    records = [line for line in lines if not line.startswith('{"checkpoint"')]
    certificate, key = w.site.issue("wiki", x509.DNSName("wiki.example.org"), ExtendedKeyUsageOID.SERVER_AUTH)
    with open(key, "rb") as f:
        key = serialization.load_pem_private_key(f.read(), None)
    text = f"virt-attest audit checkpoint 1\n{checkpoint['seq']}\n{checkpoint['link']}\n{checkpoint['time']}\n"
    checkpoint["certificate"] = open(certificate, encoding="ascii").read()
    checkpoint["signature"] = base64.b64encode(key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))).decode()
    path = write(os.path.join(TMP, "signed-by-wiki"),
                 "".join(line + "\n" for line in [*records, json.dumps({"checkpoint": checkpoint})]).encode())
    done = program(w, "auditor", "anna", "audit", "verify", path)
    need(done.returncode == 1 and "wiki.example.org" in done.stderr and not done.stdout, str(done))
    done = program(w, "auditor", "anna", "audit", "verify", path, "--signer", "wiki.example.org")
    need(done.returncode == 0, f"it fits in nothing but the name: {done}")
    return "signer"


@attempt("host", "shows a chain of its own with the id of a genuine processor, so that this one counts as unknown")
def shows_own_chain_with_anothers_id(w):
    s = KeySetting(w, "attack-impostor")
    code = stopped("chain-invalid", s.launch, impostor(w, s))
    s.launch()
    need(s.keys.asked == [s.path], f"AMD was asked {s.keys.asked}")
    s.end()
    return code
