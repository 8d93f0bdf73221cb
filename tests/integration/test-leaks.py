# SPDX-License-Identifier: LGPL-2.1-or-later
"""No secret, TIK or TEK anywhere but in memory, sealed, or in the guest: launches are made with everything logging as
much as it can, and then every file, argv and environment is searched for each of them in several spellings."""

import base64
import glob
import os
import resource
import secrets
import shutil
import signal
import subprocess
import threading
import time

from lib import owner as guest_owner

import running
from world import pair, secret_in_table

# Where a file of ours, of libvirt's or of QEMU's can be.
PLACES = ("/run", "/etc", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt", "/var/lib/virt-attest")
SHARED_PLACES = ("/tmp", "/var/tmp", "/dev/shm", "/var/log")
KEK = "/etc/virt-attest/service.kek"
SECRET_BASE = 0x810000
SESSION_SIZE = 128
suite = running.Suite()


def spellings(data):
    """The ways in which somebody might have written these bytes."""
    found = {data, data[::-1], data.hex().encode(), data.hex().upper().encode(), data.hex(":").encode(),
             data.hex(" ").encode()}
    for shift in range(3):
        # what base64 makes of the bytes wherever they begin, without the characters that neighbours share
        text = base64.b64encode(bytes(shift) + data)
        found.add(text[4 if shift else 0:len(text) - 4])
        found.add(base64.urlsafe_b64encode(bytes(shift) + data)[4 if shift else 0:len(text) - 4])
    return found


class Watcher(threading.Thread):
    """Keeps every argv, environment and launch session that it sees while it runs."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen, self.sessions, self.done = set(), {}, False
        self.programs = set()

    def run(self):
        while not self.done:
            for path in glob.glob("/proc/[0-9]*"):
                for name in ("cmdline", "environ"):
                    data = read(f"{path}/{name}")
                    if data:
                        self.seen.add(data)
                        if name == "cmdline":
                            self.programs.add(os.path.basename(data.split(b"\0")[0]).decode(errors="replace"))
            for path in glob.glob("/var/lib/libvirt/qemu/domain-*/session.base64"):
                session = decoded(path)
                godh = decoded(os.path.join(os.path.dirname(path), "dh_cert.base64"))
                if len(session) == SESSION_SIZE and len(godh) == guest_owner.CERT_SIZE:  # not what `prepare` put there
                    self.sessions[session] = godh

    def stop(self):
        self.done = True
        self.join()


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return b""


def decoded(path):
    try:
        return base64.b64decode(read(path))
    except ValueError:  # half of it is written
        return b""


def keys_of(world, session, godh):
    """What the service made for one launch, as the platform's private key opens it: TEK, TIK."""
    scalar = int.from_bytes(read(f"{world.platform}/pdh.key"), "big")
    return guest_owner.unwrap(session, godh, scalar)


def files(began):
    """Every regular file in our places, and what is new in the places that we share with the machine."""
    for places, since in ((PLACES, 0), (SHARED_PLACES, began)):
        for place in places:
            for folder, _, names in os.walk(place):
                for name in names:
                    path = os.path.join(folder, name)
                    try:
                        status = os.lstat(path)
                    except OSError:
                        continue
                    if os.path.isfile(path) and not os.path.islink(path) and status.st_mtime >= since:
                        yield path


def search(needles, began, watcher):
    """Where a needle is, with the needle's name and never its value."""
    found = []
    forms = [(name, form) for name, data in needles.items() for form in spellings(data)]
    haystacks = [("an argv or environment", data) for data in watcher.seen]
    for path in files(began):
        haystacks.append((path, None))
    for place, data in haystacks:
        data = read(place) if data is None else data
        for name, form in forms:
            if form in data and not (name == "KEK" and os.path.exists(place) and os.path.samefile(place, KEK)):
                found.append(f"{name} in {place}")
    return sorted(set(found))


def loud(world):
    """Everything logs as much as it can, and may dump core into a folder of the sandbox."""
    box = world.box
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (OSError, ValueError):  # a container may forbid it; core_is_left() then tells what that means
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    box.env["G_MESSAGES_DEBUG"] = "all"
    text = world.read(box.daemon_conf)
    box.write(box.daemon_conf, text.replace("log_level = 3", "log_level = 1").replace('"3:file', '"1:file'))
    box.cwd = f"{box.folder}/cores"
    os.makedirs(box.cwd, exist_ok=True)
    world.restart("virt-attestd", "libvirtd", "virt-attest-hostd")


def cores(world):
    return os.listdir(world.box.cwd)


def core_is_left(world):
    """Whether this machine leaves a core file of a program that allows it; it is removed."""
    victim = subprocess.Popen(["sleep", "60"], cwd=world.box.cwd)
    victim.send_signal(signal.SIGABRT)
    victim.wait()
    left = cores(world)
    for name in left:
        os.unlink(os.path.join(world.box.cwd, name))
    return bool(left)


@suite
def nothing_of_a_launch_in_logs_argv_environment_files_or_database(world):
    began = time.time()
    loud(world)
    world.passphrase = secrets.token_urlsafe(30).encode()
    binary = secrets.token_bytes(64)
    world.put_secret("quiet", world.passphrase)
    world.put_secret("binary", binary, guid="7a8c3c1f-6a4e-4f0e-8a08-3a5a2c1f8f3e")
    watcher = Watcher()
    watcher.start()
    try:
        launches(world)
    finally:
        watcher.stop()
    needles = {"passphrase": world.passphrase, "binary secret": binary, "KEK": read(KEK)}
    assert len(watcher.sessions) >= 3, f"only {len(watcher.sessions)} sessions seen"
    for number, (session, godh) in enumerate(watcher.sessions.items()):
        needles[f"TEK of launch {number}"], needles[f"TIK of launch {number}"] = keys_of(world, session, godh)
    assert {"virt-attestd", "virt-attest-hostd", world.box.daemon} <= watcher.programs, watcher.programs
    assert os.path.getsize(world.box.daemon_log) > 100000, "libvirt did not log at its loudest"
    assert "sev-inject-launch-secret" in world.read(world.box.daemon_log), "no packet in libvirt's log"
    found = search(needles, began, watcher)
    assert not found, "\n".join(found)
    prove_that_the_search_finds(world, needles, began, watcher)


def launches(world):
    """A plain start, a start that is paused first, a refusal after the session was made."""
    plain = world.make_domain("plain-start")
    world.register(plain, "--secret", "binary", secret="quiet")
    world.box.virsh("start", "plain-start")
    table = secret_in_table(world.memory("plain-start", SECRET_BASE, 0xc00))
    os.unlink(f"{world.folder}/memory-plain-start")
    assert any(world.passphrase in data for data in table.values()), "the secret did not reach the guest"
    paused = world.make_domain("paused-start")
    world.register(paused, secret="quiet")
    world.box.virsh("start", "--paused", "paused-start")
    world.launch_state(paused, "running")
    world.box.virsh("resume", "paused-start")
    refused = world.make_domain("refused-start")
    kernel, initrd = world.direct_boot_files(os.path.join(running.SOURCE, "tests/data/inputs"))
    world.register(refused, "--kernel", kernel, "--initrd", initrd, "--cmdline", "quiet", secret="quiet")
    running.refused(world, "refused-start", "measurement")


def prove_that_the_search_finds(world, needles, began, watcher):
    """Each needle in each spelling, written into a file of its own: every one of the files is found."""
    folder = f"{world.folder}/planted"
    os.makedirs(folder)
    planted = []
    for name, data in needles.items():
        for form in spellings(data):
            planted.append(f"{folder}/{len(planted)}")
            with open(planted[-1], "wb") as f:
                f.write(b"some line before " + form + b"\n")
    found = {where.rpartition(" in ")[2] for where in search(needles, began, watcher)}
    shutil.rmtree(folder)
    assert found == set(planted), f"not found where it was: {sorted(set(planted) - found)}"


@suite
def no_core_of_service_agent_or_cli(world):
    loud(world)
    identity = world.make_domain("dumped")
    world.register(identity)
    world.box.virsh("start", "dumped")
    for name in ("virt-attestd", "virt-attest-hostd"):
        pid = world.box.daemons[name].pid
        limits = read(f"/proc/{pid}/limits").decode()
        line = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        assert line.split()[4:6] == ["0", "0"], f"{name}: {line}"
        world.box.stop(name, signal.SIGABRT)
    certificate, key = pair("owner", "alice")
    putting = subprocess.Popen(
        [world.box.program("virt-attest"), "secret", "put", "late", "--file", "-", "--url", "https://localhost:8443",
         "--ca", "/etc/virt-attest/ca/ca.pem", "--certificate", certificate, "--key", key],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=world.box.cwd)
    putting.stdin.write(b"half of a passphrase")
    putting.stdin.flush()
    world.box.wait_for("the passphrase being read", lambda: b"pipe_read" in read(f"/proc/{putting.pid}/wchan")
                       or b"Max core file size        0 " in read(f"/proc/{putting.pid}/limits"))
    putting.send_signal(signal.SIGABRT)
    putting.wait()
    assert cores(world) == [], f"core files of {cores(world)}"
    if not core_is_left(world):
        print("# this machine leaves no core file at all where one could be seen (see kernel.core_pattern): only the "
              "limits were checked")


if __name__ == "__main__":
    running.main(suite)
