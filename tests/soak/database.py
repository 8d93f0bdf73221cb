# SPDX-License-Identifier: LGPL-2.1-or-later
"""A PostgreSQL of the test's own, stopped and started at will."""

import atexit
import os
import pwd
import tempfile

from lib.postgresql import Postgresql, create_database

from nodes import Disk


class Database(Postgresql):
    """On a disk of its own. Whoever the service runs as has a role of that name, and nobody else comes in."""

    def __init__(self, megabytes):
        self.mount = tempfile.mkdtemp(prefix='va-pg-disk-', dir='/tmp')
        self.disk = Disk(self.mount, megabytes, mode='0711')
        super().__init__(settings=('min_wal_size=32MB', 'max_wal_size=64MB'), below=self.mount,
                         superuser=pwd.getpwuid(os.geteuid()).pw_name, auth='peer')
        atexit.register(self.end)
        self.start()
        self.place = create_database(self.server_url(), 'attest')

    def end(self):
        self.remove()
        self.disk.end()
        os.rmdir(self.mount)

    def start_if_ended(self):
        """Without room for its log it ends by itself."""
        if self.process.poll() is not None:
            self.start()
