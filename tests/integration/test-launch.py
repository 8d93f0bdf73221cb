# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starts that must work: system libvirtd, real QEMU, real OVMF, service, agent, hook and gate."""

import os
import signal
import threading
import time


import running
import sandbox
from running import secret_of
from world import PASSPHRASE

suite = running.Suite()


@suite
def start_measured_with_the_secret_in_place(world):
    identity = world.make_domain("first")
    world.register(identity)
    world.box.virsh("start", "first")
    assert world.box.state("first") == "running"
    assert secret_of(world, "first") == PASSPHRASE
    sev = world.box.qmp("first", "query-sev")
    assert sev["state"] == "running" and sev["policy"] == 1, sev
    assert not world.way_to_monitor(identity), "a running guest's second monitor can be reached"
    launch = world.launch_state(identity, "running")
    assert launch["host"] == "node1" and launch["domain"]["uuid"] == identity, launch
    shown = world.launch(launch["launch-id"])
    assert [step["name"] for step in shown["steps"]], shown
    world.box.virsh("destroy", "first")
    world.launch_state(identity, "ended")
    running.clean(world, identity)


@suite
def without_secrets_a_firmware_needs_no_area_for_them(world):
    bare = world.bare_firmware
    identity = world.make_domain("bare", firmware=bare)
    world.owner("vm", "register", identity, "--policy", "1", "--firmware", bare)
    world.box.virsh("start", "bare")
    assert world.box.state("bare") == "running"
    world.launch_state(identity, "running")


@suite
def destroyed_and_started_again_with_new_keys(world):
    identity = world.make_domain("again")
    world.register(identity)
    sessions, launches = set(), set()
    for _ in range(3):
        world.box.virsh("start", "again")
        sessions.add(world.session_file("again"))
        launches.add(world.launch_state(identity, "running")["launch-id"])
        assert secret_of(world, "again") == PASSPHRASE
        world.box.virsh("destroy", "again")
        world.launch_state(identity, "ended")
    assert len(sessions) == 3 and len(launches) == 3
    assert len({session[16:48] for session in sessions}) == 3, "TEK and TIK wrapped the same"
    running.clean(world, identity)


@suite
def connection_that_a_service_ended_costs_no_start(world):
    identity = world.make_domain("kept")
    world.register(identity)
    for how in (signal.SIGTERM, signal.SIGKILL):
        world.box.virsh("start", "kept")
        world.launch_state(identity, "running")
        world.box.virsh("destroy", "kept")
        world.launch_state(identity, "ended")
        world.box.stop("virt-attestd", how)
        world.start_all()
    world.box.virsh("start", "kept")
    world.launch_state(identity, "running")


@suite
def two_domains_started_at_once(world):
    identities = {name: world.make_domain(name) for name in ("left", "right")}
    for identity in identities.values():
        world.register(identity)
    threads = [threading.Thread(target=world.box.run_virsh, args=("start", name)) for name in identities]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, identity in identities.items():
        assert world.box.state(name) == "running", world.box.tails()
        assert secret_of(world, name) == PASSPHRASE
        world.launch_state(identity, "running")
    assert world.session_file("left") != world.session_file("right")
    for name in identities:
        world.box.virsh("destroy", name)


@suite
def prepared_by_an_earlier_version(world):
    """Its second monitor is two options, or in another directory; “domain prepare” rewrites it and nothing else."""
    identity = world.make_domain("older")
    world.register(identity)
    xml = world.box.virsh("dumpxml", "older")
    place = f"/run/virt-attest/qmp/libvirt-{identity}/monitor.sock"
    line = "    <qemu:arg value='{}'/>\n".format
    now = line("-qmp") + line(f"unix:{place},server=on,wait=off")
    assert xml.count(now) == 1, xml
    pair = (line("-chardev") + line(f"socket,id=virt-attest,path={place},server=on,wait=off") + line("-mon")
            + line("chardev=virt-attest,mode=control"))
    for then in (pair, pair.replace(f"/qmp/libvirt-{identity}/", f"/qmp/{identity}/")):
        before = xml.replace(now, then)
        world.box.define(before)
        world.box.virsh("start", "older")
        assert secret_of(world, "older") == PASSPHRASE
        assert not world.way_to_monitor(identity)
        world.box.virsh("destroy", "older")
        world.launch_state(identity, "ended")
        running.clean(world, identity)
        assert world.run(world.box.program("virt-attest"), "domain", "prepare", stdin=before).strip() == xml.strip()


@suite
def started_again_whatever_was_left_at_the_monitor(world):
    """Another QEMU process puts a folder with something in it into the place of the monitor."""
    identity = world.make_domain("obstructed")
    world.register(identity)
    place = f"/run/virt-attest/qmp/libvirt-{identity}"
    for left in (f"{place}/monitor.sock/x/y", f"{place}/d/d/d"):
        world.run("mkdir", "-p", place, left)
        world.run("chown", "-R", "libvirt-qemu", place)
        world.box.virsh("start", "obstructed")
        world.launch_state(identity, "running")
        world.box.virsh("destroy", "obstructed")
        world.launch_state(identity, "ended")
        running.clean(world, identity)


@suite
def started_paused_then_resumed(world):
    identity = world.make_domain("paused")
    world.register(identity)
    world.box.virsh("start", "--paused", "paused")
    assert world.box.state("paused") == "paused"
    world.launch_state(identity, "running")
    assert secret_of(world, "paused") == PASSPHRASE
    world.box.virsh("resume", "paused")
    assert world.box.state("paused") == "running"
    world.box.virsh("destroy", "paused")
    world.launch_state(identity, "ended")
    running.clean(world, identity)


@suite
def started_paused_and_resumed_at_once(world):
    identity = world.make_domain("hasty")
    world.register(identity)
    for _ in range(3):
        world.box.virsh("start", "--paused", "hasty")
        world.box.virsh("resume", "hasty")
        assert world.box.state("hasty") == "running"
        assert secret_of(world, "hasty") == PASSPHRASE
        world.launch_state(identity, "running")
        world.box.virsh("destroy", "hasty")
        world.launch_state(identity, "ended")


@suite
def goes_on_when_its_owner_confirms(world):
    """While virsh still waits, and, another time, after it gave up."""
    identity = world.make_domain("confirmed")
    world.register(identity, "--confirm-after", "0")
    results = []
    start = threading.Thread(target=lambda: results.append(world.box.run_virsh("start", "confirmed")))
    start.start()
    launch = world.launch_state(identity, "waiting")
    world.owner("launch", "approve", launch["launch-id"])
    start.join()
    assert results[0].code == 0, results
    assert world.launch_state(identity, "running")["launch-id"] == launch["launch-id"]
    assert secret_of(world, "confirmed") == PASSPHRASE
    world.box.virsh("destroy", "confirmed")
    world.launch_state(identity, "ended")
    error = running.refused(world, "confirmed", "is waiting for confirmation")
    launch = world.launch_state(identity, "waiting")
    assert launch["launch-id"] in error, error
    world.owner("launch", "approve", launch["launch-id"])
    world.box.virsh("start", "confirmed")
    assert world.launch_state(identity, "running")["launch-id"] == launch["launch-id"]
    assert secret_of(world, "confirmed") == PASSPHRASE
    world.box.virsh("destroy", "confirmed")
    world.launch_state(identity, "ended")
    results.clear()
    start = threading.Thread(target=lambda: results.append(world.box.run_virsh("start", "confirmed")))
    start.start()
    world.owner("launch", "deny", world.launch_state(identity, "waiting")["launch-id"])
    start.join()
    assert results[0].code != 0 and "confirmation-denied" in results[0].err, results
    running.clean(world, identity)


@suite
def suspended_and_resumed_without_a_second_attestation(world):
    identity = world.make_domain("sleeper")
    world.register(identity)
    world.box.virsh("start", "sleeper")
    world.launch_state(identity, "running")
    world.box.virsh("suspend", "sleeper")
    world.box.stop("virt-attest-hostd")
    world.box.virsh("resume", "sleeper")
    assert world.box.state("sleeper") == "running"
    world.start_all()
    assert len(world.launches(identity)) == 1
    world.box.virsh("destroy", "sleeper")
    world.launch_state(identity, "ended")


@suite
def reset_guest_goes_on(world):
    identity = world.make_domain("reset")
    world.register(identity)
    world.box.virsh("start", "reset")
    world.launch_state(identity, "running")
    world.box.virsh("reset", "reset")
    assert world.box.state("reset") == "running"
    world.box.virsh("suspend", "reset")
    world.box.virsh("reset", "reset")
    world.box.virsh("resume", "reset")
    assert world.box.state("reset") == "running"
    assert len(world.launches(identity)) == 1
    world.box.virsh("destroy", "reset")


@suite
def kernel_initrd_and_cmdline_measured(world):
    data = os.path.join(running.SOURCE, "tests/data/inputs")
    kernel, initrd = world.direct_boot_files(data)
    identity = world.make_domain("kernel", kernel=(kernel, initrd, "root=/dev/vda1 ro"))
    world.register(identity, "--kernel", kernel, "--initrd", initrd, "--cmdline", "root=/dev/vda1 ro")
    world.box.virsh("start", "kernel")
    assert secret_of(world, "kernel") == PASSPHRASE
    world.box.virsh("destroy", "kernel")


@suite
def sev_es_with_one_two_and_four_processors(world):
    for cpus, policy, model in ((1, "0x5", "qemu64"), (2, "0x5", "EPYC"), (4, "0x7", "EPYC")):
        name = f"es-{cpus}"
        identity = world.make_domain(name, policy=policy, cpus=cpus, model=model)
        world.register(identity, "--cpu-count", str(cpus), "--cpu-model", model, policy=policy)
        world.box.virsh("start", name)
        assert secret_of(world, name) == PASSPHRASE
        sev = world.box.qmp(name, "query-sev")
        assert sev["state"] == "running" and sev["policy"] == int(policy, 16), sev
        launch = world.launch(world.launch_state(identity, "running")["launch-id"])
        assert f"with {cpus} vCPUs of CPU" in launch["detail"] and "VMSA profile" in launch["detail"], launch
        world.box.virsh("destroy", name)
        world.launch_state(identity, "ended")


@suite
def sev_es_with_kernel_hashes_started_paused(world):
    kernel, initrd = world.direct_boot_files(os.path.join(running.SOURCE, "tests/data/inputs"))
    identity = world.make_domain("es-paused", policy="0x5", cpus=2, kernel=(kernel, initrd, "quiet"))
    world.register(identity, "--cpu-count", "2", "--cpu-model", "qemu64", "--kernel", kernel, "--initrd", initrd,
                   "--cmdline", "quiet", policy="0x5")
    world.box.virsh("start", "--paused", "es-paused")
    world.launch_state(identity, "running")
    world.box.virsh("resume", "es-paused")
    assert secret_of(world, "es-paused") == PASSPHRASE


@suite
def agent_restarted_while_the_guest_runs(world):
    identity = world.make_domain("survivor")
    world.register(identity)
    world.box.virsh("start", "survivor")
    world.launch_state(identity, "running")
    world.restart("virt-attest-hostd")
    assert world.box.state("survivor") == "running"
    world.box.virsh("destroy", "survivor")
    world.launch_state(identity, "ended")
    running.clean(world, identity)


@suite
def libvirtd_restarted_while_the_guest_runs(world):
    identity = world.make_domain("persistent")
    world.register(identity)
    world.box.virsh("start", "persistent")
    world.box.restart_libvirtd()
    assert world.box.state("persistent") == "running"
    world.box.virsh("suspend", "persistent")
    world.box.virsh("resume", "persistent")
    assert world.box.state("persistent") == "running"
    world.box.virsh("destroy", "persistent")
    world.launch_state(identity, "ended")
    running.clean(world, identity)


@suite
def service_restarted_between_two_starts(world):
    identity = world.make_domain("patient")
    world.register(identity)
    world.restart("virt-attestd")
    world.box.virsh("start", "patient")
    world.box.virsh("destroy", "patient")
    world.launch_state(identity, "ended")


@suite
def outcome_told_late_is_not_lost(world):
    identity = world.make_domain("late")
    world.register(identity)
    world.box.virsh("start", "late")
    world.launch_state(identity, "running")
    world.box.stop("virt-attestd")
    world.box.virsh("destroy", "late")
    world.restart("virt-attest-hostd")
    world.start_all()
    world.launch_state(identity, "ended", limit=30)


@suite
def domains_that_are_not_ours_start_with_agent_and_service_down(world):
    world.box.stop("virt-attest-hostd")
    world.box.stop("virt-attestd")
    world.make_domain("plain", confidential=False, prepare=False)
    world.make_domain("unopted", prepare=False)
    times = {}
    for name in ("plain", "unopted"):
        began = time.monotonic()
        world.box.virsh("start", name)
        times[name] = time.monotonic() - began
        assert world.box.state(name) == "running"
        world.box.virsh("destroy", name)
    print("# " + ", ".join(f"{name}: {value * 1000:.0f} ms" for name, value in times.items()))


@suite
def domains_that_are_not_ours_start_whatever_lies_in_run(world):
    """A marker that was left by a domain which opted out, modes that others changed, a full /run; the agent is away."""
    identity = world.make_domain("plain", confidential=False, prepare=False)
    world.box.stop("virt-attest-hostd")
    run, marker = "/run/virt-attest", f"/run/virt-attest/domains/{identity}"

    def starts():
        world.box.virsh("start", "plain")
        world.box.virsh("suspend", "plain")
        world.box.virsh("resume", "plain")
        world.box.virsh("destroy", "plain")
    for text in ("pending\n", "attested 1 1\n", "garbage", ""):
        world.box.write(marker, text)
        starts()
    for path, odd, right in ((run, 0o775, 0o711), (f"{run}/domains", 0o770, 0o700)):
        os.chmod(path, odd)
        try:
            starts()
            world.box.restart_libvirtd()
            starts()
        finally:
            os.chmod(path, right)
    world.run("mount", "-t", "tmpfs", "-o", "mode=0711,nr_inodes=1", "none", run)
    try:
        world.box.restart_libvirtd()
        starts()
    finally:
        world.run("umount", run)
    os.unlink(marker)
    world.box.restart_libvirtd()


@suite
def domains_that_are_not_ours_start_with_what_looks_like_ours(world):
    """Our namespace in a comment, an attribute, another namespace; megabytes of metadata; the agent is away."""
    name = "urn:virt-attest:launch:1"
    world.box.stop("virt-attest-hostd")
    for inside in (f"<!-- {name} -->", f"<?foo {name}?>", f"<a b='{name}'/>", f"<a xmlns='{name}0'/>",
                   f"<![CDATA[<a xmlns='{name}'/>]]>"):
        world.box.define(sandbox.plain_domain("similar", emulator=world.emulator,
                                              metadata=f"<o:other xmlns:o='urn:o'>{inside}</o:other>"))
        world.box.virsh("start", "similar")
        world.box.virsh("destroy", "similar")
        world.box.virsh("undefine", "similar")
    # No call to libvirt takes so much at once, but several may put it there. libvirt 11 reads no more than 10 MiB.
    world.box.define(sandbox.plain_domain("similar", emulator=world.emulator))
    world.box.stop_libvirtd()
    path = "/etc/libvirt/qemu/similar.xml"
    blobs = "".join(f"<k:k xmlns:k='urn:k{number}'>{'x' * 3_400_000}</k:k>" for number in range(3))
    xml = world.read(path)
    xml = xml.replace("<metadata/>", "").replace("<metadata></metadata>", "")
    assert "<memory" in xml and "<metadata" not in xml, xml
    world.box.write(path, xml.replace("<memory", f"<metadata>{blobs}</metadata><memory", 1))
    world.box.start_libvirtd()
    world.box.virsh("start", "similar")
    world.box.virsh("destroy", "similar")
    world.box.virsh("undefine", "similar")


@suite
def cost_of_hook_and_gate_for_a_domain_that_is_not_ours(world):
    def ten_starts():
        began = time.monotonic()
        for _ in range(10):
            world.box.virsh("start", "plain")
            world.box.virsh("destroy", "plain")
        return (time.monotonic() - began) / 10

    world.make_domain("plain", confidential=False, prepare=False)
    ten_starts()
    with_both = ten_starts()
    world.box.remove_hook()
    world.box.configure_qemu(lock_manager=None)
    world.box.restart_libvirtd()
    without = ten_starts()
    world.box.restore_hook()
    world.box.configure_qemu()
    world.box.restart_libvirtd()
    print(f"# start and destroy, mean of ten: {with_both * 1000:.1f} ms with hook and gate, {without * 1000:.1f} ms "
          f"without: ratio {with_both / without:.3f}")


if __name__ == "__main__":
    running.main(suite)
