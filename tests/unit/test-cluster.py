# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two real virt-attestd on one real PostgreSQL behind a balancer: what they promise together, while either of them or the
database is killed, stopped, or away."""

import os
import sys
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.environ['VA_TOP_SRCDIR'], 'tests', 'unit'))
import cluster_requests  # noqa: E402, F401
import cluster_faults  # noqa: E402, F401
import cluster_database  # noqa: E402, F401
from cluster_world import TESTS, Cluster  # noqa: E402


def main():
    """All tests, or those whose name has one of the words that are given."""
    chosen = [t for t in TESTS if not sys.argv[1:] or any(word in t.__name__ for word in sys.argv[1:])]
    cluster = Cluster()
    failed = 0
    print(f'1..{len(chosen)}', flush=True)
    for number, function in enumerate(chosen, 1):
        begun = time.monotonic()
        try:
            function(cluster)
            cluster.check_alive()
            print(f'ok {number} {function.__name__} # {time.monotonic() - begun:.2f} s', flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f'not ok {number} {function.__name__}', flush=True)
            for line in traceback.format_exc().splitlines():
                print('# ' + line, flush=True)
    for member in (cluster.a, cluster.b):
        if member.end() != 0:
            failed += 1
            print('not ok - virt-attestd ended badly')
        if failed:
            for line in [line for line in member.log().splitlines() if ' error: ' in line][-15:]:
                print('# ' + line)
    return failed != 0


sys.exit(main())
