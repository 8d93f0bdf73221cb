# SPDX-License-Identifier: LGPL-2.1-or-later
"""Test Anything Protocol: what every test in Python prints, it prints here."""

import sys
import time
import traceback


class Skip(Exception):
    """Raised by a test that cannot run here; the text is the reason."""


def skip_all(reason):
    """Ends the program: automake counts it as skipped and shows the reason."""
    print(f'1..0 # SKIP {reason}')
    sys.exit(0)


def note(text):
    """Lines for the log that are no tests."""
    for line in str(text).splitlines():
        print(f'# {line}', flush=True)


def broken(what):
    """What went wrong outside of all tests, when the plan has been fulfilled: one test too many is an error."""
    print(f'not ok - {what}', flush=True)


class Printer:
    """Results one after the other, numbered."""

    def __init__(self, planned=None):
        self.number, self.failed, self.planned = 0, 0, planned
        if planned is not None:
            print(f'1..{planned}', flush=True)

    def result(self, passed, name, why='', comment=''):
        """One test; @why is shown when it failed."""
        self.number += 1
        self.failed += not passed
        name = name.replace('#', '') + (f' # {comment}' if comment else '')
        print(f'{"ok" if passed else "not ok"} {self.number} - {name}', flush=True)
        if not passed:
            note(why)
        return bool(passed)

    def skip(self, name, reason):
        self.result(True, name, comment=f'SKIP {reason}')

    def still_fails(self, name, reason):
        """One that is known to fail, which counts as expected."""
        self.number += 1
        print(f'not ok {self.number} - {name} # TODO {reason}', flush=True)

    def call(self, name, function, *arguments):
        """A test that passes if it returns; what it returned, None if it did not."""
        begun = time.monotonic()
        try:
            returned = function(*arguments)
        except Skip as reason:
            self.skip(name, reason)
            return None
        except Exception:  # pylint: disable=broad-except
            self.result(False, name, traceback.format_exc())
            return None
        self.result(True, name, comment=f'{time.monotonic() - begun:.2f} s')
        return returned

    def end(self):
        """The exit code; prints the plan if it was not known before."""
        if self.planned is None:
            print(f'1..{self.number}', flush=True)
        return 1 if self.failed or not self.number else 0


def run(tests, argument, afterwards=None, title=lambda test: test.__name__, on_failure=None):
    """Calls each test with @argument, or those whose name has one of the words of the command line, whatever became of
    the one before; the exit code.

    afterwards() belongs to each test and may fail it; on_failure() gives more to show after one that failed."""
    def whole(test):
        test(argument)
        if afterwards is not None:
            afterwards()

    chosen = [test for test in tests if not sys.argv[1:] or any(word in test.__name__ for word in sys.argv[1:])]
    printer = Printer(len(chosen))
    for test in chosen:
        before = printer.failed
        printer.call(title(test), whole, test)
        if printer.failed > before and on_failure is not None:
            note(on_failure())
    return printer.end()


def sentence(test):
    """As a title: the first line of what the test's text says of it, or its name in words."""
    return (test.__doc__ or test.__name__.replace('_', ' ')).splitlines()[0]
