# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hook and gate under the machine's own libvirtd, the agent played from here."""
import os
import shutil
import socket
import statistics
import sys
import threading
import time

from lib import tap

import sandbox

UUID = "6e1f0a52-8c0e-4a3c-9d55-0c1a6b1f0001"
METADATA = "<attest:launch xmlns:attest='urn:virt-attest:launch:1' mode='required'/>"
RUN = "/run/virt-attest"
MONITOR = f"{RUN}/qmp/libvirt-{UUID}/monitor.sock"


class Agent:
    """Listens on the hook's or the gate's socket; answers with what the given function makes of the question."""

    def __init__(self, name, answer):
        self.path, self.answer, self.questions, self.error = f"{RUN}/{name}.sock", answer, [], None
        os.makedirs(f"{RUN}/domains", mode=0o700, exist_ok=True)
        if os.path.lexists(self.path):
            os.unlink(self.path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(peer,), daemon=True).start()

    def _one(self, peer):
        with peer:
            peer.settimeout(30)
            question = b"".join(iter(lambda: peer.recv(65536), b"")).decode()
            self.questions.append(question)
            try:
                reply = self.answer(question)
                if reply is not None:
                    peer.sendall(reply.encode())
            except OSError:
                pass  # the other side gave up: what some of the tests are about
            except Exception as error:  # pylint: disable=broad-except
                self.error = error

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.path)
        if self.error is not None:
            raise self.error


def marker(text):
    path = f"{RUN}/domains/{UUID}"
    with open(f"{path}.new", "w", encoding="ascii") as f:
        f.write(text)
    os.rename(f"{path}.new", path)


def no_marker():
    if os.path.exists(f"{RUN}/domains/{UUID}"):
        os.unlink(f"{RUN}/domains/{UUID}")


def start_time(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        return int(f.read().rpartition(")")[2].split()[19])


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def contains(text, *words):
    for word in words:
        check(word in text, f"“{word}” is not in: {text}")


def is_off(box, name):
    check(box.state(name) == "shut off", box.state(name))
    check(box.qemu_pid(name) is None, "QEMU still runs")


def opted_in(box):
    """Defines the domain that asks for attestation, and makes the folder of its monitor, as a hook with a grant would."""
    line = (f"<qemu:arg value='-chardev'/><qemu:arg value='socket,id=attest,path={MONITOR},server=on,wait=off'/>"
            "<qemu:arg value='-mon'/><qemu:arg value='chardev=attest,mode=control'/>")
    box.define(sandbox.plain_domain("ours", UUID, METADATA, line))
    os.makedirs(os.path.dirname(MONITOR), exist_ok=True)
    os.chmod(f"{RUN}/qmp", 0o711)
    shutil.chown(os.path.dirname(MONITOR), "libvirt-qemu")


def test_plain_starts(box):
    """a domain that is not ours starts, and the mark names this libvirtd"""
    with open(f"{RUN}/gate", encoding="ascii") as f:
        check(f.read() == f"{box.libvirtd_pid} {start_time(box.libvirtd_pid)}\n", "the mark names another process")
    check(os.stat(RUN).st_mode & 0o7777 == 0o711, "mode of the run folder")
    box.virsh("start", "plain")
    check(box.state("plain") == "running", box.state("plain"))
    check(box.qmp("plain", "query-status")["status"] == "running", "no cont")
    box.virsh("suspend", "plain")
    box.virsh("resume", "plain")
    box.virsh("destroy", "plain")


def test_agent_down(box):
    """ours is refused by the hook while no agent runs"""
    contains(box.virsh_fails("start", "ours"), "cannot reach the host agent", "hook.sock", "virt-attest-hostd")
    is_off(box, "ours")


def test_hook_refusal(box):
    """the agent's sentence reaches virsh"""
    with Agent("hook", lambda _: "refuse\nthe permit is used up (permit-exhausted)\n") as agent:
        contains(box.virsh_fails("start", "ours"), "virt-attest: the permit is used up (permit-exhausted)")
    is_off(box, "ours")
    first = agent.questions[0]
    check(first.startswith(f"virt-attest hook 1\nstart {box.libvirtd_pid}\n\n<domain "), first[:200])
    contains(first, UUID, "urn:virt-attest:launch:1")
    check(agent.questions[-1].startswith(f"virt-attest hook 1\nrelease {box.libvirtd_pid}\n\n<domain "),
          "the end was not told")


def test_hook_garbage(box):
    """any other answer to the hook is a refusal"""
    for reply in ("", "pass", "grant\n", "yes\n", "refuse\n\n", f"grant\n{UUID}\nAAAA\nAAAA\nend\n", "pass\npass\n"):
        with Agent("hook", lambda _, reply=reply: reply):
            contains(box.virsh_fails("start", "ours"), "sent an invalid answer")
    is_off(box, "ours")


def test_hook_silence(box):
    """an agent that is silent towards the hook is a refusal within the deadline"""
    box.write("/etc/virt-attest/hook.conf", "deadline-ms = 700\n")
    done = threading.Event()
    with Agent("hook", lambda _: done.wait(20) and None):
        began = time.monotonic()
        contains(box.virsh_fails("start", "ours"), "no answer in time")
        check(time.monotonic() - began < 5, "took too long")
        done.set()
    os.unlink("/etc/virt-attest/hook.conf")


def test_no_gate(box):
    """ours is refused where the lock_manager line is gone, with the agent willing"""
    box.configure_qemu(lock_manager=None)
    box.restart_libvirtd()
    try:
        with Agent("hook", lambda _: "pass\n") as agent:
            contains(box.virsh_fails("start", "ours"), "gate is not loaded", "lock_manager")
            check(not any("start" in q.split("\n")[1] for q in agent.questions), "the agent was asked nonetheless")
        box.virsh("start", "plain")
        box.virsh("destroy", "plain")
    finally:
        box.configure_qemu()
        box.restart_libvirtd()


def test_hook_removed(box):
    """without the hook the gate refuses a domain with our monitor"""
    no_marker()
    opted_in(box)
    box.remove_hook()
    try:
        contains(box.virsh_fails("start", "ours"), "operation forbidden", "no launch was started")
        is_off(box, "ours")
    finally:
        box.restore_hook()


def with_gate(box, answer, began="pending\n"):
    """Starts the domain with a hook that passes and leaves a marker, and a gate that answers so."""
    def hook(question):
        if question.split("\n")[1].startswith("start"):
            marker(began)
        else:
            no_marker()
        return "pass\n"
    with Agent("hook", hook), Agent("gate", answer) as gate:
        result = box.run_virsh("start", "ours")
    return result, gate


def test_gate_yes(box):
    """the gate asks once and lets run on yes; a resume of the attested process asks nobody"""
    opted_in(box)

    def answer(question):
        pid = int(question.split("\n")[2].split()[1])
        marker(f"attested {pid} {start_time(pid)}\n")
        return "yes\n"
    result, gate = with_gate(box, answer)
    check(result.code == 0, result)
    pid = box.qemu_pid("ours")
    check(gate.questions == [f"virt-attest gate 1\nuuid {UUID}\npid {pid}\n"], gate.questions)
    check(box.qmp("ours", "query-status")["status"] == "running", "no cont")
    box.virsh("suspend", "ours")
    box.virsh("resume", "ours")
    check(box.state("ours") == "running", box.state("ours"))
    box.virsh("suspend", "ours")
    marker(f"attested {pid} {start_time(pid) + 1}\n")
    contains(box.virsh_fails("resume", "ours"), "not the one that was attested")
    check(box.state("ours") == "paused" and box.qmp("ours", "query-status")["status"] == "paused", "runs")
    box.virsh("destroy", "ours")


def test_gate_refusals(box):
    """no, garbage, a cut answer, a hang-up: QEMU is gone and virsh says why"""
    opted_in(box)
    for reply, words in (("no\nthe measurement does not fit (measurement-mismatch)\n",
                          "the measurement does not fit (measurement-mismatch)"),
                         ("yes", "no verdict"), ("yes\nyes\n", "no verdict"), ("no\n", "no verdict"),
                         ("no\nhalf a sen", "no verdict"), ("", "no verdict")):
        result, _ = with_gate(box, lambda _, reply=reply: reply)
        check(result.code == 1, f"{reply!r}: {result}")
        contains(result.err, "operation forbidden: virt-attest: ", words)
        is_off(box, "ours")
    for stale in ("attested 1 1\n", "pending", "", "pending\npending\n"):
        result, _ = with_gate(box, lambda _: "yes\n", stale)
        check(result.code == 1, f"{stale!r}: {result}")
        contains(result.err, "not the one that was attested")
        is_off(box, "ours")


def test_gate_silence(box):
    """silence at the gate ends with the deadline; meanwhile libvirt starts another domain"""
    opted_in(box)
    box.configure_gate("deadline-ms = 5000\n")
    box.restart_libvirtd()
    asked, done, other = threading.Event(), threading.Event(), []

    def answer(_):
        asked.set()
        done.wait(20)

    def meanwhile():
        if asked.wait(10):
            other.append(box.run_virsh("start", "plain").code)
            other.append(time.monotonic())
    thread = threading.Thread(target=meanwhile)
    thread.start()
    try:
        began = time.monotonic()
        result, _ = with_gate(box, answer)
        ended = time.monotonic()
        done.set()
        thread.join(20)
        check(result.code == 1 and 5 <= ended - began < 15, result)
        contains(result.err, "no verdict within 5000 ms")
        check(len(other) == 2 and other[0] == 0 and other[1] < ended, f"the other domain had to wait: {other}, {ended}")
        is_off(box, "ours")
    finally:
        box.run_virsh("destroy", "plain")
        box.configure_gate("")
        box.restart_libvirtd()


def test_gate_agent_gone(box):
    """marker there, agent gone: refused at once"""
    opted_in(box)
    with Agent("hook", lambda _: marker("pending\n") or "pass\n"):
        contains(box.virsh_fails("start", "ours"), "cannot reach the host agent", "gate.sock")
    is_off(box, "ours")
    no_marker()


def test_libvirtd_killed(box):
    """libvirtd killed while the gate waits: the domain is gone once it is back"""
    opted_in(box)
    asked, done = threading.Event(), threading.Event()

    def answer(_):
        asked.set()
        done.wait(20)
    with Agent("hook", lambda _: marker("pending\n") or "pass\n"), Agent("gate", answer):
        thread = threading.Thread(target=lambda: box.run_virsh("start", "ours"))
        thread.start()
        check(asked.wait(10), "the gate did not ask")
        box.kill_libvirtd()
        done.set()
        thread.join(20)
        box.start_libvirtd()
        box.wait_for("end of QEMU", lambda: box.qemu_pid("ours") is None)
    is_off(box, "ours")
    no_marker()


def test_chain(box):
    """chained to the machine's lockd driver: it really starts, and its refusal counts"""
    if not os.path.exists(f"{box.drivers}/lockd.so"):
        raise AssertionError("this libvirt has no lockd driver")
    box.configure_gate('chain = "lockd"\n')
    box.stop_libvirtd()
    try:
        box.start_libvirtd()
        # Nobody runs virtlockd here, so the chained driver has to say no.
        contains(box.virsh_fails("start", "plain"), "virtlockd")
        box.spawn("virtlockd", [shutil.which("virtlockd", path="/usr/sbin:/usr/local/sbin")])
        box.wait_for("virtlockd", lambda: sandbox.accepts("/run/libvirt/virtlockd-sock"), daemon="virtlockd")
        box.virsh("start", "plain")
        box.virsh("suspend", "plain")
        box.virsh("resume", "plain")
        box.virsh("destroy", "plain")
    finally:
        box.configure_gate("")
        box.restart_libvirtd()


def test_wrong_settings(box):
    """an unknown key or a driver that is not there stops libvirtd's QEMU driver with a sentence"""
    for text, words in (("dead-line = 3\n", "unknown key"), ('chain = "nothing"\n', "cannot load the chained"),
                        ('chain = "../x"\n', "not a lock driver")):
        box.configure_gate(text)
        box.stop_libvirtd()
        box.start_libvirtd(wait=False)
        try:
            box.wait_for("sentence in the log", lambda words=words: words in box.tails(), 15)
            check(box.run_virsh("uri", limit=15).code != 0, "the QEMU driver is up nonetheless")
        finally:
            box.configure_gate("")
            if box.daemons["libvirtd"].poll() is None:
                box.stop_libvirtd()
            else:
                del box.daemons["libvirtd"]
            box.start_libvirtd()


def test_cost(box):
    """what hook and gate cost a domain that is not ours (figures; the limit is a generous one)"""
    def starts(count):
        spent = []
        for _ in range(count):
            began = time.monotonic()
            box.virsh("start", "plain")
            spent.append(time.monotonic() - began)
            box.virsh("destroy", "plain")
        return spent
    with_both, without = [], []
    for _ in range(2):
        starts(1)
        with_both += starts(5)
        box.configure_qemu(lock_manager=None)
        box.remove_hook()
        box.restart_libvirtd()
        try:
            starts(1)
            without += starts(5)
        finally:
            box.configure_qemu()
            box.restore_hook()
            box.restart_libvirtd()
    ours, bare = statistics.median(with_both), statistics.median(without)
    tap.note(f"start of a domain that is not ours, median of ten: {ours * 1000:.0f} ms with hook and gate, "
             f"{bare * 1000:.0f} ms without: ratio {ours / bare:.3f}")
    check(ours - bare < 0.5, "hook and gate cost half a second")


def main():
    reason = sandbox.why_not()
    if reason is not None:
        tap.skip_all(reason)
    sandbox.enter()
    with sandbox.Sandbox(build=os.environ["VA_TOP_BUILDDIR"]) as box:
        box.start_libvirtd()
        box.define(sandbox.plain_domain())
        opted_in(box)
        tests = [value for name, value in globals().items() if name.startswith("test_")]
        return tap.run(tests, box, title=tap.sentence)


sys.exit(main())
