# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-attestd with its key-encryption key as a credential and in a PKCS#11 token (SoftHSM)."""

import os
import re
import subprocess

from lib.peers import SERVICE, Service, write
from lib.service import LUKS, PASSPHRASE, TMP, test

MODULE = '/usr/lib/softhsm/libsofthsm2.so'
PIN = '4711-correct'


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **more)


def service_with(w, name, lines, **environment):
    """A service whose [store] has @lines instead of its key."""
    service = Service(os.path.join(TMP, name), w.site, os.path.join(w.platform.folder, 'roots'), **environment)
    set_key(service, lines)
    return service


def set_key(service, lines):
    with open(service.config, encoding='ascii') as source:
        text = source.read()
    write(service.config, re.sub(r'((?:path|url) = .*\n)(key.* = .*\n)+', lambda found: found[1] + lines, text).encode())


def check(service):
    done = run(SERVICE, '--config', service.config, '--check-config', env=service.environment)
    assert PIN not in done.stdout + done.stderr
    return done.returncode, done.stderr + done.stdout


def start_refused(service):
    done = run(SERVICE, '--config', service.config, env=service.environment)
    assert PIN not in done.stdout + done.stderr
    return done.returncode, done.stderr + done.stdout


def put_secret(w, service):
    alice = w.peer('owner', 'alice', service)
    alice.call('PUT', '/artifact', raw=w.image)
    alice.call('PUT', '/secret/disk?type=luks-passphrase', raw=PASSPHRASE)
    return w.register(alice, secrets=[{'name': 'disk'}])


def secret_comes(w, service, vm):
    node1 = w.peer('host', 'node1', service)
    guest = w.launch(vm, host=node1)
    assert guest.open_packet(w.validate(vm, guest, host=node1)) == {LUKS: PASSPHRASE + b'\0'}


class Token:
    """SoftHSM tokens in a folder, with one AES and one RSA key, made as virt-attest-service.conf(5) says."""

    def __init__(self, name):
        self.folder = os.path.join(TMP, name)
        os.makedirs(os.path.join(self.folder, 'tokens'))
        conf = f'directories.tokendir = {self.folder}/tokens\nobjectstore.backend = file\n'
        self.conf = write(os.path.join(self.folder, 'softhsm2.conf'), conf.encode())
        self.pin = write(os.path.join(self.folder, 'pin'), PIN.encode() + b'\n')
        self.environment = {'SOFTHSM2_CONF': self.conf}
        self.must('softhsm2-util', '--init-token', '--free', '--label', 'attest', '--pin', PIN, '--so-pin', 'officer')
        tool = ['pkcs11-tool', '--module', MODULE, '--token-label', 'attest', '--login', '--pin', PIN, '--sensitive']
        self.must(*tool, '--keygen', '--key-type', 'AES:32', '--label', 'kek')
        self.must(*tool, '--keypairgen', '--key-type', 'rsa:2048', '--label', 'kek-rsa')

    def must(self, *command):
        done = run(*command, env=os.environ | self.environment)
        assert done.returncode == 0, done

    def lines(self, uri):
        return f'key-token = "{uri}"\nkey-token-pin = {self.pin}\nkey-token-module = {MODULE}\n'


@test
def kek_as_credential(w):
    service = Service(os.path.join(TMP, 'kek-credential'), w.site, os.path.join(w.platform.folder, 'roots')).start()
    vm = put_secret(w, service)
    assert service.end() == 0
    folder = os.path.join(TMP, 'credentials')
    os.makedirs(folder)
    with open(service.kek, 'rb') as kek:
        passed = write(os.path.join(folder, 'attest.kek'), kek.read())
    os.remove(service.kek)
    set_key(service, 'key-credential = attest.kek\n')
    status, words = check(service)
    assert status == 1 and 'LoadCredential' in words, words
    service.environment['CREDENTIALS_DIRECTORY'] = folder
    os.chmod(passed, 0o440)
    assert check(service)[0] == 0, check(service)
    service.start()
    secret_comes(w, service, vm)
    assert service.end() == 0


@test
def kek_in_token(w):
    token = Token('token')
    for name, uri, kind in (('aes', 'pkcs11:token=attest;object=kek;type=secret-key', 2),
                            ('rsa', 'pkcs11:token=attest;object=kek-rsa;type=private', 3)):
        service = service_with(w, 'kek-' + name, token.lines(uri), **token.environment)
        os.remove(service.kek)
        assert check(service)[0] == 0, check(service)
        service.start()
        vm = put_secret(w, service)
        secret_comes(w, service, vm)
        assert service.end() == 0
        service.start()
        secret_comes(w, service, vm)
        assert service.end() == 0 and PIN not in service.log()
        # Another kind of key than the store was made with: which one, and what to do.
        write(service.kek, os.urandom(32))
        set_key(service, f'key = {service.kek}\n')
        status, words = start_refused(service)
        wanted = f'an {name.upper()} key in a PKCS#11 token (“key-token” in [store])'
        assert status == 1 and wanted in words and 'Configure the former key again' in words, words


@test
def kek_in_token_is_not_there(w):
    token = Token('token-absent')
    uri = 'pkcs11:token=attest;object=kek'
    service = service_with(w, 'kek-absent', token.lines(uri), **token.environment)
    for lines, status, wanted in (
            (token.lines('pkcs11:token=other;object=kek'), 1, 'the tokens present are: “attest”'),
            (token.lines('pkcs11:token=attest;object=other'), 1, 'no secret or private key'),
            (token.lines(uri).replace(MODULE, '/nowhere/module.so'), 1, '/nowhere/module.so'),
            (token.lines(uri).replace(token.pin, '/nowhere/pin'), 1, '/nowhere/pin'),
            (f'key-token = "{uri}?pin-value={PIN}"\nkey-token-module = {MODULE}\n', 1, 'pin-value'),
            (f'key-token = "{uri}"\nkey-token-module = {MODULE}\n', 3, 'key-token-pin'),
            (token.lines(uri) + f'key = {service.kek}\n', 1, '“key” and “key-token” in [store] are both set'),
            (token.lines(uri) + 'key-credential = kek\n', 1, '“key-credential” and “key-token” in [store] are'),
            (f'key = {service.kek}\nkey-credential = kek\n', 1, '“key” and “key-credential” in [store] are both set'),
            (f'key = {service.kek}\nkey-token-pin = {token.pin}\n', 1, '“key-token-pin” in [store] is set, but'),
            (f'key-token-module = {MODULE}\n', 1, '“key-token-module” in [store] is set, but “key-token”')):
        set_key(service, lines)
        for got in (check(service), start_refused(service)):
            assert got[0] == status and wanted in got[1], (lines, got)
    # A wrong PIN has an exit status of its own, so that the unit does not start the service until the token locks.
    set_key(service, token.lines(uri))
    assert check(service)[0] == 0
    write(token.pin, b'0815-wrong\n')
    for got in (check(service), start_refused(service)):
        assert got[0] == 3 and 'rejected the PIN' in got[1] and '0815-wrong' not in got[1], got
    assert not os.path.exists(service.store)
