# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each column of each table changed by somebody who has the service's database and not its key."""

import sys

from lib import tap
from lib.service import TESTS, World

import service_columns  # noqa: F401


def main():
    world = World()
    failed = tap.run(TESTS, world)
    return failed != 0 or world.service.end() != 0


sys.exit(main())
