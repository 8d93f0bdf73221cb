# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the daemons tell the journal: a socket of the test's own in the journal's place, in a mount namespace, takes the
native protocol's datagrams. Real agent and real service, so that one's log leads to the other's."""

import os
import re
import signal
import socket
import struct
import subprocess
import time
import uuid

from service_peers import BUILD, STARTED, Service, b64, write
from service_world import INLINE, OTHER_GUID, PASSPHRASE, TMP, refused, test

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


class JournalService(Service):
    """Its log is the journal."""

    def __init__(self, w, name, stream=None):
        super().__init__(os.path.join(TMP, name), w.site, os.path.join(w.platform.folder, 'roots'))
        self.journal = Journal(name)
        self.before = self.journal.before()
        write(self.log_path, b'')
        self.environment['JOURNAL_STREAM'] = stream or stream_of(self.log_path)

    def log(self):
        return '\n'.join(entry['MESSAGE'] for entry in self.journal.read()) or super().log()


@test
def decisions_in_the_journal(w):
    service = JournalService(w, 'journal').start()
    alice, node1 = w.peer('owner', 'alice', service), w.peer('host', 'node1', service)
    alice.call('PUT', '/artifact', raw=w.image)
    alice.call('PUT', '/secret/disk?type=luks-passphrase', raw=PASSPHRASE)
    vm = w.register(alice, secrets=[{'name': 'disk'}, {'guid': OTHER_GUID, 'data': b64(INLINE)}])
    good = w.launch(vm, host=node1)
    granted_as = node1.answered
    reply = w.validate(vm, good, host=node1)
    bad = w.launch(vm, host=node1)
    refused('measurement-mismatch', w.validate, vm, bad, b'\1' * 32, host=node1)
    node1.post(f'/launch/{good.id}/outcome', {'state': 'running'})
    nowhere = str(uuid.uuid4())
    refused('vm-unknown', node1.call, 'POST', f'/vm/{nowhere}/launch', w.platform.request(nowhere), request_id='nowhere-1')
    journal = service.journal
    for launch, wanted in ((good, [('launch', 'granted'), ('validate', 'validated'), ('outcome', 'running')]),
                           (bad, [('launch', 'granted'), ('validate', 'measurement-mismatch')])):
        entries = journal.about(launch=launch.id)
        assert [(e['VIRT_ATTEST_CALL'], e['VIRT_ATTEST_VERDICT']) for e in entries] == wanted, entries
        assert all(e['VIRT_ATTEST_HOST'] == 'node1' and e['VIRT_ATTEST_REQUEST'] in e['MESSAGE'] for e in entries)
        assert all(e['VIRT_ATTEST_VM'] == vm for e in entries)
    entry, = journal.about(request=granted_as)
    assert entry['VIRT_ATTEST_LAUNCH'] == good.id and entry['PRIORITY'] == '6', entry
    entry, = journal.about(request='nowhere-1')
    assert 'VIRT_ATTEST_LAUNCH' not in entry and entry['VIRT_ATTEST_VERDICT'] == 'vm-unknown', entry
    assert all(e['SYSLOG_IDENTIFIER'] == 'virt-attestd' and e['PRIORITY'] in '34567' for e in journal.entries)
    assert [e['PRIORITY'] for e in journal.entries if 'NOT one of AMD' in e['MESSAGE']] == ['4']
    assert service.end() == 0
    journal.read()
    with open(service.kek, 'rb') as kek, open(service.log_path, 'rb') as text:
        needles = [PASSPHRASE, INLINE, kek.read(), reply['secret-payload'].encode()]
        assert text.read() == b'', 'what the journal has is not on standard error too'
    for guest in (good, bad):
        needles += [guest.tik, guest.tek, guest.tik.hex().encode(), b64(guest.tik).encode(), b64(guest.tek).encode()]
    assert good.id.encode() in journal.raw and not any(needle in journal.raw for needle in needles)


@test
def no_journal_without_its_stream(w):
    """$JOURNAL_STREAM that is inherited, with standard error elsewhere: plain lines there, nothing to the journal."""
    service = JournalService(w, 'redirected', stream=stream_of('/dev/null')).start()
    assert service.end() == 0 and service.journal.read() == []
    with open(service.log_path, encoding='utf-8') as text:
        lines = text.read().splitlines()
    assert len(lines) >= 3 and all(line.startswith('virt-attestd: ') for line in lines), lines


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
               f"<qemu:arg value='-chardev'/><qemu:arg value='socket,id=virt-attest,path={monitor},server=on,wait=off'/>"
               "<qemu:arg value='-mon'/><qemu:arg value='chardev=virt-attest,mode=control'/></qemu:commandline></domain>")
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


@test
def from_virsh_to_the_service_s_log(w):
    vm, unknown = w.register(), str(uuid.uuid4())
    agent = Agent(w, 'agent', w.service)
    answer = agent.start_domain(unknown)
    request = re.search(r'^refuse\n.*\(vm-unknown\); request ([A-Za-z0-9-]+)', answer)[1]
    line, = [line for line in w.service.log().splitlines() if f'request={request} ' in line]
    assert f'vm={unknown} host=node1 verdict=vm-unknown' in line
    entry, = agent.journal.about(request=request)
    assert entry['VIRT_ATTEST_VM'] == unknown and entry['VIRT_ATTEST_VERDICT'] == 'vm-unknown', entry
    assert entry['SYSLOG_IDENTIFIER'] == 'virt-attest-hostd' and entry['VIRT_ATTEST_CALL'] == 'launch', entry
    answer = agent.start_domain(vm)
    launch, session = re.match(r'grant\n(.*)\n(.*)\n', answer).groups()
    entry, = agent.journal.about(launch=launch, call='launch')
    line, = [line for line in w.service.log().splitlines() if f'launch={launch} ' in line]
    assert f'request={entry["VIRT_ATTEST_REQUEST"]} ' in line and 'verdict=granted' in line
    assert any('granted after' in entry['MESSAGE'] for entry in agent.journal.about(launch=launch, vm=vm))
    assert session.encode() not in agent.journal.raw
    assert agent.end() == 0
