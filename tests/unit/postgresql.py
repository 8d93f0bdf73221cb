# SPDX-License-Identifier: LGPL-2.1-or-later
"""A PostgreSQL server of the tests' own, from the system's package: in a folder of its own, on a socket in it, without
TCP, gone at the end.

    postgresql.py run COMMAND...    runs COMMAND with VA_TEST_POSTGRESQL set to the server's URL (without a database), and
                                    VA_TEST_POSTGRESQL_DATA to its folder
"""

import ctypes
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
    """The folder of the newest server that is installed."""
    found = sorted(glob.glob('/usr/lib/postgresql/*/bin'), key=lambda path: int(path.split('/')[-2]))
    if not found:
        raise RuntimeError('PostgreSQL is missing: install the package postgresql')
    return found[-1]


class Postgresql:
    """One server. It refuses to run as root, so as root it runs as the package's user."""

    def __init__(self, settings=()):
        self.user = pwd.getpwnam(USER) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        # Not in a test's own folder: that is closed to the server's user, and a socket's path has at most 107 bytes.
        self.folder = tempfile.mkdtemp(prefix='va-pg-', dir='/tmp')
        self.sockets = os.path.join(self.folder, 'sockets')
        os.mkdir(self.sockets, 0o700)
        self.settings = ['fsync=on', 'listen_addresses=', f'unix_socket_directories={self.sockets}',
                         'shared_buffers=32MB', 'max_connections=100', 'log_statement=none', *settings]
        self.process = None
        for path in (self.folder, self.sockets):
            os.chown(path, self.user.pw_uid, self.user.pw_gid)
        self.data = os.path.join(self.folder, 'data')
        self.call('initdb', '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync', '-U', USER, '-D', self.data)

    def demote(self):
        """In the child: becomes the server's user, and ends when the test does."""
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(self.user.pw_gid)
            os.setuid(self.user.pw_uid)
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG

    def call(self, program, *arguments):
        done = subprocess.run([os.path.join(programs(), program), *arguments], preexec_fn=self.demote, cwd='/', text=True,
                              capture_output=True, timeout=120, check=False)
        if done.returncode != 0:
            raise RuntimeError(f'{program}: {done.stderr}')

    def start(self):
        options = [word for setting in self.settings for word in ('-c', setting)]
        with open(os.path.join(self.folder, 'log'), 'ab') as log:
            self.process = subprocess.Popen([os.path.join(programs(), 'postgres'), '-D', self.data, *options],
                                            preexec_fn=self.demote, cwd='/', stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True)
        for _ in range(400):
            ready = subprocess.run([os.path.join(programs(), 'pg_isready'), '-q', '-h', self.sockets], check=False)
            if ready.returncode == 0:
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError('PostgreSQL did not start: ' + self.log()[-2000:])

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
        return f'postgresql:///?host={urllib.parse.quote(self.sockets, safe="")}&user={USER}'

    def remove(self):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)


def database_url(server_url, database):
    return server_url.replace('postgresql:///?', f'postgresql:///{database}?', 1)


def create_database(server_url, name, encoding='UTF8'):
    """A new, empty database; its URL."""
    import psycopg2
    connection = psycopg2.connect(database_url(server_url, USER))
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
