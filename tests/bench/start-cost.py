#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""make start-cost: what hook, gate, agent and service add to `virsh start`, in one paired run. Writes start-cost.json.

Three libvirtds run at the same time, each in a sandbox of its own: "ours" with hook, gate, agent and service, "bare" with
none of them, "empty" with /bin/true as its only hook, which is what libvirt itself costs when it has one. All have the
same two domains: a confidential one, which only ours attests, and one that is none of our business. Each round starts
them here and there, in changing order, so that a round's differences compare what was measured within a few seconds.
Needs root, and what the integration tests need."""

import json
import os
import re
import statistics
import subprocess
import sys
import time

SOURCE, BUILD = os.environ["VA_TOP_SRCDIR"], os.environ["VA_TOP_BUILDDIR"]
sys.path.insert(0, os.path.join(SOURCE, "tests/integration"))

# pylint: disable=wrong-import-position
import results  # noqa: E402
import sandbox  # noqa: E402
from world import World  # noqa: E402

FIRMWARE = os.environ.get("VA_FIRMWARE", f"{SOURCE}/build/firmware/OVMF.fd")
ROUNDS = int(os.environ.get("START_ROUNDS", "6" if os.environ.get("BENCH_QUICK") else "25"))
WARMING = 2  # rounds that do not count
RESULTS = "start-cost.json"
TRACE = re.compile(r"took (\d+) us: (\w+)")
CONFIDENTIAL, OTHER = "confidential", "other"


class Arm:
    """Inside a sandbox: one libvirtd and the two domains. Answers one command a line."""

    def __init__(self, box, kind):
        self.box = box
        self.world = World(box, SOURCE, FIRMWARE, os.environ.get("VA_PLATFORM_BUILD", BUILD))
        self.world.set_up()
        if kind == "ours":
            box.env["G_MESSAGES_DEBUG"] = "virt-attest"  # the agent then says how long each part took
            self.world.start_all()
            self.world.put_secret()
        else:
            box.configure_qemu(lock_manager=None)
            box.remove_hook()
            if kind == "empty":
                os.symlink("/bin/true", box.hook)
            box.start_libvirtd()
        identity = self.world.make_domain(CONFIDENTIAL, prepare=kind == "ours")
        self.world.make_domain(OTHER, confidential=False, prepare=False)
        if kind == "ours":
            self.world.register(identity)

    def timed(self, *command):
        """Milliseconds that a virsh command took, its own start and its connection not counted."""
        return float(re.search(r"\(Time: ([\d.]+) ms\)", self.box.virsh("-t", *command)).group(1))

    def start(self, name):
        """One start, and the end of it."""
        log = self.box.logs.get("virt-attest-hostd")
        before = os.path.getsize(log) if log else 0
        line = {"start": self.timed("start", name)}
        if log:
            line["parts"] = self._parts(log, before)
        line["destroy"] = self.timed("destroy", name)
        return line

    @staticmethod
    def _parts(log, offset):
        """What the agent's log says of the start: part -> milliseconds."""
        with open(log, encoding="utf-8", errors="replace") as source:
            source.seek(offset)
            found = TRACE.findall(source.read())
        parts = {}
        for taken, part in found:
            parts[part] = parts.get(part, 0) + int(taken) / 1000
        return parts

    def hook(self, operation, sub):
        """Milliseconds of one execution of the hook for the domain that is none of ours."""
        xml = self.box.virsh("dumpxml", OTHER).replace("<domain ", "<domain id='1' ", 1).encode()
        began = time.perf_counter()
        subprocess.run([self.box.hook, OTHER, operation, sub, "-"], input=xml, check=True, env={"PATH": "/usr/bin:/bin"})
        return {"hook": (time.perf_counter() - began) * 1000}

    def serve(self):
        print("ready", flush=True)
        for line in sys.stdin:
            words = line.split()
            answer = self.start(words[1]) if words[0] == "start" else self.hook(words[1], words[2])
            print(json.dumps(answer), flush=True)


class Peer:
    """An arm, seen from outside."""

    def __init__(self, kind):
        self.kind = kind
        self.process = subprocess.Popen([sys.executable, os.path.abspath(__file__), kind], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def wait(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"start-cost: {self.kind} ended")
        return line

    def ask(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        return json.loads(self.wait())

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)


def one_round(number, peers):
    """Domain -> arm -> what was measured."""
    order = peers[::-1] if number % 2 else peers
    found = {name: {peer.kind: peer.ask("start", name) for peer in order if name == OTHER or peer.kind != "empty"}
             for name in (CONFIDENTIAL, OTHER)}
    found["hook"] = {what: peers[0].ask("hook", *what.split())["hook"] for what in ("prepare begin", "start begin")}
    return found


def spread(values):
    """The middle half, for people to see how noisy the machine was."""
    quarters = statistics.quantiles(values, n=4)
    return f"{quarters[0]:.1f} to {quarters[2]:.1f}"


def added(rounds, name, what="start", base="bare"):
    return [line[name]["ours"][what] - line[name][base][what] for line in rounds]


def middle(rounds, pick):
    return statistics.median(pick(line) for line in rounds)


def shares(rounds):
    """Where an attested start's time goes, by the agent's own clock; what is left is the hook's and libvirt's."""
    def part(*names):
        return middle(rounds, lambda line: sum(line[CONFIDENTIAL]["ours"]["parts"].get(name, 0) for name in names))
    agent, service, monitor = part("hook", "gate"), part("launch", "validate"), part("monitor")
    execution = middle(rounds, lambda line: line["hook"]["prepare begin"])
    results.told("  of that: the service, two calls", service, "ms")
    results.told("  of that: QMP", monitor, "ms")
    results.told("  of that: the agent itself", agent - service - monitor, "ms")
    results.told("  of that: the hook itself, three executions", 3 * execution, "ms")
    total = statistics.median(added(rounds, CONFIDENTIAL))
    results.told("  what is left, libvirt's own work for hook and gate", total - agent - 3 * execution, "ms")


def report(rounds):
    for name, aim, what in ((CONFIDENTIAL, 20, "attested, more than the same unattested"),
                            (OTHER, 5, "a domain of others, more than without hook and gate")):
        differences = added(rounds, name)
        results.told(f"virsh start without us, {name} domain", middle(rounds, lambda line: line[name]["bare"]["start"]), "ms")
        results.at_most(f"virsh start: {what}", statistics.median(differences), aim, "ms")
        print(f"    the middle half of {len(rounds)} pairs: {spread(differences)} ms", flush=True)
        if name == CONFIDENTIAL:
            shares(rounds)
        else:
            results.told("  more than with /bin/true for a hook and no gate",
                         statistics.median(added(rounds, name, base="empty")), "ms")
        results.told("  virsh destroy of it, more than without us", statistics.median(added(rounds, name, "destroy")),
                     "ms")
    results.at_most("one execution of the hook that has nothing to do",
                    middle(rounds, lambda line: line["hook"]["prepare begin"]), 3, "ms")
    results.told("one execution of the hook that reads a domain of others",
                 middle(rounds, lambda line: line["hook"]["start begin"]), "ms")


def before_all_others():
    """Real-time priority, for both arms alike: what else the machine does is not what is measured."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except OSError as e:
        print(f"start-cost: other programs disturb: {e}", file=sys.stderr)


def run_arm(kind):
    before_all_others()
    sandbox.enter()
    with sandbox.Sandbox(build=BUILD) as box:
        Arm(box, kind).serve()


def main():
    if len(sys.argv) > 1:
        run_arm(sys.argv[1])
        return
    reason = sandbox.why_not()
    if reason is None and not os.path.exists(FIRMWARE):
        reason = f"no firmware at {FIRMWARE}: run ./check, or set VA_FIRMWARE"
    if reason is not None:
        raise SystemExit(f"start-cost: {reason}")
    peers = [Peer(kind) for kind in ("ours", "bare", "empty")]
    for peer in peers:
        peer.wait()
    rounds = [one_round(number, peers) for number in range(ROUNDS + WARMING)][WARMING:]
    for peer in peers:
        peer.close()
    report(rounds)
    results.write(os.path.abspath(RESULTS))


main()
