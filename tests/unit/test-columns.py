# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each column of each table changed by somebody who has the service's database and not its key."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.environ['VA_TOP_SRCDIR'], 'tests', 'unit'))
import in_turn  # noqa: E402
import service_columns  # noqa: E402, F401
from service_world import TESTS, World  # noqa: E402


def main():
    world = World()
    failed = in_turn.run(TESTS, world)
    return failed != 0 or world.service.end() != 0


sys.exit(main())
