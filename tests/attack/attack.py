#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each hostile party against a running virt-attestd. Every attempt must end in the rule that is to stop it, and must leave
what it went for untouched. docs/THREATS.md names them.

make attack prints a line each: “stopped PARTY: ATTEMPT: RULE”, or “NOT STOPPED …”; in make check it prints TAP."""

import base64
import concurrent.futures
import copy
import glob
import hashlib
import os
import re
import sqlite3
import ssl
import subprocess
import sys
import time
import traceback
import uuid

sys.dont_write_bytecode = True
SOURCE = os.environ["VA_TOP_SRCDIR"]
sys.path[:0] = [os.path.join(SOURCE, "tests/unit"), os.path.join(SOURCE, "tests/platform")]

import owner as sev  # noqa: E402
from service_peers import Peer, Platform, Refused, Service, Site, b64, firmware, sha256  # noqa: E402
from service_world import LUKS, PASSPHRASE, SCHEMAS, TMP, World, read_store  # noqa: E402

ATTEMPTS = []
CERT = 2084


class NotStopped(Exception):
    pass


def attempt(party, what):
    def note(function):
        ATTEMPTS.append((party, what, function))
        return function
    return note


def stopped(code, function, *arguments, **named):
    """The rule that refused; any other end of it is a break-in."""
    try:
        got = function(*arguments, **named)
    except Refused as problem:
        if problem.code == code:
            return code
        raise NotStopped(f"stopped by {problem.code}, expected {code}: {problem}") from None
    raise NotStopped(f"it got {str(got)[:200]}")


def need(fine, why):
    if not fine:
        raise NotStopped(why)


def digest(w):
    return hashlib.sha256(w.image).digest()


def victim(w, **more):
    """A registration of alice's with her disk's passphrase."""
    return w.register(**{"secrets": [{"name": "disk"}], **more})


def still_good(w, vm, guest):
    """The launch that was attacked can still be answered, once, with the secret."""
    need(guest.open_packet(w.validate(vm, guest))[LUKS] == PASSPHRASE + b"\0", "the rightful host got another secret")


# --- a hostile host ---------------------------------------------------------------------------------------------------

@attempt("host", "claims another policy than the launch was granted with")
def _(w):
    vm = victim(w, policy=3)
    return stopped("policy-changed", w.validate, vm, w.launch(vm), policy=2)


@attempt("host", "claims a policy whose upper half differs")
def _(w):
    vm = victim(w, policy=3)
    return stopped("policy-changed", w.validate, vm, w.launch(vm), policy=3 | 1 << 24)


@attempt("host", "asks for a launch with a policy that may be debugged")
def _(w):
    return stopped("policy-not-allowed", w.launch, victim(w), policy=0)


@attempt("host", "claims an older API version than its certificate had")
def _(w):
    vm = victim(w)
    return stopped("api-changed", w.validate, vm, w.launch(vm), api_minor=w.platform.api_minor - 1)


@attempt("host", "runs an older SEV firmware than the registration allows")
def _(w):
    vm = victim(w, min_build=w.platform.build + 1)
    return stopped("api-too-old", w.validate, vm, w.launch(vm))


@attempt("host", "claims a newer SEV firmware than it measured with")
def _(w):
    vm = victim(w, min_build=w.platform.build + 1)
    claim = w.launch(vm).claim(digest(w))
    return stopped("measurement-mismatch", w.node1.post, f"/vm/{vm}/validate", {**claim, "build-id": w.platform.build + 1})


@attempt("host", "starts a firmware that nobody registered, and says so")
def _(w):
    vm, other = victim(w), firmware(77)
    return stopped("firmware-not-allowed", w.validate, vm, w.launch(vm), hashlib.sha256(other).digest(),
                   firmware_hash=sha256(other))


@attempt("host", "starts a firmware that nobody registered, and says that it is the registered one")
def _(w):
    vm = victim(w)
    return stopped("measurement-mismatch", w.validate, vm, w.launch(vm), hashlib.sha256(firmware(77)).digest(),
                   firmware_hash=sha256(w.image))


@attempt("host", "adds a kernel of its own to the registered firmware")
def _(w):
    vm = victim(w)
    made = hashlib.sha256(w.image + sev.hash_table(b"evil kernel")).digest()
    return stopped("measurement-mismatch", w.validate, vm, w.launch(vm), made)


@attempt("host", "leaves the kernel hashes out, so that the firmware would boot any kernel")
def _(w):
    vm = victim(w, kernel_hash=sha256(b"kernel"))
    return stopped("measurement-mismatch", w.validate, vm, w.launch(vm), digest(w))


@attempt("host", "shows a processor that is none of AMD's")
def _(w):
    return stopped("root-untrusted", w.launch, victim(w), platform=w.foreign)


@attempt("host", "puts a key of its own below a genuine processor's certificates")
def _(w):
    fake = copy.copy(w.platform)
    fake.pdh, fake.key = w.foreign.pdh, w.foreign.key
    return stopped("chain-invalid", w.launch, victim(w), platform=fake)


@attempt("host", "changes one bit of a genuine PDH certificate")
def _(w):
    fake, pdh = copy.copy(w.platform), bytearray(w.platform.pdh)
    pdh[40] ^= 1
    fake.pdh = bytes(pdh)
    return stopped("chain-invalid", w.launch, victim(w), platform=fake)


@attempt("host", "shows a genuine processor that it does not have, to start the guest on another")
def _(w):
    vm = victim(w)
    grant = w.node1.post(f"/vm/{vm}/launch", w.platform.request(vm))
    try:
        w.foreign.open_session(grant)
    except AssertionError:
        pass
    else:
        raise NotStopped("another processor opened the session")
    nonce, tik = os.urandom(16), os.urandom(16)
    made = sev.mac(tik, bytes((4, w.platform.api_major, w.platform.api_minor, w.platform.build)),
                   grant["policy"].to_bytes(4, "little"), digest(w), nonce)
    return stopped("measurement-mismatch", w.node1.post, f"/vm/{vm}/validate", {
        "launch-id": grant["launch-id"], "api-major": w.platform.api_major, "api-minor": w.platform.api_minor,
        "build-id": w.platform.build, "policy": grant["policy"], "measurement": b64(made + nonce)})


@attempt("host", "starts the guest on a processor that the registration does not name")
def _(w):
    return stopped("chip-not-allowed", w.launch, victim(w, chips=[hashlib.sha256(b"another").hexdigest()]))


@attempt("host", "shows a processor of another cloud than the registered one")
def _(w):
    return stopped("cloud-cert-mismatch", w.launch, victim(w, cloud_cert=b64(w.foreign.chain[CERT:2 * CERT])))


@attempt("host", "uses a registration for another domain")
def _(w):
    return stopped("domain-not-allowed", w.launch, victim(w), domain=str(uuid.uuid4()))


@attempt("host", "uses a registration that names other hosts")
def _(w):
    return stopped("host-not-allowed", w.launch, victim(w, hosts=["node2"]))


@attempt("host", "uses a registration before its time")
def _(w):
    return stopped("outside-time-window", w.launch, victim(w, permit={"not-before": int(time.time()) + 1000}))


@attempt("host", "invents a launch-id")
def _(w):
    vm = victim(w)
    guest = w.launch(vm)
    rule = stopped("launch-unknown", w.node1.post, f"/vm/{vm}/validate",
                   {**guest.claim(digest(w)), "launch-id": str(uuid.uuid4())})
    still_good(w, vm, guest)
    return rule


@attempt("host", "validates another host's launch, with everything that this host knows")
def _(w):
    vm = victim(w)
    guest = w.launch(vm)
    rule = stopped("launch-unknown", w.node2.post, f"/vm/{vm}/validate", guest.claim(digest(w)))
    still_good(w, vm, guest)
    return rule


@attempt("host", "reports another host's launch as failed")
def _(w):
    vm = victim(w)
    guest = w.launch(vm)
    rule = stopped("launch-unknown", w.node2.post, f"/launch/{guest.id}/outcome", {"state": "failed"})
    still_good(w, vm, guest)
    return rule


@attempt("host", "validates a launch of one registration under another, to get the other one's secret")
def _(w):
    vm, other = w.register(), victim(w)
    guest = w.launch(vm)
    return stopped("launch-unknown", w.node1.post, f"/vm/{other}/validate", guest.claim(digest(w)))


@attempt("host", "replays an answered validation")
def _(w):
    vm = victim(w)
    guest = w.launch(vm)
    claim = guest.claim(digest(w))
    w.node1.post(f"/vm/{vm}/validate", claim)
    return stopped("launch-used", w.node1.post, f"/vm/{vm}/validate", claim)


@attempt("host", "tries again with the right measurement after a wrong one")
def _(w):
    vm = victim(w)
    guest = w.launch(vm)
    stopped("measurement-mismatch", w.validate, vm, guest, bytes(32))
    return stopped("launch-used", w.validate, vm, guest)


@attempt("host", "replays the measurement of an earlier start of the same guest")
def _(w):
    vm = victim(w)
    first, second = w.launch(vm), w.launch(vm)
    return stopped("measurement-mismatch", w.node1.post, f"/vm/{vm}/validate",
                   {**first.claim(digest(w)), "launch-id": second.id})


@attempt("host", "opens an earlier packet with the keys of a later launch")
def _(w):
    vm = victim(w)
    first, second = w.launch(vm), w.launch(vm)
    need(len({first.tik, first.tek, second.tik, second.tek}) == 4, "two launches share a key")
    packet = w.validate(vm, first)
    second.measure = first.measure
    try:
        second.open_packet(packet)
    except AssertionError:
        return "keys-used-once"
    raise NotStopped("the packet opened")


def race(count, function):
    def one(_):
        try:
            return function()
        except Refused as problem:
            return problem.code
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@attempt("host", "races sixteen validations of one launch")
def _(w):
    vm = victim(w)
    for _ in range(4):
        claim = w.launch(vm).claim(digest(w))
        answers = race(16, lambda: w.node1.post(f"/vm/{vm}/validate", claim))
        need(sum(isinstance(a, dict) for a in answers) == 1 and answers.count("launch-used") == 15, str(answers))
    return "launch-used"


@attempt("host", "races twelve launches for a permit of three")
def _(w):
    vm = victim(w, permit={"max-launches": 3})
    answers = race(12, lambda: w.launch(vm))
    need(answers.count("permit-exhausted") == 9, str(answers))
    return "permit-exhausted"


@attempt("host", "says that launches failed which had their answer, to get them back")
def _(w):
    vm = victim(w, permit={"max-launches": 1})
    guest = w.launch(vm)
    w.validate(vm, guest)
    w.node1.post(f"/launch/{guest.id}/outcome", {"state": "failed"})
    return stopped("permit-exhausted", w.launch, vm)


@attempt("host", "validates a launch whose registration was removed meanwhile")
def _(w):
    vm = victim(w)
    guest = w.launch(vm)
    w.alice.call("DELETE", "/vm/" + vm)
    return stopped("launch-used", w.validate, vm, guest)


@attempt("host", "validates a launch that its owner revoked")
def _(w):
    vm = victim(w)
    guest = w.launch(vm)
    w.alice.post(f"/launch/{guest.id}/revoke", None)
    return stopped("launch-revoked", w.validate, vm, guest)


@attempt("host", "reads a registration")
def _(w):
    return stopped("forbidden", w.node1.get, "/vm/" + victim(w))


@attempt("host", "reads a secret by its name")
def _(w):
    return stopped("forbidden", w.node1.get, "/secret/disk")


@attempt("host", "reads the record of its own launch, where the owner sees why it was refused")
def _(w):
    vm = victim(w)
    return stopped("forbidden", w.node1.get, "/launch/" + w.launch(vm).id)


@attempt("host", "learns from a refusal what would have been right")
def _(w):
    vm = victim(w)
    guest = w.launch(vm)
    try:
        w.validate(vm, guest, bytes(32))
    except Refused as problem:
        words = str(problem)
        need(problem.code == "measurement-mismatch" and sha256(w.image) not in words and vm not in words, words)
        need(sha256(w.image) in w.record(guest)["detail"], "the owner does not see it either")
        return problem.code
    raise NotStopped("it was answered")


@attempt("host", "probes which launches exist")
def _(w):
    vm = victim(w)
    guest, words = w.launch(vm), set()
    for launch in (guest.id, str(uuid.uuid4())):
        try:
            w.node2.post(f"/vm/{vm}/validate", {**guest.claim(digest(w)), "launch-id": launch})
        except Refused as problem:
            words.add((problem.code, problem.problem["detail"].replace(launch, "ID")))
    need(len(words) == 1, str(words))
    return words.pop()[0]


def waiting(w, **more):
    """A registration whose launches wait, and the launch-id of one that does."""
    vm = victim(w, permit={"confirm-after": 0}, any_domain=True, **more)
    status, answer = w.node1.call("POST", f"/vm/{vm}/launch", w.platform.request(vm, policy=1))
    need(status == 202, "it did not wait")
    return vm, answer["launch-id"]


def ask_again(w, vm, launch, host=None, domain=None, **more):
    status, answer = (host or w.node1).call("POST", f"/vm/{vm}/launch",
                                            w.platform.request(domain or vm, **{"launch-id": launch, "policy": 1, **more}))
    return status, answer["launch-id"]


@attempt("host", "approves its own launch that waits for the owner")
def _(w):
    vm, launch = waiting(w)
    stopped("forbidden", w.node1.post, f"/launch/{launch}/approve", {})
    need(ask_again(w, vm, launch) == (202, launch), "it goes on")
    return "forbidden"


@attempt("host", "validates a launch that waits for its owner")
def _(w):
    vm, launch = waiting(w)
    guest = w.launch(victim(w))
    return stopped("launch-used", w.node1.post, f"/vm/{vm}/validate", {**guest.claim(digest(w)), "launch-id": launch})


@attempt("host", "takes over the launch that was approved for another host")
def _(w):
    vm, launch = waiting(w)
    w.alice.post(f"/launch/{launch}/approve", {})
    stopped("launch-unknown", ask_again, w, vm, launch, host=w.node2)
    status, answer = w.node2.call("POST", f"/vm/{vm}/launch", w.platform.request(vm))
    need(status == 202 and answer["launch-id"] != launch, "it was granted")
    return "launch-unknown"


@attempt("host", "starts another domain, or under another policy, than was approved")
def _(w):
    vm, launch = waiting(w, policy={"required": 1})
    w.alice.post(f"/launch/{launch}/approve", {})
    for more in ({"domain": str(uuid.uuid4())}, {"policy": 3}):
        status, other = ask_again(w, vm, launch, **more)
        need(status == 202 and other != launch, f"it was granted with {more}")
    return "confirmation"


@attempt("host", "starts twice what was approved once")
def _(w):
    vm, launch = waiting(w)
    w.alice.post(f"/launch/{launch}/approve", {})
    need(ask_again(w, vm, launch) == (201, launch), "it was not granted")
    return stopped("launch-used", ask_again, w, vm, launch)


@attempt("host", "asks again for a launch that was denied")
def _(w):
    vm, launch = waiting(w)
    w.alice.post(f"/launch/{launch}/deny", None)
    return stopped("confirmation-denied", ask_again, w, vm, launch)


@attempt("host", "lets so many launches wait that the owner sees the right one no more")
def _(w):
    vm, _ = waiting(w)
    for _ in range(63):
        w.node1.call("POST", f"/vm/{vm}/launch", w.platform.request(str(uuid.uuid4())))
    return stopped("confirmation-limit", w.node1.call, "POST", f"/vm/{vm}/launch", w.platform.request(str(uuid.uuid4())))


@attempt("host", "reads the audit log, or its launch's receipt")
def _(w):
    guest = w.launch(victim(w))
    stopped("forbidden", w.node1.get, "/audit")
    stopped("forbidden", w.node1.post, "/audit/checkpoint", None)
    return stopped("forbidden", w.node1.get, f"/launch/{guest.id}/receipt")


@attempt("host", "fills the audit log with refusals")
def _(w):
    service = Service(os.path.join(TMP, "few-refusals"), w.site, os.path.join(w.platform.folder, "roots"), refusals=10)
    service.start()
    try:
        host = w.peer("host", "node1", service)
        for _ in range(10):
            stopped("vm-unknown", w.launch, str(uuid.uuid4()), host=host)
        rule = stopped("too-many-refusals", w.launch, str(uuid.uuid4()), host=host)
        need(read_store(service, "SELECT count(*) FROM audit") == [(10,)], "it is on record")
        return rule
    finally:
        service.end()


@attempt("host", "does something wrong that nobody notices")
def _(w):
    vm = victim(w)
    guest = w.launch(vm)
    stopped("policy-changed", w.validate, vm, guest, policy=5)
    (text,), = read_store(w.service, "SELECT text FROM audit WHERE launch = ? ORDER BY seq DESC LIMIT 1", guest.id)
    need('"policy-changed"' in text and '"node1"' in text and guest.id in text, text)
    return "on-record"


@attempt("host", "sends a message with a member twice, to be read in two ways")
def _(w):
    vm = victim(w)
    body = '{"pdh": "%s", "pdh": "%s", "cert-chain": "%s", "domain": {"uuid": "%s", "name": "x"}}' % (
        b64(w.foreign.pdh), b64(w.platform.pdh), b64(w.platform.chain), vm)
    return stopped("bad-request", w.node1.post, f"/vm/{vm}/launch", body)


@attempt("host", "sends more than a message may have")
def _(w):
    return stopped("too-large", w.node1.post, f"/vm/{victim(w)}/launch", '{"pdh": "' + "A" * 100000 + '"}')


# --- a hostile owner --------------------------------------------------------------------------------------------------

@attempt("owner", "reads another owner's registration")
def _(w):
    return stopped("vm-unknown", w.bob.get, "/vm/" + victim(w))


@attempt("owner", "takes over another owner's registration by replacing it")
def _(w):
    vm = victim(w)
    w.bob.call("PUT", "/artifact", raw=w.image)
    rule = stopped("vm-unknown", w.register, w.bob, id_=vm)
    still_good(w, vm, w.launch(vm))
    return rule


@attempt("owner", "removes another owner's registration")
def _(w):
    vm = victim(w)
    rule = stopped("vm-unknown", w.bob.call, "DELETE", "/vm/" + vm)
    still_good(w, vm, w.launch(vm))
    return rule


@attempt("owner", "lets his own guest have another owner's secret, by its name")
def _(w):
    w.bob.call("PUT", "/artifact", raw=w.image)
    return stopped("secret-missing", w.register, w.bob, secrets=[{"name": "disk"}])


@attempt("owner", "puts a secret of the same name in place of another owner's")
def _(w):
    vm = victim(w)
    w.bob.call("PUT", "/secret/disk?type=luks-passphrase", raw=b"of bob")
    still_good(w, vm, w.launch(vm))
    w.bob.call("DELETE", "/secret/disk")
    return "owners-are-apart"


@attempt("owner", "removes another owner's secret")
def _(w):
    victim(w)
    return stopped("not-found", w.bob.call, "DELETE", "/secret/disk")


@attempt("owner", "builds on another owner's firmware, by its hash")
def _(w):
    image = firmware(91)
    w.alice.call("PUT", "/artifact", raw=image)
    return stopped("artifact-missing", w.register, w.bob, firmware_hashes=[sha256(image)])


@attempt("owner", "reads another owner's launch")
def _(w):
    return stopped("launch-unknown", w.bob.get, "/launch/" + w.launch(victim(w)).id)


@attempt("owner", "revokes another owner's launch")
def _(w):
    vm = victim(w)
    guest = w.launch(vm)
    rule = stopped("launch-unknown", w.bob.post, f"/launch/{guest.id}/revoke", None)
    still_good(w, vm, guest)
    return rule


@attempt("owner", "approves or denies another owner's launch")
def _(w):
    vm, launch = waiting(w)
    stopped("launch-unknown", w.bob.post, f"/launch/{launch}/deny", None)
    stopped("launch-unknown", w.bob.post, f"/launch/{launch}/approve", {})
    need(ask_again(w, vm, launch) == (202, launch), "it goes on")
    return "launch-unknown"


@attempt("owner", "reads what other owners do, in the audit log")
def _(w):
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


@attempt("owner", "confirms alone what takes two of his people")
def _(w):
    one, _, vm, _, proposal = two_of(w)
    stopped("second-person", w.alice.post, f"/vm/{vm}/confirm", {"proposal": proposal})
    rule = stopped("second-person", one.post, f"/vm/{vm}/confirm", {"proposal": proposal})
    stopped("vm-unknown", w.launch, vm)
    return rule


@attempt("owner", "takes the two-person rule away alone")
def _(w):
    one, two, vm, body, proposal = two_of(w)
    two.call("POST", f"/vm/{vm}/confirm", {"proposal": proposal})
    need(one.call("POST", f"/vm/{vm}", {**body, "two-persons": False})[0] == 202, "it was replaced")
    need(one.call("DELETE", f"/vm/{vm}")[0] == 202, "it was removed")
    need(one.get("/vm/" + vm)["two-persons"] is True, "the rule is gone")
    return stopped("second-person", w.alice.call, "DELETE", f"/vm/{vm}")


@attempt("owner", "lets another person confirm something else than she has seen")
def _(w):
    one, two, vm, body, seen = two_of(w)
    one.call("POST", f"/vm/{vm}", {**body, "any-domain": True})
    return stopped("not-found", two.post, f"/vm/{vm}/confirm", {"proposal": seen})


@attempt("owner", "approves a launch alone that takes two of his people")
def _(w):
    one, two, vm, body, _ = two_of(w)
    proposal = one.call("POST", f"/vm/{vm}", {**body, "permit": {"confirm-after": 0}})[1]["proposal"]
    two.call("POST", f"/vm/{vm}/confirm", {"proposal": proposal})
    launch = w.node1.call("POST", f"/vm/{vm}/launch", w.platform.request(vm, policy=1))[1]["launch-id"]
    one.post(f"/launch/{launch}/approve", {})
    rule = stopped("second-person", one.post, f"/launch/{launch}/approve", {})
    need(ask_again(w, vm, launch) == (202, launch), "it goes on")
    return rule


@attempt("owner", "finds another owner's objects in his lists")
def _(w):
    vm = victim(w)
    guest = w.launch(vm)
    for path in ("/vm", "/launch", "/launch?vm=" + vm, "/secret", "/artifact"):
        text = str(w.bob.get(path))
        need(vm not in text and guest.id not in text and "disk" not in text, path + ": " + text[:200])
    return "owners-are-apart"


@attempt("owner", "probes which registrations exist")
def _(w):
    words = set()
    for vm in (victim(w), str(uuid.uuid4())):
        try:
            w.bob.get("/vm/" + vm)
        except Refused as problem:
            words.add((problem.code, problem.problem["detail"].replace(vm, "ID")))
    need(len(words) == 1, str(words))
    return words.pop()[0]


@attempt("owner", "reads a secret back, after somebody took his certificate")
def _(w):
    told = str(w.alice.get("/secret/disk")) + str(w.alice.get("/vm/" + victim(w)))
    need(PASSPHRASE.decode() not in told and b64(PASSPHRASE) not in told, told)
    return "secrets-are-write-only"


@attempt("owner", "acts as a host")
def _(w):
    return stopped("forbidden", w.launch, victim(w), host=w.bob)


@attempt("owner", "registers a guest that may be debugged without saying so")
def _(w):
    return stopped("bad-request", w.register, policy=2)


# --- operator and auditor ---------------------------------------------------------------------------------------------

def in_database(w, change):
    database = sqlite3.connect(w.service.store, timeout=10)
    try:
        change(database)
        database.commit()
    finally:
        database.close()


@attempt("operator", "reads secrets and registrations through the service")
def _(w):
    stopped("forbidden", w.olga.get, "/secret/disk")
    stopped("forbidden", w.olga.get, "/launch")
    return stopped("forbidden", w.olga.get, "/vm/" + victim(w))


@attempt("operator", "reads the database file, with an open launch in it")
def _(w):
    guest = w.launch(victim(w))
    blob = b"".join(open(path, "rb").read() for path in glob.glob(w.service.store + "*"))
    need(guest.id.encode() in blob, "the launch is not in these files")
    for needle in (PASSPHRASE, guest.tik, guest.tek):
        for form in (needle, needle.hex().encode(), base64.b64encode(needle)[:-4]):
            need(form not in blob, "found in the clear")
    return "sealed"


@attempt("operator", "changes in the database what an open launch is decided by")
def _(w):
    vm = victim(w)
    guest, other = w.launch(vm), hashlib.sha256(b"other").hexdigest()
    in_database(w, lambda d: d.execute("UPDATE launches SET fixed = replace(fixed, ?, ?) WHERE id = ?",
                                       (sha256(w.image), other, guest.id)))
    return stopped("internal", w.validate, vm, guest, hashlib.sha256(b"other").digest())


@attempt("operator", "gives an open launch to another host, in the database")
def _(w):
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
def _(w):
    vm, launch = waiting(w)
    stopped("forbidden", w.olga.post, f"/launch/{launch}/approve", {})
    need(ask_again(w, vm, launch) == (202, launch), "it goes on")
    return "forbidden"


@attempt("operator", "changes a record of the audit log, in the database")
def _(w):
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


@attempt("operator", "removes the audit log's newest records, for which somebody has a receipt")
def _(w):
    guest = w.launch(victim(w))
    receipt = os.path.join(TMP, "kept-receipt")
    with open(receipt, "w", encoding="utf-8") as out:
        out.write(program(w, "owner", "alice", "launch", "receipt", guest.id).stdout)
    gone = read_store(w.service, "SELECT * FROM audit WHERE launch = ?", guest.id)
    in_database(w, lambda d: (d.execute("DELETE FROM checkpoints WHERE seq >= ?", (gone[0][0],)),
                              d.execute("DELETE FROM audit WHERE seq >= ?", (gone[0][0],))))
    need("receipt" in verified(w, "--receipt", receipt), "the check gives another reason")
    return "receipt"


@attempt("operator", "opens an answered launch again, in the database")
def _(w):
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
def _(w):
    vm = victim(w, hosts=["node2"])
    in_database(w, lambda d: d.execute("UPDATE registrations SET text = replace(text, 'node2', 'node1') WHERE id = ?", (vm,)))
    return stopped("internal", w.launch, vm)


@attempt("operator", "puts the sealed secret of one owner into another's row")
def _(w):
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
def _(w):
    vm = victim(w)
    stopped("forbidden", w.anna.get, "/secret/disk")
    stopped("forbidden", w.anna.call, "DELETE", "/vm/" + vm)
    stopped("forbidden", w.anna.post, f"/launch/{uuid.uuid4()}/approve", {})
    return stopped("forbidden", w.launch, vm, host=w.anna)


# --- strangers --------------------------------------------------------------------------------------------------------

@attempt("stranger", "speaks to the service without a certificate of the site's CA")
def _(w):
    stranger = Peer(Site(os.path.join(TMP, "other-site")), "owner", "alice", SCHEMAS.check)
    stranger.service = w.service
    stranger.context.load_verify_locations(w.site.ca)
    try:
        stranger.get("/vm")
    except Refused as problem:
        return problem.code
    except (ssl.SSLError, ConnectionError) as error:
        need(not isinstance(error, ssl.SSLCertVerificationError), str(error))
        return "tls"
    raise NotStopped("it was answered")


@attempt("stranger", "uses an old version of TLS")
def _(w):
    peer = copy.copy(w.alice)
    peer.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    peer.context.maximum_version = ssl.TLSVersion.TLSv1_2
    peer.context.load_verify_locations(w.site.ca)
    try:
        peer.get("/vm")
    except (ssl.SSLError, ConnectionError):
        return "tls"
    raise NotStopped("it was answered")


def main():
    tap = os.environ.get("VA_ATTACK") != "plain"
    assert len({what for _, what, _ in ATTEMPTS}) == len(ATTEMPTS) >= 25
    world, broken = World(), 0
    if tap:
        print(f"1..{len(ATTEMPTS) + 1}", flush=True)
    for number, (party, what, function) in enumerate(ATTEMPTS, 1):
        try:
            line, fine, why = f"stopped {party}: {what}: {function(world)}", True, ""
        except Exception as error:  # pylint: disable=broad-except
            fine, why = False, str(error) if isinstance(error, NotStopped) else traceback.format_exc()
            line = f"NOT STOPPED {party}: {what}: {why.strip().splitlines()[-1]}"
            broken += 1
        print((f"{'ok' if fine else 'not ok'} {number} - " if tap else "") + line.replace("#", ""), flush=True)
        if tap and why:
            print("".join(f"# {text}\n" for text in why.splitlines()), end="")
    with open(os.path.join(SOURCE, "docs/THREATS.md"), encoding="utf-8") as f:
        told = f.read()
    listed = re.findall(r"^\| (\w+) \| ([^|]+) \| `[a-z-]+` \|$", told, re.M)
    same = [(party, what) for party, what in listed] == [(party, what) for party, what, _ in ATTEMPTS]
    ended = world.service.end()
    if tap:
        print(f"{'ok' if same and ended == 0 else 'not ok'} {len(ATTEMPTS) + 1} - docs/THREATS.md lists these attempts, and "
              "the service ended well")
    elif not same:
        print("docs/THREATS.md does not list these attempts")
    return 1 if broken or not same or ended != 0 else 0


sys.exit(main())
