# SPDX-License-Identifier: LGPL-2.1-or-later
"""The real virt-attestd over real TLS, with owners and hosts that speak to it and a software platform that does the
processor's part; every answer is held against schemas/."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.environ['VA_TOP_SRCDIR'], 'tests', 'unit'))
import in_turn  # noqa: E402
import service_agent  # noqa: E402, F401
import service_audit  # noqa: E402, F401
import service_check  # noqa: E402, F401
import service_cli  # noqa: E402, F401
import service_confirm  # noqa: E402, F401
import service_database  # noqa: E402, F401
import service_journal  # noqa: E402, F401
import service_kek  # noqa: E402, F401
import service_keys  # noqa: E402, F401
import service_launches  # noqa: E402, F401
import service_lifetime  # noqa: E402, F401
import service_limits  # noqa: E402, F401
import service_metrics  # noqa: E402, F401
import service_objects  # noqa: E402, F401
import service_operation  # noqa: E402, F401
import service_owner  # noqa: E402, F401
import service_persons  # noqa: E402, F401
import service_roles  # noqa: E402, F401
import service_reach  # noqa: E402, F401
import service_revocation  # noqa: E402, F401
import service_storage  # noqa: E402, F401
import service_trust  # noqa: E402, F401
import service_unreadable  # noqa: E402, F401
from service_world import SCHEMAS, TESTS, World, test  # noqa: E402


@test
def every_code_was_seen(_):
    wanted = set(SCHEMAS.store['problem.schema.json']['$defs']['code']['enum'])
    elsewhere = {'unsupported-media-type', 'exists', 'busy'}
    missing = wanted - SCHEMAS.codes - elsewhere
    assert not missing, missing
    assert SCHEMAS.held > 300


def main():
    world = World()
    failed = in_turn.run(TESTS, world)
    if world.service.end() != 0:
        failed += 1
        print('not ok - virt-attestd ended badly')
    if failed:
        for line in world.service.log().splitlines()[-40:]:
            print('# ' + line)
    return failed != 0


sys.exit(main())
