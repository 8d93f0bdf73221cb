#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What ./demo --openstack shows: Nova's own libvirt driver starts an attested guest, and is refused one.

Like demo.py, with Debian 12's Nova at VA_NOVA. What stands in for the rest of a cloud is in tests/nova.
"""
import os
import shutil

import compute
import demo
import novadomain
import running

PROJECT = novadomain.PROJECT
IMAGE = "0c5e5a7e-0d15-4bad-8000-ba5eba11ab1e"
COMMAND_LINE = "root=/dev/mapper/root ro"
FLAGS = {"createWithFlags": {0: "", 1: "START_PAUSED"}}


class OpenStackDemo(demo.Demo):
    introduction = demo.Demo.introduction + """
The compute node's Nova is real too: its libvirt driver, objects and database schema, with os-vif. There is no cloud around
it: a small program calls the driver as nova-compute would. Lines with “#” say what an operator or a tenant types in a cloud."""
    ending = """\
As it should be: Nova's instance started with its secret, each start was a launch of its own, and the changed firmware was
refused without a single instruction. Nova, its configuration of the guest and its database are as they were.
What was started has been stopped, and its namespace is gone. docs/OPENSTACK.md says how to set it up."""

    def __init__(self, box):
        super().__init__(box)
        self.registration = novadomain.id_by_image(PROJECT, IMAGE)
        self.nova = None

    def steps(self):
        return (self.make_site, self.certificates_and_service, self.host, self.tenant, self.spawn, self.reboot, self.refuse)

    def make_site(self):
        super().make_site()
        shutil.copy(running.FIRMWARE, self.world.firmware)
        for path, name in zip(self.world.direct_boot_files(os.path.join(running.SOURCE, "tests/data/inputs")),
                              ("vmlinuz", "initrd.img")):
            os.rename(path, f"{self.home}/{name}")

    # -- the operator

    def before_libvirtd(self):
        compute.prepare(self.box, self.world.firmware)
        compute.configure(self.world)

    def host(self):
        super().host()
        self.chapter("The compute node, for guests that nobody prepared: the same rule in agent, hook and gate, the firmware's\n"
                     "   descriptor, and virt-attest's emulator program, which libvirt finds before QEMU")
        self.show("sed -n '/unprepared/,$p' /etc/virt-attest/hostd.conf")
        self.show("head /etc/virt-attest/hook.conf /etc/virt-attest/gate.conf")
        self.show(f"cat {compute.DESCRIPTORS}/*.json")
        self.show("virsh domcapabilities --virttype kvm | grep '<path>'")
        self.nova = compute.Driver(self.box, quiet=True)
        found = self.nova.do("host")
        print(f"""
Nova {found['version']} finds on this host: SEV {found['sev']}, UEFI {found['uefi']}.

{demo.BOLD}# openstack flavor create --vcpus 1 --ram 128 --disk 1 confidential
# openstack flavor set confidential --property hw:mem_encryption=True{demo.PLAIN}""", flush=True)

    # -- the tenant

    def tenant(self):
        self.chapter("The tenant: an image with a kernel, a LUKS passphrase, and what may get it")
        self.configure_owner()
        print(f"""{demo.BOLD}\
# openstack image create --file web.raw --disk-format raw web
# openstack image set web --property kernel_id=… --property ramdisk_id=… --property os_command_line="{COMMAND_LINE}" \\
#   --property hw_firmware_type=uefi --property hw_machine_type=q35{demo.PLAIN}
""")
        self.nova.do("image", id=IMAGE, kernel=f"{self.home}/vmlinuz", ramdisk=f"{self.home}/initrd.img",
                     properties={"os_command_line": COMMAND_LINE})
        self.show("umask 077; head -c 24 /dev/urandom | base64 -w 0 >passphrase")
        self.show("virt-attest secret put web-disk --file passphrase")
        self.show(f"virt-attest vm register --nova-project {PROJECT} --nova-image {IMAGE} --name web --policy 0x33 "
                  f"--firmware OVMF.fd --kernel vmlinuz --initrd initrd.img --cmdline '{COMMAND_LINE}' --secret web-disk "
                  "--max-running 1")

    def ask_nova(self, action, name, command, **request):
        """Nova does something; its calls into libvirt are shown."""
        print(f"{demo.BOLD}# {command}{demo.PLAIN}")
        answer = self.nova.ask(action, name, **request)
        for call in answer["calls"]:
            flags = FLAGS.get(call["name"], {}).get(call["flags"], "")
            print(f"  Nova calls libvirt: {call['name']}({flags}), {call['ms']} ms{', which fails' if 'error' in call else ''}")
        print(f"  Nova: {answer.get('state') or answer.get('error') or 'done'}", flush=True)
        return answer

    def spawn(self):
        self.chapter("The tenant creates an instance; Nova starts it paused, and resumes it when its port is plugged")
        answer = self.ask_nova("spawn", "web-1", "openstack server create --image web --flavor confidential web-1", image=IMAGE,
                               project=PROJECT)
        if not answer["ok"]:
            raise demo.Failed("Nova did not start the instance")
        self.domain = answer["domain"]
        self.show(f"virsh dumpxml --inactive {self.domain} | "
                  "grep -E 'nova:(name|project|root)|<(loader|kernel|initrd|cmdline|emulator|launchSecurity|policy)'")
        launch = self.world_launch("running")
        self.show_secret()
        self.chapter("What the tenant sees")
        self.show(f"virt-attest launch show {launch}")

    def reboot(self):
        self.chapter("A hard reboot is a launch of its own, under the same permit")
        if not self.ask_nova("reboot", "web-1", "openstack server reboot --hard web-1")["ok"]:
            raise demo.Failed("Nova did not start the instance again")
        self.world_launch("running")
        self.show("virt-attest launch list")
        self.ask_nova("delete", "web-1", "openstack server delete web-1")
        self.world_launch("ended")

    def refuse(self):
        self.chapter("The same image, when somebody changed one byte of the firmware on the compute node")
        self.show(f"printf '\\x01' | dd of={self.world.firmware} bs=1 seek=4096 conv=notrunc status=none")
        finishes = self.world.finishes()
        answer = self.ask_nova("spawn", "web-2", "openstack server create --image web --flavor confidential web-2", image=IMAGE,
                               project=PROJECT)
        if answer["ok"] or self.world.finishes() != finishes:
            raise demo.Failed("the changed firmware was executed")
        launch = self.world_launch("refused")
        self.show(f"virt-attest launch show {launch}")


if __name__ == "__main__":
    demo.main(OpenStackDemo, compute.why_not())
