#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that are let run past the gate, or whose memory comes from elsewhere: none of them runs unattested."""

import json
import signal
import sys
import time

from meddler import fixed
from refusing import meddler, registered
from running import clean
import running
import sandbox

suite = running.Suite()


def cont_by(world, identity, user="libvirt-qemu"):
    """Another QEMU process connects to the second monitor and lets the guest run; what it got for it."""
    code = f"""
import json, socket
s = socket.socket(socket.AF_UNIX); s.settimeout(10)
s.connect("/run/virt-attest/qmp/libvirt-{identity}/monitor.sock")
f = s.makefile("rw"); f.readline()
for command in ("qmp_capabilities", "cont"):
    f.write(json.dumps(dict(execute=command)) + chr(10)); f.flush()
    while True:
        reply = json.loads(f.readline())
        if "event" not in reply: break
print(command, reply)
"""
    return world.box.run("runuser", "-u", user, "--", sys.executable, "-c", code)


def start_pending(world, name, middle):
    """Starts a domain paused; its launch is granted, and the service (middle's rule) does not validate it."""
    world.box.virsh("start", "--paused", name)
    world.box.wait_for("the question to the service", lambda: middle.waiting("/validate"), 20)


def let_run(world, name):
    """By QEMU's own command; the domain can be destroyed before QEMU's answer to it is read."""
    result = world.box.run_virsh("qemu-monitor-command", name, "--hmp", "cont")
    assert result.code == 0 or "Connection reset" in result.err or "closed the monitor" in result.err, result


def ran_unattested(world, name, identity, limit=30):
    """The domain is destroyed; seconds until then."""
    began = time.monotonic()
    world.box.wait_for("the domain's end", lambda: world.box.state(name) == "shut off", limit)
    spent = time.monotonic() - began
    world.box.wait_for("QEMU's end", lambda: not world.qemu_processes(identity))
    clean(world, identity)
    return spent


def owner_knows(world, identity):
    launch = world.box.wait_for("the outcome", lambda: [one for one in world.launches(identity)
                                                        if one["state"] in ("failed", "ended")], 30)[0]
    assert "ran without attestation" in json.dumps(world.launch(launch["launch-id"])), launch


AWAY = fixed(500, "text/plain", b"boom")


@suite
def a_pending_guest_that_an_administrator_lets_run(world):
    """Through libvirt's own way to QEMU's monitor: the gate is not asked, the agent sees it, and so does the owner."""
    identity = registered(world, "led")
    with meddler(world, {"/validate": AWAY}) as middle:
        start_pending(world, "led", middle)
        let_run(world, "led")
        print(f"# destroyed after {ran_unattested(world, 'led', identity):.1f} s")
    owner_knows(world, identity)


@suite
def a_pending_guest_that_runs_while_the_service_is_asked(world):
    """The validation is under way when somebody lets the guest run; the service's answer comes too late for it."""
    identity = registered(world, "during")
    with meddler(world, {"/validate": lambda handler, body: time.sleep(7)}) as middle:
        start_pending(world, "during", middle)
        let_run(world, "during")
        print(f"# destroyed after {ran_unattested(world, 'during', identity, 5):.1f} s")
        time.sleep(3)
    owner_knows(world, identity)


@suite
def a_pending_guest_that_ran_while_the_agent_was_away(world):
    identity = registered(world, "alone")
    with meddler(world, {"/validate": AWAY}) as middle:
        start_pending(world, "alone", middle)
        world.box.stop("virt-attest-hostd", signal.SIGKILL)
        world.box.virsh("qemu-monitor-command", "alone", "--hmp", "cont")
        assert world.box.state("alone") == "running"
        world.box.daemons.pop("virt-attest-hostd", None)
        world.start_agent()
        print(f"# destroyed after {ran_unattested(world, 'alone', identity):.1f} s")
    owner_knows(world, identity)


@suite
def another_qemu_finds_no_second_monitor(world):
    """From the moment on that the agent attends to a paused domain."""
    identity = registered(world, "closed")
    with meddler(world, {"/validate": AWAY}) as middle:
        finishes = world.finishes()
        start_pending(world, "closed", middle)
        result = cont_by(world, identity)
        assert result.code != 0 and "cont" not in result.out, result
        assert world.box.state("closed") == "paused" and world.finishes() == finishes
        assert world.way_to_monitor(identity), "the agent has no way to it either"
        world.box.virsh("destroy", "closed")
        clean(world, identity)


@suite
def a_saved_state_is_not_restored(world):
    """Saved before it ran, so that QEMU allows it: restored by hand, from a managed save, and with the hook away."""
    identity = registered(world, "saved")
    image = f"{world.box.folder}/saved.image"
    world.box.virsh("start", "--paused", "saved")
    world.launch_state(identity, "running")
    world.box.virsh("save", "saved", image)
    world.launch_state(identity, "ended")
    finishes, count = world.finishes(), len(world.launches(identity))
    for state in ("--running", "--paused"):
        error = world.box.virsh_fails("restore", image, state)
        assert "cannot be restored from a saved state" in error, error
    assert len(world.launches(identity)) == count, "a permit was asked for"
    world.box.remove_hook()
    try:
        world.box.virsh_fails("restore", image, "--running")
    finally:
        world.box.restore_hook()
    assert world.box.state("saved") == "shut off" and world.finishes() == finishes
    world.box.virsh("start", "--paused", "saved")
    world.launch_state(identity, "running")
    world.box.virsh("managedsave", "saved")
    error = world.box.virsh_fails("start", "saved")
    assert "cannot be restored from a saved state" in error and "managedsave-remove" in error, error
    world.box.virsh("managedsave-remove", "saved")
    world.box.virsh("start", "saved")
    world.launch_state(identity, "running")


@suite
def memory_from_elsewhere_without_the_hook_of_restoring(world):
    """The domain's own command line has -incoming or -loadvm: the agent sees it, and nothing is begun."""
    for option in ("-incoming", "-loadvm"):
        name = f"state{option}"
        identity = world.make_domain(name)
        world.register(identity)
        xml = world.box.virsh("dumpxml", name)
        more = f"<qemu:arg value='{option}'/><qemu:arg value='defer'/></qemu:commandline>"
        world.box.define(xml.replace("</qemu:commandline>", more))
        finishes = world.finishes()
        error = world.box.virsh_fails("start", name)
        print(f"# {option}: {error.splitlines()[-1]}")
        assert f"makes QEMU load a saved state ({option})" in error, error
        assert world.finishes() == finishes
        world.box.wait_for("a clean host", lambda identity=identity: not world.leftovers(identity))


@suite
def an_opt_in_behind_odd_namespaces(world):
    """libvirt writes “>” in a namespace as it is; a domain that opted in and is not prepared must still be refused."""
    name = "urn:virt-attest:launch:1"
    for metadata in (f"<a:launch xmlns:x='a&gt;b' xmlns:a='{name}' mode='required'/>",
                     f"<a:launch xmlns:x='a&gt;b' xmlns:y='c&gt;d' xmlns:a='urn:virt-attest:launch&#58;1' mode='required'/>",
                     f"<launch xmlns='{name}' mode='required'/>"):
        world.box.define(sandbox.plain_domain("odd", metadata=metadata, emulator=world.emulator))
        error = world.box.virsh_fails("start", "odd")
        assert "virt-attest" in error, error
        world.box.virsh("undefine", "odd")


if __name__ == "__main__":
    running.main(suite)
