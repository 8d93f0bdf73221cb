# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service's processes: started, killed, watched; a small disk for their store, and a clock that can be stepped."""

import mmap
import os
import re
import resource
import signal
import struct
import subprocess
import threading
import time

from lib.peers import BUILD, SERVICE, STARTED, Service

CLOCK = os.path.join(BUILD, 'tests', 'soak', '.libs', 'clock.so')
TEXT_OF_A_CRASH = re.compile(r'AddressSanitizer|LeakSanitizer|runtime error:|CRITICAL|assertion|Assertion|stack smashing|'
                             r'double free|corrupted|terminate called|g_error', re.I)


def sanitized():
    with open(os.path.join(BUILD, 'config.status'), encoding='utf-8', errors='replace') as status:
        return "VA_SANITIZE_FALSE\"]=\"#\"" in status.read().replace("'", '"')


class Clock:
    """What the services take for the wall clock: the machine's, shifted by whole seconds."""

    def __init__(self, folder):
        self.path = os.path.join(folder, 'clock')
        with open(self.path, 'wb') as target:
            target.write(bytes(8))
        with open(self.path, 'r+b') as target:
            self.shift = mmap.mmap(target.fileno(), 8)
        self.history = [(time.time(), 0)]  # by the machine's clock: from when on it was shifted by how much

    def step(self, seconds):
        self.shift[:] = struct.pack('<q', seconds)
        self.history.append((time.time(), seconds))

    def latest(self, since):
        """The latest moment that a service may have read from its clock at or after the machine's @since."""
        now = time.time()
        ends = [at for at, _ in self.history[1:]] + [now]
        return max(end + shift for (_, shift), end in zip(self.history, ends) if end >= since)


class Disk:
    """A small tmpfs in this program's own mount namespace."""

    def __init__(self, folder, megabytes, mode='0700'):
        self.folder, self.ballast = folder, os.path.join(folder, 'ballast')
        os.makedirs(folder, mode=0o700, exist_ok=True)
        subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={megabytes}m,mode={mode}', 'tmpfs', folder], check=True)

    def fill(self):
        """Nothing is left afterwards, not even a page."""
        with open(self.ballast, 'wb', buffering=0) as target:
            for size in (1 << 20, 4096, 1):
                try:
                    while target.write(bytes(size)) == size:
                        pass
                except OSError:
                    pass

    def free(self):
        os.unlink(self.ballast)

    def end(self):
        subprocess.run(['umount', self.folder], check=True)


class Node(Service):
    """One process, which may end at any moment, and must be there again afterwards."""

    def __init__(self, number, folder, world, store, **more):
        super().__init__(folder, world.site, os.path.join(world.platform.folder, 'roots'), **more)
        self.number, self.expected_end, self.ends = number, False, []
        self.environment.update(LD_PRELOAD=CLOCK, VA_SOAK_CLOCK=world.clock.path)
        if sanitized():
            # The clock is there before AddressSanitizer and needs nothing of it.
            self.environment['ASAN_OPTIONS'] = 'verify_asan_link_order=0:' + os.environ.get('ASAN_OPTIONS', '')
        with open(self.config, encoding='utf-8') as source:
            text = source.read()
        if store.url:
            text = re.sub(r'^path = .*$', f'url = "{store.url}"', text, count=1, flags=re.M)
        else:
            self.store = os.path.join(store.folder, 'store.db')
            text = re.sub(r'^path = .*$', f'path = {self.store}', text, count=1, flags=re.M)
        text = re.sub(r'^key = .*/kek$', f'key = {store.kek}', text, flags=re.M)
        with open(self.config, 'w', encoding='utf-8') as target:
            target.write(text)

    def start(self):
        self.expected_end = False
        with open(self.log_path, 'ab') as log:
            offset = log.tell()
            self.process = subprocess.Popen([SERVICE, '--config', self.config], stdout=log, stderr=log,
                                            env=self.environment)
        STARTED.append(self.process)
        end = time.monotonic() + 60
        with open(self.log_path, 'rb') as log:
            log.seek(offset)
            text = b''
            while time.monotonic() < end:
                text += log.read()
                found = re.search(rb'listening on 127\.0\.0\.1 port (\d+)', text)
                if found:
                    self.port = int(found[1])
                    return self
                if self.process.poll() is not None:
                    break
                time.sleep(0.005)
        raise RuntimeError('virt-attestd did not start: ' + text.decode(errors='replace'))

    def end(self, how=signal.SIGTERM):
        process, self.expected_end = self.process, True
        process.send_signal(how)
        status = process.wait(60)
        STARTED.remove(process)
        self.process, self.port = None, None
        self.ends.append((how, status))
        return status

    def died(self):
        """The exit status of a process that nobody ended, or None."""
        process = self.process
        return process.poll() if process is not None and not self.expected_end else None

    def measure(self):
        """Resident memory in KiB that is no file's, open files, threads; None while there is no process."""
        process = self.process
        try:
            with open(f'/proc/{process.pid}/status', encoding='ascii') as status:
                text = status.read()
            files = len(os.listdir(f'/proc/{process.pid}/fd'))
            return (int(re.search(r'RssAnon:\s+(\d+)', text)[1]), files, int(re.search(r'Threads:\s+(\d+)', text)[1]))
        except (AttributeError, OSError, TypeError):
            return None


    def open_files(self):
        """What it has open, but for its connections to the store, of which it makes as many as it needs, and keeps them."""
        folder, names = f'/proc/{self.process.pid}/fd', []
        for fd in os.listdir(folder):
            try:
                names.append(os.readlink(os.path.join(folder, fd)))
            except OSError:
                pass  # closed meanwhile
        return [name for name in names if not name.startswith(self.store) and name not in self.store_sockets()]

    def store_sockets(self):
        """Its connections to PostgreSQL, as names in /proc: the sockets that are neither TCP nor its own."""
        with open('/proc/net/unix', encoding='ascii') as table:
            return {f'socket:[{line.split()[6]}]' for line in table.readlines()[1:]}


class Sampler(threading.Thread):
    """Looks at all processes twice a second."""

    def __init__(self, nodes):
        super().__init__(daemon=True)
        self.nodes, self.samples, self.stop = nodes, [], threading.Event()

    def run(self):
        while not self.stop.wait(0.5):
            for node in self.nodes:
                process, measured = node.process, node.measure()
                if measured and process is node.process:
                    self.samples.append((time.monotonic(), process.pid, *measured))


def zombies():
    """Children of this program that ended and that nobody asked for."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as stat:
                name, rest = stat.read().rsplit(')', 1)
        except OSError:
            continue
        if rest.split()[0] == 'Z' and int(rest.split()[1]) == os.getpid():
            found.append((int(pid), name.split('(', 1)[1]))
    return found


def kernel_messages(since):
    """Lines of the kernel's log about the service since the @since-th second of the machine, or None where it is not to be read."""
    done = subprocess.run(['dmesg'], capture_output=True, text=True, errors='replace', check=False)
    if done.returncode != 0:
        return None
    lines = re.findall(r'^\[\s*(\d+\.\d+)\] (.*)$', done.stdout, re.M)
    return [text for at, text in lines if float(at) >= since and 'virt-attestd' in text]


def allow_files(files):
    """Makes room for @files open files in this program and what it starts; how many it may have now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < files:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
            return files
        except (OSError, ValueError):
            files = hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, files), hard))
    return max(soft, files)
