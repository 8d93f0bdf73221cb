#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""make bench: speed as ratios measured in one run, side by side. Writes bench-results.json; a missed aim is no failure."""

import base64
import hashlib
import hmac
import os
import shutil
import statistics
import subprocess
import tempfile
import time

from lib import owner
from lib.peers import firmware

import charts
import databases
import machine
import memory
import results
import speed
from stage import Stage

SOURCE, BUILD = os.environ["VA_TOP_SRCDIR"], os.environ["VA_TOP_BUILDDIR"]

PROGRAM = os.path.join(BUILD, "virt-attest")
VALIDATOR = shutil.which("virt-qemu-sev-validate")
if VALIDATOR and subprocess.run(["/usr/bin/python3", VALIDATOR, "--help"], capture_output=True, check=False).returncode != 0:
    VALIDATOR = None  # something that it imports is missing
MIB = 1 << 20
MILAN = 0x00a00f11


def run_time(command):
    begun = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0), (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)])
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    taken = time.perf_counter() - begun
    assert status == 0, f"{command} ended with {status}"
    return taken


def side_by_side(rounds, *commands):
    """Median seconds of each command, run in turn."""
    for command in commands:
        run_time(command)
    times = [[run_time(command) for command in commands] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*times)]


def put(name, data):
    with open(name, "wb") as f:
        f.write(data)
    return os.path.abspath(name)


def packets():
    lines = subprocess.run([os.path.join(BUILD, "tests/bench/bench-packets")], check=True, capture_output=True, text=True)
    times = {name: float(value) for name, value in (line.split() for line in lines.stdout.splitlines())}
    for name, aim in (("session", 1.3), ("secret-packet", None)):
        results.at_most(f"{name} / its primitives", times[name] / times[name + "-primitives"], aim, "ratio")
        results.at_most(f"{name}, alone", times[name] / 1000, None, "ms")


def digest(image, kernel, initrd):
    own, sums = side_by_side(15, [PROGRAM, "sev", "digest", "--firmware", image, "--kernel", kernel, "--initrd", initrd,
                                  "--cmdline", "quiet"], [shutil.which("sha256sum"), image, kernel, initrd])
    results.at_most("sev digest, 4 MiB firmware, 12 MiB kernel, 48 MiB initrd / sha256sum", own / sums, 1.1, "ratio")


def verify(image, kernel, initrd):
    """A launch of 4 vCPUs with SEV-ES and a kernel of usual size, without and with an initrd."""
    data = open(image, "rb").read()
    with_kernel(image, data, [kernel], "kernel")
    with_kernel(image, data, [kernel, initrd], "kernel and initrd of 8 MiB each")


def with_kernel(image, data, files, what):
    blobs = [open(path, "rb").read() for path in files] + [b""]
    first, others = (owner.vmsa(reset, MILAN, False) for reset in (0xfffffff0, 0x80b004))
    made = hashlib.sha256(data + owner.hash_table(blobs[0], blobs[1], b"quiet\0") + first + others * 3).digest()
    tik, nonce = bytes(range(16)), bytes(range(16))
    parts = bytes((4, 1, 51, 3)) + (5).to_bytes(4, "little") + made + nonce
    measurement = base64.b64encode(hmac.new(tik, parts, "sha256").digest() + nonce).decode()
    key, vmsa0, vmsa1 = put("tik", tik), put("vmsa0", first), put("vmsa1", others)
    common = ["--measurement", measurement, "--tik", key, "--policy", "5", "--firmware", image, "--kernel", files[0],
              "--cmdline", "quiet"]
    if len(files) > 1:
        common += ["--initrd", files[1]]
    own = [PROGRAM, "sev", "verify", *common, "--api", "1.51", "--build", "3", "--vcpus", "4", "--vmsa0", vmsa0, "--vmsa1",
           vmsa1]
    peer = ["/usr/bin/python3", VALIDATOR, *common, "--tek", key, "--api-major", "1", "--api-minor", "51", "--build-id", "3", "--num-cpus", "4",
            "--vmsa-cpu0", vmsa0, "--vmsa-cpu1", vmsa1]
    times = side_by_side(31, own, ["/bin/true"])
    results.at_most(f"sev verify, SEV-ES, 4 vCPUs, {what}: more than /bin/true", (times[0] - times[1]) * 1000,
           10 if len(files) == 1 else None, "ms")
    if len(files) > 1:
        return
    if VALIDATOR is None:
        print("skipped: libvirt's validator is not installed (package libvirt-clients-qemu)")
        return
    times = side_by_side(5, own, peer)
    results.at_most("sev verify / libvirt's validator, the same launch", times[0] / times[1], 1, "ratio")


def tools():
    """The toolbox; in a folder of its own."""
    image = put("firmware", firmware(1, size=4 * MIB))
    packets()
    digest(image, put("kernel", os.urandom(12 * MIB)), put("initrd", os.urandom(48 * MIB)))
    verify(image, put("small-kernel", os.urandom(8 * MIB)), put("small-initrd", os.urandom(8 * MIB)))


def service(folder, below):
    print(f"\n{machine.model()}; {machine.filesystem(folder)}; service on core {machine.SERVER}, client on core "
          f"{machine.CLIENT}", flush=True)
    stage = Stage(folder)
    results.told("fdatasync of 4 KiB on that disk", speed.sync_time(folder) / 1000, "ms")
    measured = stage.service("service")
    with speed.Running(stage, measured, warm=False):
        stage.furnish(measured)
    for kind in speed.PARTS:
        speed.launches(stage, measured, kind)
    speed.launches(stage, measured, "never seen", ", an OCA of its own each", stage.self_owned)
    speed.validations(stage, measured, lambda: speed.sqlite_commits(folder), "SQLite, its own commits")
    speed.alone(stage, measured, "never seen", 1.3)
    speed.fresh(stage, measured, "never seen", 0.85)
    if not speed.QUICK:
        speed.alone(stage, measured, "seen before", None)
        speed.fresh(stage, measured, "seen before", None)
    memory.measure(stage, measured)
    databases.measure(stage, below)
    if os.environ.get("BENCH_DOCS"):
        charts.draw_all(stage, measured)
        results.write_document(os.path.join(SOURCE, "docs/PERFORMANCE.md"),
                               f"{machine.model()}; {machine.filesystem(folder)}.")


def start_cost():
    """What we add to `virsh start`; a program of its own, because it needs root and libvirt."""
    print()
    here = os.path.dirname(os.path.abspath(__file__))
    if subprocess.run(["/usr/bin/python3", f"{here}/start-cost.py"], check=False).returncode == 0:
        results.take("start-cost.json")
    else:
        results.not_measured("virsh start: attested, more than the same unattested", 20, "ms", "at most", "see above")


def main():
    path = os.path.abspath("bench-results.json")
    below = os.environ.get("VA_BENCH_DIR") or os.path.dirname(path)
    with tempfile.TemporaryDirectory(prefix="virt-attest-bench.") as folder:
        os.chdir(folder)
        tools()
    with tempfile.TemporaryDirectory(prefix="bench.", dir=below) as folder:
        os.chdir(folder)
        service(folder, below)
        os.chdir(below)
    os.chdir(os.path.dirname(path))
    start_cost()
    results.write(path)


main()
