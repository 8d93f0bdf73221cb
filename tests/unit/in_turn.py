# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests one after the other, in TAP."""

import sys
import time
import traceback


class Skipped(Exception):
    """Raised by a test that cannot be run here; the text says why."""


def run(tests, world, afterwards=lambda: None):
    """Calls each of them with the world, or those whose name has one of the words of the command line; how many failed."""
    chosen = [t for t in tests if not sys.argv[1:] or any(word in t.__name__ for word in sys.argv[1:])]
    failed = 0
    print(f'1..{len(chosen)}', flush=True)
    for number, function in enumerate(chosen, 1):
        begun = time.monotonic()
        try:
            function(world)
            afterwards()
            print(f'ok {number} {function.__name__} # {time.monotonic() - begun:.2f} s', flush=True)
        except Skipped as reason:
            print(f'ok {number} {function.__name__} # SKIP {reason}', flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f'not ok {number} {function.__name__}', flush=True)
            for line in traceback.format_exc().splitlines():
                print('# ' + line, flush=True)
    return failed
