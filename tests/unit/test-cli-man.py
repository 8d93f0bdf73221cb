#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-attest(1), virt-attest-sev(1) and the program: the same verbs, and for each verb the same options. Prints TAP."""

import os
import re
import subprocess

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
    results = [("the program lists verbs, each once", len(verbs) > 10 and len(verbs) == len(set(verbs)), verbs),
               ("the page has the program's verbs and no other", set(verbs) == set(page) - {COMMON},
                set(verbs) ^ (set(page) - {COMMON}))]
    seen_common = set()
    for verb in verbs:
        options = set(re.findall(r"^  (?:-[a-z], )?(--[a-z-]+)", help_text(*verb.split()), re.M))
        own = options - page[COMMON]
        seen_common |= options & page[COMMON]
        results.append((f"{verb}: the page has its options", own == page.get(verb, set()), own ^ page.get(verb, set())))
    results.append(("every common option is taken by some verb", seen_common == page[COMMON], page[COMMON] - seen_common))
    for number, (name, passed, shown) in enumerate(results, 1):
        print(f"{'ok' if passed else 'not ok'} {number} - {name}")
        if not passed:
            print(f"# differ: {sorted(shown)}")
    print(f"1..{len(results)}")
    return 0 if all(passed for _, passed, _ in results) else 1


raise SystemExit(main())
