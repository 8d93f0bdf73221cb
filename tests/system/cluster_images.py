# SPDX-License-Identifier: LGPL-2.1-or-later
"""Somebody puts another firmware under a registered hash, in the database that two processes use: one of them has computed the
launch digest of the registered image already, the other computes it from what the database has now."""

import hashlib

from lib.peers import Guest, firmware, sev, sha256
from lib.service import LUKS, PASSPHRASE

from cluster_world import answer_of, test
from service_launches import MILAN, es_digest

REFUSED = 'internal'  # the code of a broken seal
KERNEL = b'the registered kernel'
SECRETS = [{'type': 'luks-passphrase', 'passphrase': PASSPHRASE.decode()}]

# What the digest of a launch is made from beside the image, and so computed from what the database has of it.
SCHEMES = {
    'kernel hashes': ({'kernel_hash': sha256(KERNEL)}, lambda image: hashlib.sha256(image + sev.hash_table(KERNEL)).digest()),
    'SEV-ES': ({'scheme': 'amd-sev-es', 'policy': 5, 'cpu_count': [2], 'cpu_model': 'EPYC-Milan'},
               lambda image: es_digest(image, 2, MILAN)),
    'the image alone': ({}, lambda image: hashlib.sha256(image).digest()),
}


def swaps(image, fill):
    """What is put in its place: other bytes of the same length, and another firmware altogether."""
    changed = bytearray(image)
    changed[100] ^= 1
    return {'one byte': bytes(changed), 'another firmware': firmware(fill, secret=(0x820000, 0xc00), size=16384)}


def put_in_place(w, image, evil):
    with w.session() as session:
        cursor = session.cursor()
        cursor.execute('UPDATE artifacts SET image = %s WHERE hash = %s', (evil, sha256(image)))
        assert cursor.rowcount == 1


def start_again(member):
    """It has computed nothing yet."""
    assert member.end() == 0, member.log()[-2000:]
    member.start()


def gets_the_secret(w, vm, host, digest):
    """What a launch comes to whose guest was measured as @digest."""
    guest = answer_of(w.launch, vm, host=host)
    if not isinstance(guest, Guest):
        return guest
    reply = answer_of(w.validate, vm, guest, digest, host=host)
    if not isinstance(reply, dict):
        return reply
    assert guest.open_packet(reply)[LUKS] == PASSPHRASE + b'\0'
    return 'the secret'


def check_swapped(w, number, scheme, kind):
    registration, digest_of = SCHEMES[scheme]
    image = firmware(number)
    evil = swaps(image, number + 1)[kind]
    good, bad = digest_of(image), digest_of(evil)
    (alice, node), (alice_there, there) = w.pair(w.a), w.pair(w.b)
    alice.call('PUT', '/artifact', raw=image)
    vm = w.register(alice, firmware_hashes=[sha256(image)], secrets=SECRETS, **registration)
    assert gets_the_secret(w, vm, node, good) == 'the secret'
    granted = [w.launch(vm, host=node) for _ in range(2)]
    start_again(w.b)
    put_in_place(w, image, evil)

    # The one that goes by what it has computed goes by the registered firmware, whoever asks for the answer.
    assert gets_the_secret(w, vm, node, bad) == 'measurement-mismatch'
    assert answer_of(w.validate, vm, granted[0], bad, host=there) == 'measurement-mismatch'
    assert granted[1].open_packet(w.validate(vm, granted[1], good, host=there))[LUKS] == PASSPHRASE + b'\0'
    # The other one has the swapped image only, and after a restart so has the first.
    for digest in (bad, good):
        assert gets_the_secret(w, vm, there, digest) == REFUSED, (scheme, kind)
    assert answer_of(w.register, alice_there, firmware_hashes=[sha256(image)], secrets=SECRETS, **registration) == REFUSED
    assert {'hash': sha256(image), 'unreadable': True} in alice_there.get('/artifact')['artifacts']
    assert f'the stored image of firmware {sha256(image)} of owner alice does not have this hash' in w.b.log()
    start_again(w.a)
    for digest in (bad, good):
        assert gets_the_secret(w, vm, node, digest) == REFUSED, (scheme, kind)
    # Uploaded to either of them, it is right for both.
    alice_there.call('PUT', '/artifact', raw=image)
    for host in (node, there):
        assert gets_the_secret(w, vm, host, bad) == 'measurement-mismatch'
        assert gets_the_secret(w, vm, host, good) == 'the secret'
    alice.call('DELETE', '/vm/' + vm)
    alice.call('DELETE', '/artifact/' + sha256(image))


@test
def swapped_image_at_two_processes(w):
    """Broken where an image is believed for the row that it stands in: the guest of the swapped firmware gets the secret from the
    process that computes the digest after the swap, and what is wrong with the database is never said."""
    number = 101
    for scheme in SCHEMES:
        for kind in ('one byte', 'another firmware'):
            check_swapped(w, number, scheme, kind)
            number += 2
    w.check_audit(w.a)
