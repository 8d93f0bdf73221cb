# SPDX-License-Identifier: LGPL-2.1-or-later
"""An OpenStack compute node in the sandbox: what Nova's driver looks for on a host, and Nova's driver itself."""

import glob
import json
import os
import select
import subprocess
import time

from lib import namespace

import running

NOVA = os.environ.get("VA_NOVA", f"{running.SOURCE}/build/nova")
PACKAGES = f"{NOVA}/root/usr/lib/python3/dist-packages"
STATE = "/var/lib/nova"
DESCRIPTORS = "/usr/share/qemu/firmware"
CAP_SYS_RESOURCE = 24
ANSWER_LIMIT = 150


def why_not():
    """The reason why Nova cannot be run here, or None."""
    if os.path.exists(f"{NOVA}/complete"):
        return None
    try:
        with open(f"{NOVA}/why-not", encoding="utf-8") as f:
            return f.read().strip()
    except OSError:
        return "Nova has not been fetched: run ./check, or set VA_NOVA"


def prepare(box, firmware):
    """Makes the sandbox a host on which Nova finds SEV. Before libvirtd is started."""
    namespace.graft("/sys/module")
    for model in ("sev", "sev_es"):
        box.write(f"/sys/module/kvm_amd/parameters/{model}", "Y\n")
    # The guest's serial port is a terminal, which QEMU's user makes.
    namespace.mount("devpts", "/dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=0620,gid=5")
    if not os.path.islink("/dev/ptmx"):
        namespace.bind("/dev/pts/ptmx", "/dev/ptmx")
    for other in glob.glob("/usr/bin/qemu-system-i386"):
        namespace.bind("/dev/null", other)  # it lacks the platform, so libvirt would probe it anew for each of Nova's questions
    describe(box, firmware)
    namespace.tmpfs(STATE)
    lend_memory_lock(box)


def describe(box, firmware):
    """The firmware's descriptor, as docs/OPENSTACK.md has it. Nova 26 looks at the first descriptor that fits."""
    place = f"{box.folder}/descriptors"
    descriptor = {
        "description": "OVMF for AMD SEV with an area for secrets",
        "interface-types": ["uefi"],
        "mapping": {"device": "flash", "executable": {"filename": firmware, "format": "raw"},
                    "nvram-template": {"filename": glob.glob("/usr/share/OVMF/OVMF_VARS*.fd")[0], "format": "raw"}},
        "targets": [{"architecture": "x86_64", "machines": ["pc-q35-*"]}],
        "features": ["amd-sev", "amd-sev-es", "verbose-dynamic"],
        "tags": []}
    lines = (f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in descriptor.items())
    box.write(f"{place}/30-amdsev.json", "{\n" + ",\n".join(lines) + "\n}\n")
    namespace.bind(place, DESCRIPTORS)


def lend_memory_lock(box):
    """Nova's SEV guests have their memory locked, for which libvirtd needs a capability that containers lack."""
    with open("/proc/self/status", encoding="ascii") as f:
        effective = next(int(line.split()[1], 16) for line in f if line.startswith("CapEff:"))
    if not effective >> CAP_SYS_RESOURCE & 1:
        library = f"{box.folder}/memory-lock.so"  # where QEMU's user can read it
        with open(f"{running.BUILD}/tests/nova/.libs/memory-lock.so", "rb") as source, open(library, "wb") as target:
            target.write(source.read())
        box.libvirtd_env["LD_PRELOAD"] = library


def configure(world, attest="required", hook="yes", gate="yes", path=True):
    """The settings for domains that were not prepared, in agent, hook and gate; path: the emulator program is where the
    daemon looks first. An agent that runs is started anew if anything changed."""
    wanted = (attest, hook, gate, path)
    if getattr(world, "unprepared", None) == wanted:
        return
    world.unprepared = wanted
    box = world.box
    world.configure_agent(more=f"[unprepared]\nattest = {attest}\n")
    box.write("/etc/virt-attest/hook.conf", f"unprepared = {hook}\n")
    box.write("/etc/virt-attest/gate.conf", f"refuse-unattested = {gate}\n")
    if path != os.path.exists(box.emulator_program):
        (box.use_emulator_program if path else box.remove_emulator_program)()
    if world.running("virt-attest-hostd"):
        world.restart("virt-attest-hostd")


class Driver:
    """A running tests/nova/driver.py: Nova's libvirt driver and its instances."""

    def __init__(self, box, *configuration, state=STATE, quiet=False):
        self.box, self.quiet, self.log = box, quiet, f"{box.folder}/nova.log"
        box.logs["nova"] = self.log
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["/usr/bin/python3", f"{running.SOURCE}/tests/nova/driver.py", state, *configuration], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=log, text=True, cwd="/",
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8", "PYTHONPATH": PACKAGES,
                     "PYTHONPYCACHEPREFIX": f"{NOVA}/bytecode"})
        self.names = set()
        self.version = self.read()["version"]

    def read(self):
        """The next answer. They come one at a time, each a whole line."""
        if not select.select([self.process.stdout], [], [], ANSWER_LIMIT)[0]:
            raise self.box.error(f"Nova did not answer within {ANSWER_LIMIT} s")
        line = self.process.stdout.readline()
        if not line:
            raise self.box.error("Nova's driver ended")
        return json.loads(line)

    def ask(self, action, name=None, **request):
        """One request; its answer, whatever came of it."""
        if name is not None:
            request["name"] = name
        began = time.monotonic()
        self.process.stdin.write(json.dumps({"do": action, **request}) + "\n")
        self.process.stdin.flush()
        answer = self.read()
        if action in ("spawn", "delete"):
            (self.names.add if action == "spawn" and answer["ok"] else self.names.discard)(name)
        took = time.monotonic() - began
        if not self.quiet:
            print(f"# nova: {action} {name or ''} {'done' if answer['ok'] else 'refused'} after {took:.1f} s", flush=True)
        return answer

    def do(self, action, name=None, **request):
        """One request that must succeed."""
        answer = self.ask(action, name, **request)
        if not answer["ok"]:
            raise self.box.error(f"Nova's {action}: {answer['error']}")
        return answer

    def fails(self, action, name=None, **request):
        """One request that must fail; what Nova says."""
        answer = self.ask(action, name, **request)
        if answer["ok"]:
            raise self.box.error(f"Nova's {action} should have failed: {answer}")
        return answer["error"]

    def forget(self):
        """Deletes every instance."""
        for name in sorted(self.names):
            self.do("delete", name)

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
