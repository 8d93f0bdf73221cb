# SPDX-License-Identifier: LGPL-2.1-or-later
"""A PostgreSQL server of the tests' own, from the system's package: in a folder of its own, on a socket in it, without
TCP, gone at the end.

    python3 -m lib.postgresql run COMMAND...    runs COMMAND with VA_TEST_POSTGRESQL set to the server's URL (without a
                                                database), and VA_TEST_POSTGRESQL_DATA to its folder
"""

import glob
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

USER = 'postgres'


def programs():
    """The folder of the newest server that is installed, or None."""
    return max(glob.glob('/usr/lib/postgresql/*/bin'), key=lambda path: int(path.split('/')[-2]), default=None)


class Missing(RuntimeError):
    """Why there can be no server."""


class Postgresql:
    """One server. It refuses to run as root, so as root it runs as the package's user."""

    def __init__(self, settings=(), below='/tmp', superuser=USER, auth='trust'):
        self.bin = programs()
        if self.bin is None:
            raise Missing('PostgreSQL is not installed: install the package postgresql')
        try:
            user = pwd.getpwnam(USER) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        except KeyError:
            raise Missing(f'there is no user {USER}, and PostgreSQL does not run as root') from None
        self.who = {'user': user.pw_uid, 'group': user.pw_gid, 'extra_groups': []} if os.geteuid() == 0 else {}
        self.superuser = superuser
        # Not in a test's own folder: that is closed to the server's user. A socket's path has at most 107 bytes.
        self.folder = tempfile.mkdtemp(prefix='va-pg-', dir=below)
        self.sockets = tempfile.mkdtemp(prefix='va-pg-s-', dir='/tmp')
        for path in (self.folder, self.sockets):
            os.chown(path, user.pw_uid, user.pw_gid)
        self.settings = ['fsync=on', 'listen_addresses=', f'unix_socket_directories={self.sockets}',
                         'shared_buffers=32MB', 'max_connections=100', 'log_statement=none', *settings]
        self.process = None
        self.data = os.path.join(self.folder, 'data')
        self.call('initdb', f'--auth={auth}', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync', '-U', superuser, '-D', self.data)

    def call(self, program, *arguments):
        """What one of its programs prints, run as the server's user."""
        done = subprocess.run([os.path.join(self.bin, program), *arguments], cwd='/', stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120, check=False, **self.who)
        if done.returncode != 0:
            raise Missing(f'{program}: {done.stdout.strip()}')
        return done.stdout

    def start(self):
        options = [word for setting in self.settings for word in ('-c', setting)]
        with open(os.path.join(self.folder, 'log'), 'ab') as log:
            # It ends when the test does, however that ends.
            self.process = subprocess.Popen(['setpriv', '--pdeathsig=QUIT', os.path.join(self.bin, 'postgres'), '-D',
                                             self.data, *options], cwd='/', stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True, **self.who)
        for _ in range(400):
            if subprocess.run([os.path.join(self.bin, 'pg_isready'), '-q', '-h', self.sockets], check=False).returncode == 0:
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise Missing('PostgreSQL did not start: ' + self.log()[-2000:])

    def stop(self, how=signal.SIGINT):
        """SIGINT ends sessions and writes everything; SIGQUIT is a crash."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(60)
            self.process = None

    def log(self):
        with open(os.path.join(self.folder, 'log'), encoding='utf-8', errors='replace') as log:
            return log.read()

    def url(self, database=USER):
        return database_url(self.server_url(), database)

    def server_url(self):
        return f'postgresql:///?host={urllib.parse.quote(self.sockets, safe="")}&user={self.superuser}'

    def remove(self):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.sockets, ignore_errors=True)


def database_url(server_url, database):
    return server_url.replace('postgresql:///?', f'postgresql:///{database}?', 1)


def create_database(server_url, name, encoding='UTF8'):
    """A new, empty database; its URL."""
    import psycopg2
    connection = psycopg2.connect(database_url(server_url, 'postgres'))
    connection.autocommit = True
    connection.cursor().execute(f'CREATE DATABASE "{name}" TEMPLATE template0 ENCODING \'{encoding}\' LOCALE \'C\'')
    connection.close()
    return database_url(server_url, name)


def run(command):
    server = Postgresql()
    child = None

    def end(*_):
        if child is not None:
            child.terminate()
    signal.signal(signal.SIGTERM, end)
    try:
        server.start()
        child = subprocess.Popen(command, env={**os.environ, 'VA_TEST_POSTGRESQL': server.server_url(),
                                               'VA_TEST_POSTGRESQL_DATA': server.data})
        return child.wait()
    finally:
        server.remove()


if __name__ == '__main__':
    if len(sys.argv) < 3 or sys.argv[1] != 'run':
        sys.exit(__doc__)
    sys.exit(run(sys.argv[2:]))
