# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real virt-attestd that asks AMD's key service: a stand-in for it answers well, slowly, wrongly, or not at all."""

import copy
import os
import shutil
import threading
import time

from lib.key_service import CERT, SIGNED, Setting, impostor, without_signature
from lib.peers import SOURCE, Platform, Site, b64
from lib.service import TMP, refused, test


@test
def unsigned_chain_is_completed(w):
    s = Setting(w, 'good', key_path='/mirror')
    refusal = refused('chain-invalid', w.launch, w.register(), platform=s.platform)
    assert 'carries no signature' in refusal, refusal
    s.w.validate(s.vm, s.launch(), host=s.node1)
    assert s.keys.asked == ['/mirror/cek/id/' + s.platform.cpu_id.hex()], s.keys.asked
    assert s.cached() == [f'cek/{s.platform.cpu_id.hex()}.cert'], s.cached()
    s.launch()
    assert (status := s.service.end()) == 0, (status, s.service.log()[-600:])
    s.service.start()
    s.launch()
    assert len(s.keys.asked) == 1, 'the cache was not used'
    with open(os.path.join(s.cache, s.cached()[0]), 'r+b') as f:
        f.seek(1200)
        f.write(b'broken')
    s.launch()
    assert s.keys.asked.count(s.path) == 2, s.keys.asked
    s.keys.end()
    s.launch()
    s.launch(w.platform)
    assert (status := s.service.end()) == 0, (status, s.service.log()[-600:])


@test
def chain_that_is_wrong_below_asks_nobody(w):
    s = Setting(w, 'below')
    chain = bytearray(s.platform.chain)
    chain[CERT + 100] ^= 1
    with_id, without_id = copy.copy(s.platform), copy.copy(s.platform)
    with_id.chain = bytes(chain)
    s.refused('chain-invalid', with_id)
    without_id.request = lambda domain: {k: v for k, v in Platform.request(s.platform, domain).items() if k != 'cpu-id'}
    assert "did not report its processor's ID" in s.refused('chain-invalid', without_id)
    assert not s.keys.asked, s.keys.asked
    s.end()


@test
def wrong_keys_are_refused_and_not_kept(w):
    s = Setting(w, 'wrong')
    foreign = w.foreign.chain[2 * CERT:]
    flipped = bytearray(s.cek)
    flipped[SIGNED + 40] ^= 1
    for number, (answer, words) in enumerate((
            (404, 'does not know the processor'), (b'<html>sorry</html>', 'no usable CEK'), (b'', 'no usable CEK'),
            (foreign, 'not signed by the ASK'), (without_signature(s.cek), 'carries no signature'),
            (bytes(flipped), 'not signed by the ASK'), (s.cek[:-1], 'no usable CEK'))):
        s.platform.cpu_id = bytes([number]) * 64
        path = '/cek/id/' + s.platform.cpu_id.hex()
        s.keys.answers[path] = answer
        detail = s.refused('chain-invalid')
        assert words in detail, (number, detail)
        before = s.keys.asked.count(path)
        s.refused('chain-invalid')
        again = s.keys.asked.count(path)
        assert before == 1 and again == (1 if answer == 404 else 2), (number, again)
        if answer == 404:
            continue
        assert not s.cached(), s.cached()
        s.keys.answers[path] = s.cek  # what was wrong just now is no verdict about the processor
        s.launch()
        os.unlink(os.path.join(s.cache, s.cached()[0]))
    s.end()


@test
def impostor_keeps_nobody_out(w):
    s = Setting(w, 'impostor')
    evil = impostor(w, s)
    assert 'a different CEK' in s.refused('chain-invalid', evil)
    assert s.cached() == [f'cek/{s.platform.cpu_id.hex()}.cert'], s.cached()
    s.launch()
    assert 'a different CEK' in s.refused('chain-invalid', evil)
    assert s.keys.asked == [s.path], s.keys.asked
    # A mirror that gave another processor's CEK once does so for ten minutes at the most.
    old = time.time() - 700
    os.utime(os.path.join(s.cache, s.cached()[0]), (old, old))
    s.launch()
    assert len(s.keys.asked) == 1
    assert 'a different CEK' in s.refused('chain-invalid', evil)
    assert len(s.keys.asked) == 2
    s.refused('chain-invalid', evil)
    assert len(s.keys.asked) == 2
    s.end()


@test
def waiting_for_amd_holds_no_launch_up(w):
    """While AMD's server does not answer, every connection is served; then those that waited get their answers."""
    s = Setting(w, 'waiting', timeout=60)
    go, arrived = threading.Event(), threading.Semaphore(0)

    def hang(handler):
        arrived.release()
        go.wait(50)
        handler.send_response(200)
        handler.send_header('Content-Length', str(CERT))
        handler.end_headers()
        handler.wfile.write(s.cek)

    s.keys.answers[s.path] = hang
    granted, lock = [], threading.Lock()

    def wait_for_it():
        guest = s.launch()
        with lock:
            granted.append(guest.id)

    waiting = [threading.Thread(target=wait_for_it) for _ in range(12)]
    for thread in waiting:
        thread.start()
    try:
        for _ in range(4):
            assert arrived.acquire(timeout=30), 'not asked'
        for _ in range(40):  # more connections than there are threads, dealt out evenly
            s.node1.timeout = 20
            s.launch(w.platform)
            s.alice.get('/healthz')
        assert not granted
    finally:
        go.set()
        s.node1.timeout = 60
    for thread in waiting:
        thread.join(60)
        assert not thread.is_alive()
    assert len(set(granted)) == 12
    s.end()


@test
def ending_while_somebody_waits_for_amd(w):
    s = Setting(w, 'ending', timeout=5)

    def slow(handler):
        time.sleep(1.5)
        handler.send_response(200)
        handler.send_header('Content-Length', str(CERT))
        handler.end_headers()
        handler.wfile.write(s.cek)

    s.keys.answers[s.path] = slow
    waiting = [threading.Thread(target=s.launch) for _ in range(3)]
    for thread in waiting:
        thread.start()
    deadline = time.monotonic() + 30
    while len(s.keys.asked) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    s.end()
    for thread in waiting:
        thread.join(30)
        assert not thread.is_alive()


@test
def slow_key_service_holds_nobody_up(w):
    s = Setting(w, 'slow', timeout=1)
    go = threading.Event()

    def drip(handler):
        handler.send_response(200)
        handler.send_header('Content-Length', str(CERT))
        handler.end_headers()
        for at in range(CERT):
            handler.wfile.write(s.cek[at:at + 1])
            handler.wfile.flush()
            if go.wait(0.05):
                return

    s.keys.answers[s.path] = drip
    waiting = [threading.Thread(target=s.refused, args=('key-service-unavailable',)) for _ in range(8)]
    for thread in waiting:
        thread.start()
    s.launch(w.platform)  # a platform that is complete
    for thread in waiting:
        thread.join(20)
        assert not thread.is_alive()
    asked = len(s.keys.asked)
    assert 'did not answer recently' in s.refused('key-service-unavailable')
    assert len(s.keys.asked) == asked, 'asked during the pause'
    go.set()
    s.end()


@test
def rate_limit_is_kept(w):
    s = Setting(w, 'rate')
    s.keys.answers[s.path] = 429
    s.keys.headers['Retry-After'] = '2'
    assert 'rate-limiting' in s.refused('key-service-unavailable')
    until = time.monotonic() + 2
    s.keys.answers[s.path] = s.cek
    assert 'not answer recently' in s.refused('key-service-unavailable')
    assert len(s.keys.asked) == 1
    time.sleep(max(0, until - time.monotonic()) + 0.1)
    s.launch()
    s.end()


@test
def broken_key_service(w):
    for name, answer, words in (('teapot', 500, 'HTTP status 500'), ('moved', 301, 'HTTP status 301'),
                                ('large', b'x' * 10000, 'larger than')):
        s = Setting(w, name)
        s.keys.answers[s.path] = answer
        detail = s.refused('key-service-unavailable')
        assert words in detail, detail
        s.end()
    s = Setting(w, 'gone')
    s.keys.end()
    detail = s.refused('key-service-unavailable')
    assert 'cannot reach' in detail, detail
    assert (status := s.service.end()) == 0, (status, s.service.log()[-600:])
    s = Setting(w, 'other-ca', site=Site(os.path.join(TMP, 'other-site')))
    detail = s.refused('key-service-unavailable')
    assert 'not signed by the CA' in detail and not s.keys.asked, detail
    s.end()


def naples():
    """The real chain of a Naples machine, and AMD's roots of that generation as AMD publishes them."""
    def read(*path):
        with open(os.path.join(SOURCE, 'tests', 'data', *path), 'rb') as f:
            return f.read()

    chain = b''.join(read('chains', 'naples', name + '.cert') for name in ('pek', 'oca', 'cek'))
    return read('chains', 'naples', 'pdh.cert'), chain, read('roots', 'naples', 'ask.cert') + read('roots', 'naples', 'ark.cert')


@test
def roots_come_from_amd(w):
    """With AMD's real roots and a real platform, whose private key nobody here has: the grant is all that can be seen."""
    roots = os.path.join(TMP, 'roots-without-naples')
    shutil.copytree(os.path.join(SOURCE, 'tests', 'data', 'roots'), roots)
    shutil.rmtree(os.path.join(roots, 'naples'))
    pdh, chain, published = naples()
    s = Setting(w, 'roots', roots=roots)
    unsigned = chain[:2 * CERT] + without_signature(chain[2 * CERT:])
    s.keys.answers['/cek/id/' + b'naples'.hex()] = chain[2 * CERT:]

    def launch(certs=chain):
        return s.node1.post(f'/vm/{s.vm}/launch', {'pdh': b64(pdh), 'cert-chain': b64(certs), 'cpu-id': b64(b'naples'),
                                                   'domain': {'uuid': s.vm, 'name': 'naples'}})

    path, half = '/roots/ask_ark_naples.cert', len(published) // 2
    own = os.path.join(w.platform.folder, 'roots')
    own = os.path.join(own, os.listdir(own)[0])
    platform_roots = b''.join(open(os.path.join(own, name), 'rb').read() for name in ('ask.cert', 'ark.cert'))
    for wrong in (platform_roots, published[half:] + published[:half], published[:-1], published[:half], b''):
        s.keys.answers[path] = wrong
        refused('root-untrusted', launch)
        assert not [name for name in s.cached() if 'roots' in name], s.cached()
        assert s.service.end() == 0  # which also forgets what it was not to ask again
        s.service.start()
    s.keys.answers[path] = published
    launch()
    launch(unsigned)
    assert s.cached() == [f"cek/{b'naples'.hex()}.cert", 'roots/ask_ark_naples.cert'], s.cached()
    asked = len(s.keys.asked)
    assert (status := s.service.end()) == 0, (status, s.service.log()[-600:])
    s.service.start()
    launch(unsigned)
    assert len(s.keys.asked) == asked
    records = s.alice.get('/launch')['launches']
    assert {s.alice.get('/launch/' + one['launch-id'])['generation'] for one in records} == {'naples'}
    s.end()
