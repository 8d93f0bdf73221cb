# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private view of the machine: own mounts, own network, own processes, all gone when the program ends."""
import ctypes
import errno
import fcntl
import os
import signal
import socket
import struct
import sys
import time

_libc = ctypes.CDLL(None, use_errno=True)
_MS_BIND, _MS_REC, _PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 4096, 16384, 1, 36
_OUTSIDE = "VA_SANDBOX_OUTSIDE"


def enter(network=True):
    """Moves this program into namespaces of its own. Call it first thing; it starts the program anew inside.

    A parent process stays behind in the new namespaces: it reaps what is orphaned, and when the program ends, however
    it ends, kills whatever still runs in there. network=False shares the machine's network.
    """
    here = os.readlink("/proc/self/ns/mnt")
    outside = os.environ.get(_OUTSIDE)
    if outside is None:
        if os.geteuid() != 0:
            raise PermissionError("private mounts need root")
        os.environ[_OUTSIDE] = here
        flags = ["--mount", "--propagation", "private"] + (["--net"] if network else [])
        sys.stdout.flush()
        os.execvp("unshare", ["unshare", *flags, sys.executable, *_own_arguments()])
    if outside == here:
        raise RuntimeError("still in the machine's own mount namespace")
    del os.environ[_OUTSIDE]
    if network:
        _loopback_up()
    _leave_keeper()


def _own_arguments():
    return sys.orig_argv[1:]


def _loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = struct.pack("16sH14x", b"lo", 0x1 | 0x40)  # IFF_UP | IFF_RUNNING
        fcntl.ioctl(s, 0x8914, request)  # SIOCSIFFLAGS


def _leave_keeper():
    keeper = os.getpid()
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != keeper:
            os._exit(1)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        return
    # Ctrl-C reaches the whole foreground group by itself; the keeper stays until the program is gone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    status = None
    while status is None:
        pid, result = os.waitpid(-1, 0)
        if pid == child:
            status = result
    kill_all()
    os._exit(os.waitstatus_to_exitcode(status) % 256 if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


def processes():
    """Every other process in this mount namespace, except the keeper and this program's ancestors."""
    own = os.readlink("/proc/self/ns/mnt")
    spared = {os.getpid(), os.getppid()}
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) in spared:
            continue
        try:
            if os.readlink(f"/proc/{name}/ns/mnt") == own and _state(name) != "Z":
                found.append(int(name))
        except OSError:
            pass
    return found


def _state(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
        return f.read().rpartition(")")[2].split()[0]


def kill_all(patience=3.0):
    """Kills what processes() names, and waits until it is gone."""
    end = time.monotonic() + patience
    sig = signal.SIGTERM
    while True:
        pids = processes()
        if not pids:
            return
        for pid in pids:
            try:
                os.kill(pid, sig)
            except ProcessLookupError:
                pass
        time.sleep(0.02)
        _reap()
        if time.monotonic() > end - patience / 2:
            sig = signal.SIGKILL
        if time.monotonic() > end + patience:
            raise RuntimeError(f"processes that cannot be killed: {pids}")


def _reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def mount(source, target, fstype=None, options=None, flags=0):
    result = _libc.mount(source.encode() if source else None, target.encode(), fstype.encode() if fstype else None,
                         ctypes.c_ulong(flags), options.encode() if options else None)
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount {source} on {target}: {os.strerror(number)}")


def bind(source, target):
    mount(source, target, flags=_MS_BIND | _MS_REC)


def tmpfs(target, mode="0755"):
    """An empty folder over @target, which is made for this namespace only if it does not exist."""
    if not os.path.isdir(target):
        graft(os.path.dirname(target))
        os.makedirs(target)
    mount("tmpfs", target, "tmpfs", f"mode={mode}")


def graft(folder):
    """Replaces @folder by a private one with the same entries, so that new ones can be made in it."""
    if not os.path.isdir(folder):
        graft(os.path.dirname(folder))
        os.mkdir(folder)
        return
    if getattr(graft, "done", None) is None:
        graft.done = set()
    if folder in graft.done:
        return
    stage = f"/run/graft-{len(graft.done)}"
    os.mkdir(stage)
    mount("tmpfs", stage, "tmpfs", f"mode={os.stat(folder).st_mode & 0o7777:o}")
    for entry in os.scandir(folder):
        there = f"{stage}/{entry.name}"
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), there)
            continue
        if entry.is_dir():
            os.mkdir(there)
        else:
            with open(there, "w", encoding="ascii"):
                pass
        try:
            bind(entry.path, there)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
    bind(stage, folder)
    graft.done.add(folder)
