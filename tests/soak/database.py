# SPDX-License-Identifier: LGPL-2.1-or-later
"""A PostgreSQL of the test's own, stopped and started at will."""

import atexit
import os
import pwd

from postgresql import Postgresql, create_database


class Database(Postgresql):
    """Whoever the service runs as has a role of that name, and nobody else comes in."""

    def __init__(self):
        super().__init__(superuser=pwd.getpwuid(os.geteuid()).pw_name, auth='peer')
        atexit.register(self.remove)
        self.start()
        self.place = create_database(self.server_url(), 'attest')
