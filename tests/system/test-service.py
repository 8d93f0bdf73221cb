# SPDX-License-Identifier: LGPL-2.1-or-later
"""The real virt-attestd over real TLS, with owners and hosts that speak to it and a software platform that does the
processor's part; every answer is held against schemas/."""

import sys

from lib import tap
from lib.service import SCHEMAS, TESTS, World, test

import service_agent  # noqa: F401
import service_audit  # noqa: F401
import service_check  # noqa: F401
import service_cli  # noqa: F401
import service_confirm  # noqa: F401
import service_database  # noqa: F401
import service_explanations  # noqa: F401
import service_journal  # noqa: F401
import service_kek  # noqa: F401
import service_keys  # noqa: F401
import service_launches  # noqa: F401
import service_lifetime  # noqa: F401
import service_limits  # noqa: F401
import service_metrics  # noqa: F401
import service_objects  # noqa: F401
import service_operation  # noqa: F401
import service_owner  # noqa: F401
import service_persons  # noqa: F401
import service_prune  # noqa: F401
import service_reach  # noqa: F401
import service_rekey  # noqa: F401
import service_revocation  # noqa: F401
import service_roles  # noqa: F401
import service_source  # noqa: F401
import service_storage  # noqa: F401
import service_trust  # noqa: F401
import service_unreadable  # noqa: F401


@test
def every_code_was_seen(_):
    wanted = set(SCHEMAS.store['problem.schema.json']['$defs']['code']['enum'])
    elsewhere = {'unsupported-media-type', 'busy'}
    missing = wanted - SCHEMAS.codes - elsewhere
    assert not missing, missing
    assert SCHEMAS.held > 300


def main():
    world = World()
    failed = tap.run(TESTS, world)
    if world.service.end() != 0:
        failed += 1
        tap.broken('virt-attestd ended badly')
    if failed:
        tap.note('\n'.join(world.service.log().splitlines()[-40:]))
    return failed != 0


sys.exit(main())
