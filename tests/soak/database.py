# SPDX-License-Identifier: LGPL-2.1-or-later
"""A PostgreSQL of the test's own: in a folder, without TCP, run by another user than root, stopped and started at will."""

import atexit
import glob
import os
import pwd
import re
import subprocess

USER = 'postgres'


def programs():
    """The folder of the newest installed PostgreSQL's programs, or None."""
    folders = glob.glob('/usr/lib/postgresql/*/bin')
    return max(folders, key=lambda folder: int(re.search(r'/(\d+)/bin$', folder)[1]), default=None)


class PostgreSQL:
    def __init__(self, folder, settings=()):
        self.folder, self.bin = folder, programs()
        self.data, self.sockets, self.log = (os.path.join(folder, name) for name in ('data', 'socket', 'log'))
        entry = pwd.getpwnam(USER)
        os.makedirs(folder, exist_ok=True)
        for path in (self.data, self.sockets):
            os.makedirs(path, mode=0o700)
            os.chown(path, entry.pw_uid, entry.pw_gid)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        # Whoever the service runs as has a role of that name, and nobody else comes in.
        self.run('initdb', '-D', self.data, '-U', pwd.getpwuid(os.geteuid()).pw_name, '--auth=peer', '-E', 'UTF8', '--locale=C.UTF-8')
        with open(os.path.join(self.data, 'postgresql.auto.conf'), 'a', encoding='ascii') as conf:
            conf.write(f"listen_addresses = ''\nunix_socket_directories = '{self.sockets}'\nmax_connections = 100\n"
                       + ''.join(line + '\n' for line in settings))
        self.running = False
        atexit.register(self.end)
        self.start()
        self.psql('CREATE DATABASE attest', 'postgres')
        self.url = f'postgresql:///attest?host={self.sockets}'

    def run(self, program, *arguments):
        """As the other user, from a folder that he may see."""
        done = subprocess.run(['setpriv', f'--reuid={USER}', f'--regid={USER}', '--init-groups', os.path.join(self.bin, program),
                               *arguments], cwd='/', stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                              timeout=120, env={'LC_ALL': 'C.UTF-8', 'PATH': '/usr/bin:/bin'})
        if done.returncode != 0:
            raise RuntimeError(f'{program}: {done.stdout}')
        return done.stdout

    def start(self):
        # Its processes would keep this program's pipe open.
        self.running = True
        self.run('pg_ctl', '-D', self.data, '-l', self.log, '-w', '-t', '60', 'start')

    def stop(self, mode='fast'):
        self.run('pg_ctl', '-D', self.data, '-m', mode, '-w', '-t', '60', 'stop')
        self.running = False

    def end(self):
        if self.running:
            self.stop('immediate')

    def psql(self, sql, database='attest'):
        return subprocess.run([os.path.join(self.bin, 'psql'), '-XAtq', '-v', 'ON_ERROR_STOP=1', '-h', self.sockets, '-d', database,
                               '-c', sql], check=True, capture_output=True, text=True, timeout=60).stdout
