# SPDX-License-Identifier: LGPL-2.1-or-later
"""The store of a real virt-attestd under another data key and another key-encryption key, while it is used."""

import os
import re
import signal
import subprocess
import time

from lib.metrics import scrape, value
from lib.peers import BUILD, write
from lib.service import INLINE, OTHER_GUID, TMP, read_store, refused, test

from service_audit import Site
from service_storage import TOOL, Load, gives_its_secrets, tool


@test
def rekeyed_under_load(w):
    site = Site(w, 'rekeyed')
    for number in range(120):
        site.alice.call('PUT', f'/secret/s{number}?guid={OTHER_GUID}', raw=b'value %d' % number)
    waiting = w.launch(site.vm, host=site.node1)
    with Load(site) as load:
        for _ in range(3):
            said = tool('rekey', '--service-config', site.service.config)
            assert int(re.search(r'(\d+) values', said)[1]) >= 122, said
        count = len(load.granted)
        while len(load.granted) < count + 5:
            time.sleep(0.01)
    assert read_store(site.service, 'SELECT count(*), min(id) FROM data_keys') == [(1, 4)]
    assert {key for key, in read_store(site.service, 'SELECT DISTINCT key_id FROM secrets')} == {4}
    # A launch that was open all the time, and a secret that was sealed three times since.
    assert waiting.open_packet(w.validate(site.vm, waiting, host=site.node1))[OTHER_GUID] == INLINE
    vm = w.register(site.alice, secrets=[{'name': 's77'}])
    guest = w.launch(vm, host=site.node1)
    assert guest.open_packet(w.validate(vm, guest, host=site.node1))[OTHER_GUID] == b'value 77'
    assert [r['what'] for r in site.records()].count('rekey') == 3
    assert site.service.end() == 0
    site.service.start()
    gives_its_secrets(w, site, site.service)
    assert site.service.end() == 0


@test
def rekeying_is_killed(w):
    site = Site(w, 'rekey-killed')
    for number in range(300):
        site.alice.call('PUT', f'/secret/s{number}?guid={OTHER_GUID}', raw=b'value %d' % number)
    kills = 0
    for delay in (0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1):
        command = subprocess.Popen([TOOL, 'service', 'rekey', '--service-config', site.service.config], stdout=subprocess.DEVNULL)
        time.sleep(delay)
        command.send_signal(signal.SIGKILL)
        kills += command.wait(30) == -signal.SIGKILL
        gives = w.register(site.alice, secrets=[{'name': 's5'}])
        guest = w.launch(gives, host=site.node1)
        assert guest.open_packet(w.validate(gives, guest, host=site.node1))[OTHER_GUID] == b'value 5'
    assert kills > 0
    tool('rekey', '--service-config', site.service.config)
    (keys,), = read_store(site.service, 'SELECT count(*) FROM data_keys')
    assert keys == 1
    assert site.service.end() == 0


@test
def another_key_encryption_key(w):
    site = Site(w, 'rewrap')
    with open(site.service.config, encoding='ascii') as source:
        text = source.read()
    kek = write(os.path.join(TMP, 'rewrap-next.kek'), os.urandom(32))
    following = write(os.path.join(TMP, 'rewrap-next.conf'), text.replace(site.service.kek, kek).encode())
    broken = write(os.path.join(TMP, 'rewrap-bad.conf'), text.replace(site.service.kek, kek + '.not-there').encode())
    assert 'not-there' in tool('rekey', '--service-config', site.service.config, '--next', broken, code=3)
    elsewhere = write(os.path.join(TMP, 'rewrap-elsewhere.conf'),
                      re.sub('^(path|url) = .*', f'path = {TMP}/rewrap-elsewhere/store.db', text, flags=re.M)
                      .replace(site.service.kek, kek).encode())
    said = tool('rekey', '--service-config', site.service.config, '--next', elsewhere, code=1)
    assert 'names a different store' in said and 'nothing was changed' in said, said
    site.launch()
    assert 'done' in tool('rekey', '--service-config', site.service.config, '--next', following)
    site.launch()  # the running one goes on
    assert 'already' in tool('rekey', '--service-config', site.service.config, '--next', following)
    assert 'does not open' in tool('rekey', '--service-config', site.service.config, code=3)
    assert site.service.end() == 0
    done = subprocess.run([os.path.join(BUILD, 'virt-attestd'), '--config', site.service.config], capture_output=True,
                          text=True, timeout=30, check=False)
    assert done.returncode != 0 and 'does not open' in done.stderr, done
    os.replace(following, site.service.config)
    site.service.start()
    gives_its_secrets(w, site, site.service)
    assert [r['what'] for r in site.records()].count('key-encryption-key') == 1
    assert site.service.end() == 0


@test
def keys_are_replaced_without_a_restart(w):
    """Another data key is taken up at once; one that only another key-encryption key opens makes the service not ready."""
    site = Site(w, 'rekey-next')
    olga = w.peer('operator', 'olga', site.service)
    with open(site.service.config, encoding='ascii') as source:
        text = source.read()
    kek = write(os.path.join(TMP, 'rekey-next.kek'), os.urandom(32))
    following = write(os.path.join(TMP, 'rekey-next.conf'), text.replace(site.service.kek, kek).encode())
    for _ in range(2):
        tool('rekey', '--service-config', site.service.config)
        assert olga.get('/readyz')['status'] == 'ok' and value(scrape(olga), 'virt_attest_store_keys_broken') == 0
    site.launch()
    tool('rekey', '--service-config', site.service.config, '--next', following)
    # The data key is the one that it knows, but a start with this configuration would fail.
    assert 'restart the service' in refused('not-ready', olga.get, '/readyz')
    site.launch()
    tool('rekey', '--service-config', following)
    assert 'restart the service' in refused('not-ready', olga.get, '/readyz')
    assert value(scrape(olga), 'virt_attest_store_keys_broken') == 1
    refused('internal', site.launch)
    assert 'does not open' in site.service.log()
    assert site.service.end() == 0
    os.replace(following, site.service.config)
    site.service.start()
    assert olga.get('/readyz')['status'] == 'ok'
    gives_its_secrets(w, site, site.service)
    assert site.service.end() == 0
