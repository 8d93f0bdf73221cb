# SPDX-License-Identifier: LGPL-2.1-or-later
"""PostgreSQL fails over to a server that lacks the last commits: what a service that has seen them says, and what an operator
does then."""

import os

from lib.metrics import scrape, value
from lib.peers import Guest, write
from lib.service import TMP

from cluster_world import answer_of, test
from service_cli import Owner

LOST = 'audit-broken'


def start_again(member):
    assert member.end() == 0, member.log()[-2000:]
    member.start()


def is_broken(w, member):
    return value(scrape(w.at(member, 'operator', 'olga')), 'virt_attest_audit_broken')


def lose(w, highest, vm, guest):
    """The database as it was when the log went up to @highest: all of later transactions is gone, and nothing else."""
    with w.session() as session:
        cursor = session.cursor()
        cursor.execute('DELETE FROM audit WHERE seq > %s', (highest,))
        assert cursor.rowcount > 0
        cursor.execute('DELETE FROM checkpoints WHERE seq > %s', (highest,))
        assert cursor.rowcount > 0, 'the lost end was not signed'
        cursor.execute('DELETE FROM launches WHERE id = %s', (guest.id,))
        assert cursor.rowcount == 1
        cursor.execute('UPDATE registrations SET launches = launches - 1 WHERE id = %s', (vm,))


def receipt_of(w, guest):
    path = os.path.join(TMP, 'lost.receipt')
    return write(path, Owner(w, 'alice').run('launch', 'receipt', guest.id).encode())


@test
def acknowledged_and_lost_in_a_failover(w):
    """Broken where a service goes on behind an end of the log that it has seen further, as if somebody had not cut it; where it
    does so for ever; or where nobody can tell afterwards what was lost."""
    (alice, node), (alice_there, there) = w.pair(w.a), w.pair(w.b)
    vm = w.register(alice, permit={'max-launches': 5})
    kept = w.launch(vm, host=node)
    w.at(w.a, 'auditor', 'anna').call('POST', '/audit/checkpoint')
    (highest,), = w.rows('SELECT max(seq)::bigint FROM audit')
    start_again(w.b)  # has not seen what comes now, and signs nothing for a minute
    lost = w.launch(vm, host=node)
    w.validate(vm, lost, host=node)
    w.at(w.a, 'auditor', 'anna').call('POST', '/audit/checkpoint')
    receipt = receipt_of(w, lost)
    lose(w, highest, vm, lost)

    # Whoever has seen what is gone decides and signs nothing any more, but shows what there is.
    assert answer_of(w.launch, vm, host=node) == LOST
    assert answer_of(w.validate, vm, kept, host=node) == LOST
    assert answer_of(alice.call, 'PUT', '/secret/failover?type=luks-passphrase', None, b'x') == LOST
    assert answer_of(w.at(w.a, 'auditor', 'anna').call, 'POST', '/audit/checkpoint') == LOST
    assert alice.get('/vm/' + vm)['launches'] == 1 and is_broken(w, w.a) == 1
    assert 'was removed or replaced' in w.a.log()
    # Whoever has not goes on, and so does the first when it is started again; what is lost nobody knows any more.
    assert isinstance(answer_of(w.launch, vm, host=there), Guest) and is_broken(w, w.b) == 0
    assert answer_of(w.launch, vm, host=node) == LOST
    start_again(w.a)
    assert isinstance(answer_of(w.launch, vm, host=node), Guest) and is_broken(w, w.a) == 0
    for host in (node, there):
        assert answer_of(w.validate, vm, lost, host=host) == 'launch-unknown'
    assert isinstance(answer_of(w.validate, vm, kept, host=node), dict)
    assert alice_there.get('/vm/' + vm)['launches'] == 3
    # The log verifies, and a receipt that somebody has kept tells that it was another one.
    w.check_audit(w.a)
    path = write(os.path.join(TMP, 'failover.export'), w.audit(w.b, 'export').encode())
    auditor = Owner(w, 'anna')
    auditor.certificate, auditor.key = w.site.client('auditor', 'anna')
    told = auditor.run('audit', 'verify', path, '--receipt', receipt, code=1)
    assert 'changed after the receipt was issued' in told or 'records were removed from its end' in told, told
    print('# a receipt of what was lost: ' + told.strip().splitlines()[-1])
