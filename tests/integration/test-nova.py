#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""OpenStack Nova's own libvirt driver on a compute node with hook, gate and agent. Nova's code and XML are as they are."""

import functools
import glob
import os

import compute
import novadomain
import running

suite = running.Suite()
PROJECT = novadomain.PROJECT
PAUSED = 1  # VIR_DOMAIN_START_PAUSED
POLICY = "0x33"


def with_nova(test):
    """A test of the suite. All share one process of Nova; instances and changed settings end with the test."""
    @functools.wraps(test)
    def wrapped(world):
        world.nova = world.nova or compute.Driver(world.box)
        try:
            test(world)
        finally:
            world.nova.forget()
            compute.configure(world)
    return suite(wrapped)


def registered(world, *arguments, **image):
    """An image that the owner has registered for a project, with one running launch at most: image, registration."""
    identity = world.nova.do("image", **image)["id"]
    registration = novadomain.id_by_image(PROJECT, identity)
    world.register(f"--nova-project={PROJECT}", f"--nova-image={identity}", "--max-running", "1", *arguments, policy=POLICY)
    return identity, registration


def spawn(world, name, image, **request):
    return world.nova.do("spawn", name, image=image, project=PROJECT, **request)


def launched(world, registration, domain, count):
    """The newest of @count launches runs, with the owner's secret in the guest's memory."""
    launch = world.launch_state(registration, "running")
    assert len(world.launches(registration)) == count, world.launches(registration)
    assert running.secret_of(world, domain) == world.passphrase
    return world.launch(launch["launch-id"])


def created(answer):
    """The flags with which Nova let libvirt start the guest, once in this answer."""
    flags = [call["flags"] for call in answer["calls"] if call["name"].startswith("create")]
    assert len(flags) == 1, answer
    return flags[0]


def refused(world, image, *words, at="createWithFlags", **request):
    """Nova's spawn fails at a call into libvirt and gets a sentence with @words; the guest never ran."""
    finishes = world.finishes()
    answer = world.nova.ask("spawn", "refused", image=image, **{"project": PROJECT, **request})
    assert not answer["ok"], answer
    assert [call["name"] for call in answer["calls"] if "error" in call][:1] == [at], answer
    for word in words:
        assert word.lower() in answer["error"].lower(), f"“{word}” is not in: {answer['error']}"
    assert world.finishes() == finishes, "refused, but its CPUs ran"
    assert len(world.box.virsh("list", "--all", "--name").split()) == len(world.nova.names), "Nova's clean-up left a domain"
    print(f"# {answer['error'].splitlines()[-1]}", flush=True)


def newest(world, registration, state, code=None):
    launch = world.launch_state(registration, state)
    assert code is None or launch.get("code") == code, launch


@with_nova
def an_ordinary_instance_through_all_of_its_life(world):
    """Instances without encryption, while agent and service are stopped: all that Nova does with them works."""
    image = world.nova.do("image")["id"]
    world.box.stop("virt-attest-hostd")
    world.box.stop("virt-attestd")
    assert world.nova.do("spawn", "plain", image=image, ports="plugged", encryption="none")["state"] == "running"
    for action in ("reboot", "pause", "unpause", "rescue", "unrescue"):
        world.nova.do(action, "plain")


@with_nova
def every_start_is_a_launch_of_its_own(world):
    """Spawned paused, rebooted, stopped, rescued, rebuilt, moved: attested each time, with one permit for all."""
    image, registration = registered(world)
    finishes = world.finishes()
    answer = spawn(world, "life", image)
    domain, count = answer["domain"], 1
    assert created(answer) == PAUSED
    launch = launched(world, registration, domain, count)
    assert launch["domain"]["uuid"] == answer["uuid"], launch
    source = launch["source"]
    assert source["kind"] == "nova" and source["project"] == PROJECT and source["image"] == image, launch
    assert source["instance"] == answer["uuid"] and source["selector"] == "nova-image", launch
    for action in ("reboot", "soft-reboot", "start", "rescue", "unrescue", "rebuild", "migrate", "host-boot"):
        if action in ("start", "host-boot"):
            assert world.nova.do("stop", "life")["state"] == "shutdown"
            world.launch_state(registration, "ended")
        answer, count = world.nova.do(action, "life"), count + 1
        assert answer["state"] == "running" and created(answer) == (PAUSED if action == "rebuild" else 0), answer
        launched(world, registration, domain, count)
    assert world.finishes() - finishes == count
    world.nova.do("delete", "life")
    newest(world, registration, "ended")


@with_nova
def pausing_needs_no_launch(world):
    image, registration = registered(world)
    spawn(world, "pausing", image, ports="plugged")
    world.launch_state(registration, "running")
    world.box.stop("virt-attest-hostd")
    assert world.nova.do("pause", "pausing")["state"] == "paused"
    assert world.nova.do("unpause", "pausing")["state"] == "running"
    assert len(world.launches(registration)) == 1


@with_nova
def a_second_instance_is_beyond_the_permit(world):
    """“--max-running 1”: the first one continues, and may be rebooted; the second starts when the first is deleted."""
    image, registration = registered(world)
    domain = spawn(world, "first", image, ports="plugged")["domain"]
    launched(world, registration, domain, 1)
    refused(world, image, "running-limit", ports="plugged")
    world.nova.do("reboot", "first")
    launched(world, registration, domain, 2)
    world.nova.do("delete", "first")
    spawn(world, "second", image, ports="plugged")
    world.launch_state(registration, "running")


@with_nova
def kernel_and_command_line_of_the_image_are_measured(world):
    """kernel_id, ramdisk_id and os_command_line. Nova writes no kernelHashes; another command line is refused."""
    kernel, initrd = world.direct_boot_files(os.path.join(running.SOURCE, "tests/data/inputs"))
    files = ("--kernel", kernel, "--initrd", initrd)
    image, registration = registered(world, *files, "--cmdline", "root=LABEL=x quiet", kernel=kernel, ramdisk=initrd,
                                     properties={"os_command_line": "root=LABEL=x quiet"})
    launched(world, registration, spawn(world, "kernel", image)["domain"], 1)
    image, registration = registered(world, *files, "--cmdline", "root=LABEL=x", kernel=kernel, ramdisk=initrd,
                                     properties={"os_command_line": "root=LABEL=x init=/bin/sh"})
    refused(world, image, "measurement", at="resume")
    newest(world, registration, "refused", "measurement-mismatch")


@with_nova
def firmware_that_was_changed_by_a_byte(world):
    """Nova finds it out when it resumes the paused guest, or at the start itself."""
    image, registration = registered(world)
    with running.changed_firmware(world):
        refused(world, image, "firmware-not-allowed", at="resume")
        newest(world, registration, "refused", "firmware-not-allowed")
        refused(world, image, "firmware-not-allowed", ports="plugged")
    assert len(world.launches(registration)) == 2


@with_nova
def without_the_hook(world):
    image, registration = registered(world)
    world.box.remove_hook()
    try:
        refused(world, image, "no launch was started", ports="plugged")
        refused(world, image, "no launch was started", at="resume")
    finally:
        world.box.restore_hook()
    assert not world.launches(registration)


@with_nova
def without_the_agent(world):
    image, registration = registered(world)
    world.box.stop("virt-attest-hostd")
    refused(world, image, "cannot reach the host agent")
    assert not world.launches(registration)


@with_nova
def without_the_service(world):
    image, registration = registered(world)
    world.box.stop("virt-attestd")
    refused(world, image, "cannot reach the service")
    world.start_all()
    assert not world.launches(registration)


@with_nova
def without_the_emulator_program(world):
    """libvirtd's PATH lacks it, or the domain was defined before it was there."""
    image, registration = registered(world)
    compute.configure(world, path=False)
    refused(world, image, "emulator program", at="resume")
    newest(world, registration, "failed")


@with_nova
def a_domain_that_was_defined_before_the_emulator_program_came(world):
    """Its <emulator> is QEMU: it is refused until it is defined again, as Nova does at a hard reboot."""
    image, registration = registered(world)
    domain = spawn(world, "older", image, ports="plugged")["domain"]
    world.nova.do("stop", "older")
    xml = world.box.virsh("dumpxml", "--inactive", domain)
    older = xml.replace(f"<emulator>{world.box.emulator_program}</emulator>", f"<emulator>{world.emulator}</emulator>")
    assert older != xml, xml
    world.box.define(older)
    finishes = world.finishes()
    assert "emulator program" in world.box.virsh_fails("start", domain)
    newest(world, registration, "failed")
    assert world.finishes() == finishes
    world.nova.do("reboot", "older")
    launched(world, registration, domain, 3)


@with_nova
def registered_by_project_and_flavor(world):
    """For instances that name no image, because they boot from a volume."""
    image = world.nova.do("image")["id"]
    registration = novadomain.id_by_flavor(PROJECT, "tenant's flavor")
    world.register(registration, "--any-domain", policy=POLICY)
    launched(world, registration, spawn(world, "volume", image, flavor="tenant's flavor")["domain"], 1)


@with_nova
def a_public_image_in_another_project(world):
    """It does not get the secrets of the project that has registered the image."""
    image, registration = registered(world)
    other = "5ca1ab1e000040008000000000000002"
    refused(world, image, "has no registration for this one", project=other)
    assert not world.launches(registration)


@with_nova
def an_image_that_is_not_registered(world):
    """Refused where all have to be attested; where registered ones have to, it starts and has no secret."""
    image = world.nova.do("image")["id"]
    refused(world, image, "has no registration for this one", novadomain.id_by_image(PROJECT, image))
    compute.configure(world, attest="registered", gate="no")
    finishes, count = world.finishes(), len(world.launches())
    spawn(world, "unknown", image)
    assert world.finishes() == finishes + 1 and len(world.launches()) == count
    image, registration = registered(world)
    launched(world, registration, spawn(world, "known", image)["domain"], 1)


@with_nova
def without_hook_and_gate_nothing_is_attested(world):
    """As before virt-attest knew Nova's domains: the guest runs, and has no secret."""
    image, registration = registered(world)
    compute.configure(world, hook="no", gate="no")
    finishes = world.finishes()
    spawn(world, "unattested", image)
    assert world.finishes() == finishes + 1 and not world.launches(registration)


@with_nova
def no_log_and_no_file_of_nova_has_the_secret(world):
    image, _ = registered(world)
    spawn(world, "secretive", image)
    paths = [*world.box.logs.values(), *glob.glob("/var/log/libvirt/**", recursive=True),
             *glob.glob(f"{compute.STATE}/**", recursive=True), *glob.glob("/etc/libvirt/qemu/*.xml")]
    read = 0
    for path in filter(os.path.isfile, paths):
        with open(path, "rb") as f:
            assert world.passphrase not in f.read(), path
        read += 1
    assert read > 8


def prepare(world):
    world.nova = None
    compute.prepare(world.box, world.firmware)
    compute.configure(world)


if __name__ == "__main__":
    running.main(suite, prepare, compute.why_not())
