# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the daemons tell the journal: a socket of the test's own in the journal's place, in a mount namespace, takes the
native protocol's datagrams. Real agent and real service, so that one's log leads to the other's."""

import os
import re
import uuid

from lib.agent import Agent, Journal, stream_of
from lib.peers import Service, b64, write
from lib.service import INLINE, OTHER_GUID, PASSPHRASE, TMP, refused, test


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
