#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-attest(1), virt-attest-sev(1) and the program: the same verbs, and for each verb the same options. Prints TAP."""

import os
import re
import subprocess

from lib import tap

PROGRAM = os.path.join(os.environ["VA_TOP_BUILDDIR"], "virt-attest")
PAGES = [os.path.join(os.environ["VA_TOP_SRCDIR"], "docs/man", name) for name in ("virt-attest.1", "virt-attest-sev.1")]
COMMON = "Common options"


def page_options():
    """{verb: its options}, and the common ones under COMMON."""
    found, verb = {}, None
    for path in PAGES:
        for line in open(path, encoding="utf-8").readlines():  # pylint: disable=consider-using-with
            if match := re.match(r"\.It Cm ([a-z]+(?: [a-z]+)+)", line):
                verb = match[1]
                found[verb] = set()
            elif line.startswith(".Ss " + COMMON):
                verb = COMMON
                found[verb] = set()
            elif line.startswith((".Ss ", ".Sh ")):
                verb = None
            elif line.startswith(".It Fl") and verb is not None:
                found[verb] |= {"--" + name for name in re.findall(r"Fl -([a-z-]+)", line)}
    return found


def help_text(*words):
    """What --help prints, which must end well."""
    return subprocess.run([PROGRAM, *words, "--help"], check=True, capture_output=True, text=True, timeout=20).stdout


def main():
    page = page_options()
    verbs = re.findall(r"^  ([a-z]+(?: [a-z]+)+)  ", help_text(), re.M)
    printer = tap.Printer()
    printer.result(len(verbs) > 10 and len(verbs) == len(set(verbs)), "the program lists verbs, each once", str(verbs))
    other = set(verbs) ^ (set(page) - {COMMON})
    printer.result(not other, "the page has the program's verbs and no other", f"differ: {sorted(other)}")
    seen_common = set()
    for verb in verbs:
        options = set(re.findall(r"^  (?:-[a-z], )?(--[a-z-]+)", help_text(*verb.split()), re.M))
        seen_common |= options & page[COMMON]
        other = (options - page[COMMON]) ^ page.get(verb, set())
        printer.result(verb in page and not other, f"{verb}: the page has its options", f"differ: {sorted(other)}")
    other = page[COMMON] - seen_common
    printer.result(not other, "every common option is taken by some verb", f"differ: {sorted(other)}")
    return printer.end()


raise SystemExit(main())
