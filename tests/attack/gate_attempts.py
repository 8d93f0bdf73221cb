# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hook and gate of a compute node, against whoever is on it: other QEMU processes, and what is done by mistake.

Their paths are fixed, so each attempt runs in a mount namespace of its own, where this very file plays libvirtd and the
agent: gate_attempts.py NAME. (What needs a QEMU that runs is in tests/integration.)"""

import base64
import ctypes
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import threading

RUN, UUID, OTHER = "/run/virt-attest", "6e1f0a52-8c0e-4a3c-9d55-0c1a6b1f0001", "6e1f0a52-8c0e-4a3c-9d55-0c1a6b1f0002"
NAME = "urn:virt-attest:launch:1"
QEMU_USER = 64055
MONITOR = f"{RUN}/qmp/libvirt-{UUID}"
OPTED_IN = f"<a:launch xmlns:a='{NAME}' mode='required'/>"


def start_time(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        return int(f.read().rpartition(")")[2].split()[19])


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


class Node:
    """The private machine: /run, libvirt's folder of the domain, the gate's mark, an agent that grants everything."""

    def __init__(self, build):
        self.build, self.asked = build, 0
        for folder in ("/run", "/var/lib", "/etc"):
            subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "none", folder], check=True)
        os.makedirs(f"{RUN}/domains", 0o700)
        os.chmod(RUN, 0o711)
        write(f"{RUN}/gate", f"{os.getpid()} {start_time(os.getpid())}\n")
        for name in ("session.base64", "dh_cert.base64"):
            path = f"/var/lib/libvirt/qemu/domain-7-guest/{name}"
            write(path, "UExBQ0VIT0xERVI=")
            os.chown(path, QEMU_USER, QEMU_USER)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{RUN}/hook.sock")
        listener.listen()
        threading.Thread(target=self.grant, args=(listener,), daemon=True).start()

    def grant(self, listener):
        blob = base64.b64encode(bytes(128)).decode(), base64.b64encode(bytes(2084)).decode()
        while True:
            peer, _ = listener.accept()
            with peer:
                while peer.recv(65536):
                    pass
                self.asked += 1
                write(f"{RUN}/domains/{UUID}", "pending\n")
                peer.sendall(f"grant\n{UUID}\n{blob[0]}\n{blob[1]}\nend\n".encode())

    def hook(self, operation, metadata, head="", rest=""):
        """The hook for a domain with such metadata: its exit code and what it said."""
        xml = (f"<domain type='kvm' id='7'{head}>\n  <name>guest</name>\n  <uuid>{UUID}</uuid>\n  <metadata>{metadata}"
               f"</metadata>\n{rest}</domain>\n")
        done = subprocess.run([f"{self.build}/hooks/virt-attest-hook", "guest", operation, "begin", "-"], input=xml, text=True,
                              capture_output=True, timeout=60, check=False)
        return done.returncode, done.stderr

    def gate(self, uuid, *arguments):
        """What the gate says to a domain whose QEMU was started like that."""
        qemu = subprocess.Popen(["sh", "-c", "read line; exit", "qemu", *arguments], stdin=subprocess.PIPE)
        try:
            with open(f"/proc/{qemu.pid}/cmdline", "rb") as f:
                while not f.read().startswith(b"sh\0"):
                    f.seek(0)
            return acquire(load_gate(self.build), uuid, qemu.pid)
        finally:
            qemu.kill()
            qemu.wait()


class Value(ctypes.Union):
    _fields_ = [("ui", ctypes.c_uint), ("uuid", ctypes.c_ubyte * 16)]


class Param(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("key", ctypes.c_char_p), ("value", Value)]


class Manager(ctypes.Structure):
    _fields_ = [("driver", ctypes.c_void_p), ("private", ctypes.c_void_p)]


class Driver(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint), ("flags", ctypes.c_uint)] + [
        (name, ctypes.CFUNCTYPE(ctypes.c_int, *arguments)) for name, arguments in (
            ("init", (ctypes.c_uint, ctypes.c_char_p, ctypes.c_uint)), ("deinit", ()),
            ("new", (ctypes.POINTER(Manager), ctypes.c_uint, ctypes.c_size_t, ctypes.POINTER(Param), ctypes.c_uint)),
            ("free", (ctypes.POINTER(Manager),)), ("add", ()),
            ("acquire", (ctypes.POINTER(Manager), ctypes.c_char_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)))]


def load_gate(build):
    plain = f"{build}/tests/integration/.libs/virt-attest.so"  # of a build with sanitizers
    library = ctypes.CDLL(plain if os.path.exists(plain) else f"{build}/plugin/.libs/virt-attest.so")
    return Driver.in_dll(library, "virLockDriverImpl")


def acquire(driver, uuid, pid):
    params, manager = (Param * 2)(), Manager()
    params[0].type, params[0].key = 7, b"uuid"
    params[0].value.uuid[:] = bytes.fromhex(uuid.replace("-", ""))
    params[1].type, params[1].key, params[1].value.ui = 4, b"pid", pid
    assert driver.init(1000000, None, 0) == 0, "the gate does not start, and so libvirtd would not either"
    assert driver.new(ctypes.byref(manager), 0, 2, params, 0) == 0
    result = driver.acquire(ctypes.byref(manager), None, 0, 0, None)
    driver.free(ctypes.byref(manager))
    driver.deinit()
    return result == 0


def is_fresh(path):
    info = os.lstat(path)
    return stat.S_ISDIR(info.st_mode) and info.st_mode & 0o7777 == 0o700 and info.st_uid == QEMU_USER and not os.listdir(path)


def hides_the_opt_in(node):
    spellings = [("", OPTED_IN.replace("xmlns:a", f"xmlns:x='{uri}' xmlns:a")) for uri in ("a>b", "a&gt;b", '"', "/>", "-->")]
    spellings += [("", f"<launch xmlns='{NAME}' mode='required'/>"), (f" xmlns:a='{NAME}'", "<a:launch mode='required'/>"),
                  (f" xmlns:x='a>b' xmlns:a=\"{NAME}\"", "<a:launch mode='required'/>"),
                  ("", OPTED_IN.replace("launch:1", "launch&#58;&#x00031;")), ("", OPTED_IN.replace("xmlns:a=", "xmlns:a\n=\t")),
                  ("", f"<o xmlns='urn:o'><!-- --><b><![CDATA[]]>{OPTED_IN}</b></o>")]
    os.unlink(f"{RUN}/gate")
    for head, metadata in spellings:
        code, said = node.hook("start", metadata, head)
        assert code == 1 and "gate is not loaded" in said, (head, metadata, code, said)


def looks_like_ours(node):
    os.unlink(f"{RUN}/gate")
    for metadata in (f"<!-- {OPTED_IN} -->", f"<![CDATA[{OPTED_IN}]]>", f"<?x {OPTED_IN}?>", f"<o ref='{NAME}'/>",
                     OPTED_IN.replace("launch:1", "launch:10"), OPTED_IN.replace("urn:", "x:urn:"), f"<o>{NAME}</o>",
                     OPTED_IN.replace(NAME, f"{NAME} "), f"<o a=\"xmlns='{NAME}'\"/>", "<o>" + 9_000_000 * "x" + "</o>"):
        code, said = node.hook("start", metadata)
        assert code == 0 and said == "", (metadata[:200], code, said)
    assert node.asked == 0


def restores_and_migrates(node):
    for operation in ("restore", "migrate"):
        code, said = node.hook(operation, OPTED_IN)
        assert code == 1 and "its memory would not be what was measured" in said, said
        assert node.hook(operation, "<o/>") == (0, "")
    assert node.asked == 0
    for option in ("-incoming", "--incoming", "-loadvm", "--loadvm"):
        write(f"{RUN}/domains/{UUID}", "pending\n")
        assert not node.gate(UUID, f"path={MONITOR}/monitor.sock", option, "defer"), option
        assert node.gate(OTHER, option, "defer"), option


def fills_the_place(node):
    for number, made in enumerate(("mkdir -p monitor.sock/x/y", "ln -s / monitor.sock", "mkfifo monitor.sock",
                                   "seq 5000 | xargs touch", "for i in $(seq 200); do mkdir d; cd d; done")):
        os.makedirs(MONITOR, exist_ok=True)
        subprocess.run(["sh", "-ec", made], cwd=MONITOR, check=True)
        code, said = node.hook("start", OPTED_IN)
        assert code == 0, (made, said)
        assert is_fresh(MONITOR) and node.asked == number + 1, made
    shutil.rmtree(MONITOR)
    os.symlink("/etc", MONITOR)
    assert node.hook("start", OPTED_IN)[0] == 0 and is_fresh(MONITOR)


def leaves_things_in_run(node):
    marker = f"{RUN}/domains/{OTHER}"
    for text in ("pending\n", "attested 1 1\n", "garbage", ""):
        write(marker, text)
        assert node.gate(OTHER), text
    os.unlink(marker)
    os.mkdir(marker)
    assert node.gate(OTHER)
    for path, mode in ((f"{RUN}/domains", 0o770), (RUN, 0o777), (RUN, 0o000)):
        os.chmod(path, mode)
        assert node.gate(OTHER), (path, oct(mode))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "nr_inodes=1", "none", RUN], check=True)
    assert node.gate(OTHER), "full"
    subprocess.run(["umount", RUN], check=True)
    shutil.rmtree(RUN)
    write(RUN, "a file in its place")
    assert node.gate(OTHER)


def forges_the_mark(node):
    os.chmod(RUN, 0o775)
    code, said = node.hook("start", OPTED_IN)
    assert code == 1 and "must not be writable by others" in said and node.asked == 0, said

PLAYS = {play.__name__: play for play in (hides_the_opt_in, looks_like_ours, restores_and_migrates, fills_the_place,
                                          leaves_things_in_run, forges_the_mark)}


def on_private_node(play, rule):
    """The rule, if the attempt came to nothing."""
    from catalogue import need
    from lib.peers import BUILD
    done = subprocess.run(["unshare", "--mount", "--propagation", "private", sys.executable, "-B", os.path.abspath(__file__), play,
                           os.path.abspath(BUILD)], capture_output=True, text=True, timeout=120, check=False)
    need(done.returncode == 0, done.stderr.strip() or json.dumps(done.stdout))
    return rule


if __name__ == "__main__":
    PLAYS[sys.argv[1]](Node(sys.argv[2]))
    sys.exit(0)

from catalogue import attempt


@attempt("tenant", "hides a domain's opt-in with unusual namespaces, so that it starts without attestation")
def hides_opt_in(_):
    return on_private_node("hides_the_opt_in", "opt-in-is-found")


@attempt("tenant", "makes another's domain look like one that opted in, so that it cannot start")
def makes_foreign_domain_look_like_ours(_):
    return on_private_node("looks_like_ours", "foreign-domains-pass")


@attempt("tenant", "has an attested domain restored or migrated, with memory that was not measured")
def restores_memory_nobody_measured(_):
    return on_private_node("restores_and_migrates", "never-restored")


@attempt("neighbour", "fills the place of another domain's second monitor, so that it never starts again")
def fills_place_of_monitor(_):
    return on_private_node("fills_the_place", "fresh-for-each-start")


@attempt("neighbour", "leaves markers, odd modes and a full /run, so that domains that are not attested cannot start")
def leaves_things_in_run_folder(_):
    return on_private_node("leaves_things_in_run", "foreign-domains-pass")


@attempt("neighbour", "leaves the mark of a launch gate that is not loaded, where others may write")
def forges_mark_of_gate(_):
    return on_private_node("forges_the_mark", "closed-to-others")
