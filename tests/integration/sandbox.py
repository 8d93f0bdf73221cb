# SPDX-License-Identifier: LGPL-2.1-or-later
"""The machine's own libvirt daemon, libvirtd or with VA_DAEMON=virtqemud that one, with our gate and hook, in a private mount namespace: nothing outside is touched.

    import sandbox
    sandbox.enter()                               # first thing: starts this program anew inside
    with sandbox.Sandbox(build="/path") as box:   # a build tree, made with --sysconfdir=/etc --localstatedir=/var
        box.start_libvirtd()
        box.define(xml)
        box.virsh("start", "NAME")                # raises, with the tails of all logs, if virsh fails
        sentence = box.virsh_fails("start", "OTHER")
    # leaving kills every process inside, by pid; mounts end with the program

Files that a test wants to keep to itself go below box.folder. Every wait has a time limit.
"""
import glob
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time

from lib import namespace
from lib.namespace import enter  # noqa: F401  (part of this module's interface)

DAEMON = os.environ.get("VA_DAEMON", "libvirtd")
LIBVIRTD_READY = 30
LIBVIRTD_GONE = 45  # once it is told to end, it waits for its threads; after 30 s it ends all the same
VIRSH_LIMIT = 60
LOG_TAIL = 25
QEMU_CONF = """\
namespaces = []
cgroup_controllers = []
security_driver = "none"
remember_owner = 0
stdio_handler = "logd"
"""
DAEMON_CONF = """\
auth_unix_ro = "none"
auth_unix_rw = "none"
log_level = 3
log_filters = "4:util.netdev 4:util.command 4:node_device"
log_outputs = "3:file:{log}"
"""


class SandboxError(Exception):
    """What went wrong, with the end of each log."""


class Result:
    """A finished command: code, out, err."""

    def __init__(self, arguments, code, out, err):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err

    def __str__(self):
        return f"$ {' '.join(self.arguments)}\n(exit {self.code})\n{self.out}{self.err}"


def why_not():
    """The reason why a sandbox cannot be made on this machine, or None. Call it before enter()."""
    if os.geteuid() != 0:
        return "needs root for private mounts"
    for program in (DAEMON, "virtlogd", "virsh", "unshare", "qemu-system-x86_64"):
        if shutil.which(program, path=_search_path()) is None:
            return f"{program} is not installed"
    return None


def _search_path():
    return os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"


class Sandbox:
    """See the module's text.

    build: a build tree, or None for the programs that are installed on the machine
    emulator: the software platform's wrapper, which libvirtd then finds as qemu-system-x86_64 in box.bin (it may be put
        there later too, before libvirtd starts); None: the machine's own QEMU. Domains have to name the one that was
        chosen (box.qemu): the other is slow to define.
    cache: a folder outside to keep libvirt's probe of the emulator in from run to run (it takes seconds)
    """

    folder = "/run/va-sandbox"
    # The one place that knows what is named after the daemon. Methods with "libvirtd" in their name mean either.
    daemon = DAEMON
    daemon_conf = f"/etc/libvirt/{DAEMON}.conf"
    daemon_log = f"/var/log/libvirt/{DAEMON}.log"
    daemon_socket = "/run/libvirt/" + {"libvirtd": "libvirt-sock"}.get(DAEMON, f"{DAEMON}-sock")
    installed_emulator = "/usr/lib/virt-attest/emulator/qemu-system-x86_64"

    def __init__(self, build=None, emulator=None, cache=None):
        self.build, self.emulator, self.cache = build, emulator, cache
        self.drivers = f"{self.folder}/lock-driver"
        self.bin = f"{self.folder}/bin"
        self.emulators = f"{self.folder}/emulator"  # where use_emulator_program() puts ours, first in PATH
        self.hook = "/etc/libvirt/hooks/qemu.d/virt-attest"
        self.env = {}
        self.libvirtd_env = {}  # of libvirtd alone
        self.cwd = "/"  # of the daemons
        self.daemons = {}  # name: Popen
        self.logs = {}  # name: path
        self._kvm = f"{self.folder}/kvm"
        self._hidden_hook = "/etc/libvirt/hook-removed"

    def __enter__(self):
        try:
            self._mounts()
            self._install()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends every process inside."""
        namespace.kill_all()
        self.daemons.clear()

    @property
    def qemu(self):
        """What belongs into a domain's <emulator>."""
        return shutil.which("qemu-system-x86_64", path=f"{self.bin}:{_search_path()}")

    # -- the private machine

    def _mounts(self):
        namespace.tmpfs("/run")
        os.makedirs(self.folder)
        os.makedirs("/run/lock", exist_ok=True)
        for path in ("/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt", "/var/lib/virt-attest"):
            namespace.tmpfs(path)
        if self.cache is not None:
            os.makedirs(self.cache, exist_ok=True)
            namespace.bind(self.cache, "/var/cache/libvirt")
        etc = f"{self.folder}/etc"
        shutil.copytree("/etc", etc, symlinks=True, ignore_dangling_symlinks=True)
        namespace.bind(etc, "/etc")
        self._device_kvm()
        os.makedirs("/var/lib/libvirt/images", exist_ok=True)

    def _device_kvm(self):
        """An empty file in the place of /dev/kvm; what is behind it does not matter to libvirt."""
        if not os.path.exists("/dev/kvm"):
            namespace.graft("/dev")
            with open("/dev/kvm", "w", encoding="ascii"):
                pass
        with open(self._kvm, "w", encoding="ascii"):
            pass
        namespace.bind(self._kvm, "/dev/kvm")

    def _open_or_close_kvm(self):
        """The software platform needs a /dev/kvm that QEMU's user may open; without the platform it has to be closed.

        libvirt probes an emulator anew at every define, for seconds, while what the probe says about KVM and what the
        node's mode says differ.
        """
        os.chmod(self._kvm, 0o666 if os.path.exists(f"{self.bin}/qemu-system-x86_64") else 0o600)

    def _install(self):
        for folder in (self.drivers, self.bin, self.emulators, os.path.dirname(self.hook)):
            os.makedirs(folder, exist_ok=True)
        shutil.rmtree("/etc/libvirt/qemu", ignore_errors=True)  # no network or domain that starts by itself
        for leftover in glob.glob("/etc/libvirt/hooks/*") + glob.glob("/etc/libvirt/hooks/*.d/*"):
            if not os.path.isdir(leftover):
                os.unlink(leftover)
        self.write(self.daemon_conf, DAEMON_CONF.format(log=self.daemon_log))
        self.configure_qemu()
        for path in self._machine_drivers():
            os.symlink(path, f"{self.drivers}/{os.path.basename(path)}")
        self._link(self._gate(), f"{self.drivers}/virt-attest.so")
        self._link(self.program("virt-attest-hook"), self.hook)
        if self.emulator is not None:
            self._link(self.emulator, f"{self.bin}/qemu-system-x86_64")

    def _gate(self):
        """A build with sanitizers has a second gate without them, since libvirtd has no sanitizer's runtime."""
        if self.build is None:
            return next(iter(self._lock_drivers("virt-attest")), "virt-attest.so in libvirt's directory of lock drivers")
        plain = f"{self.build}/tests/integration/.libs/virt-attest.so"
        return plain if os.path.exists(plain) else f"{self.build}/plugin/.libs/virt-attest.so"

    @staticmethod
    def _lock_drivers(name):
        return glob.glob(f"/usr/lib*/*/libvirt/lock-driver/{name}.so") + glob.glob(f"/usr/lib*/libvirt/lock-driver/{name}.so")

    def _machine_drivers(self):
        return [path for path in self._lock_drivers("*") if os.path.basename(path) != "virt-attest.so"]

    @staticmethod
    def _link(target, link):
        if not os.path.exists(target):
            raise SandboxError(f"{target} is missing: build it first")
        if os.path.lexists(link):
            os.unlink(link)
        os.symlink(target, link)

    @staticmethod
    def write(path, text, mode=0o644):
        """Writes a file inside and makes its folder."""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)

    def configure_qemu(self, lock_manager="virt-attest", extra=""):
        """Writes /etc/libvirt/qemu.conf; lock_manager=None leaves the line out. Restart libvirtd afterwards."""
        line = f'lock_manager = "{lock_manager}"\n' if lock_manager else ""
        self.write("/etc/libvirt/qemu.conf", QEMU_CONF + line + extra)

    def configure_gate(self, text):
        """Writes the gate's own /etc/libvirt/qemu-virt-attest.conf. Restart libvirtd afterwards."""
        self.write("/etc/libvirt/qemu-virt-attest.conf", text)

    def use_emulator_program(self):
        """From now on libvirtd finds virt-attest's program in the place of QEMU, and that finds box.qemu.

        Domains that are defined without <emulator> get its path, box.emulator_program."""
        source = f"{self.build}/emulator/qemu-system-x86_64" if self.build else self.installed_emulator
        shutil.copy(source, self.emulator_program)
        os.chmod(self.emulator_program, 0o755)

    def remove_emulator_program(self):
        os.unlink(self.emulator_program)

    @property
    def emulator_program(self):
        return f"{self.emulators}/qemu-system-x86_64"

    def remove_hook(self):
        os.rename(self.hook, self._hidden_hook)

    def restore_hook(self):
        os.rename(self._hidden_hook, self.hook)

    def program(self, name):
        """The path of one of our programs: in the build tree, else as installed."""
        if self.build is not None:
            for path in glob.glob(f"{self.build}/**/{name}", recursive=True):
                if os.access(path, os.X_OK) and os.path.isfile(path) and "/.libs/" not in path:
                    return path
        path = shutil.which(name, path=_search_path())
        if path is None:
            raise SandboxError(f"no program {name} in {self.build or 'PATH'}")
        return path

    # -- processes

    def _environment(self):
        env = {key: os.environ[key] for key in ("HOME", "TERM", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")
               if key in os.environ}
        env.update(PATH=f"{self.emulators}:{self.bin}:{_search_path()}", LC_ALL="C.UTF-8",
                   LIBVIRT_DEFAULT_URI="qemu:///system")
        env.update(self.env)
        return env

    def spawn(self, name, arguments, env=None):
        """Starts a daemon in the foreground, its output in a log of its own; the Popen object."""
        if name in self.daemons and self.daemons[name].poll() is None:
            raise SandboxError(f"{name} runs already")
        self.logs[name] = f"{self.folder}/{name}.log"
        with open(self.logs[name], "a", encoding="utf-8") as log:
            daemon = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                      env={**self._environment(), **(env or {})}, cwd=self.cwd)
        self.daemons[name] = daemon
        return daemon

    def stop(self, name, sig=signal.SIGTERM):
        """Ends a daemon that spawn() started; its exit code."""
        limit = LIBVIRTD_GONE if name == "libvirtd" else 15
        daemon = self.daemons.pop(name)
        if daemon.poll() is None:
            daemon.send_signal(sig)
        try:
            return daemon.wait(limit)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait(limit)
            raise self.error(f"{name} did not end within {limit} s of signal {sig}") from None

    def wait_for(self, what, condition, limit=10.0, daemon=None):
        """Waits until condition() is true and gives its value; raises after the limit or when the daemon ends."""
        end = time.monotonic() + limit
        while True:
            value = condition()
            if value:
                return value
            if daemon is not None and self.daemons[daemon].poll() is not None:
                raise self.error(f"{daemon} ended (code {self.daemons[daemon].returncode}) before {what}")
            if time.monotonic() > end:
                raise self.error(f"no {what} within {limit} s")
            time.sleep(0.02)

    def start_libvirtd(self, wait=True):
        """virtlogd and the libvirt daemon with our gate and hook; seconds until it answered."""
        began = time.monotonic()
        self._open_or_close_kvm()
        if "virtlogd" not in self.daemons:
            self.spawn("virtlogd", [shutil.which("virtlogd", path=_search_path())])
            self.wait_for("virtlogd socket", lambda: _accepts("/run/libvirt/virtlogd-sock"), daemon="virtlogd")
        self.spawn("libvirtd", [shutil.which(self.daemon, path=_search_path())],
                   {"LIBVIRT_LOCK_MANAGER_PLUGIN_DIR": self.drivers, **self.libvirtd_env})
        self.logs["libvirt"] = self.daemon_log
        if wait:
            self.wait_for(f"{self.daemon}'s socket", lambda: _accepts(self.daemon_socket), LIBVIRTD_READY, "libvirtd")
            self.wait_for(self.daemon, lambda: self.run_virsh("uri").code == 0, LIBVIRTD_READY, "libvirtd")
        return time.monotonic() - began

    def stop_libvirtd(self):
        return self.stop("libvirtd")

    def kill_libvirtd(self):
        """kill -9"""
        return self.stop("libvirtd", signal.SIGKILL)

    def restart_libvirtd(self):
        self.stop_libvirtd()
        return self.start_libvirtd()

    @property
    def libvirtd_pid(self):
        return self.daemons["libvirtd"].pid

    # -- libvirt

    def run(self, *arguments, limit=VIRSH_LIMIT, stdin=None, env=None):
        """Any command, as a Result; an overrun of the limit raises."""
        try:
            done = subprocess.run(arguments, input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
                                  capture_output=True, text=True, timeout=limit, check=False, cwd="/",
                                  env={**self._environment(), **(env or {})})
        except subprocess.TimeoutExpired:
            raise self.error(f"{' '.join(arguments)}: not done after {limit} s") from None
        return Result(arguments, done.returncode, done.stdout, done.stderr)

    def run_virsh(self, *arguments, limit=VIRSH_LIMIT):
        """virsh, as a Result whatever came of it."""
        return self.run("virsh", "-q", "-c", "qemu:///system", *arguments, limit=limit)

    def virsh(self, *arguments, limit=VIRSH_LIMIT):
        """virsh that must succeed; what it printed."""
        result = self.run_virsh(*arguments, limit=limit)
        if result.code != 0:
            raise self.error(str(result))
        return result.out.strip()

    def virsh_fails(self, *arguments, limit=VIRSH_LIMIT):
        """virsh that must fail; its error text."""
        result = self.run_virsh(*arguments, limit=limit)
        if result.code == 0:
            raise self.error(f"should have failed: {result}")
        return result.err.strip()

    def define(self, xml):
        """virsh define, with the schema checked."""
        path = f"{self.folder}/define-{threading.get_ident()}.xml"
        self.write(path, xml)
        return self.virsh("define", path)

    def state(self, domain):
        """running, paused, shut off …"""
        return self.virsh("domstate", domain)

    def qmp(self, domain, command, **arguments):
        """A QMP command through libvirt; what it returned."""
        request = {"execute": command}
        if arguments:
            request["arguments"] = arguments
        reply = json.loads(self.virsh("qemu-monitor-command", domain, json.dumps(request)))
        if "error" in reply:
            raise self.error(f"{command}: {reply['error']}")
        return reply["return"]

    def qemu_pid(self, domain):
        """The pid of a domain's QEMU, or None when it is gone."""
        try:
            with open(f"/run/libvirt/qemu/{domain}.pid", encoding="ascii") as f:
                pid = int(f.read())
            os.kill(pid, 0)
            return pid
        except (OSError, ValueError):
            return None

    def hook_direct(self, domain, operation, suboperation, xml, limit=20):
        """Runs the hook as libvirt does, but from here."""
        return self.run(self.hook, domain, operation, suboperation, "-", stdin=xml, limit=limit)

    # -- what a failure says

    def tails(self):
        """The last lines of every log inside."""
        text = []
        paths = dict(self.logs)
        newest = sorted(glob.glob("/var/log/libvirt/qemu/*.log"), key=os.path.getmtime)[-2:]
        for path in newest:
            paths[f"qemu {os.path.basename(path)}"] = path
        for name, path in paths.items():
            try:
                with open(path, encoding="utf-8", errors="replace") as f:
                    lines = f.read().splitlines()[-LOG_TAIL:]
            except OSError:
                continue
            if lines:
                text.append(f"---- {name}: {path}")
                text.extend(line[:400] for line in lines)
        return "\n".join(text)

    def error(self, message):
        """A SandboxError, to be raised; who runs the tests shows the logs' tails with it."""
        return SandboxError(message)


def _accepts(path):
    """Whether somebody listens on a socket."""
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return False
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5)
            s.connect(path)
        return True
    except OSError:
        return False


accepts = _accepts


def plain_domain(name="plain", uuid=None, metadata="", commandline="", emulator=None):
    """XML of the smallest domain that QEMU runs anywhere: software emulation, no disk, no firmware to speak of."""
    return f"""\
<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>{name}</name>
  {f'<uuid>{uuid}</uuid>' if uuid else ''}
  <metadata>{metadata}</metadata>
  <memory unit='MiB'>32</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <emulator>{emulator or shutil.which('qemu-system-x86_64', path=_search_path())}</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
  <qemu:commandline>{commandline}</qemu:commandline>
</domain>
"""
