# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two real virt-attestd on one real PostgreSQL behind a balancer: what they promise together, while either of them or the
database is killed, stopped, or away."""

import sys

from lib import tap

import cluster_requests  # noqa: F401
import cluster_failover  # noqa: F401
import cluster_images  # noqa: F401
import cluster_faults  # noqa: F401
import cluster_database  # noqa: F401
from cluster_world import TESTS, Cluster


def main():
    cluster = Cluster()
    failed = tap.run(TESTS, cluster, cluster.check_alive)
    for member in (cluster.a, cluster.b):
        if member.end() != 0:
            failed += 1
            tap.broken('virt-attestd ended badly')
        if failed:
            tap.note('\n'.join([line for line in member.log().splitlines() if ' error: ' in line][-15:]))
    return failed != 0


sys.exit(main())
