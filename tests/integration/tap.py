# SPDX-License-Identifier: LGPL-2.1-or-later
"""Test Anything Protocol for the Python tests: functions called test_*, each with the sandbox as its argument."""
import sys
import time
import traceback


class Skip(Exception):
    """Raised by a test that cannot run here; the text is the reason."""


def skip_all(reason):
    """Ends the program: automake counts it as skipped and shows the reason."""
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)


def note(text):
    """A line for the log that is no test."""
    for line in str(text).splitlines():
        print(f"# {line}", flush=True)


def run(tests, argument, on_failure=None):
    """Runs each function, whatever became of the one before; the exit code. Arguments on the command line choose.

    on_failure() gives more to show after a failed test.
    """
    chosen = [test for test in tests if not sys.argv[1:] or any(word in test.__name__ for word in sys.argv[1:])]
    failed = 0
    print(f"1..{len(chosen)}", flush=True)
    for number, test in enumerate(chosen, 1):
        title = (test.__doc__ or test.__name__.replace("_", " ")).splitlines()[0]
        began = time.monotonic()
        try:
            test(argument)
            verdict = "ok"
        except Skip as skip:
            verdict = "ok"
            title += f" # SKIP {skip}"
        except Exception:  # pylint: disable=broad-except
            failed += 1
            verdict = "not ok"
            note(traceback.format_exc())
            note(on_failure() if on_failure is not None else "")
        note(f"{time.monotonic() - began:.2f} s")
        print(f"{verdict} {number} - {title}", flush=True)
    return 1 if failed or not chosen else 0
