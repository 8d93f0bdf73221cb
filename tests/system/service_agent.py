# SPDX-License-Identifier: LGPL-2.1-or-later
"""The life of a real virt-attest-hostd: its certificate, its signals, a libvirtd that hangs, a service that means ill."""

import datetime
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import uuid

from lib.agent import Agent
from lib.hostile_service import HostileService, memory_of
from lib.peers import write
from lib.service import SANITIZED, TMP, test


def wait_for(what, why, seconds=20):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, why
        time.sleep(0.05)


def said(agent, words):
    return any(words in entry['MESSAGE'] for entry in agent.journal.read())


class ShortSite:
    """The site's certificates, with another end."""

    def __init__(self, site, days):
        self.site, self.days = site, days

    def files(self, name):
        make = self.site.builder

        def builder(subject, key):
            now = datetime.datetime.utcnow()
            made = make(subject, key)
            made._not_valid_before = now - datetime.timedelta(days=400)  # pylint: disable=protected-access
            made._not_valid_after = now + datetime.timedelta(days=self.days)  # pylint: disable=protected-access
            return made
        self.site.builder = builder
        try:
            certificate, key = self.site.client('host', name)
        finally:
            del self.site.builder
        return certificate, key


def own_copy(agent_name, files):
    """Files that a test may change."""
    folder = os.path.join(TMP, agent_name + '-tls')
    os.makedirs(folder, exist_ok=True)
    paths = [os.path.join(folder, name) for name in ('host.pem', 'host.key')]
    for source, target in zip(files, paths):
        shutil.copy(source, target)
        os.chmod(target, 0o600)
    return paths


@test
def agent_takes_a_new_certificate(w):
    """SIGHUP: bad files change nothing, good ones count from the next call; the agent never ends by it."""
    ended = ShortSite(w.site, -1).files('node7')
    certificate, key = own_copy('reload', ended)
    agent = Agent(w, 'reload', w.service, certificate=certificate, key=key)
    answer = agent.start_domain(str(uuid.uuid4()))
    assert re.search(r'^refuse\n.*which expired on 20\d\d-', answer), answer
    assert answer.count('cannot reach') == 1, answer
    assert said(agent, 'expired on'), 'nothing in the journal about a certificate that has ended'
    write(certificate, b'no certificate')
    agent.process.send_signal(signal.SIGHUP)
    wait_for(lambda: said(agent, 'cannot reload certificate, key and CA'), 'the agent did not say that the files are bad')
    good = w.site.client('host', 'node7')
    own_copy('reload', good)
    agent.process.send_signal(signal.SIGHUP)
    wait_for(lambda: said(agent, 'reloaded certificate, key and CA'), 'the agent did not read good files')
    answer = agent.start_domain(str(uuid.uuid4()))
    assert '(vm-unknown)' in answer, answer
    assert agent.end() == 0


@test
def agent_warns_before_its_certificate_ends(w):
    certificate, key = ShortSite(w.site, 20).files('node8')
    agent = Agent(w, 'warned', w.service, certificate=certificate, key=key)
    wait_for(lambda: said(agent, 'expires on'), 'no warning')
    assert said(agent, 'in 19 days') or said(agent, 'in 20 days')
    # without libvirt there are no features; a good long certificate is not warned of
    other = Agent(w, 'unwarned', w.service, certificate=(long := ShortSite(w.site, 200).files('node9'))[0], key=long[1])
    other.start_domain(str(uuid.uuid4()))
    assert not said(other, 'expires on')
    assert agent.end() == 0 and other.end() == 0


class HangingLibvirt:
    """Takes connections and says nothing, as a libvirtd that is stopped."""

    def __init__(self, name):
        self.path = os.path.join(TMP, name + '.sock')
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(8)
        self.open = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            self.open.append(self.listener.accept()[0])


@test
def agent_ends_while_libvirt_hangs(w):
    hanging = HangingLibvirt('hanging')
    agent = Agent(w, 'hang', w.service, libvirt_uri=f'qemu+unix:///system?socket={hanging.path}')
    wait_for(lambda: hanging.open, 'the agent did not ask libvirt')
    vm = w.register()
    assert agent.start_domain(vm).startswith('grant\n')
    began = time.monotonic()
    agent.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert agent.start_domain(w.register()).startswith('grant\n'), 'no starts while it waits for libvirt'
    assert agent.process.wait(30) == 0
    assert time.monotonic() - began < 15


@test
def agent_withstands_a_hostile_service(w):
    """Whatever its answer is made of, a start is refused by the deadline, and the agent stays small."""
    for way in ('continues', 'headers', 'chunks', 'tickets', 'silence'):
        hostile = HostileService(w.site, way)
        agent = Agent(w, 'hostile-' + way, hostile, deadline_ms=3000)
        agent.start_domain(str(uuid.uuid4()))
        answers = []
        began = time.monotonic()
        threads = [threading.Thread(target=lambda: answers.append(agent.start_domain(str(uuid.uuid4()))),
                                    daemon=True)
                   for _ in range(12)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            agent.journal.read()  # one that nobody reads makes its writers wait
            time.sleep(0.05)
        took = time.monotonic() - began
        _, most = memory_of(agent.process.pid)
        assert len(answers) == 12 and all(answer.startswith('refuse\n') for answer in answers), answers
        # 74; without a limit of bytes it is more than 110. Sanitizers keep freed memory.
        assert most < 96 or SANITIZED, f'{way}: {most} MiB'
        assert took < 25, f'{way}: {took} s'
        assert agent.end() == 0
        hostile.close()


@test
def agent_takes_no_priority_from_the_environment(w):
    """A TLS priority that somebody left in the environment of a daemon must not weaken it."""
    tls12 = subprocess.Popen(['/usr/bin/openssl', 's_server', '-accept', '127.0.0.1:0', '-tls1_2', '-cert',
                              w.site.folder + '/service.pem', '-key', w.site.folder + '/service.key', '-www'],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        line = b''
        while not line.startswith(b'ACCEPT'):
            line = tls12.stdout.readline()
            assert line, 'openssl s_server did not start'

        class Here:
            port = int(line.split(b':')[-1])
        os.environ['G_TLS_GNUTLS_PRIORITY'] = 'NORMAL:-VERS-ALL:+VERS-TLS1.2'
        agent = Agent(w, 'priority', Here, deadline_ms=3000)
        answer = agent.start_domain(str(uuid.uuid4()))
        assert 'cannot reach the service' in answer and 'invalid answer' not in answer, answer
        assert agent.end() == 0
    finally:
        os.environ.pop('G_TLS_GNUTLS_PRIORITY', None)
        tls12.kill()
        tls12.wait()
