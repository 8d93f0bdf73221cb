# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two real virt-attestd on one real PostgreSQL behind a balancer: what they promise together, while either of them or the
database is killed, stopped, or away."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.environ['VA_TOP_SRCDIR'], 'tests', 'unit'))
import in_turn  # noqa: E402
import cluster_requests  # noqa: E402, F401
import cluster_failover  # noqa: E402, F401
import cluster_images  # noqa: E402, F401
import cluster_faults  # noqa: E402, F401
import cluster_database  # noqa: E402, F401
from cluster_world import TESTS, Cluster  # noqa: E402


def main():
    cluster = Cluster()
    failed = in_turn.run(TESTS, cluster, cluster.check_alive)
    for member in (cluster.a, cluster.b):
        if member.end() != 0:
            failed += 1
            print('not ok - virt-attestd ended badly')
        if failed:
            for line in [line for line in member.log().splitlines() if ' error: ' in line][-15:]:
                print('# ' + line)
    return failed != 0


sys.exit(main())
