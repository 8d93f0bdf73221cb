# SPDX-License-Identifier: LGPL-2.1-or-later
"""Domains as people have them, and hosts that cannot launch all of them."""

import os
import re
import shutil


import running
from running import faulty, refused
from world import PASSPHRASE, secret_in_table

INPUTS = os.path.join(running.SOURCE, "tests/data/inputs")
suite = running.Suite()


def redefined(world, name, change, prepare=False):
    """The domain with another XML; prepared again if asked for."""
    before = world.box.virsh("dumpxml", name, "--inactive")
    after = change(before)
    assert after != before, f"{name} has nothing to change"
    if prepare:
        after = world.run(world.box.program("virt-attest"), "domain", "prepare", stdin=after)
    world.box.define(after)


def runs_attested(world, name, identity):
    world.box.virsh("start", name)
    assert world.box.state(name) == "running"
    launch = world.launch_state(identity, "running")
    entries = secret_in_table(world.memory(name, 0x810000, 0xc00))
    assert entries is not None and PASSPHRASE in {value.rstrip(b"\0") for value in entries.values()}, entries
    return world.launch(launch["launch-id"])


@suite
def command_line_with_xml_entities_starts(world):
    kernel, initrd = world.direct_boot_files(INPUTS)
    identity = world.make_domain("entities", kernel=(kernel, initrd, "a=1&amp;2 b=&lt;x&gt; c=&quot;q&quot; d=é"))
    world.register(identity, "--kernel", kernel, "--initrd", initrd, "--cmdline", "a=1&2 b=<x> c=\"q\" d=é")
    runs_attested(world, "entities", identity)


@suite
def current_vcpus_below_the_maximum_are_those_that_are_measured(world):
    identity = world.make_domain("current", policy="0x5", cpus=4)
    redefined(world, "current", lambda xml: re.sub("<vcpu[^>]*>4</vcpu>", "<vcpu placement='static' current='2'>4</vcpu>", xml))
    world.register(identity, "--cpu-count", "2", "--cpu-model", "qemu64", policy="0x5")
    assert "with 2 vCPUs" in runs_attested(world, "current", identity)["detail"]


@suite
def an_old_session_in_the_xml_gives_way(world):
    identity = world.make_domain("resessioned", prepare=False)
    redefined(world, "resessioned", lambda xml: xml.replace(
        "</launchSecurity>", "<dhCert>AQAAAAAOAAAAQAAAAAOAAAAQ</dhCert><session>NOTBASE64</session></launchSecurity>"), prepare=True)
    world.register(identity)
    runs_attested(world, "resessioned", identity)


@suite
def a_further_monitor_is_pointed_out_in_the_journal(world):
    identity = world.make_domain("watched")
    redefined(world, "watched", lambda xml: xml.replace(
        "<qemu:commandline>", "<qemu:commandline><qemu:arg value='-qmp'/><qemu:arg value='unix:/tmp/qmp-x.sock,server=on,wait=off'/>"))
    world.register(identity)
    before = len(world.log("virt-attest-hostd"))
    runs_attested(world, "watched", identity)
    said = world.log("virt-attest-hostd")[before:]
    assert re.search(r"domain watched: .*monitor", said), said


@suite
def a_second_sev_object_fails_with_qemus_words(world):
    identity = world.make_domain("doubled")
    redefined(world, "doubled", lambda xml: xml.replace(
        "<qemu:commandline>", "<qemu:commandline><qemu:arg value='-object'/>"
        "<qemu:arg value='sev-guest,id=lsec0,cbitpos=51,reduced-phys-bits=1,policy=1'/>"))
    world.register(identity)
    refused(world, "doubled", "lsec0")
    launch = world.launch(world.launch_state(identity, "failed")["launch-id"])
    assert "firmware-error" not in launch, launch


@suite
def a_name_that_is_not_ascii_starts(world):
    identity = world.make_domain("größe-测试")
    world.register(identity)
    assert runs_attested(world, "größe-测试", identity)["domain"]["name"] == "größe-测试"


@suite
def a_firmware_error_of_a_domain_whose_name_is_not_ascii(world):
    """libvirt's name of QEMU's log is the domain's."""
    identity = world.make_domain("größe-测试")
    world.register(identity)
    with faulty(world, "LAUNCH_START 13"):
        refused(world, "größe-测试", "fw_error=13")
    assert world.launch(world.launch_state(identity, "failed")["launch-id"])["firmware-error"] == 13


@suite
def an_attested_guest_that_runs_is_not_saved_and_runs_on(world):
    identity = world.make_domain("unsaved")
    world.register(identity)
    runs_attested(world, "unsaved", identity)
    world.box.virsh_fails("managedsave", "unsaved")
    assert world.box.state("unsaved") == "running" and len(world.launches(identity)) == 1


@suite
def firmware_older_than_registered(world):
    """Its certificate says another API version than it does: both are in the refusal."""
    old = f"{world.platforms}/old"
    shutil.copytree(f"{world.platforms}/real", old)
    text = re.sub(r"(?m)^api-minor *=.*$", "api-minor=17", world.read(f"{old}/platform.conf"))
    world.box.write(f"{old}/platform.conf", text)
    world.open_log(old)
    identity = world.make_domain("outdated")
    world.register(identity, "--min-api", "0.22")
    world.use_platform("old")
    world.restart("libvirtd", "virt-attest-hostd")
    refused(world, "outdated", "0.17", "0.24", "api-changed")
    assert world.launch_state(identity, "refused")["code"] == "api-changed"


def host_check(world, **env):
    """The line of each check, by its name; and how the program ended."""
    done = world.box.run(world.box.program("virt-attest"), "host", "check", env=env)
    return {line.split()[1]: line for line in done.out.splitlines()}, done.code


@suite
def host_check_tells_what_cannot_start(world):
    """No ASIDs are told here; a platform that is not in order is seen through /dev/sev, which the software platform plays."""
    lines, _ = host_check(world)
    assert not lines["sev"].startswith("ok") and "software platform" in lines["sev"], lines["sev"]
    assert lines["libvirt"].startswith("ok") and lines["apparmor"].startswith("ok") and lines["agent"].startswith("ok"), lines
    assert lines["unit"].startswith("warn") and "systemd does not run here" in lines["unit"], lines["unit"]
    # A program with AddressSanitizer wants to be asked before a library is loaded ahead of its own.
    played = {"LD_PRELOAD": preload(world), "VIRT_ATTEST_PLATFORM": world.platform,
              "ASAN_OPTIONS": "verify_asan_link_order=0:" + os.environ.get("ASAN_OPTIONS", "")}
    with faulty(world, "PLATFORM_STATUS 1"):
        lines, code = host_check(world, **played)
        assert code == 1 and lines["sev"].startswith("fix"), lines["sev"]
        assert "1 (Platform state is invalid): SEV is not initialized" in lines["sev"], lines["sev"]
    lines, _ = host_check(world, **played)
    assert "error 1" not in lines["sev"], lines["sev"]


def preload(world):
    """The library that plays /dev/sev, as the platform's wrapper of QEMU names it."""
    return re.search(r"LD_PRELOAD='?([^'$\s:]+)", world.read(os.path.realpath(world.emulator))).group(1)


if __name__ == "__main__":
    running.main(suite)
