# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two owners with one id, what is approved and taken back, and what one person does where it takes two."""

import json
import uuid

from lib.peers import b64, sha256
from lib.service import LUKS, OTHER_GUID, PASSPHRASE, Database

from catalogue import attempt, digest, need, stopped, victim
from host_attempts import waiting
from owner_attempts import two_of


def registers(w, owner, vm, value):
    """@owner's own registration of this id, whose secret is @value; the answer's status."""
    owner.call("PUT", "/artifact", raw=w.image)
    return owner.call("POST", f"/vm/{vm}", {"scheme": "amd-sev", "policy": 1, "firmware-hashes": [sha256(w.image)],
                                           "secrets": [{"guid": OTHER_GUID, "data": b64(value)}]})[0]


def gives(w, vm, value, **more):
    guest = w.launch(vm, **more)
    got = guest.open_packet(w.validate(vm, guest))[OTHER_GUID]
    need(got == value, f"the guest got {got}")


@attempt("owner", "locks another owner out of a domain's UUID by registering it first")
def locks_owner_out_of_uuid(w):
    vm = str(uuid.uuid4())
    need(registers(w, w.bob, vm, b"of bob") == 201, "the attacker could not register")
    need(registers(w, w.alice, vm, b"of alice") == 201, "the owner cannot register any more")
    gives(w, vm, b"of alice", owner="alice")
    return stopped("owner-needed", w.launch, vm)


@attempt("owner", "has another owner's domain run under a registration of their own")
def has_domain_run_under_own(w):
    vm = str(uuid.uuid4())
    registers(w, w.bob, vm, b"of bob")
    rule = stopped("vm-unknown", w.launch, vm, owner="alice")
    registers(w, w.alice, vm, b"of alice")
    gives(w, vm, b"of alice", owner="alice")
    w.alice.call("DELETE", f"/vm/{vm}")
    stopped("vm-unknown", w.launch, vm, owner="alice")
    return rule


@attempt("owner", "registers an id that a host already uses, so that the host continues under the new registration")
def comes_second_to_used_id(w):
    vm = str(uuid.uuid4())
    registers(w, w.alice, vm, b"of alice")
    gives(w, vm, b"of alice")
    registers(w, w.bob, vm, b"of bob")
    return stopped("owner-needed", w.launch, vm)


@attempt("owner", "learns by registering which ids others have")
def learns_ids_by_registering(w):
    taken, free = victim(w), str(uuid.uuid4())
    answers = {registers(w, w.bob, vm, b"probe") for vm in (taken, free)}
    for vm in (taken, free):
        w.bob.call("DELETE", f"/vm/{vm}")
    need(answers == {201}, str(answers))
    return "owners-are-apart"


@attempt("owner", "removes another owner's proposal by proposing or registering the same id")
def removes_another_owners_proposal(w):
    eve = w.peer("owner", "bob:eve")
    for verb in ("propose", "register", "withdraw"):
        _, two, vm, body, proposal = two_of(w)
        w.bob.call("PUT", "/artifact", raw=w.image)
        if verb == "register":
            w.bob.call("POST", f"/vm/{vm}", {"scheme": "amd-sev", "policy": 1, "firmware-hashes": [sha256(w.image)]})
        else:
            need(eve.call("POST", f"/vm/{vm}", body)[0] == 202, "no proposal was made")
        if verb == "withdraw":
            eve.call("DELETE", f"/vm/{vm}/proposal")
        need(two.get(f"/vm/{vm}/proposal")["proposal"] == proposal, f"{verb}: the proposal is another one")
        need(two.call("POST", f"/vm/{vm}/confirm", {"proposal": proposal})[0] == 200, f"{verb}: it cannot be confirmed")
    return "owners-are-apart"


def ask_plainly(w, host, vm):
    """As a host does that says nothing of the launch that was refused: the status."""
    return host.call("POST", f"/vm/{vm}/launch", w.platform.request(str(uuid.uuid4()), policy=1))[0]


def taken_back(w, verb):
    vm, launch = waiting(w)
    w.alice.post(f"/launch/{launch}/approve", {"launches": 3, "valid-seconds": 2592000})
    w.alice.call("POST", f"/launch/{launch}/{verb}")
    need(w.alice.get("/vm/" + vm)["approved"] == 0, "launches are approved still")
    need([ask_plainly(w, host, vm) for host in (w.node1, w.node2)] == [202, 202], "a launch was granted")
    return "confirmation"


@attempt("host", "starts by what was approved together with a launch that was denied then")
def starts_by_approval_before_denial(w):
    return taken_back(w, "deny")


@attempt("host", "starts by what was approved together with a launch that was revoked then")
def starts_by_approval_before_revocation(w):
    return taken_back(w, "revoke")


@attempt("host", "takes a launch a moment before the owner denies it, and starts by what was approved with it")
def takes_launch_before_denial(w):
    vm, launch = waiting(w)
    w.alice.post(f"/launch/{launch}/approve", {"launches": 3})
    guest = w.launch(vm, policy=1, **{"launch-id": launch})
    need(guest.id == launch, "another launch was granted")
    stopped("launch-used", w.alice.post, f"/launch/{launch}/deny", None)
    need(ask_plainly(w, w.node1, vm) == 202, "a launch was granted")
    return "confirmation"


@attempt("owner", "fills the store with approvals of one waiting launch")
def fills_store_with_approvals(w):
    _, launch = waiting(w)
    sizes = {len(str(w.alice.post(f"/launch/{launch}/approve", {"launches": 1}))) for _ in range(50)}
    need(max(sizes) < 2000, f"its record has {max(sizes)} bytes")
    return "one-approval-each"


@attempt("owner", "removes or replaces alone what takes two, once it cannot be opened")
def removes_unreadable_alone(w):
    one, two, vm, body, proposal = two_of(w)
    two.call("POST", f"/vm/{vm}/confirm", {"proposal": proposal})
    with Database(w.service) as database:
        database.execute("UPDATE registrations SET text = text || ' ' WHERE id = ?", (vm,))
    need(one.call("DELETE", f"/vm/{vm}")[0] == 202, "it was removed")
    status, answer = one.call("POST", f"/vm/{vm}", {**body, "two-persons": False})
    need(status == 202, "it was replaced")
    rule = stopped("second-person", w.alice.call, "DELETE", f"/vm/{vm}")
    need(two.call("POST", f"/vm/{vm}/confirm", {"proposal": answer["proposal"]})[0] == 200, "two cannot replace it either")
    guest = w.launch(vm)
    need(guest.open_packet(w.validate(vm, guest, digest(w)))[LUKS] == PASSPHRASE + b"\0", "it is another one")
    return rule


def attempts_on_record(w, name):
    """What alice hears of it."""
    records = [json.loads(record["text"]) for record in w.alice.get("/audit?limit=500")["records"]]
    return [record for record in records if record["what"] == "attempt" and record["who"]["name"] == name]


@attempt("owner", "tries another owner's launch, registration and secret without its owner hearing of it")
def tries_unseen_as_owner(w):
    vm = victim(w)
    guest, mallory = w.launch(vm), w.peer("owner", "mallory:m")
    stopped("launch-unknown", mallory.post, f"/launch/{guest.id}/revoke", None)
    stopped("vm-unknown", mallory.call, "DELETE", f"/vm/{vm}")
    stopped("not-found", mallory.call, "DELETE", "/secret/disk")
    seen = attempts_on_record(w, "mallory")
    need({record["call"] for record in seen} == {"revoke", "vm-remove", "secret-remove"}, str(seen))
    need(all(record["who"] == {"role": "owner", "name": "mallory"} for record in seen), "it tells more than the name")
    return "on-record"


@attempt("host", "tries another host's launch without the guest's owner hearing of it")
def tries_unseen_as_host(w):
    vm = victim(w)
    guest, node9 = w.launch(vm), w.peer("host", "node9")
    stopped("launch-unknown", w.validate, vm, guest, host=node9)
    stopped("launch-unknown", node9.post, f"/launch/{guest.id}/outcome", {"state": "failed"})
    stopped("launch-unknown", w.launch, vm, host=node9, **{"launch-id": guest.id})
    need(len(attempts_on_record(w, "node9")) == 3, "it is not on record")
    return "on-record"


@attempt("owner", "learns from the length of the audit log what another owner has")
def learns_from_length_of_log(w):
    vm = victim(w)
    guest, lengths, spy = w.launch(vm), set(), w.peer("owner", "spy")
    for path, there in (("/vm/", vm), ("/launch/", guest.id), ("/secret/", "disk")):
        for name in (there, "none" if path == "/secret/" else str(uuid.uuid4())):
            before = w.bob.call("POST", "/audit/checkpoint")[1]["seq"]
            stopped({"/vm/": "vm-unknown", "/launch/": "launch-unknown"}.get(path, "not-found"), spy.get, path + name)
            lengths.add(w.bob.call("POST", "/audit/checkpoint")[1]["seq"] - before)
    need(len(lengths) == 1, str(lengths))
    return "owners-are-apart"
