#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the tree says of itself: files that documents name, files that translators get.
set -u
top=${VA_TOP_SRCDIR:?}
. "$top/tests/lib/tap.sh"

named_files_exist () # DOCUMENT
{
  local path missing=0
  while read -r path; do
    [ -e "$top/$path" ] || { echo "$1 names $path, which is not there"; missing=1; }
  done < <(grep -oE '`(src|plugin|hooks|emulator|tests|schemas|docs|data|po)/[A-Za-z0-9_./-]+`' "$top/$1" | tr -d '`' | sort -u)
  return $missing
}

potfiles_are_complete ()
{
  diff -u <(grep -v '^#' "$top/po/POTFILES.in") \
    <(cd "$top" && grep -rlE --include='*.c' '\b(_|N_|ngettext) ?\(' emulator hooks plugin src tests/platform | LC_ALL=C sort)
}

# xgettext cuts a message at a macro that it does not know: PRIu64 and the like, and %zu, are whole.
formats_are_whole ()
{
  ! (cd "$top" && grep -rnE --include='*.[ch]' '\bG_G[A-Z0-9]+_(FORMAT|MODIFIER)\b' emulator hooks plugin src tests/platform)
}

# What a peer says reaches a terminal through src/cli/print.c alone.
answers_are_printed_safely ()
{
  local file found=0
  while read -r file; do
    grep -HnE '\b(printf|puts|fputs|fprintf|putchar|fwrite|perror|g_print|g_printerr) \(' "$top/$file" && found=1
  done < <(cd "$top" && grep -rlE --include='*.c' '"cli/(answer|operand|pages|owner/vm-text|owner/vm-words)\.h"|va_call_ask' src/cli |
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

no_merge_is_half_done ()
{
  ! (cd "$top" && grep -rnE --include='*.[ch]' --include='*.py' --include='*.sh' --include='*.md' --include='*.mk' \
    --include='*.json' '^(<<<<<<<|>>>>>>>) ' src plugin hooks emulator tests docs schemas)
}

readme_is_short () { test "$(wc -l <"$top/README.md")" -le 130; }

# The room of a file: its directory, without src/.
room_of ()
{
  local room=${1%/*}
  echo "${room#src/}"
}

# docs/ARCHITECTURE.md has a line for each room: what it may include.
includes_keep_to_the_graph ()
{
  local file header from to found=0
  declare -A may=()
  while IFS=: read -r from to; do
    may[$from]=" $from$to "
  done < <(sed -n '/^core:$/,/^```$/p' "$top/docs/ARCHITECTURE.md" | grep -v '^```')
  while IFS=: read -r file header; do
    from=$(room_of "$file") to=$(room_of "src/$header")
    [ -e "$top/src/$header" ] || continue # beside the file
    case ${may[$from]-} in
      *" $to "*) ;;
      *) echo "$file includes $header, which docs/ARCHITECTURE.md does not give to $from"; found=1 ;;
    esac
  done < <(cd "$top" && grep -rHo --include='*.[ch]' '^#include "[a-z][^"]*/[^"]*"' src plugin hooks emulator | sed 's/#include "//; s/"$//')
  return $found
}

# Who uses a library that may be replaced one day. Tests may use their own.
libraries_keep_to_their_place ()
{
  local found=0
  grep -rnE --include='*.[ch]' '\bMHD_|microhttpd\.h' "$top"/{src,plugin,hooks,emulator} | grep -v '/src/http/server/engine\.c:' && found=1
  grep -rnE --include='*.[ch]' '\b(soup_|SOUP_|Soup[A-Z])|libsoup/' "$top"/{src,plugin,hooks,emulator} | grep -v '/src/http/client/' && found=1
  return $found
}

format_check ()
{
  local what="C is formatted as tests/format has it, in at most 120 columns"
  if command -v clang-format-14 > /dev/null; then
    check "$what" "$top/tests/format" --check
  else
    skip "$what" "clang-format 14 is not installed"
  fi
}

for document in README.md CHANGELOG.md SECURITY.md docs/{ARCHITECTURE,INSTALL,PERFORMANCE,PROTOCOL,SEV,THREATS}.md; do
  check "$document names files that exist" named_files_exist "$document"
  check "$document links to files that exist" links_lead_somewhere "$document"
done
check "no file has a merge's marks" no_merge_is_half_done
check "README.md has at most 130 lines" readme_is_short
check "po/POTFILES.in lists every source with messages" potfiles_are_complete
check "numbers in messages have formats that translators get whole" formats_are_whole
check "src/cli prints answers by its safe printer alone" answers_are_printed_safely
check "includes keep to the graph of docs/ARCHITECTURE.md" includes_keep_to_the_graph
check "libmicrohttpd is in src/http/server/engine.c alone, libsoup in src/http/client" libraries_keep_to_their_place
format_check
finish
