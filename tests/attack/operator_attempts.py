# SPDX-License-Identifier: LGPL-2.1-or-later
"""Operator, auditor, and whoever gets at the database."""

import base64
import glob
import hashlib
import os
import sqlite3
import subprocess
import uuid

from lib.peers import Refused, sha256
from lib.service import PASSPHRASE, TMP, read_store

from catalogue import NotStopped, attempt, need, stopped, victim
from host_attempts import ask_again, waiting


def in_database(w, change):
    database = sqlite3.connect(w.service.store, timeout=10)
    try:
        change(database)
        database.commit()
    finally:
        database.close()


@attempt("operator", "reads secrets through the service, or registrations by their owners' calls")
def reads_secrets_registrations_through(w):
    stopped("forbidden", w.olga.get, "/secret/disk")
    stopped("forbidden", w.olga.get, "/launch")
    return stopped("forbidden", w.olga.get, "/vm/" + victim(w))


@attempt("operator", "reads the database file, with an open launch in it")
def reads_database_file_open(w):
    guest = w.launch(victim(w))
    blob = b"".join(open(path, "rb").read() for path in glob.glob(w.service.store + "*"))
    need(guest.id.encode() in blob, "the launch is not in these files")
    for needle in (PASSPHRASE, guest.tik, guest.tek):
        for form in (needle, needle.hex().encode(), base64.b64encode(needle)[:-4]):
            need(form not in blob, "found in the clear")
    return "sealed"


@attempt("operator", "changes in the database what an open launch is decided by")
def changes_database_what_open(w):
    vm = victim(w)
    guest, other = w.launch(vm), hashlib.sha256(b"other").hexdigest()
    in_database(w, lambda d: d.execute("UPDATE launches SET fixed = replace(fixed, ?, ?) WHERE id = ?",
                                       (sha256(w.image), other, guest.id)))
    return stopped("internal", w.validate, vm, guest, hashlib.sha256(b"other").digest())


@attempt("operator", "gives an open launch to another host, in the database")
def gives_open_launch_another(w):
    vm = victim(w)
    guest = w.launch(vm)
    in_database(w, lambda d: d.execute("UPDATE launches SET host = 'node2' WHERE id = ?", (guest.id,)))
    return stopped("internal", w.validate, vm, guest, host=w.node2)


def program(w, role, name, *words):
    certificate, key = w.site.client(role, name)
    return subprocess.run([os.path.join(os.environ["VA_TOP_BUILDDIR"], "virt-attest"), *words[:2], "--url",
                           f"https://127.0.0.1:{w.service.port}", "--ca", w.site.ca, "--certificate", certificate, "--key",
                           key, *words[2:]], capture_output=True, text=True, timeout=60, check=False)


def verified(w, *receipts):
    """What the auditor's check of the whole log says; it must not hold."""
    path = os.path.join(TMP, "attacked-export")
    export = program(w, "auditor", "anna", "audit", "export")
    need(export.returncode == 0, export.stderr)
    with open(path, "w", encoding="utf-8") as out:
        out.write(export.stdout)
    done = program(w, "auditor", "anna", "audit", "verify", path, *receipts)
    need(done.returncode == 1, "nobody noticed: " + done.stdout)
    return done.stderr


@attempt("operator", "approves a launch for the owner")
def approves_launch_owner(w):
    vm, launch = waiting(w)
    stopped("forbidden", w.olga.post, f"/launch/{launch}/approve", {})
    need(ask_again(w, vm, launch) == (202, launch), "it goes on")
    return "forbidden"


@attempt("operator", "changes a record of the audit log, in the database")
def changes_record_audit_log(w):
    guest = w.launch(victim(w))
    need(program(w, "auditor", "anna", "audit", "export").returncode == 0, "no export")
    in_database(w, lambda d: d.execute("UPDATE audit SET text = replace(text, 'granted', 'refused') WHERE launch = ?",
                                       (guest.id,)))
    try:
        need("was changed, removed or moved" in verified(w), "the check gives another reason")
    finally:
        in_database(w, lambda d: d.execute("UPDATE audit SET text = replace(text, 'refused', 'granted') WHERE launch = ?",
                                           (guest.id,)))
    return "audit-chain"


@attempt("operator", "removes the audit log's newest records, for which there is a receipt")
def removes_audit_logs_newest(w):
    guest = w.launch(victim(w))
    receipt = os.path.join(TMP, "kept-receipt")
    with open(receipt, "w", encoding="utf-8") as out:
        out.write(program(w, "owner", "alice", "launch", "receipt", guest.id).stdout)
    gone = read_store(w.service, "SELECT * FROM audit WHERE launch = ?", guest.id)
    in_database(w, lambda d: (d.execute("DELETE FROM checkpoints WHERE seq >= ?", (gone[0][0],)),
                              d.execute("DELETE FROM audit WHERE seq >= ?", (gone[0][0],))))
    # The service that runs notices; one that is started afterwards cannot.
    stopped("audit-broken", w.anna.call, "POST", "/audit/checkpoint")
    need(w.service.end() == 0, "the service ended badly")
    w.service.start()
    need("receipt" in verified(w, "--receipt", receipt), "the check gives another reason")
    return "receipt"


@attempt("operator", "opens an answered launch again, in the database")
def opens_answered_launch_again(w):
    vm = victim(w)
    guest = w.launch(vm)
    w.validate(vm, guest)
    try:
        in_database(w, lambda d: d.execute("UPDATE launches SET state = 'open' WHERE id = ?", (guest.id,)))
    except sqlite3.IntegrityError:
        pass
    else:
        raise NotStopped("a launch without keys could be open")
    return stopped("launch-used", w.validate, vm, guest)


@attempt("operator", "loosens a registration, in the database")
def loosens_registration_database(w):
    vm = victim(w, hosts=["node2"])
    in_database(w, lambda d: d.execute("UPDATE registrations SET text = replace(text, 'node2', 'node1') WHERE id = ?", (vm,)))
    return stopped("internal", w.launch, vm)


@attempt("operator", "puts the sealed secret of one owner into another's row")
def puts_sealed_secret_one(w):
    w.bob.call("PUT", "/secret/loot?type=luks-passphrase", raw=b"of bob")
    w.bob.call("PUT", "/artifact", raw=w.image)
    in_database(w, lambda d: d.execute(
        "UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE owner = 'alice' AND name = 'disk'),"
        " size = (SELECT size FROM secrets WHERE owner = 'alice' AND name = 'disk') WHERE name = 'loot'"))
    vm = None
    try:
        vm = w.register(w.bob, secrets=[{"name": "loot"}])
        return stopped("internal", w.launch, vm)
    except Refused as problem:
        need(problem.code == "internal", str(problem))
        return problem.code
    finally:
        if vm is not None:
            w.bob.call("DELETE", "/vm/" + vm)
        w.bob.call("DELETE", "/secret/loot")


@attempt("auditor", "reads secrets, or changes anything")
def reads_secrets_or_changes(w):
    vm = victim(w)
    stopped("forbidden", w.anna.get, "/secret/disk")
    stopped("forbidden", w.anna.call, "DELETE", "/vm/" + vm)
    stopped("forbidden", w.anna.post, f"/launch/{uuid.uuid4()}/approve", {})
    return stopped("forbidden", w.launch, vm, host=w.anna)
