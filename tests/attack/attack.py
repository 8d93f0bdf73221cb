#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each hostile party against a running virt-attestd. Every attempt must end in the rule that is to stop it, and must leave
what it went for untouched. docs/THREATS.md names them. The attempts are in the files *_attempts.py beside this one.

make attack prints a line each: “stopped PARTY: ATTEMPT: RULE”, or “NOT STOPPED …”; in make check it prints TAP. With names of
attempts as arguments (make attack ATTACK="NAME ..."), those alone are made."""

import glob
import importlib
import os
import re
import sys
import traceback


from lib import tap
from lib.service import World

from catalogue import ATTEMPTS, SOURCE, NotStopped


def collect(names):
    """The attempts of all files; those with one of @names, if there are any."""
    for path in sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "*_attempts.py"))):
        importlib.import_module(os.path.basename(path)[:-3])
    known = [function.__name__ for _, _, function in ATTEMPTS]
    assert len(set(known)) == len(known) >= 25, "two attempts have one name"
    unknown = set(names) - set(known)
    if unknown:
        sys.exit(f"no such attempt: {', '.join(sorted(unknown))}; there are:\n" + "\n".join(sorted(known)))
    return [row for row in ATTEMPTS if not names or row[2].__name__ in names]


def play(world, party, what, function):
    """The line to print, whether it was stopped, and what there is to add."""
    try:
        return f"stopped {party}: {what}: {function(world)}", True, ""
    except Exception as error:  # pylint: disable=broad-except
        why = str(error) if isinstance(error, NotStopped) else traceback.format_exc()
        return f"NOT STOPPED {party}: {what}: {why.strip().splitlines()[-1]}", False, why


def documented():
    """What docs/THREATS.md lists."""
    with open(os.path.join(SOURCE, "docs/THREATS.md"), encoding="utf-8") as f:
        return re.findall(r"^\| (\w+) \| ([^|]+) \| `[a-z-]+` \|$", f.read(), re.M)


def main(names):
    attempts, world, broken = collect(names), World(), 0
    printer = None if os.environ.get("VA_ATTACK") == "plain" else tap.Printer(len(attempts) + 1)
    for party, what, function in attempts:
        line, fine, why = play(world, party, what, function)
        broken += not fine
        if printer is not None:
            printer.result(fine, line, why)
        else:
            print(line, flush=True)
    listed, played = documented(), [(party, what) for party, what, _ in ATTEMPTS]
    same = sorted(listed) == sorted(played)
    ended = world.service.end()
    if printer is not None:
        printer.result(same and ended == 0, "docs/THREATS.md lists these attempts, and the service ended well")
    if not same:
        tap.note(f"docs/THREATS.md and the attempts differ: {sorted(set(listed) ^ set(played))}")
    return 1 if broken or not same or ended != 0 else 0


sys.exit(main(sys.argv[1:]))
