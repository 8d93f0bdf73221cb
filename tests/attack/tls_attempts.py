# SPDX-License-Identifier: LGPL-2.1-or-later
"""Certificates, HTTP itself, and what is told to whom."""

import os
import subprocess
import uuid

from catalogue import attempt, need
from service_peers import BUILD, Refused, write
from service_world import TMP

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
