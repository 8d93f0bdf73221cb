# SPDX-License-Identifier: LGPL-2.1-or-later
"""A hostile host: whoever has a host's certificate, and root on a compute node."""

import concurrent.futures
import copy
import hashlib
import os
import time
import uuid

from lib import owner as sev
from lib.peers import Refused, Service, b64, firmware, sha256
from lib.service import TMP, read_store

from catalogue import CERT, NotStopped, attempt, digest, need, still_good, stopped, victim


@attempt("host", "claims another policy than the launch was granted with")
def claims_another_policy_launch(w):
    vm = victim(w, policy=3)
    return stopped("policy-changed", w.validate, vm, w.launch(vm), policy=2)


@attempt("host", "claims a policy whose upper half differs")
def claims_policy_whose_upper(w):
    vm = victim(w, policy=3)
    return stopped("policy-changed", w.validate, vm, w.launch(vm), policy=3 | 1 << 24)


@attempt("host", "asks for a launch with a policy that may be debugged")
def asks_launch_policy_may(w):
    return stopped("policy-not-allowed", w.launch, victim(w), policy=0)


@attempt("host", "claims an older API version than its certificate had")
def claims_older_api_version(w):
    vm = victim(w)
    return stopped("api-changed", w.validate, vm, w.launch(vm), api_minor=w.platform.api_minor - 1)


@attempt("host", "runs an older SEV firmware than the registration allows")
def runs_older_sev_firmware(w):
    vm = victim(w, min_build=w.platform.build + 1)
    return stopped("api-too-old", w.validate, vm, w.launch(vm))


@attempt("host", "claims a newer SEV firmware than it measured with")
def claims_newer_sev_firmware(w):
    vm = victim(w, min_build=w.platform.build + 1)
    claim = w.launch(vm).claim(digest(w))
    return stopped("measurement-mismatch", w.node1.post, f"/vm/{vm}/validate", {**claim, "build-id": w.platform.build + 1})


@attempt("host", "starts an unregistered firmware, and says so")
def starts_firmware_nobody_registered(w):
    vm, other = victim(w), firmware(77)
    return stopped("firmware-not-allowed", w.validate, vm, w.launch(vm), hashlib.sha256(other).digest(),
                   firmware_hash=sha256(other))


@attempt("host", "starts an unregistered firmware, and says that it is the registered one")
def starts_firmware_nobody_registered_says(w):
    vm = victim(w)
    return stopped("measurement-mismatch", w.validate, vm, w.launch(vm), hashlib.sha256(firmware(77)).digest(),
                   firmware_hash=sha256(w.image))


@attempt("host", "adds a kernel of its own to the registered firmware")
def adds_kernel_own_registered(w):
    vm = victim(w)
    made = hashlib.sha256(w.image + sev.hash_table(b"evil kernel")).digest()
    return stopped("measurement-mismatch", w.validate, vm, w.launch(vm), made)


@attempt("host", "leaves the kernel hashes out, so that the firmware would boot any kernel")
def leaves_kernel_hashes_out(w):
    vm = victim(w, kernel_hash=sha256(b"kernel"))
    return stopped("measurement-mismatch", w.validate, vm, w.launch(vm), digest(w))


@attempt("host", "shows a processor that is not one of AMD's")
def shows_processor_none_amds(w):
    return stopped("root-untrusted", w.launch, victim(w), platform=w.foreign)


@attempt("host", "puts a key of its own below a genuine processor's certificates")
def puts_key_own_below(w):
    fake = copy.copy(w.platform)
    fake.pdh, fake.key = w.foreign.pdh, w.foreign.key
    return stopped("chain-invalid", w.launch, victim(w), platform=fake)


@attempt("host", "changes one bit of a genuine PDH certificate")
def changes_one_bit_genuine(w):
    fake, pdh = copy.copy(w.platform), bytearray(w.platform.pdh)
    pdh[40] ^= 1
    fake.pdh = bytes(pdh)
    return stopped("chain-invalid", w.launch, victim(w), platform=fake)


@attempt("host", "shows a genuine processor that it does not have, to start the guest on another")
def shows_genuine_processor_does(w):
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
def starts_guest_on_processor(w):
    return stopped("chip-not-allowed", w.launch, victim(w, chips=[hashlib.sha256(b"another").hexdigest()]))


@attempt("host", "shows a processor of another cloud than the registered one")
def shows_processor_another_cloud(w):
    return stopped("cloud-cert-mismatch", w.launch, victim(w, cloud_cert=b64(w.foreign.chain[CERT:2 * CERT])))


@attempt("host", "uses a registration for another domain")
def uses_registration_another_domain(w):
    return stopped("domain-not-allowed", w.launch, victim(w), domain=str(uuid.uuid4()))


@attempt("host", "uses a registration that names other hosts")
def uses_registration_names_other(w):
    return stopped("host-not-allowed", w.launch, victim(w, hosts=["node2"]))


@attempt("host", "uses a registration before its time")
def uses_registration_before_time(w):
    return stopped("outside-time-window", w.launch, victim(w, permit={"not-before": int(time.time()) + 1000}))


@attempt("host", "invents a launch-id")
def invents_launch_id(w):
    vm = victim(w)
    guest = w.launch(vm)
    rule = stopped("launch-unknown", w.node1.post, f"/vm/{vm}/validate",
                   {**guest.claim(digest(w)), "launch-id": str(uuid.uuid4())})
    still_good(w, vm, guest)
    return rule


@attempt("host", "validates another host's launch, with everything that this host knows")
def validates_another_hosts_launch(w):
    vm = victim(w)
    guest = w.launch(vm)
    rule = stopped("launch-unknown", w.node2.post, f"/vm/{vm}/validate", guest.claim(digest(w)))
    still_good(w, vm, guest)
    return rule


@attempt("host", "reports another host's launch as failed")
def reports_another_hosts_launch(w):
    vm = victim(w)
    guest = w.launch(vm)
    rule = stopped("launch-unknown", w.node2.post, f"/launch/{guest.id}/outcome", {"state": "failed"})
    still_good(w, vm, guest)
    return rule


@attempt("host", "validates a launch of one registration under another, to get the other one's secret")
def validates_launch_one_registration(w):
    vm, other = w.register(), victim(w)
    guest = w.launch(vm)
    return stopped("launch-unknown", w.node1.post, f"/vm/{other}/validate", guest.claim(digest(w)))


@attempt("host", "replays an answered validation")
def replays_answered_validation(w):
    vm = victim(w)
    guest = w.launch(vm)
    claim = guest.claim(digest(w))
    w.node1.post(f"/vm/{vm}/validate", claim)
    return stopped("launch-used", w.node1.post, f"/vm/{vm}/validate", claim)


@attempt("host", "tries again with the right measurement after a wrong one")
def tries_again_right_measurement(w):
    vm = victim(w)
    guest = w.launch(vm)
    stopped("measurement-mismatch", w.validate, vm, guest, bytes(32))
    return stopped("launch-used", w.validate, vm, guest)


@attempt("host", "replays the measurement of an earlier start of the same guest")
def replays_measurement_earlier_start(w):
    vm = victim(w)
    first, second = w.launch(vm), w.launch(vm)
    return stopped("measurement-mismatch", w.node1.post, f"/vm/{vm}/validate",
                   {**first.claim(digest(w)), "launch-id": second.id})


@attempt("host", "opens an earlier packet with the keys of a later launch")
def opens_earlier_packet_keys(w):
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
def races_sixteen_validations_one(w):
    vm = victim(w)
    for _ in range(4):
        claim = w.launch(vm).claim(digest(w))
        answers = race(16, lambda: w.node1.post(f"/vm/{vm}/validate", claim))
        need(sum(isinstance(a, dict) for a in answers) == 1 and answers.count("launch-used") == 15, str(answers))
    return "launch-used"


@attempt("host", "races twelve launches for a permit of three")
def races_twelve_launches_permit(w):
    vm = victim(w, permit={"max-launches": 3})
    answers = race(12, lambda: w.launch(vm))
    need(answers.count("permit-exhausted") == 9, str(answers))
    return "permit-exhausted"


@attempt("host", "says that launches failed which had their answer, to get them back")
def says_launches_failed_had(w):
    vm = victim(w, permit={"max-launches": 1})
    guest = w.launch(vm)
    w.validate(vm, guest)
    w.node1.post(f"/launch/{guest.id}/outcome", {"state": "failed"})
    return stopped("permit-exhausted", w.launch, vm)


@attempt("host", "validates a launch whose registration was removed in the meantime")
def validates_launch_whose_registration(w):
    vm = victim(w)
    guest = w.launch(vm)
    w.alice.call("DELETE", "/vm/" + vm)
    return stopped("launch-used", w.validate, vm, guest)


@attempt("host", "validates a launch that its owner revoked")
def validates_launch_owner_revoked(w):
    vm = victim(w)
    guest = w.launch(vm)
    w.alice.post(f"/launch/{guest.id}/revoke", None)
    return stopped("launch-revoked", w.validate, vm, guest)


@attempt("host", "reads a registration")
def reads_registration(w):
    return stopped("forbidden", w.node1.get, "/vm/" + victim(w))


@attempt("host", "reads a secret by its name")
def reads_secret_name(w):
    return stopped("forbidden", w.node1.get, "/secret/disk")


@attempt("host", "reads the record of its own launch, where the owner sees why it was refused")
def reads_record_own_launch(w):
    vm = victim(w)
    return stopped("forbidden", w.node1.get, "/launch/" + w.launch(vm).id)


@attempt("host", "learns from a refusal what would have been right")
def learns_from_refusal_what(w):
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
def probes_launches_exist(w):
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
def approves_own_launch_waits(w):
    vm, launch = waiting(w)
    stopped("forbidden", w.node1.post, f"/launch/{launch}/approve", {})
    need(ask_again(w, vm, launch) == (202, launch), "it goes on")
    return "forbidden"


@attempt("host", "validates a launch that waits for its owner")
def validates_launch_waits_owner(w):
    vm, launch = waiting(w)
    guest = w.launch(victim(w))
    return stopped("launch-used", w.node1.post, f"/vm/{vm}/validate", {**guest.claim(digest(w)), "launch-id": launch})


@attempt("host", "takes over the launch that was approved for another host")
def takes_over_launch_approved(w):
    vm, launch = waiting(w)
    w.alice.post(f"/launch/{launch}/approve", {})
    stopped("launch-unknown", ask_again, w, vm, launch, host=w.node2)
    status, answer = w.node2.call("POST", f"/vm/{vm}/launch", w.platform.request(vm))
    need(status == 202 and answer["launch-id"] != launch, "it was granted")
    return "launch-unknown"


@attempt("host", "starts another domain, or under another policy, than was approved")
def starts_another_domain_or(w):
    vm, launch = waiting(w, policy={"required": 1})
    w.alice.post(f"/launch/{launch}/approve", {})
    for more in ({"domain": str(uuid.uuid4())}, {"policy": 3}):
        status, other = ask_again(w, vm, launch, **more)
        need(status == 202 and other != launch, f"it was granted with {more}")
    return "confirmation"


@attempt("host", "starts twice what was approved once")
def starts_twice_what_approved(w):
    vm, launch = waiting(w)
    w.alice.post(f"/launch/{launch}/approve", {})
    need(ask_again(w, vm, launch) == (201, launch), "it was not granted")
    return stopped("launch-used", ask_again, w, vm, launch)


@attempt("host", "asks again for a launch that was denied")
def asks_again_launch_denied(w):
    vm, launch = waiting(w)
    w.alice.post(f"/launch/{launch}/deny", None)
    return stopped("confirmation-denied", ask_again, w, vm, launch)


@attempt("host", "lets so many launches wait that the owner no longer sees the right one")
def lets_so_many_launches(w):
    vm, _ = waiting(w)
    for _ in range(63):
        w.node1.call("POST", f"/vm/{vm}/launch", w.platform.request(str(uuid.uuid4())))
    return stopped("confirmation-limit", w.node1.call, "POST", f"/vm/{vm}/launch", w.platform.request(str(uuid.uuid4())))


@attempt("host", "reads the audit log, or its launch's receipt")
def reads_audit_log_or(w):
    guest = w.launch(victim(w))
    stopped("forbidden", w.node1.get, "/audit")
    stopped("forbidden", w.node1.post, "/audit/checkpoint", None)
    return stopped("forbidden", w.node1.get, f"/launch/{guest.id}/receipt")


@attempt("host", "fills the audit log with refusals")
def fills_audit_log_refusals(w):
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


@attempt("host", "does something wrong unnoticed")
def does_something_wrong_nobody(w):
    vm = victim(w)
    guest = w.launch(vm)
    stopped("policy-changed", w.validate, vm, guest, policy=5)
    (text,), = read_store(w.service, "SELECT text FROM audit WHERE launch = ? ORDER BY seq DESC LIMIT 1", guest.id)
    need('"policy-changed"' in text and '"node1"' in text and guest.id in text, text)
    return "on-record"


@attempt("host", "sends a message with a member twice, to be read in two ways")
def sends_message_member_twice(w):
    vm = victim(w)
    body = '{"pdh": "%s", "pdh": "%s", "cert-chain": "%s", "domain": {"uuid": "%s", "name": "x"}}' % (
        b64(w.foreign.pdh), b64(w.platform.pdh), b64(w.platform.chain), vm)
    return stopped("bad-request", w.node1.post, f"/vm/{vm}/launch", body)


@attempt("host", "sends more than a message may have")
def sends_more_message_may(w):
    return stopped("too-large", w.node1.post, f"/vm/{victim(w)}/launch", '{"pdh": "' + "A" * 100000 + '"}')
