# SPDX-License-Identifier: LGPL-2.1-or-later
"""Somebody who can write to a backup, or to the database, without the key-encryption key."""

import os
import shutil
import sqlite3
import subprocess

from lib.metrics import scrape, value
from lib.peers import BUILD, Service, firmware, sha256
from lib.service import TMP, Database

from catalogue import NotStopped, attempt, need


def tool(word, *words):
    return subprocess.run([os.path.join(BUILD, 'virt-attest'), 'service', word, *words], capture_output=True, text=True,
                          timeout=120, check=False)


def restored(w, name, *changes):
    """What a restore of the service's store says, with @changes made to the backup by SQL."""
    w.peer('auditor', 'anna').call('POST', '/audit/checkpoint')
    path, empty = os.path.join(TMP, f'{name}.db'), Service(os.path.join(TMP, name), w.site, os.path.join(w.platform.folder, 'roots'))
    shutil.copy(w.service.kek, empty.kek)
    done = tool('backup', '--service-config', w.service.config, path)
    need(done.returncode == 0, f'no backup: {done.stderr}')
    backup = sqlite3.connect(path)
    for sql, values in changes:
        need(backup.execute(sql, values).rowcount > 0, f'{sql} changed nothing')
    backup.commit()
    backup.close()
    done = tool('restore', '--service-config', empty.config, path)
    if done.returncode == 0:
        raise NotStopped('it was restored: ' + done.stdout)
    return done.stderr


@attempt('database', 'puts another firmware into a backup, under the hash of a registered one')
def swaps_image_in_backup(w):
    said = restored(w, 'swapped-backup', ('UPDATE artifacts SET image = ? WHERE hash = ?', (firmware(93), sha256(w.image))))
    need(f'the firmware image {sha256(w.image)} of owner alice was changed' in said, said)
    return 'restore'


@attempt('database', 'cuts the audit log of a backup, so that what was done last is nowhere')
def cuts_log_in_backup(w):
    said = restored(w, 'cut-backup', ('DELETE FROM audit WHERE seq > (SELECT max(seq) - 2 FROM audit)', ()))
    need('its newest records were removed' in said, said)
    return 'restore'


@attempt('database', 'has a data key seal for ever, by lowering the count of what it has sealed')
def lowers_count_of_seals(w):
    olga = w.peer('operator', 'olga')
    before = value(scrape(olga), 'virt_attest_data_key_seals')
    need(before > 0, 'nothing was counted')
    with Database(w.service) as database:
        database.execute('UPDATE data_keys SET seals = 0')
    counted = value(scrape(olga), 'virt_attest_data_key_seals')
    need(counted >= before, f'the service counts {counted} seals after {before}')
    return 'count-kept'
