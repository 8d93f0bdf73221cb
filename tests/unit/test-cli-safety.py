#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-attest on bad days: an interrupted prompt, a full disk, a strict umask, a store of another user, a name that is too
long, and a service that writes to the terminal."""

import fcntl
import json
import os
import pty
import pwd
import re
import select
import signal
import stat
import subprocess
import sys
import tempfile
import termios
import time

from lib import tap
from lib.hostile_service import ID, HostileService, client_words
from lib.peers import Site, write

SOURCE, BUILD = os.environ['VA_TOP_SRCDIR'], os.environ['VA_TOP_BUILDDIR']

TOOL = os.path.join(os.path.abspath(BUILD), 'virt-attest')
TMP = tempfile.mkdtemp()
NOT_FOR_TERMINALS = re.compile('[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]')


class World:
    """What client_words() needs."""

    def __init__(self):
        self.site = Site(os.path.join(TMP, 'site'))
        self.site.client('owner', 'alice')
        self.service = HostileService(self.site, 'escapes')


def tool(*words, code=None, umask=0o022, before=()):
    done = subprocess.run([*before, TOOL, *words], capture_output=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
                          preexec_fn=lambda: os.umask(umask))
    said = (done.stdout + done.stderr).decode()
    assert code is None or done.returncode == code, (words, done.returncode, said)
    return said


def place(name):
    path = os.path.join(TMP, name)
    os.makedirs(path)
    return path


# Between test and tool: a parent in the tool's own session, as a shell is, without which nothing stops for SIGTSTP.
SHELL = """
import os, signal, sys
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
report, child = int(sys.argv[1]), os.fork()
if child == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpgrp())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(sys.argv[2], sys.argv[2:])
os.write(report, b'%d\\n' % child)
while True:
    _, status = os.waitpid(child, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        os.write(report, b'ended %d\\n' % os.waitstatus_to_exitcode(status))
        sys.exit(0)
    os.write(report, b'stopped\\n')
"""


class Prompt:
    """“secret put” at a terminal of its own, up to its question."""

    def __init__(self, w):
        self.master, slave = pty.openpty()
        self.slave = slave
        reports, theirs = os.pipe()
        self.reports = os.fdopen(reports, 'r', encoding='ascii')
        self.shell = subprocess.Popen(
            ['/usr/bin/python3', '-c', SHELL, str(theirs), TOOL, 'secret', 'put', 'disk', *client_words(w, w.service)],
            stdin=slave, stdout=slave, stderr=slave, pass_fds=[theirs],
            preexec_fn=lambda: (os.setsid(), fcntl.ioctl(slave, termios.TIOCSCTTY, 0)))
        os.close(theirs)
        self.pid = int(self.report())
        self.wait_for(lambda: not self.echoes() and 'assphrase' in self.read(), 'no question without echo')

    def report(self):
        """What the parent has seen next."""
        assert select.select([self.reports], [], [], 20)[0], f'nothing happened: {self.read()!r}'
        return self.reports.readline().strip()

    text = ''

    def read(self):
        while select.select([self.master], [], [], 0)[0]:
            self.text += os.read(self.master, 4096).decode(errors='replace')
        return self.text

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def wait_for(self, what, why, seconds=20):
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, f'{why}: {self.read()!r}'
            time.sleep(0.02)

    def close(self):
        if self.shell.poll() is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.shell.wait(20)
        self.reports.close()
        os.close(self.master)
        os.close(self.slave)


def signals_restore_the_echo(w):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        prompt = Prompt(w)
        if number == signal.SIGINT:
            os.write(prompt.master, b'typed\x03')
        else:
            os.kill(prompt.pid, number)
        assert prompt.report() == f'ended {-number}', number
        assert prompt.echoes(), f'no echo after {number.name}'
        assert 'typed' not in prompt.read()
        prompt.close()


def stopping_restores_the_echo(w):
    prompt = Prompt(w)
    os.write(prompt.master, b'\x1a')
    assert prompt.report() == 'stopped'
    assert prompt.echoes(), 'no echo while it is stopped'
    os.kill(prompt.pid, signal.SIGCONT)
    prompt.wait_for(lambda: not prompt.echoes(), 'it echoes after it went on')
    os.write(prompt.master, b'one\n')
    prompt.wait_for(lambda: 'Repeat' in prompt.read(), 'no second question')
    os.write(prompt.master, b'other\n')
    assert prompt.report() not in ('ended 0', 'stopped')
    assert prompt.echoes() and 'do not match' in prompt.read()
    prompt.close()


def ca_init_is_all_or_nothing(_):
    home = place('ca-all')
    ca = os.path.join(home, 'ca')
    tool('ca', 'init', '--dir', ca, code=0)
    before = sorted(os.listdir(ca))
    assert before == ['ca.key', 'ca.pem'], before
    tool('ca', 'init', '--dir', ca, code=1)
    assert sorted(os.listdir(ca)) == before
    out = os.path.join(home, 'out')
    os.makedirs(out)
    write(os.path.join(out, 'owner-anna.pem'), b'mine')
    said = tool('ca', 'issue', 'owner', 'anna', '--dir', ca, '--out', out, code=1)
    assert said.count('\n') == 1 and 'owner-anna.pem' in said, said
    assert os.listdir(out) == ['owner-anna.pem']


def a_full_disk_leaves_nothing(_):
    """Every size of disk between nothing and enough: what is there afterwards is both files or none."""
    if os.getuid() != 0:
        print('# not root: a limit of file sizes only')
    home = place('ca-full')
    for size in (0, 1):
        ca = os.path.join(home, f'ca{size}')
        done = subprocess.run(['sh', '-c', f'ulimit -f {size}; trap "" XFSZ; exec "$0" ca init --dir "$1"', TOOL, ca],
                              capture_output=True, timeout=60, check=False)
        left = os.listdir(ca) if os.path.exists(ca) else []
        assert (done.returncode == 0) == (sorted(left) == ['ca.key', 'ca.pem']), (size, done, left)
        assert done.returncode == 0 or left == [], (size, left)
        assert done.returncode == 0 or done.stderr.count(b'\n') == 1, done
    if os.getuid() != 0:
        return
    for blocks in range(1, 5):
        where = place(f'full-{blocks}')
        script = ('mount -t tmpfs -o size=4096k,nr_inodes=$2 tmpfs "$1" && "$0" ca init --dir "$1/ca"; code=$?; '
                  'find "$1" -mindepth 1 -type f | sort; exit $code')
        done = subprocess.run(['unshare', '--mount', 'sh', '-c', script, TOOL, where, str(blocks + 1)], capture_output=True,
                              timeout=60, check=False)
        files = [os.path.basename(name) for name in done.stdout.decode().splitlines() if name.startswith(where + '/')]
        files = [name for name in files if not name.startswith('ca.pem:') and not name.startswith('ca.key:')]
        assert done.returncode == 0 or files == [], (blocks, done)


def new_directories_have_their_modes(_):
    home = place('umask')
    os.chmod(home, 0o755)
    service = os.path.join(home, 'etc', 'va')
    tool('service', 'init', '--dir', service, code=0, umask=0o077)
    modes = {path: stat.S_IMODE(os.stat(path).st_mode) for path in (
        os.path.dirname(service), service, service + '/store', service + '/service.conf', service + '/service.kek')}
    assert list(modes.values()) == [0o755, 0o755, 0o700, 0o644, 0o600], modes
    ca, out = os.path.join(home, 'ca'), os.path.join(home, 'out')
    tool('ca', 'init', '--dir', ca, code=0, umask=0)
    tool('ca', 'issue', 'host', 'node1', '--dir', ca, '--out', out, code=0, umask=0o077)
    assert stat.S_IMODE(os.stat(ca).st_mode) == 0o700 and stat.S_IMODE(os.stat(out).st_mode) == 0o755
    assert stat.S_IMODE(os.stat(out + '/host-node1.pem').st_mode) == 0o644
    assert stat.S_IMODE(os.stat(out + '/host-node1.key').st_mode) == 0o600
    kept = place('kept')
    os.chmod(kept, 0o711)
    tool('ca', 'issue', 'host', 'node2', '--dir', ca, '--out', kept, code=0)
    assert stat.S_IMODE(os.stat(kept).st_mode) == 0o711, 'a directory that was there was changed'


def files_in_the_place_of_directories(_):
    home = place('file-not-directory')
    file = write(os.path.join(home, 'file'), b'')
    ca = os.path.join(home, 'ca')
    tool('ca', 'init', '--dir', ca, code=0)
    for words in (('ca', 'init', '--dir', file), ('service', 'init', '--dir', file), ('service', 'init', '--dir', file + '/below'),
                  ('ca', 'issue', 'host', 'node1', '--dir', ca, '--out', file)):
        said = tool(*words, code=1)
        assert f'{file} is a file, not a directory' in said and 'File exists' not in said, (words, said)


def names_that_are_none(_):
    home = place('no-names')
    ca = os.path.join(home, 'ca')
    tool('ca', 'init', '--dir', ca, code=0)
    for host in ('1.2.3.4.5', '1.2.3', '256.1.1.1', '1.2.3.4.', '7'):
        said = tool('ca', 'issue', 'service', 'attest.example', host, '--dir', ca, '--out', home, code=1)
        assert f'“{host}” is not an IP address' in said, said
    for name in ('.', '..', '...'):
        for words in (('owner', name), ('host', name), ('owner', 'alice', '--person', name)):
            assert 'a-z 0-9' in tool('ca', 'issue', *words, '--dir', ca, '--out', home, code=2), words
    assert sorted(os.listdir(home)) == ['ca']
    tool('ca', 'issue', 'service', '3com.example', '192.0.2.1', '--dir', ca, '--out', home, code=0)


def daemons_point_to_their_help(_):
    for program in ('virt-attestd', 'virt-attest-hostd'):
        path = os.path.join(os.environ['VA_TOP_BUILDDIR'], program)
        done = subprocess.run([path, '--bogus'], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2 and f'See {program} --help' in done.stderr, done
        done = subprocess.run([path, '--help'], capture_output=True, text=True, timeout=60, check=False)
        texts = re.findall('^  -.*?  +([^ ].*)$', done.stdout, flags=re.M)
        assert len(texts) >= 3 and all(text[0].isupper() for text in texts), texts


def no_new_key_beside_an_old_store(_):
    home = place('old-store')
    service = os.path.join(home, 'va')
    tool('service', 'init', '--dir', service, code=0)
    assert 'service.kek already exists' in tool('service', 'init', '--dir', service, code=1)
    write(service + '/store/store.db', b'')
    for name in ('service.kek', 'service.conf'):
        os.unlink(f'{service}/{name}')
    said = tool('service', 'init', '--dir', service, code=1)
    assert 'store.db already exists; nothing was changed. A new key would not open it' in said, said
    assert not os.path.exists(service + '/service.kek') and not os.path.exists(service + '/service.conf')
    os.unlink(service + '/store/store.db')
    tool('service', 'init', '--dir', service, code=0)


def store_that_may_not_be_seen_is_not_called_absent(_):
    home = place('closed-store')
    service = os.path.join(home, 'va')
    tool('service', 'init', '--dir', service, code=0)
    os.chmod(service + '/store', 0)
    # Root sees everything by two capabilities, which it can be without.
    few = '-dac_override,-dac_read_search'
    before = ('setpriv', '--bounding-set', few, '--inh-caps', few) if os.getuid() == 0 else ()
    backup = ('service', 'backup', service + '/x.db', '--service-config', service + '/service.conf')
    said = tool(*backup, code=3, before=before)
    assert 'cannot access the store' in said and 'Permission denied' in said and 'does not exist' not in said, said
    os.chmod(service + '/store', 0o700)
    assert 'does not exist' in tool(*backup, code=3)


def root_is_told_to_be_the_service_s_user(_):
    if os.getuid() != 0:
        raise tap.Skip('needs root')
    home = place('root')
    os.chmod(TMP, 0o755)
    service = os.path.join(home, 'va')
    tool('service', 'init', '--dir', service, code=0)
    other = pwd.getpwnam('nobody')
    os.chown(service + '/store', other.pw_uid, other.pw_gid)
    write(service + '/backup', b'')
    for words in (('restore', service + '/backup'), ('rekey',), ('rekey', '--next', service + '/service.conf')):
        said = tool('service', *words, '--service-config', service + '/service.conf')
        assert f'runuser -u nobody -- virt-attest service {words[0]}' in said, said
    assert os.listdir(service + '/store') == []

DOMAIN = ("<domain type='kvm'><name>{}</name><uuid>6f1d2c3b-4a59-4e87-9d10-0123456789ab</uuid><vcpu>1</vcpu><os>"
          "<type arch='x86_64' machine='q35'>hvm</type><loader type='rom'>/x.fd</loader></os>"
          "<launchSecurity type='sev'><cbitpos>47</cbitpos><reducedPhysBits>1</reducedPhysBits><policy>0x1</policy>"
          "</launchSecurity></domain>")


def names_that_are_too_long(_):
    home = place('names')
    for name, good in (('n' * 128, True), ('n' * 129, False), ('é' * 64, True), ('é' * 65, False), ('n' * 250, False)):
        path = write(os.path.join(home, 'domain.xml'), DOMAIN.format(name).encode())
        said = tool('domain', 'prepare', path, code=0 if good else 1)
        assert good or (f'{len(name.encode())} bytes' in said and 'at most 128' in said), said
        prepared = os.path.join(home, 'prepared.xml')
        if good:
            tool('domain', 'prepare', path, '--output', prepared, '--force', code=0)
            longer = open(prepared, encoding='utf-8').read().replace(f'<name>{name}</name>', f"<name>{'m' * 200}</name>")
            said = tool('domain', 'show', write(os.path.join(home, 'longer.xml'), longer.encode()), code=1)
            assert 'at most 128' in said, said


def nothing_reaches_the_terminal(w):
    """Each verb that shows what the service says, as text and as JSON."""
    write(os.path.join(TMP, 'secret'), b'abc')
    show = ['launch list', f'launch show {ID}', 'launch watch --all --seconds 2', f'vm show {ID}', 'vm list',
            f'vm proposal {ID}', 'secret list', 'artifact list', f"artifact show {'0' * 64}", 'host list', 'audit list',
            f'launch approve {ID}', f'launch deny {ID}', f'launch revoke {ID}']
    plain = [f'launch receipt {ID}', 'audit export', f'secret put x --file {TMP}/secret', f'vm confirm {ID} x', f'vm remove {ID}',
             f"vm register {ID} --policy 0x1 --launch-digest {'0' * 64}"]
    for words in [*show, *plain, *(one + ' --json' for one in show)]:
        said = tool(*words.split(), *client_words(w, w.service))
        found = NOT_FOR_TERMINALS.findall(said)
        assert not found, (words, found[:5], said[:300])
        assert not any(line.startswith('FORGED') for line in said.splitlines()), (words, said[:500])
        if words.endswith('--json') and 'audit' not in words and 'watch' not in words and said.startswith('{'):
            assert json.loads(said), words


def the_escapes_are_really_sent(w):
    """So that the test above can fail."""
    said = tool('launch', 'show', ID, '--json', *client_words(w, w.service), code=0)
    assert '\\u001b' in said and '\\u009b' in said and '\\u202e' in said and '\\n' in said, said[:400]
    assert json.loads(said)['host'].startswith('\x1b]0;owned\x07')

TESTS = [signals_restore_the_echo, stopping_restores_the_echo, ca_init_is_all_or_nothing, a_full_disk_leaves_nothing,
         new_directories_have_their_modes, no_new_key_beside_an_old_store, files_in_the_place_of_directories, names_that_are_none,
         daemons_point_to_their_help, store_that_may_not_be_seen_is_not_called_absent,
         root_is_told_to_be_the_service_s_user, names_that_are_too_long,
         nothing_reaches_the_terminal, the_escapes_are_really_sent]

if __name__ == '__main__':
    sys.exit(tap.run(TESTS, World()))
