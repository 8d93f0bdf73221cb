# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starts that must be refused. Each time virsh fails and names the cause, QEMU is gone, and its CPUs never ran."""

import json
import os
import shutil
import signal
import threading
import time
import uuid


import running
from meddler import change, fixed, late
from running import clean, faulty, refused
from world import CA, UPSTREAM_PORT, pair
from refusing import meddler, registered

suite = running.Suite()


def flipped(world, path, offset):
    """A copy of a file with one byte changed."""
    copy = f"{world.folder}/flipped-{os.path.basename(path)}"
    shutil.copy(path, copy)
    with open(copy, "r+b") as f:
        f.seek(offset)
        byte = f.read(1)[0]
        f.seek(offset)
        f.write(bytes([byte ^ 1]))
    return copy


@suite
def another_firmware_byte(world):
    identity = world.make_domain("victim", firmware=flipped(world, world.original_firmware, 0x1000))
    world.register(identity)
    refused(world, "victim", "firmware")
    launch = world.launch_state(identity, "refused")
    assert launch["code"] in ("measurement-mismatch", "firmware-not-allowed"), launch
    clean(world, identity)


@suite
def a_host_that_lies_about_the_firmware(world):
    identity = world.make_domain("liar", firmware=flipped(world, world.original_firmware, 0x1000))
    world.register(identity)
    with meddler(world, {"/validate": change(**{"firmware-hash": sha256(world.original_firmware)})}):
        refused(world, "liar", "measurement")
    assert world.launch_state(identity, "refused")["code"] == "measurement-mismatch"


@suite
def another_kernel_initrd_or_cmdline(world):
    kernel, initrd = world.direct_boot_files(os.path.join(running.SOURCE, "tests/data/inputs"))
    cmdline = "root=/dev/vda1 ro"
    for name, boot in (("kernel", (flipped(world, kernel, os.path.getsize(kernel) - 1), initrd, cmdline)),
                       ("initrd", (kernel, flipped(world, initrd, 0), cmdline)),
                       ("cmdline", (kernel, initrd, cmdline + " init=/bin/sh"))):
        identity = world.make_domain("other-" + name, kernel=boot)
        world.register(identity, "--kernel", kernel, "--initrd", initrd, "--cmdline", cmdline)
        refused(world, "other-" + name, "measurement")
        world.launch_state(identity, "refused")


@suite
def another_number_or_model_of_processors(world):
    for name, cpus, model, word in (("es-count", 3, "EPYC", "number of vCPUs is 3, not 2"),
                                    ("es-model", 2, "qemu64", "CPU is 15/107/1 (qemu64), not 23/1/2 (EPYC)")):
        identity = world.make_domain(name, policy="0x5", cpus=cpus, model=model)
        world.register(identity, "--cpu-count", "2", "--cpu-model", "EPYC", policy="0x5")
        refused(world, name, "measurement")
        launch_id = world.launch_state(identity, "refused")["launch-id"]
        # The explanation comes soon after the answer.
        world.box.wait_for("explanation", lambda wanted=launch_id, w=word: w in world.launch(wanted)["detail"], 30)
        clean(world, identity)


@suite
def kernel_hashes_left_out(world):
    kernel, initrd = world.direct_boot_files(os.path.join(running.SOURCE, "tests/data/inputs"))
    identity = world.make_domain("unhashed")
    world.register(identity, "--kernel", kernel, "--initrd", initrd, "--cmdline", "root=/dev/vda1 ro")
    refused(world, "unhashed", "measurement")
    assert world.launch(world.launch_state(identity, "refused")["launch-id"])["detail"]


@suite
def policy_other_than_registered(world):
    identity = world.make_domain("policy", policy="0x3")
    world.register(identity, policy="0x1")
    refused(world, "policy", "policy")
    clean(world, identity)


@suite
def platform_under_a_foreign_root(world):
    identity = registered(world, "foreign")
    world.tamper("foreign-root")
    on_platform(world, "foreign-root")
    refused(world, "foreign", "root")
    clean(world, identity)


@suite
def tampered_certificate_at_each_link(world):
    identity = registered(world, "links")
    for link in ("pdh", "pek", "oca", "cek"):
        world.tamper(link)
        on_platform(world, link)
        refused(world, "links", link)
    clean(world, identity)


@suite
def unknown_registration(world):
    world.make_domain("unknown", registration=str(uuid.uuid4()))
    refused(world, "unknown", "vm-unknown")


@suite
def registration_of_another_owner(world):
    bobs = str(uuid.uuid4())
    world.put_secret("bobs", owner="bob")
    world.register(bobs, secret="bobs", owner="bob")
    world.make_domain("stranger", registration=bobs)
    refused(world, "stranger", "domain-not-allowed")
    result = world.attest("vm", "show", bobs, identity=("owner", "alice"))
    assert result.code == 1 and "vm-unknown" in result.err, result


@suite
def registration_for_other_hosts(world):
    registered(world, "elsewhere", "--host", "node2")
    refused(world, "elsewhere", "host-not-allowed")


@suite
def permit_used_up(world):
    identity = registered(world, "once", "--max-launches", "1")
    world.box.virsh("start", "once")
    world.launch_state(identity, "running")
    world.box.virsh("destroy", "once")
    world.launch_state(identity, "ended")
    refused(world, "once", "permit-exhausted")


@suite
def refused_launch_gives_its_permit_back(world):
    good = world.original_firmware
    identity = world.make_domain("regained", firmware=f"{world.folder}/swap.fd")
    world.register(identity, "--max-launches", "1")
    shutil.copy(flipped(world, good, 0x1000), f"{world.folder}/swap.fd")
    refused(world, "regained", "firmware")
    shutil.copy(good, f"{world.folder}/swap.fd")
    world.box.virsh("start", "regained")
    assert world.box.state("regained") == "running"


@suite
def running_limit(world):
    image = str(uuid.uuid4())
    world.register(image, "--any-domain", "--max-running", "1")
    one = world.make_domain("one", registration=image)
    world.make_domain("two", registration=image)
    world.box.virsh("start", "one")
    world.launch_state(image, "running")
    refused(world, "two", "running-limit")
    world.box.virsh("destroy", "one")
    world.launch_state(image, "ended")
    world.box.virsh("start", "two")
    assert world.box.state("two") == "running" and not world.leftovers(one)


@suite
def service_stopped(world):
    identity = registered(world, "lonely")
    world.box.stop("virt-attestd")
    refused(world, "lonely", "service")
    clean(world, identity)


@suite
def service_killed_between_launch_and_validate(world):
    identity = registered(world, "orphan")
    outcome = started_while(world, "orphan", identity, lambda: world.box.stop("virt-attestd", signal.SIGKILL))
    assert "service" in outcome, outcome
    world.start_all()
    world.launch_state(identity, "failed", limit=30)
    clean(world, identity)


@suite
def agent_stopped(world):
    registered(world, "agentless")
    world.box.stop("virt-attest-hostd")
    refused(world, "agentless", "virt-attest-hostd")


@suite
def agent_killed_while_the_gate_waits(world):
    identity = registered(world, "cutoff")
    with meddler(world, {"/validate": late(4)}) as service:
        def kill():
            gate_waits(world, service)
            world.box.stop("virt-attest-hostd", signal.SIGKILL)
        started_while(world, "cutoff", identity, kill)
    world.start_all()
    clean(world, identity)


@suite
def agent_restarted_between_launch_and_gate_completes_or_refuses(world):
    identity = registered(world, "restarted")
    finishes = world.finishes()

    def restart():
        world.box.stop("virt-attest-hostd", signal.SIGKILL)
        world.box.daemons.pop("virt-attest-hostd", None)
        world.start_agent()
    outcome = start_in_background(world, "restarted", identity, restart)
    if outcome.code == 0:
        assert world.box.state("restarted") == "running" and world.launch_state(identity, "running")
    else:
        assert world.box.state("restarted") == "shut off" and world.finishes() == finishes
    print(f"# the start was {'completed' if outcome.code == 0 else 'refused: ' + outcome.err.strip()}")


@suite
def lock_manager_line_removed(world):
    registered(world, "ungated")
    world.box.configure_qemu(lock_manager=None)
    world.box.restart_libvirtd()
    try:
        refused(world, "ungated", "lock_manager")
    finally:
        world.box.configure_qemu()
        world.box.restart_libvirtd()


@suite
def hook_removed(world):
    registered(world, "unhooked")
    world.box.remove_hook()
    try:
        refused(world, "unhooked")
    finally:
        world.box.restore_hook()


@suite
def libvirtd_killed_while_the_gate_waits(world):
    identity = registered(world, "headless")
    finishes = world.finishes()
    with meddler(world, {"/validate": late(4)}) as service:
        thread = threading.Thread(target=world.box.run_virsh, args=("start", "headless"))
        thread.start()
        gate_waits(world, service)
        world.box.kill_libvirtd()
        thread.join()
        world.box.start_libvirtd()
        world.box.wait_for("QEMU's end", lambda: not world.qemu_processes(identity), 20)
    assert world.box.state("headless") == "shut off" and world.finishes() == finishes
    world.start_all()
    clean(world, identity)


@suite
def service_answering_late(world):
    registered(world, "slow")
    with meddler(world, {"/launch": late(15)}):
        refused(world, "slow", "service")
    with meddler(world, {"/validate": late(15)}):
        refused(world, "slow", "service")


@suite
def service_answering_garbage_or_500(world):
    registered(world, "garbled")
    for answer in (fixed(200, "application/json", b"\x00garbage"), fixed(201, "application/json", b"{}"),
                   fixed(200, "application/json", b'{"launch-id": "x"}'), fixed(500, "text/plain", b"boom")):
        for step in ("/launch", "/validate"):
            with meddler(world, {step: answer}):
                refused(world, "garbled", "service")


@suite
def validate_replayed(world):
    identity = registered(world, "replayed")
    with meddler(world, {}) as service:
        world.box.virsh("start", "replayed")
        path, body = next((path, body) for path, body, _, _ in service.seen if path.endswith("/validate"))
    for host in ("node1", "node2"):
        status, answer = world.call(("host", host), "POST", path, body)
        assert status in (404, 409) and "secret-payload" not in answer, answer
        assert answer["code"] == ("launch-used" if host == "node1" else "launch-unknown"), answer
    assert world.box.state("replayed") == "running" and identity in path


@suite
def validate_from_another_host(world):
    """Another host asks first, with the right measurement; it gets nothing, and the launch is still answered once."""
    registered(world, "stolen")
    answers = []

    def steal(handler, body):
        status, answer = call_upstream(world, ("host", "node2"), handler.path, body)
        answers.append((status, answer["code"]))
    with meddler(world, {"/validate": steal}):
        world.box.virsh("start", "stolen")
    assert answers == [(404, "launch-unknown")], answers
    assert world.box.state("stolen") == "running"


@suite
def validate_claiming_something_else_than_at_launch(world):
    identity = registered(world, "claims")
    for members, word in (({"policy": 0}, "policy-changed"), ({"api-minor": 255}, "measurement"),
                          ({"api-major": 0, "api-minor": 0}, "api"), ({"build-id": 255}, "measurement")):
        with meddler(world, {"/validate": change(**members)}):
            refused(world, "claims", word)
        world.launch_state(identity, "refused")


@suite
def firmware_with_no_secret_area(world):
    bare = world.bare_firmware
    identity = world.make_domain("areal", firmware=bare)
    world.register(identity)
    refused(world, "areal", "firmware")
    result = world.attest("vm", "register", identity, "--policy", "1", "--firmware", bare, "--secret", "disk",
                          identity=("owner", "alice"))
    assert result.code == 1 and "no space for secrets" in result.err, result


@suite
def hashes_that_nobody_makes(world):
    """Kernel hashes without room in the firmware, or of a kernel for which QEMU makes none."""
    kernel, initrd = world.direct_boot_files(os.path.join(running.SOURCE, "tests/data/inputs"))
    world.register(world.make_domain("roomless", firmware=world.bare_firmware, kernel=(kernel, initrd, "x")))
    refused(world, "roomless", "no space for kernel hashes")
    elf = f"{world.folder}/vmlinux"
    with open(elf, "wb") as target:
        target.write(b"\x7fELF" + bytes(8188))
    os.chmod(elf, 0o644)
    identity = world.make_domain("elf", kernel=(elf, initrd, "x"))
    world.register(identity)
    refused(world, "elf", "ELF image")
    result = world.attest("vm", "register", identity, "--policy", "1", "--firmware", world.original_firmware, "--kernel", elf,
                          identity=("owner", "alice"))
    assert result.code != 0 and "ELF image" in result.err, result


@suite
def white_space_of_a_command_line(world):
    kernel, initrd = world.direct_boot_files(os.path.join(running.SOURCE, "tests/data/inputs"))
    identity = world.make_domain("pretty", kernel=(kernel, initrd, "\n      console=ttyS0 quiet\n    "))
    world.register(identity, "--kernel", kernel, "--initrd", initrd, "--cmdline", "console=ttyS0 quiet")
    refused(world, "pretty", "measurement")
    detail = world.launch(world.launch_state(identity, "refused")["launch-id"])["detail"]
    assert "it begins with “\\n      ” and ends with “\\n    ”" in detail, detail


@suite
def secret_larger_than_its_area(world):
    world.put_secret("huge", data=b"x" * 3500)
    identity = world.make_domain("stuffed")
    result = world.attest("vm", "register", identity, "--policy", "1", "--firmware", world.original_firmware, "--secret",
                          "huge", identity=("owner", "alice"))
    assert result.code == 1 and "3072" in result.err and "35" in result.err, result
    world.put_secret("grown")
    world.register(identity, secret="grown")
    world.put_secret("grown", data=b"x" * 3500)
    refused(world, "stuffed", "secret-too-large")


@suite
def metadata_that_fails_the_schema(world):
    for name, wrong in (("mode", "mode='optional'"), ("uuid", "id='12345' mode='required'"),
                        ("extra", "mode='required' secret='no'")):
        domain = f"schema-{name}"
        identity = world.make_domain(domain)
        xml = world.box.virsh("dumpxml", domain, "--inactive")
        begin = xml.index("<attest:launch")
        end = xml.index("/>", begin) + 2
        xml = f"{xml[:begin]}<attest:launch xmlns:attest='urn:virt-attest:launch:1' {wrong}/>{xml[end:]}"
        world.box.define(xml)
        refused(world, domain, "metadata")
        clean(world, identity)


@suite
def firmware_error_of_the_platform(world):
    """A firmware error in QEMU's log reaches the agent's journal and the owner's record, with our sentence."""
    identity = registered(world, "faulty")
    for fault, sentence in (("INIT 1", "1 (Platform state is invalid): SEV is not initialized"),
                            ("LAUNCH_START 13", "13 (Invalid ASID): all ASIDs are in use: stop a guest"),
                            ("LAUNCH_START 7", "7 (Policy is not allowed): the policy requires SEV-ES, an API version"),
                            ("LAUNCH_START 11", "11 (Bad measurement): the session was made for another policy"),
                            ("LAUNCH_SECRET 22", "22 (Invalid parameter): a secret of the wrong size")):
        number = fault.split()[1]
        with faulty(world, fault):
            assert f"fw_error={number}" in refused(world, "faulty")
        known = {launch["launch-id"]: launch for launch in world.launches(identity)}
        launch_id, = (id for id, launch in known.items() if launch.get("firmware-error") == int(number))
        shown = world.attest("launch", "show", launch_id, identity=("owner", "alice"))
        assert shown.code == 0 and sentence in " ".join(shown.out.split()), shown
        assert sentence in open(world.box.logs["virt-attest-hostd"], encoding="utf-8").read(), fault
        clean(world, identity)
    world.box.virsh("start", "faulty")  # an old error says nothing about the next start
    world.launch_state(identity, "running")


@suite
def each_command_of_the_platform_may_fail(world):
    registered(world, "faulty")
    for command in ("LAUNCH_START", "LAUNCH_MEASURE", "LAUNCH_SECRET"):
        with faulty(world, f"{command} 11"):
            refused(world, "faulty")


@suite
def marker_removed_behind_the_agents_back(world):
    identity = registered(world, "unmarked")
    outcome = started_while(world, "unmarked", identity, lambda: os.unlink(f"/run/virt-attest/domains/{identity}"))
    # the gate's words, or the hook's when it was still looking
    assert "no launch was started for it" in outcome or "did not create the marker" in outcome, outcome


# -- how it is done


def sha256(path):
    import hashlib
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def call_upstream(world, identity, path, body):
    import http.client
    import ssl
    context = ssl.create_default_context(cafile=CA)
    context.load_cert_chain(*pair(*identity))
    connection = http.client.HTTPSConnection("localhost", UPSTREAM_PORT, context=context, timeout=10)
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    reply = connection.getresponse()
    return reply.status, json.loads(reply.read())


def on_platform(world, name):
    world.use_platform(name)
    world.restart("libvirtd", "virt-attest-hostd")


def gate_waits(world, service, limit=10):
    """Waits until a validate request has reached the meddling service, so the gate is waiting for its answer."""
    world.box.wait_for("a validate request", lambda: service.waiting("/validate"), limit)


def start_in_background(world, name, identity, action):
    """Starts a domain and does something as soon as its marker is there; virsh's result."""
    results = []
    thread = threading.Thread(target=lambda: results.append(world.box.run_virsh("start", name)))
    marker = f"/run/virt-attest/domains/{identity}"
    thread.start()
    end = time.monotonic() + 10
    while not os.path.exists(marker):
        if time.monotonic() > end or results:
            raise world.box.error(f"no marker: {results and results[0]}")
        time.sleep(0.001)
    action()
    thread.join()
    return results[0]


def started_while(world, name, identity, action):
    """The same for a start that must be refused; virsh's error."""
    finishes = world.finishes()
    result = start_in_background(world, name, identity, action)
    assert result.code != 0, str(result)
    world.box.wait_for("QEMU's end", lambda: not world.qemu_processes(identity))
    assert world.box.state(name) == "shut off" and world.finishes() == finishes
    return result.err


if __name__ == "__main__":
    running.main(suite)
