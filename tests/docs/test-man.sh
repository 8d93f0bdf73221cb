#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The manual pages: their form, and that codes, configuration keys and pages are all described and all exist.
set -u
top=${VA_TOP_SRCDIR:?}
man=$top/docs/man
errors=$man/virt-attest-errors.7
. "$top/tests/lib/tap.sh"

same () # FILE FILE WHAT: two sorted lists, neither of them empty
{
  test -s "$1" && test -s "$2" && diff "$1" "$2"
}

# The table of problem.c: "[VA_PROBLEM_X] = { "code", 403,", one for each member of the enum in problem.h.
sed -n 's|^ *\[VA_PROBLEM_[A-Z_]*\] = { "\([a-z-]*\)", \([0-9]*\),.*|\1 \2|p' "$top/src/api/problem.c" \
  | sort >"$TMPDIR/codes"
sed -n 's|^\.It Sy \([a-z-]*\) Pq \([0-9]*\)$|\1 \2|p' "$errors" | sort >"$TMPDIR/documented"
enum=$(grep -c '^ *VA_PROBLEM_[A-Z_]*,' "$top/src/api/problem.h")

# Configuration keys: those of the table in the program that reads the file, and those of the page.
compare_keys () # PAGE SOURCE...
{
  local page=$man/$1
  shift
  (cd "$top" && sed -n 's|^ *{ *"[a-z]*", *"\([a-z-]*\)", *VA_CONFIG_.*|\1|p' "$@") | sort >"$TMPDIR/read"
  sed -n 's|^\.It Ic \([a-z-]*\)$|\1|p' "$page" | sort >"$TMPDIR/described"
  same "$TMPDIR/read" "$TMPDIR/described"
}

# The firmware's errors: "{ N_("Name")," by number, beginning with 0.
sed -n 's|^  { N_("\([^"]*\)").*|\1|p' "$top/src/tee/sev/firmware-error.c" | awk '{ print NR - 1, "(" $0 ")" }' >"$TMPDIR/errors"
sed -n 's|^\.It \([0-9]* (.*)\)$|\1|p' "$errors" >"$TMPDIR/errors-described"

command -v mandoc >/dev/null || { echo "Bail out! mandoc is missing: install the package mandoc"; exit 1; }
for page in "$man"/*.[1-8] "$top"/docs/*.[1-8]; do
  test -e "$page" && check "${page##*/} has no warnings" mandoc -Tlint -W warning "$page"
done

# What a reader sees: every line fits, at the width of a terminal and at that of a wide one.
render () # PAGE COLUMNS
{
  groff -mandoc -Tutf8 -rLL="$2n" "$1" 2>&1 >/dev/null | tee "$TMPDIR/troff" >&2
  test ! -s "$TMPDIR/troff"
}

# English words that mdoc takes for macros and swallows, unless \& stands before them. "No" may stand behind another macro,
# where it is meant to end that one's font.
swallowed='Ad|An|At|Do|Em|En|Es|In|It|Li|Me|So|St'
keeps_words () # PAGE
{
  ! grep -nE "^\\.It No( |\$)|^\\.(It|Sy|Em|Ql|Dq|Pq|Pa|Cm|Dl)( .*)? ($swallowed)( |\$)" "$1"
}

command -v groff >/dev/null || { echo "Bail out! groff is missing: install the package groff-base"; exit 1; }
for page in "$man"/*.[1-8]; do
  check "${page##*/} fits into 80 columns" render "$page" 80
  check "${page##*/} fits into 140 columns" render "$page" 140
  check "${page##*/} has no word that is swallowed as a macro" keeps_words "$page"
done
check "the table of codes is read whole" test "$enum" -eq "$(wc -l <"$TMPDIR/codes")"
check "every code is in virt-attest-errors(7) with its status, and no other is" same "$TMPDIR/codes" "$TMPDIR/documented"
check "every firmware error is in virt-attest-errors(7), in order" same "$TMPDIR/errors" "$TMPDIR/errors-described"
for pair in "virt-attest-gate.conf.5:plugin/gate.c plugin/unattested.c" virt-attest-hook.conf.5:hooks/hook.c \
            virt-attest-hostd.conf.5:src/host/configuration.c virt-attest-service.conf.5:src/service/configuration.c; do
  check "${pair%%:*} has the keys of ${pair#*:}, and no other" compare_keys "${pair%%:*}" ${pair#*:}
done

# virt-attest(1): the verbs of a group stand together, under the heading of that group alone.
awk -F'"' '/^  { "[a-z ]+", /{ split($2, words, " "); print words[1] }' "$top/src/cli/main.c" | uniq | grep -vx sev >"$TMPDIR/groups"
cat >"$TMPDIR/headings" <<'END'
ca The site's certificates
service The service
vm Registrations
secret Secrets
artifact Firmware images
launch Launches
audit The audit log
domain Domains
host Hosts
END
awk '/^\.S[sh] / { sub (/^\.S[sh] /, ""); heading = $0 } /^\.It Cm [a-z]+ [a-z]+/ { print $3, heading }' "$man/virt-attest.1" \
  | uniq >"$TMPDIR/places"
check "virt-attest(1) has each group's verbs under its own heading, in the order of --help" same "$TMPDIR/headings" "$TMPDIR/places"
cut -d" " -f1 "$TMPDIR/headings" >"$TMPDIR/named"
check "that table has every group of the program" same "$TMPDIR/named" "$TMPDIR/groups"
finish
