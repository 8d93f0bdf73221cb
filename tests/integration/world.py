# SPDX-License-Identifier: LGPL-2.1-or-later
"""A site in a sandbox: certificates, service, agent, libvirtd, software platform; all real, set up by the programs' own
verbs."""

import base64
import glob
import http.client
import json
import os
import re
import shutil
import struct
import socket
import ssl
import uuid

import sandbox

PASSPHRASE = b"an entirely confidential passphrase 0451"
PORT = 8443
UPSTREAM_PORT = 8444
CERTIFICATES = "/etc/virt-attest"
CA = f"{CERTIFICATES}/ca/ca.pem"


def agent_answers():
    """Whether the agent answers a question that gives it nothing to do. One that is broken off would be in its log."""
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5)
            s.connect("/run/virt-attest/hook.sock")
            s.sendall(b"virt-attest hook 1\nrelease %d\n\n<domain><name>ready</name>"
                      b"<uuid>00000000-0000-0000-0000-000000000000</uuid></domain>" % os.getpid())
            s.shutdown(socket.SHUT_WR)
            return s.recv(64) == b"pass\n"
    except OSError:
        return False


def pair(role, name):
    """Certificate and key files that `virt-attest ca issue` wrote."""
    if role == "service":
        return f"{CERTIFICATES}/service.pem", f"{CERTIFICATES}/service.key"
    return f"{CERTIFICATES}/{role}-{name}.pem", f"{CERTIFICATES}/{role}-{name}.key"


class World:
    """box: a Sandbox that is entered; source: the source tree; platform_build: a build without sanitizers, since the
    platform is preloaded into QEMU; None for the installed platform."""

    def __init__(self, box, source, firmware, platform_build, echo=None):
        self.box, self.source, self.original_firmware, self.echo = box, source, firmware, echo
        self.platform_program = shutil.which("virt-attest-platform") if platform_build is None \
            else f"{platform_build}/tests/platform/virt-attest-platform"
        self.folder = f"{box.folder}/site"
        self.platforms = f"{self.folder}/platforms"
        self.firmware = f"{self.folder}/OVMF.fd"
        self.bare_firmware = f"{self.folder}/bare.fd"
        self.domains = {}
        self.known = set()  # ids that a test has registered for all that come after it
        self.passphrase = PASSPHRASE

    # -- setting up

    def run(self, *arguments, **options):
        """A command that must succeed; what it printed."""
        result = self.box.run(*arguments, **options)
        if result.code != 0:
            raise self.box.error(str(result))
        return result.out

    def attest(self, *arguments, identity=None, **options):
        """`virt-attest`, as an owner unless said otherwise; a Result."""
        connection = []
        if identity is not None:
            certificate, key = pair(*identity)
            connection = ["--url", f"https://localhost:{PORT}", "--ca", CA, "--certificate", certificate, "--key", key]
        return self.box.run(self.box.program("virt-attest"), *arguments, *connection, **options)

    def owner(self, *arguments, owner="alice", **options):
        """`virt-attest` as an owner, which must succeed; what it printed."""
        result = self.attest(*arguments, identity=("owner", owner), **options)
        if result.code != 0:
            raise self.box.error(str(result))
        return result.out

    def set_up(self):
        for folder in (self.folder, self.platforms, CERTIFICATES):
            os.makedirs(folder, exist_ok=True)
        os.chmod(self.box.folder, 0o755)
        shutil.copy(self.original_firmware, self.firmware)
        self.make_bare_firmware()
        self.make_certificates()
        self.make_platform("real")
        self.use_platform("real")
        self.configure_service()
        self.configure_agent()

    def make_bare_firmware(self):
        """The same without areas in its footer: which releases' ordinary OVMF has some differs."""
        self.run(f"{self.source}/tests/platform/make-firmware", self.original_firmware, self.bare_firmware, "--secret", "0:0",
                 "--hashes", "0:0")

    def make_certificates(self):
        program = self.box.program("virt-attest")
        self.run(program, "ca", "init", "--dir", f"{CERTIFICATES}/ca")
        self.run(program, "ca", "issue", "service", "localhost", "--dir", f"{CERTIFICATES}/ca", "--out", CERTIFICATES)
        for role, name in (("owner", "alice"), ("owner", "bob"), ("host", "node1"), ("host", "node2"),
                           ("operator", "carol")):
            self.run(program, "ca", "issue", role, name, "--dir", f"{CERTIFICATES}/ca", "--out", CERTIFICATES)

    def make_platform(self, name):
        self.run(self.platform_program, "init", f"{self.platforms}/{name}", limit=120)
        self.open_log(f"{self.platforms}/{name}")

    def tamper(self, what):
        """A copy of the real platform with one thing wrong; its name."""
        self.run(self.platform_program, "tamper", f"{self.platforms}/real", what, f"{self.platforms}/{what}", limit=120)
        self.open_log(f"{self.platforms}/{what}")
        return what

    @staticmethod
    def open_log(folder):
        """The platform traces its commands into a file that QEMU's user may write."""
        with open(f"{folder}/log", "w", encoding="utf-8"):
            pass
        os.chmod(f"{folder}/log", 0o666)

    def use_platform(self, name):
        """Makes libvirtd's emulator run on this platform. libvirtd and agent must be started anew to see it."""
        self.platform = f"{self.platforms}/{name}"
        self.emulator = f"{self.box.bin}/qemu-system-x86_64"
        if os.path.lexists(self.emulator):
            os.unlink(self.emulator)
        self.run(self.platform_program, "wrapper", self.platform, self.emulator)
        shutil.rmtree("/var/cache/libvirt/qemu", ignore_errors=True)

    def back_to_real_platform(self):
        if self.platform != f"{self.platforms}/real":
            self.use_platform("real")
            self.restart("libvirtd", "virt-attest-hostd")

    def configure_service(self, port=PORT):
        certificate, key = pair("service", "localhost")
        if not os.path.exists("/etc/virt-attest/service.kek"):
            self.run(self.box.program("virt-attest"), "service", "init")
        self.box.write("/etc/virt-attest/service.conf", f"""\
[listen]
address = "127.0.0.1"
port = {port}
[tls]
ca = {CA}
certificate = {certificate}
key = {key}
[store]
path = /var/lib/virt-attest/service/store.db
key = /etc/virt-attest/service.kek
[roots]
folder = {self.source}/data/roots
trusted-folder = {self.platforms}/real/roots
""")

    def configure_agent(self, host="node1", more=""):
        certificate, key = pair("host", host)
        self.box.write("/etc/virt-attest/hostd.conf", f"""\
[service]
url = https://localhost:{PORT}
ca = {CA}
certificate = {certificate}
key = {key}
{more}""")

    def attest_unprepared(self, attest="required", select="uuid, nova-image, nova-extra-spec, nova-flavor", refuse=True):
        """Makes this a host that attests domains as their makers made them; hook, agent and gate agree, as they should."""
        if not os.path.exists(self.box.emulator_program):
            self.box.use_emulator_program()
        self.configure_agent(more=f'[unprepared]\nattest = {attest}\nselect = "{select}"\n')
        self.box.write("/etc/virt-attest/hook.conf", f"unprepared = {'no' if attest == 'no' else 'yes'}\n")
        self.box.write("/etc/virt-attest/gate.conf", f"refuse-unattested = {'yes' if refuse else 'no'}\n")
        self.restart("virt-attest-hostd")

    # -- processes

    def start_service(self):
        port = UPSTREAM_PORT if f"port = {UPSTREAM_PORT}" in self.read("/etc/virt-attest/service.conf") else PORT
        self.box.spawn("virt-attestd", [self.box.program("virt-attestd")])
        self.box.wait_for("the service's port", lambda: listens(port), daemon="virt-attestd")

    def start_agent(self):
        self.box.spawn("virt-attest-hostd", [self.box.program("virt-attest-hostd")])
        self.box.wait_for("the agent's socket", agent_answers,
                          daemon="virt-attest-hostd")

    def running(self, name):
        daemon = self.box.daemons.get(name)
        return daemon is not None and daemon.poll() is None

    def start_all(self):
        """Starts what does not run; a test may have stopped or killed any of it."""
        for name in list(self.box.daemons):
            if not self.running(name):
                self.box.daemons.pop(name)
        if not self.running("virt-attestd"):
            self.start_service()
        if not self.running("libvirtd"):
            self.box.start_libvirtd()
        if not self.running("virt-attest-hostd"):
            self.start_agent()

    def restart(self, *names):
        for name in names:
            if self.running(name):
                self.box.stop(name)
            self.box.daemons.pop(name, None)
        self.start_all()

    @staticmethod
    def read(path):
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def log(self, name):
        return self.read(self.box.logs[name])

    # -- domains

    def make_domain(self, name, policy="0x1", firmware=None, kernel=None, prepare=True, registration=None, cpus=1,
                    confidential=True, model="qemu64"):
        """Defines a domain; its UUID. kernel: (kernel, initrd, cmdline)."""
        identity = str(uuid.uuid4())
        direct, hashes = "", ""
        if kernel is not None:
            direct = f"<kernel>{kernel[0]}</kernel><initrd>{kernel[1]}</initrd><cmdline>{kernel[2]}</cmdline>"
            hashes = " kernelHashes='yes'"
        security = f"""<launchSecurity type='sev'{hashes}><cbitpos>51</cbitpos><reducedPhysBits>1</reducedPhysBits>
    <policy>{policy}</policy></launchSecurity>""" if confidential else ""
        xml = f"""<domain type='kvm'>
  <name>{name}</name>
  <uuid>{identity}</uuid>
  <memory unit='MiB'>128</memory>
  <vcpu>{cpus}</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <loader type='rom'>{firmware or self.firmware}</loader>
    {direct}
  </os>
  <cpu mode='custom' check='none'><model fallback='forbid'>{model}</model></cpu>
  <on_reboot>restart</on_reboot>
  <devices>
    <emulator>{self.emulator}</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
  {security}
</domain>
"""
        if prepare:
            arguments = ["--id", registration] if registration else []
            xml = self.run(self.box.program("virt-attest"), "domain", "prepare", *arguments, stdin=xml)
        self.box.define(xml)
        self.domains[name] = identity
        return identity

    def register(self, identity, *arguments, policy="0x1", secret="disk", owner="alice"):
        secrets = ["--secret", secret] if secret else []
        return self.owner("vm", "register", identity, "--policy", policy, "--firmware", self.original_firmware, *secrets,
                          *arguments, owner=owner)

    def put_secret(self, name="disk", data=None, owner="alice", guid=None):
        path = f"{self.folder}/secret-{name}"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
            f.write(data if data is not None else self.passphrase)
        guids = ["--guid", guid] if guid else []
        self.owner("secret", "put", name, "--file", path, *guids, owner=owner)
        os.unlink(path)

    def direct_boot_files(self, inputs):
        """A kernel and an initrd that QEMU takes for direct boot: copies that its user may read.

        The kernel gets the head of a bzImage (Linux' x86 boot protocol 2.12), which QEMU asks for before it loads an
        initrd; nothing executes it."""
        kernel, initrd = f"{self.folder}/kernel.bin", f"{self.folder}/initrd.bin"
        with open(f"{inputs}/kernel.bin", "rb") as source:
            image = bytearray(source.read())
        image[0x1f1] = 4  # setup_sects
        image[0x1fe:0x200] = b"\x55\xaa"
        image[0x202:0x206] = b"HdrS"
        struct.pack_into("<H", image, 0x206, 0x020c)  # protocol
        image[0x211] = 1  # loaded high
        struct.pack_into("<I", image, 0x22c, 0x7fffffff)  # initrd_addr_max
        struct.pack_into("<I", image, 0x238, 2047)  # cmdline_size
        with open(kernel, "wb") as target:
            target.write(image)
        shutil.copy(f"{inputs}/initrd.bin", initrd)
        for path in (kernel, initrd):
            os.chmod(path, 0o644)
        return kernel, initrd

    def clear_domains(self):
        for name in self.domains:
            self.box.run_virsh("destroy", name)
            self.box.run_virsh("undefine", name)
        self.domains.clear()

    # -- looking

    def launches(self, identity=None):
        arguments = ["--vm", identity] if identity else []
        return json.loads(self.owner("launch", "list", *arguments, "--json"))["launches"]

    def launch(self, launch_id, owner="alice"):
        return json.loads(self.owner("launch", "show", launch_id, "--json", owner=owner))

    def launch_state(self, identity, state, limit=5):
        """Waits until the newest launch of a registration is in a state; that launch."""
        def newest():
            found = self.launches(identity)
            return found[0] if found and found[0]["state"] == state else None
        return self.box.wait_for(f"launch in state {state}", newest, limit)

    def monitor(self, identity):
        return Monitor(f"/run/virt-attest/qmp/libvirt-{identity}/monitor.sock")

    def memory(self, name, address, size):
        """Guest-physical memory, as the software platform keeps it: in the clear."""
        path = f"{self.folder}/memory-{name}"
        with open(path, "wb"):
            pass
        os.chmod(path, 0o666)
        self.box.qmp(name, "pmemsave", val=address, size=size, filename=path)
        with open(path, "rb") as f:
            return f.read()

    def qemu_processes(self, identity):
        """Every QEMU of a domain, whatever libvirt thinks of it."""
        found = []
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, "rb") as f:
                    if identity.encode() in f.read() and b"/qemu" in os.readlink(os.path.dirname(path) + "/exe").encode():
                        found.append(int(path.split("/")[2]))
            except OSError:
                pass
        return found

    def finishes(self):
        """How often the platform was told LAUNCH_FINISH, which QEMU sends on `cont` and never before it."""
        return self.read(f"{self.platform}/log").count("LAUNCH_FINISH")

    def session_file(self, name):
        """The session blob that the domain's QEMU was given."""
        with open(glob.glob(f"/var/lib/libvirt/qemu/domain-*-{name}/session.base64")[0], encoding="ascii") as f:
            return base64.b64decode(f.read())

    def leftovers(self, identity):
        return [path for path in (f"/run/virt-attest/domains/{identity}", *self.monitor_places(identity))
                if os.path.lexists(path)]

    @staticmethod
    def monitor_places(identity):
        """Where a domain's second monitor can be: with QEMU, as earlier versions had it, and with the agent."""
        run = "/run/virt-attest"
        return f"{run}/qmp/libvirt-{identity}", f"{run}/qmp/{identity}", f"{run}/monitors/{identity}"

    def way_to_monitor(self, identity):
        """The places of the second monitor that are still there."""
        return [path for path in self.monitor_places(identity) if os.path.lexists(path)]

    # -- the service, spoken to as a host would

    def call(self, identity, method, path, body=None):
        """One request with a certificate: (status, JSON)."""
        context = ssl.create_default_context(cafile=CA)
        context.load_cert_chain(*pair(*identity))
        connection = http.client.HTTPSConnection("localhost", PORT, context=context, timeout=10)
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body)
        connection.request(method, path, data, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        text = reply.read()
        connection.close()
        return reply.status, json.loads(text) if text else None


class Monitor:
    """The second monitor of a running domain."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(path)
        self.file = self.socket.makefile("rw", encoding="utf-8")
        self.greeting = json.loads(self.file.readline())
        self("qmp_capabilities")

    def __call__(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            reply = json.loads(self.file.readline())
            if "return" in reply:
                return reply["return"]
            if "error" in reply:
                raise RuntimeError(f"{command}: {reply['error']}")

    def close(self):
        self.socket.close()


def listens(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


def secret_in_table(page):
    """The entries of a secret table at the start of guest memory: {GUID bytes: data}, or None."""
    header = uuid.UUID("1e74f542-71dd-4d66-963e-ef4287ff173b").bytes_le
    if page[:16] != header:
        return None
    length = int.from_bytes(page[16:20], "little")
    entries, offset = {}, 20
    while offset < length:
        size = int.from_bytes(page[offset + 16:offset + 20], "little")
        entries[page[offset:offset + 16]] = page[offset + 20:offset + size]
        offset += size
    return entries


def one_sentence(text):
    """virsh's error without its frame."""
    return re.sub(r"\s+", " ", text).strip()


__all__ = ["World", "Monitor", "PASSPHRASE", "PORT", "UPSTREAM_PORT", "CA", "pair", "listens", "secret_in_table",
           "one_sentence"]
