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

for document in README.md SECURITY.md docs/ARCHITECTURE.md docs/PROTOCOL.md docs/THREATS.md; do
  check "$document names files that exist" named_files_exist "$document"
done
check "po/POTFILES.in lists every source with messages" potfiles_are_complete
finish
