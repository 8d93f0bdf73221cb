# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real virt-attest-hostd, and the end of a journal that daemons write to."""

import os
import re
import signal
import socket
import struct
import subprocess
import time

from lib.peers import BUILD, STARTED, b64, write
from lib.service import TMP

AGENT = os.path.join(BUILD, 'virt-attest-hostd')
# In the namespace /run is empty but for the journal's socket.
SCRIPT = ('mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && : >/run/systemd/journal/socket && '
          'mount --bind "$0" /run/systemd/journal/socket && exec "$@"')


class Journal:
    """The journal's end of the socket, and what came there: a dictionary for each entry."""

    def __init__(self, name):
        self.path = os.path.join(TMP, name + '.socket')
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.entries, self.raw = [], b''

    def before(self):
        """Words in front of a command that is to see this journal, and no other."""
        unshare = ['unshare', '--mount'] if os.getuid() == 0 else ['unshare', '--mount', '--map-root-user']
        return [*unshare, 'sh', '-c', SCRIPT, self.path]

    def read(self):
        while True:
            try:
                data, passed, flags, _ = self.socket.recvmsg(1 << 20, 1024, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return self.entries
            assert not passed and not flags & socket.MSG_TRUNC, 'an entry in a file of its own'
            self.raw += data
            self.entries.append(self.parse(data))

    @staticmethod
    def parse(data):
        fields = {}
        while data:
            line, _, rest = data.partition(b'\n')
            name, equals, value = line.partition(b'=')
            if not equals:
                size, = struct.unpack_from('<Q', rest)
                value, rest = rest[8:8 + size], rest[8 + size + 1:]
            assert re.fullmatch(b'[A-Z][A-Z0-9_]*', name) and name.decode() not in fields, name
            fields[name.decode()], data = value.decode(), rest
        return fields

    def about(self, **wanted):
        """Entries with these fields, VIRT_ATTEST_ in front of their names."""
        wanted = {'VIRT_ATTEST_' + name.upper(): value for name, value in wanted.items()}
        return [entry for entry in self.read() if wanted.items() <= entry.items()]


def stream_of(path):
    info = os.stat(path)
    return f'{info.st_dev}:{info.st_ino}'


class Agent:
    """A real virt-attest-hostd, if need be without libvirt, in a namespace of its own."""

    def __init__(self, w, name, service, certificate=None, key=None, libvirt_uri='', deadline_ms=8000):
        self.folder, self.journal = os.path.join(TMP, name), Journal(name)
        os.makedirs(os.path.join(self.folder, 'state'), 0o700)
        if certificate is None:
            certificate, key = w.site.client('host', 'node1')
        platform = {'pdh': b64(w.platform.pdh), 'cert-chain': b64(w.platform.chain), 'cpu-id': b64(w.platform.cpu_id)}
        text = ', '.join(f'"{name}": "{value}"' for name, value in platform.items())
        numbers = '"cbitpos": 51, "reduced-phys-bits": 1, "max-guests": 15, "max-es-guests": 0'
        write(os.path.join(self.folder, 'state', 'platform.json'), f'{{{text}, {numbers}}}'.encode())
        self.firmware = write(os.path.join(self.folder, 'firmware.fd'), w.image)
        config = write(os.path.join(self.folder, 'hostd.conf'), (
            f'[service]\nurl = "https://127.0.0.1:{service.port}"\nca = {w.site.ca}\ncertificate = {certificate}\n'
            f'key = {key}\n[host]\nlibvirt-uri = "{libvirt_uri}"\ndeadline-ms = {deadline_ms}\nstate-dir = {self.folder}/state\n').encode())
        errors = write(os.path.join(self.folder, 'errors'), b'')
        with open(errors, 'ab') as target:
            self.process = subprocess.Popen([*self.journal.before(), AGENT, '--config', config], stderr=target,
                                            env={**os.environ, 'JOURNAL_STREAM': stream_of(errors)})
        STARTED.append(self.process)

    def start_domain(self, vm):
        """The answer to the hook's question."""
        monitor = f'/run/virt-attest/qmp/libvirt-{vm}/monitor.sock'
        xml = (f"<domain type='kvm'><name>guest</name><uuid>{vm}</uuid><metadata><attest:launch "
               f"xmlns:attest='urn:virt-attest:launch:1' mode='required'/></metadata><vcpu>1</vcpu>"
               f"<os><type arch='x86_64' machine='q35'>hvm</type><loader type='rom'>{self.firmware}</loader></os>"
               "<launchSecurity type='sev'><policy>0x1</policy><dhCert>QUFBQQ==</dhCert><session>QUFBQQ==</session>"
               "</launchSecurity><qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
               f"<qemu:arg value='-qmp'/><qemu:arg value='unix:{monitor},server=on,wait=off'/></qemu:commandline></domain>")
        path = f'/proc/{self.process.pid}/root/run/virt-attest/hook.sock'
        for _ in range(200):
            if os.path.exists(path):
                break
            assert self.process.poll() is None, self.journal.read()
            time.sleep(0.05)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as hook:
            hook.settimeout(60)
            hook.connect(path)
            hook.sendall(f'virt-attest hook 1\nstart {os.getpid()}\n\n{xml}'.encode())
            hook.shutdown(socket.SHUT_WR)
            answer = b''
            while part := hook.recv(65536):
                answer += part
        return answer.decode()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        if status != 0:
            with open(os.path.join(self.folder, 'errors'), encoding='utf-8', errors='replace') as errors:
                print(*(f'# {line}' for line in errors.read().splitlines()[-60:]), sep='\n')
        return status
