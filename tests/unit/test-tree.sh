#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the tree says of itself: files that documents name, files that translators get.
set -u
top=${VA_TOP_SRCDIR:?}
. "$top/tests/unit/tap.sh"

named_files_exist () # DOCUMENT
{
  local path missing=0
  while read -r path; do
    [ -e "$top/$path" ] || { echo "$1 names $path, which is not there"; missing=1; }
  done < <(grep -oE '`(src|plugin|hooks|tests|schemas|docs|data|po)/[A-Za-z0-9_./-]+`' "$top/$1" | tr -d '`' | sort -u)
  return $missing
}

potfiles_are_complete ()
{
  diff -u <(grep -v '^#' "$top/po/POTFILES.in") \
    <(cd "$top" && grep -rlE --include='*.c' '\b(_|N_|ngettext) ?\(' hooks plugin src tests/platform | LC_ALL=C sort)
}

# What a peer says reaches a terminal through src/cli/print.c alone.
answers_are_printed_safely ()
{
  local file found=0
  while read -r file; do
    grep -HnE '\b(printf|puts|fputs|fprintf|putchar|fwrite|perror|g_print|g_printerr) \(' "$top/$file" && found=1
  done < <(cd "$top" && grep -lE '"(answer|operand|pages|vm-text|vm-words)\.h"|va_call_ask' src/cli/*.c |
    grep -v '^src/cli/connection.c$') # draws its progress; the answers are its callers'
  return $found
}

# Links to files of the tree, relative to the document.
links_lead_somewhere () # DOCUMENT
{
  local path missing=0
  while read -r path; do
    [ -e "$(dirname "$top/$1")/$path" ] || { echo "$1 links to $path, which does not exist"; missing=1; }
  done < <(grep -oE '\]\([^)#:]+[)#]' "$top/$1" | sed 's/..//; s/.$//' | sort -u)
  return $missing
}

readme_is_short () { test "$(wc -l <"$top/README.md")" -le 130; }

for document in README.md CHANGELOG.md SECURITY.md docs/{ARCHITECTURE,INSTALL,PERFORMANCE,PROTOCOL,THREATS}.md; do
  check "$document names files that exist" named_files_exist "$document"
  check "$document links to files that exist" links_lead_somewhere "$document"
done
check "README.md has at most 130 lines" readme_is_short
check "po/POTFILES.in lists every source with messages" potfiles_are_complete
check "src/cli prints answers by its safe printer alone" answers_are_printed_safely
finish
