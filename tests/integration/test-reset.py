# SPDX-License-Identifier: LGPL-2.1-or-later
"""A reset is no way around attestation: QEMU 11.1 answers one with another launch where processors cannot be reset."""

import json

import running
from world import PASSPHRASE

ES = "0x5"
LAUNCHED_AGAIN = "launched it again without attestation"
suite = running.Suite()


class Guest:
    """An attested one that runs, and what the platform is asked from then on."""

    def __init__(self, world, name, policy, restart=False, paused=False):
        self.world, self.name = world, name
        self.identity = world.make_domain(name, policy=policy)
        if restart:
            self.allow_restart()
        measured = ("--cpu-count", "1", "--cpu-model", "qemu64") if policy == ES else ()
        world.register(self.identity, *measured, policy=policy)
        self.start(paused)

    def allow_restart(self):
        """As a domain is that “domain prepare” never saw."""
        xml = self.world.box.virsh("dumpxml", "--inactive", self.name)
        assert "<on_reboot>destroy</on_reboot>" in xml, xml
        self.world.box.define(xml.replace("<on_reboot>destroy</on_reboot>", "<on_reboot>restart</on_reboot>"))

    def start(self, paused=False):
        self.world.box.virsh("start", *(["--paused"] if paused else []), self.name)
        self.launch = self.world.launch_state(self.identity, "running")["launch-id"]
        if paused:
            self.world.box.virsh("resume", self.name)
        self.pid = self.world.box.qemu_pid(self.name)
        assert self.world.box.state(self.name) == "running"
        assert self.starts() == 1, self.commands()

    def commands(self):
        """What this QEMU asked of the platform."""
        lines = (line.split() for line in self.world.read(f"{self.world.platform}/log").splitlines())
        return [line[1] for line in lines if line[0] == str(self.pid)]

    def starts(self):
        return self.commands().count("LAUNCH_START")

    def measurement(self):
        told = self.world.box.virsh("domlaunchsecinfo", self.name).split()
        return told[told.index("sev-measurement:") + 1]

    def relaunches(self):
        """Whether this QEMU would launch such a guest again."""
        version = self.world.box.qmp(self.name, "query-version")["qemu"]
        return (version["major"], version["minor"]) >= (11, 1)

    def undo(self):
        """Somebody has QEMU reset the machine again."""
        self.world.box.qmp(self.name, "set-action", reboot="reset")

    def ends(self):
        """libvirt and the service know it, and QEMU has gone."""
        self.world.box.wait_for("the guest's end", lambda: self.world.box.state(self.name) == "shut off")
        self.world.launch_state(self.identity, "ended")
        assert not self.world.qemu_processes(self.identity)
        running.clean(self.world, self.identity)
        return self.world.launch(self.launch)

    def is_attested_again(self):
        before = self.launch
        self.start()
        assert self.launch != before
        assert running.secret_of(self.world, self.name) == PASSPHRASE


@suite
def sev_guest_is_reset_without_another_launch(world):
    guest = Guest(world, "plain", "0x1")
    measurement, commands = guest.measurement(), guest.commands()
    world.box.virsh("reset", "plain")
    assert world.box.state("plain") == "running"
    world.box.virsh("suspend", "plain")
    world.box.virsh("reset", "plain")
    world.box.virsh("resume", "plain")
    assert world.box.state("plain") == "running"
    assert guest.commands() == commands and guest.measurement() == measurement
    world.restart("virt-attest-hostd")
    assert world.box.state("plain") == "running" and len(world.launches(guest.identity)) == 1


@suite
def prepared_sev_es_guest_ends_with_a_reset(world):
    guest = Guest(world, "prepared", ES)
    world.box.virsh("reset", "prepared")
    shown = guest.ends()
    assert guest.starts() == 1, guest.commands()
    assert LAUNCHED_AGAIN not in json.dumps(shown), shown
    guest.is_attested_again()


@suite
def sev_es_guest_ends_with_a_reset_whatever_its_xml_says(world):
    """Reset by virsh, by QEMU's monitor, after a paused start, and after libvirt was restarted."""
    guest = Guest(world, "restarting", ES, restart=True)
    world.box.virsh("reset", "restarting")
    guest.ends()
    assert guest.starts() == 1, guest.commands()
    guest.is_attested_again()
    world.box.qmp("restarting", "system_reset")
    guest.ends()
    assert guest.starts() == 1, guest.commands()
    guest.start(paused=True)
    world.box.virsh("reset", "restarting")
    guest.ends()
    assert guest.starts() == 1, guest.commands()
    guest.start()
    world.box.restart_libvirtd()
    world.box.virsh("reset", "restarting")
    guest.ends()
    assert guest.starts() == 1, guest.commands()


@suite
def launched_again_it_is_destroyed(world):
    """Somebody had QEMU reset it all the same. Before QEMU 11.1 it ends by itself then."""
    guest = Guest(world, "again", ES, restart=True)
    relaunches, log = guest.relaunches(), len(world.log("virt-attest-hostd"))
    guest.undo()
    world.box.virsh("reset", "again")
    shown = guest.ends()
    assert guest.starts() == (2 if relaunches else 1), guest.commands()
    assert (LAUNCHED_AGAIN in json.dumps(shown)) == relaunches, shown
    assert (LAUNCHED_AGAIN in world.log("virt-attest-hostd")[log:]) == relaunches
    assert guest.commands().count("LAUNCH_SECRET") == 1, guest.commands()
    guest.is_attested_again()
    print("# this QEMU", "launched it again" if relaunches else "does not launch it again")


@suite
def launched_again_while_the_agent_was_away_it_is_destroyed(world):
    guest = Guest(world, "unseen", ES, restart=True)
    relaunches = guest.relaunches()
    guest.undo()
    world.box.stop("virt-attest-hostd")
    world.box.virsh("reset", "unseen")
    if relaunches:
        world.box.wait_for("the second launch", lambda: guest.commands().count("LAUNCH_FINISH") == 2)
        assert world.box.state("unseen") == "running"
    world.start_all()
    shown = guest.ends()
    assert (LAUNCHED_AGAIN in json.dumps(shown)) == relaunches, shown


@suite
def reset_while_it_was_suspended_it_does_not_run_on(world):
    """QEMU 11.1 measures nothing then, and its firmware refuses to let the guest run."""
    guest = Guest(world, "suspended", ES, restart=True)
    guest.undo()
    world.box.virsh("suspend", "suspended")
    world.box.run_virsh("reset", "suspended")
    world.box.run_virsh("resume", "suspended")
    guest.ends()
    assert guest.commands().count("LAUNCH_SECRET") == 1, guest.commands()


if __name__ == "__main__":
    running.main(suite)
