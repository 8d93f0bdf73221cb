#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""SEV domains that nobody prepared, as OpenStack's Nova makes them, on a host that attests them: hook, emulator program,
agent and gate together. Each thing that can be wrong stops the start, or it says that it does not."""

import glob
import os
import uuid

import novadomain
import running
from novadomain import id_by_flavor, id_by_image
from running import clean, refused
from world import secret_in_table

suite = running.Suite()
SECRETS = 0x810000


def registered(world, registration=None, *arguments, policy="0x33", **options):
    """The registration of an image in a project."""
    registration = registration or id_by_image()
    if registration not in world.known:
        world.register(registration, "--any-domain", *arguments, policy=policy, **options)
        world.known.add(registration)
    return registration


def started(world, name, registration, *arguments):
    """Starts a domain and waits until the service has its launch as running; that launch."""
    world.box.virsh("start", *arguments, name)
    return world.launch_state(registration, "running")


def files(name):
    return glob.glob(f"/var/lib/libvirt/qemu/domain-*-{name}/session.base64")


@suite
def an_image_that_is_registered(world):
    """The whole way, twice: each start is a launch of its own, and nothing of the first is left for the second."""
    world.attest_unprepared()
    registration = registered(world)
    identity = novadomain.make(world, "instance-00000001")
    sessions = []
    for _ in range(2):
        launch = started(world, "instance-00000001", registration)
        assert launch["domain"]["uuid"] == identity, launch
        path = files("instance-00000001")[0]
        info = os.stat(path)
        assert info.st_mode & 0o777 == 0o600 and info.st_uid == os.stat(os.path.dirname(path)).st_uid
        sessions.append(world.session_file("instance-00000001"))
        table = secret_in_table(world.memory("instance-00000001", SECRETS, 4096))
        assert table is not None and world.passphrase + b"\0" in table.values(), table
        world.box.virsh("destroy", "instance-00000001")
        clean(world, identity)
        assert not files("instance-00000001")
    assert sessions[0] != sessions[1]


@suite
def a_start_that_waits_paused(world):
    """As Nova starts a domain whose network is not ready: paused, attested through libvirt, and resumed later."""
    world.attest_unprepared()
    registration = registered(world)
    identity = novadomain.make(world, "paused")
    started(world, "paused", registration, "--paused")
    assert world.box.state("paused") == "paused"
    table = secret_in_table(world.memory("paused", SECRETS, 4096))
    assert table is not None and world.passphrase + b"\0" in table.values(), table
    finishes = world.finishes()
    world.box.virsh("resume", "paused")
    assert world.box.state("paused") == "running" and world.finishes() == finishes + 1
    world.box.virsh("suspend", "paused")
    world.box.virsh("resume", "paused")
    world.box.virsh("destroy", "paused")
    clean(world, identity)


@suite
def a_kernel_image(world):
    """Nova writes no kernelHashes: they are added, so that another command line is refused."""
    world.attest_unprepared()
    kernel, initrd = world.direct_boot_files(os.path.join(running.SOURCE, "tests/data/inputs"))
    identity = novadomain.make(world, "kernel", kernel=(kernel, initrd, "root=/dev/vda -object -uuid"))
    world.register(identity, "--kernel", kernel, "--initrd", initrd, "--cmdline", "root=/dev/vda -object -uuid",
                   policy="0x33")
    started(world, "kernel", identity)
    world.box.virsh("destroy", "kernel")
    other = novadomain.make(world, "other", kernel=(kernel, initrd, "root=/dev/vda init=/bin/sh"))
    world.register(other, "--kernel", kernel, "--initrd", initrd, "--cmdline", "root=/dev/vda", policy="0x33")
    refused(world, "other", "measurement")
    clean(world, other)


@suite
def each_way_to_a_registration(world):
    """A flavor's extra spec, its name, and the domain's own UUID, which counts before the others."""
    world.attest_unprepared()
    spec = registered(world, str(uuid.uuid4()))
    registered(world, id_by_flavor())
    for name, wanted, options in (("spec", spec, {"root": "type='volume' uuid=''", "extra_spec": spec, "version": "1.2"}),
                                  ("flavor", id_by_flavor(), {"root": "type='volume' uuid=''"}),
                                  ("own", None, {})):
        identity = novadomain.make(world, name, **options)
        if wanted is None:
            world.register(identity, policy="0x33")
        started(world, name, wanted or identity)
        world.box.virsh("destroy", name)
        world.launch_state(wanted or identity, "ended")
        clean(world, identity)


@suite
def an_image_that_is_not_registered(world):
    """Required: refused, with the ids that were tried. Registered: it starts as on any other host."""
    world.attest_unprepared()
    stranger = str(uuid.uuid4())
    identity = novadomain.make(world, "unknown", root=f"type='image' uuid='{stranger}'")
    select = "uuid, nova-image"
    world.attest_unprepared(select=select)
    refused(world, "unknown", identity, id_by_image(image=stranger), "nova-image", "vm register")
    world.attest_unprepared("registered", select=select)
    refused(world, "unknown", "refuse-unattested")
    world.attest_unprepared("registered", select=select, refuse=False)
    world.box.virsh("start", "unknown")
    assert world.box.state("unknown") == "running" and not files("unknown")
    world.box.virsh("destroy", "unknown")
    world.attest_unprepared()


@suite
def what_brings_its_own_session(world):
    """It is for another way of attestation."""
    world.attest_unprepared()
    registered(world)
    novadomain.make(world, "own-session", inside="<dhCert>AAAA</dhCert><session>AAAA</session>")
    refused(world, "own-session", "<session>")


@suite
def the_hook_is_gone(world):
    world.attest_unprepared()
    registered(world)
    identity = novadomain.make(world, "hookless")
    world.box.remove_hook()
    try:
        refused(world, "hookless", "no launch was started", "refuse-unattested")
        world.box.virsh("start", "--paused", "hookless")
        refused(world, "hookless", "no launch was started", command="resume", wait_state="paused")
        world.box.virsh("destroy", "hookless")
        world.attest_unprepared(refuse=False)
        world.box.virsh("start", "hookless")  # nothing is left that could refuse it: "host check" has to say so
        assert world.box.state("hookless") == "running" and not world.launches(identity)
        world.box.virsh("destroy", "hookless")
    finally:
        world.box.restore_hook()


@suite
def agent_or_service_is_away(world):
    world.attest_unprepared()
    registered(world)
    identity = novadomain.make(world, "alone")
    world.box.stop("virt-attest-hostd")
    refused(world, "alone", "start virt-attest-hostd")
    world.restart("virt-attest-hostd")
    world.box.stop("virt-attestd")
    refused(world, "alone", "cannot reach the service")
    clean(world, identity)


@suite
def another_firmware_byte(world):
    world.attest_unprepared()
    registration = registered(world)
    firmware = f"{world.folder}/flipped.fd"
    with open(world.original_firmware, "rb") as source, open(firmware, "wb") as target:
        data = bytearray(source.read())
        data[0x1000] ^= 1
        target.write(data)
    identity = novadomain.make(world, "victim", firmware=firmware)
    refused(world, "victim", "firmware")
    world.launch_state(registration, "refused")
    clean(world, identity)
    world.box.virsh("start", "--paused", "victim")
    world.launch_state(registration, "refused")
    refused(world, "victim", "firmware", command="resume", wait_state="paused")


@suite
def no_emulator_program(world):
    """A definition that names QEMU itself, because it is older, or because the program was not in PATH."""
    world.attest_unprepared()
    registration = registered(world)
    identity = novadomain.make(world, "old", emulator=world.emulator)
    refused(world, "old", "emulator program", "define the domain again")
    clean(world, identity)
    assert world.launches(registration)[0]["state"] == "failed"
    world.box.virsh("start", "--paused", "old")
    refused(world, "old", "emulator program", command="resume", wait_state="paused")


@suite
def what_is_not_to_be_attested(world):
    """On a host that attests nothing unasked, an SEV domain starts through the emulator program as it was written."""
    world.attest_unprepared("no", refuse=False)
    novadomain.make(world, "plain")
    launches = len(world.launches())
    world.box.virsh("start", "plain")
    assert world.box.state("plain") == "running" and not files("plain") and len(world.launches()) == launches
    with open(f"/proc/{world.box.qemu_pid('plain')}/cmdline", "rb") as f:
        assert b"session-file" not in f.read()


@suite
def host_check_compares_the_settings(world):
    """It looks at the PATH of the running daemon and at definitions, too. This build is not installed: its directory is
    not the one that the check expects."""
    def check():
        done = world.box.run(world.box.program("virt-attest"), "host", "check")
        return {line.split()[1]: line for line in done.out.splitlines()}
    world.attest_unprepared()
    novadomain.make(world, "elsewhere", emulator=world.emulator)
    lines = check()
    assert lines["unprepared"].startswith("ok") and lines["configuration"].startswith("ok"), lines
    assert lines["emulator"].startswith("fix") and lines["definitions"].startswith("fix"), lines
    assert "elsewhere" in lines["definitions"], lines
    world.attest_unprepared(refuse=False)
    line = check()["unprepared"]
    assert line.startswith("fix") and "refuse-unattested = yes" in line, line
    world.attest_unprepared("registered")
    assert check()["unprepared"].startswith("fix")
    world.attest_unprepared("no", refuse=False)
    lines = check()
    for name in ("unprepared", "emulator", "definitions", "descriptors"):
        assert lines[name].startswith("ok"), lines


if __name__ == "__main__":
    running.main(suite)
