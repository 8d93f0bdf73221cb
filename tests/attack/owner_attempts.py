# SPDX-License-Identifier: LGPL-2.1-or-later
"""A hostile owner, and one of an owner's people alone."""

import uuid

from lib.peers import Refused, b64, firmware, sha256
from lib.service import PASSPHRASE

from catalogue import attempt, need, still_good, stopped, victim
from host_attempts import ask_again, waiting


@attempt("owner", "reads another owner's registration")
def reads_another_owners_registration(w):
    return stopped("vm-unknown", w.bob.get, "/vm/" + victim(w))


@attempt("owner", "takes over another owner's registration by replacing it")
def takes_over_another_owners(w):
    vm = victim(w)
    w.bob.call("PUT", "/artifact", raw=w.image)
    w.register(w.bob, id_=vm)
    still_good(w, vm, w.launch(vm, owner="alice"))
    return "owners-are-apart"


@attempt("owner", "removes another owner's registration")
def removes_another_owners_registration(w):
    vm = victim(w)
    rule = stopped("vm-unknown", w.bob.call, "DELETE", "/vm/" + vm)
    still_good(w, vm, w.launch(vm))
    return rule


@attempt("owner", "gives its own guest another owner's secret, by its name")
def lets_his_own_guest(w):
    w.bob.call("PUT", "/artifact", raw=w.image)
    return stopped("secret-missing", w.register, w.bob, secrets=[{"name": "disk"}])


@attempt("owner", "puts a secret of the same name in place of another owner's")
def puts_secret_same_name(w):
    vm = victim(w)
    w.bob.call("PUT", "/secret/disk?type=luks-passphrase", raw=b"of bob")
    still_good(w, vm, w.launch(vm))
    w.bob.call("DELETE", "/secret/disk")
    return "owners-are-apart"


@attempt("owner", "removes another owner's secret")
def removes_another_owners_secret(w):
    victim(w)
    return stopped("not-found", w.bob.call, "DELETE", "/secret/disk")


@attempt("owner", "builds on another owner's firmware, by its hash")
def builds_on_another_owners(w):
    image = firmware(91)
    w.alice.call("PUT", "/artifact", raw=image)
    return stopped("artifact-missing", w.register, w.bob, firmware_hashes=[sha256(image)])


@attempt("owner", "reads another owner's launch")
def reads_another_owners_launch(w):
    return stopped("launch-unknown", w.bob.get, "/launch/" + w.launch(victim(w)).id)


@attempt("owner", "revokes another owner's launch")
def revokes_another_owners_launch(w):
    vm = victim(w)
    guest = w.launch(vm)
    rule = stopped("launch-unknown", w.bob.post, f"/launch/{guest.id}/revoke", None)
    still_good(w, vm, guest)
    return rule


@attempt("owner", "approves or denies another owner's launch")
def approves_or_denies_another(w):
    vm, launch = waiting(w)
    stopped("launch-unknown", w.bob.post, f"/launch/{launch}/deny", None)
    stopped("launch-unknown", w.bob.post, f"/launch/{launch}/approve", {})
    need(ask_again(w, vm, launch) == (202, launch), "it goes on")
    return "launch-unknown"


@attempt("owner", "reads what other owners do, in the audit log")
def reads_what_other_owners(w):
    vm = victim(w)
    guest = w.launch(vm)
    stopped("launch-unknown", w.bob.get, f"/launch/{w.launch(victim(w)).id}/receipt")
    told = w.bob.get("/audit?order=chain&limit=500")
    for name in ("/audit?order=newest&limit=500", "/audit?order=chain&limit=500"):
        for record in w.bob.get(name)["records"]:
            need(not any(x in str(record) for x in (vm, guest.id, '"alice"')), f"alice is in {record}")
    need(sum("digest" in record for record in told["records"]) > 10, "the others' records are not there as digests")
    return "owners-are-apart"


def two_of(w):
    """Two of alice's people, and a registration that wants both."""
    one, two = w.peer("owner", "alice:one"), w.peer("owner", "alice:two")
    vm, body = str(uuid.uuid4()), {"scheme": "amd-sev", "policy": 1, "firmware-hashes": [sha256(w.image)], "two-persons": True,
                                   "secrets": [{"type": "luks-passphrase", "passphrase": PASSPHRASE.decode()}]}
    proposal = one.call("POST", f"/vm/{vm}", body)[1]["proposal"]
    return one, two, vm, body, proposal


@attempt("owner", "confirms alone what requires two people")
def confirms_alone_what_takes(w):
    one, _, vm, _, proposal = two_of(w)
    stopped("second-person", w.alice.post, f"/vm/{vm}/confirm", {"proposal": proposal})
    rule = stopped("second-person", one.post, f"/vm/{vm}/confirm", {"proposal": proposal})
    stopped("vm-unknown", w.launch, vm)
    return rule


@attempt("owner", "takes the two-person rule away alone")
def takes_two_person_rule(w):
    one, two, vm, body, proposal = two_of(w)
    two.call("POST", f"/vm/{vm}/confirm", {"proposal": proposal})
    need(one.call("POST", f"/vm/{vm}", {**body, "two-persons": False})[0] == 202, "it was replaced")
    need(one.call("DELETE", f"/vm/{vm}")[0] == 202, "it was removed")
    need(one.get("/vm/" + vm)["two-persons"] is True, "the rule is gone")
    return stopped("second-person", w.alice.call, "DELETE", f"/vm/{vm}")


@attempt("owner", "lets another person confirm something else than she has seen")
def lets_another_person_confirm(w):
    one, two, vm, body, seen = two_of(w)
    one.call("POST", f"/vm/{vm}", {**body, "any-domain": True})
    return stopped("not-found", two.post, f"/vm/{vm}/confirm", {"proposal": seen})


@attempt("owner", "approves alone a launch that requires two people")
def approves_launch_alone_takes(w):
    one, two, vm, body, _ = two_of(w)
    proposal = one.call("POST", f"/vm/{vm}", {**body, "permit": {"confirm-after": 0}})[1]["proposal"]
    two.call("POST", f"/vm/{vm}/confirm", {"proposal": proposal})
    launch = w.node1.call("POST", f"/vm/{vm}/launch", w.platform.request(vm, policy=1))[1]["launch-id"]
    one.post(f"/launch/{launch}/approve", {})
    rule = stopped("second-person", one.post, f"/launch/{launch}/approve", {})
    need(ask_again(w, vm, launch) == (202, launch), "it goes on")
    return rule


@attempt("owner", "finds another owner's objects in its lists")
def finds_another_owners_objects(w):
    vm = victim(w)
    guest = w.launch(vm)
    for path in ("/vm", "/launch", "/launch?vm=" + vm, "/secret", "/artifact"):
        text = str(w.bob.get(path))
        need(vm not in text and guest.id not in text and "disk" not in text, path + ": " + text[:200])
    return "owners-are-apart"


@attempt("owner", "probes which registrations exist")
def probes_registrations_exist(w):
    words = set()
    for vm in (victim(w), str(uuid.uuid4())):
        try:
            w.bob.get("/vm/" + vm)
        except Refused as problem:
            words.add((problem.code, problem.problem["detail"].replace(vm, "ID")))
    need(len(words) == 1, str(words))
    return words.pop()[0]


@attempt("owner", "reads a secret back, with a stolen certificate")
def reads_secret_back_after(w):
    told = str(w.alice.get("/secret/disk")) + str(w.alice.get("/vm/" + victim(w)))
    need(PASSPHRASE.decode() not in told and b64(PASSPHRASE) not in told, told)
    return "secrets-are-write-only"


@attempt("owner", "acts as a host")
def acts_host(w):
    return stopped("forbidden", w.launch, victim(w), host=w.bob)


@attempt("owner", "registers a guest that may be debugged without saying so")
def registers_guest_may_be(w):
    return stopped("bad-request", w.register, policy=2)
