#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What ./demo shows: an attested start and a refused one, each command with what it printed.

Runs in a private mount and network namespace with a libvirt daemon of its own; ends with exit 0 only if every step went as
it should. VA_TOP_BUILDDIR: a build tree, or empty for what is installed; VA_FIRMWARE: a firmware image with a secret area.
"""
import os
import shlex
import shutil
import sys


import running
import sandbox
from world import CERTIFICATES, PORT, World, secret_in_table

UUID = "5e5a7e57-0c0d-4a11-8f00-d0c0ffee0451"
SECRET_GUID = "736869e5-84f0-4973-92ec-06879ce3da0b"  # OVMF's and Linux' GUID of a LUKS passphrase
DOMAIN = """\
<domain type='kvm'>
  <name>db1</name>
  <uuid>{uuid}</uuid>
  <memory unit='MiB'>256</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <loader type='rom'>{firmware}</loader>
  </os>
  <cpu mode='custom' check='none'><model>qemu64</model></cpu>
  <devices>
    <emulator>{emulator}</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
  <launchSecurity type='sev'>
    <cbitpos>51</cbitpos>
    <reducedPhysBits>1</reducedPhysBits>
    <policy>0x1</policy>
  </launchSecurity>
</domain>
"""
BOLD, PLAIN = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")


class Failed(Exception):
    """A step did not go as it should; the text says which and how."""


class Demo:
    introduction = f"""\
This machine's processor is not asked: what follows runs on virt-attest's software SEV platform, which protects
nothing. {sandbox.DAEMON}, QEMU, OVMF, and every part of virt-attest are the real ones. See virt-attest-platform(1)."""
    ending = """\
As it should be: started with its secret, and refused without a single instruction of the changed firmware.
What was started has been stopped, and its namespace is gone."""

    def __init__(self, box):
        self.registration, self.domain = UUID, "db1"
        self.box = box
        self.world = World(box, running.SOURCE, running.FIRMWARE, running.PLATFORM_BUILD)
        self.home = f"{box.folder}/demo"
        self.firmware = f"{self.home}/OVMF.fd"

    @staticmethod
    def chapter(text):
        print(f"\n{BOLD}== {text}{PLAIN}\n", flush=True)

    def show(self, command, expect=0, limit=120):
        """Prints a shell command and runs it; what it printed, on both streams, is printed and given back."""
        print(f"{BOLD}$ {command}{PLAIN}", flush=True)
        result = self.box.run("bash", "-c", f"cd {shlex.quote(self.home)}; {command}", limit=limit)
        text = result.out + result.err
        if text:
            print(text.rstrip("\n"), flush=True)
        if result.code != expect:
            raise Failed(f"this command ended with {result.code}, not with {expect}")
        return text

    # -- the steps

    def steps(self):
        return (self.make_site, self.certificates_and_service, self.host, self.owner, self.start, self.refuse)

    def make_site(self):
        for folder in (self.home, self.world.folder, self.world.platforms, CERTIFICATES):
            os.makedirs(folder, exist_ok=True)
        for folder in (self.box.folder, self.home):
            os.chmod(folder, 0o755)
        for name in ("virt-attest", "virt-attest-platform"):
            os.symlink(self.box.program(name), f"{self.box.bin}/{name}")
        self.box.env["HOME"] = self.home
        shutil.copy(running.FIRMWARE, self.firmware)

    def certificates_and_service(self):
        self.chapter("The service's machine: a CA for the site, a certificate for each party, the key of the store")
        folder = f"{CERTIFICATES}/ca"
        self.show(f"virt-attest ca init --dir {folder}")
        for role, name in (("service", "localhost"), ("host", "node1"), ("owner", "alice")):
            self.show(f"virt-attest ca issue {role} {name} --dir {folder} --out {CERTIFICATES} >ca-issue.txt && "
                      "head -n 3 ca-issue.txt")
        self.show("virt-attest service init")

    def host(self):
        self.chapter("The compute node: a software SEV platform in the place of AMD's, "
                     f"{self.box.daemon} with hook and gate, the agent")
        self.show(f"virt-attest-platform init {self.world.platforms}/real")
        self.world.open_log(f"{self.world.platforms}/real")
        self.world.use_platform("real")
        self.world.configure_service()
        self.world.configure_agent()
        self.before_libvirtd()
        print(f"{BOLD}$ virt-attestd &{PLAIN}")
        self.world.start_service()
        print(f"{BOLD}$ {self.box.daemon} &{PLAIN}")
        self.box.start_libvirtd()
        print(f"{BOLD}$ virt-attest-hostd &{PLAIN}")
        self.world.start_agent()
        self.show("grep lock_manager /etc/libvirt/qemu.conf; ls /etc/libvirt/hooks/qemu.d")
        self.show("virsh nodesevinfo | grep -v -e pdh -e cert-chain")

    def before_libvirtd(self):
        """What else a demo puts on the compute node."""

    def configure_owner(self):
        self.box.write(f"{self.home}/.config/virt-attest/client.conf", f"""\
url = https://localhost:{PORT}
ca = {CERTIFICATES}/ca/ca.pem
certificate = {CERTIFICATES}/owner-alice.pem
key = {CERTIFICATES}/owner-alice.key
""")

    def owner(self):
        self.chapter("The guest owner: a LUKS passphrase, and what may get it")
        self.configure_owner()
        self.box.write(f"{self.home}/db1.xml", DOMAIN.format(uuid=UUID, firmware=self.firmware,
                                                             emulator=self.world.emulator))
        self.show("umask 077; head -c 24 /dev/urandom | base64 -w 0 >passphrase")
        self.show("virt-attest secret put db1-disk --file passphrase")
        self.show(f"virt-attest vm register {UUID} --name db1 --policy 0x1 --firmware OVMF.fd --secret db1-disk "
                  "--max-running 1")
        self.show("virt-attest domain prepare db1.xml --output db1-attested.xml")
        self.show("diff -b db1.xml db1-attested.xml", expect=1)

    def start(self):
        self.chapter("The compute node: a plain virsh start")
        self.show("virsh define db1-attested.xml")
        self.show("time virsh start db1 2>&1")
        if self.box.state("db1") != "running":
            raise Failed(f"the domain is {self.box.state('db1')}, not running")
        launch = self.world_launch("running")
        self.show("""virsh qemu-monitor-command db1 --pretty '{"execute":"query-sev"}'""")

        self.show_secret()

        self.chapter("What the service keeps of it")
        self.show(f"virt-attest launch show {launch}")
        self.show("virsh destroy db1")
        self.world_launch("ended")

    def refuse(self):
        self.chapter("The same domain, when somebody changed one byte of the firmware on the compute node")
        self.show("printf '\\x01' | dd of=OVMF.fd bs=1 seek=4096 conv=notrunc status=none")
        finishes = self.world.finishes()
        self.show("virsh start db1", expect=1)
        self.show("virsh domstate db1")
        if self.world.finishes() != finishes or self.world.qemu_processes(UUID):
            raise Failed("the changed firmware was executed")
        launch = self.world_launch("refused")
        self.show(f"virt-attest launch show {launch}")

    # -- looking behind

    def show_secret(self):
        self.chapter("The secret table in the guest's memory: where the firmware wants it, what the owner put")
        self.show("grep LAUNCH_SECRET " + shlex.quote(f"{self.world.platform}/log") + " | tail -n 1")
        address = self.secret_address()
        self.show(f"touch table; chmod 666 table; virsh -q qemu-monitor-command {self.domain} --hmp "
                  f"'pmemsave {address:#x} 128 \"{self.home}/table\"'")
        self.show("od -A x -t x1z table; echo; cat passphrase; echo; rm -f table")
        self.compare_secret(address)

    def world_launch(self, state):
        """The id of the newest launch once it is in a state."""
        return self.world.launch_state(self.registration, state)["launch-id"]

    def secret_address(self):
        """Where the firmware's footer says that its secret area is."""
        import uuid
        with open(running.FIRMWARE, "rb") as f:
            image = f.read()
        end = image.rindex(uuid.UUID("4c2eb361-7d9b-4cc3-8081-127c90d3d294").bytes_le)
        return int.from_bytes(image[end - 10:end - 6], "little")

    def compare_secret(self, address):
        import uuid
        entries = secret_in_table(self.world.memory(self.domain, address, 0xc00))
        with open(f"{self.home}/passphrase", "rb") as f:
            if entries is None or entries.get(uuid.UUID(SECRET_GUID).bytes_le, b"").rstrip(b"\0") != f.read():
                raise Failed("the guest's memory does not hold the owner's passphrase")
        print(f"\nThe entry {SECRET_GUID} of the table is the owner's passphrase.", flush=True)


def main(kind=Demo, why_not=None):
    """Runs the steps of a kind of Demo."""
    reason = sandbox.why_not() or why_not
    if reason is not None:
        sys.exit(f"demo: {reason}")
    sandbox.enter()
    print(kind.introduction)
    with sandbox.Sandbox(build=running.BUILD) as box:
        demo = kind(box)
        try:
            for step in demo.steps():
                step()
        except (Failed, sandbox.SandboxError) as error:
            print(f"\ndemo: {error}\n{box.tails()}", file=sys.stderr)
            sys.exit(1)
    print(f"\n{kind.ending}")


if __name__ == "__main__":
    main()
