#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/setup.sh, which ./check and ./demo share: what was interrupted is done again, and what is whole is not. autoreconf,
# configure, make and what fetches firmware and Nova are played by small programs that end in the middle when they are told to.
set -u
. "${VA_TOP_SRCDIR:?}/tests/lib/tap.sh"
setup=$(cd "$VA_TOP_SRCDIR" && pwd)/tests/setup.sh
top=$TMPDIR/tree build=$TMPDIR/tree/build calls=$TMPDIR/calls
mkdir -p "$top/src" "$top/po" "$top/build-aux" "$top/tests/platform" "$build" "$TMPDIR/bin"
touch -d '1 hour ago' "$top/configure.ac" "$top/Makefile.am" "$top/src/fragment.mk"
export top calls

program () # NAME: a program of that name, from standard input
{
  cat > "$1"
  chmod +x "$1"
}
program "$TMPDIR/bin/autoreconf" <<'END'
#!/bin/bash
echo autoreconf >> "$calls"
cp "$top/configure.model" configure
[ "${STOP:-}" != autoreconf ] || exit 130
for file in Makefile.in config.h.in aclocal.m4 build-aux/ltmain.sh build-aux/missing po/Makefile.in.in; do echo made > "$file"; done
END
program "$top/configure.model" <<'END'
#!/bin/bash
echo configure >> "$calls"
echo made > config.status
[ "${STOP:-}" != configure ] || exit 130
echo all: > Makefile
END
program "$TMPDIR/bin/make" <<'END'
#!/bin/bash
echo make >> "$calls"
END
program "$top/tests/platform/make-firmware" <<'END'
#!/bin/bash
echo firmware >> "$calls"
printf half > "$2"
[ "${STOP:-}" != firmware ] || exit 130
printf whole > "$2"
END
PATH=$TMPDIR/bin:$PATH

did () # WHAT FUNCTION ARGUMENTS...: calls it as ./check does; which programs that has run
{
  local expected=$1
  shift
  : > "$calls"
  (. "$setup"; fetch_file () { return 1; }; fetch_nova () { pretend_nova "$@"; }; "$@") > "$TMPDIR/said" 2>&1
  test "$(paste -sd' ' "$calls")" = "$expected" || { cat "$calls" "$TMPDIR/said"; return 1; }
}
pretend_nova () # DIRECTORY
{
  echo nova >> "$calls"
  echo half > "$1/root/half"
  [ "${STOP:-}" != nova ] || exit 130
  [ "${STOP:-}" != none ] || { echo "none here" > "$1/why-not"; return 1; }
  rm "$1/root/half"
}
is_without_nova () { test ! -e "$build/nova/complete" && grep -q "none here" "$build/nova/why-not"; }
has_nova () { test -e "$build/nova/complete" && test ! -e "$build/nova/root/half" && test ! -e "$build/nova/why-not"; }
is_whole () { test "$(cat "$build/firmware/OVMF.fd")" = whole && test -s "$build/firmware/origin"; }

STOP=autoreconf check "an interrupted autoreconf ends it" did autoreconf build_tree gcc CC=gcc
check "and is run again" did "autoreconf configure make" build_tree gcc CC=gcc
check "what is whole is kept" did make build_tree gcc CC=gcc
rm "$top/Makefile.in"
check "a file that autoreconf makes is missing" did "autoreconf make" build_tree gcc CC=gcc
touch -d '1 minute' "$top/src/fragment.mk"
check "a fragment.mk is newer" did "autoreconf make" build_tree gcc CC=gcc
touch -d '1 hour ago' "$top/src/fragment.mk"
STOP=configure check "an interrupted configure ends it" did configure build_tree gcc CC=clang
check "and is run again" did "configure make" build_tree gcc CC=clang
STOP=configure check "interrupted with other arguments" did configure build_tree gcc CC=gcc
check "the old ones are no longer believed" did "configure make" build_tree gcc CC=clang
rm "$build/gcc/config.status"
check "config.status is missing" did "configure make" build_tree gcc CC=clang
rm "$build/gcc/Makefile"
check "the Makefile is missing" did "configure make" build_tree gcc CC=clang
STOP=firmware check "an interrupted firmware ends it" did firmware get_firmware
check "and has no image" test ! -e "$build/firmware/OVMF.fd"
check "it is made again" did firmware get_firmware
check "whole" is_whole
check "and kept" did "" get_firmware
rm "$build/firmware/origin"
check "where it came from is missing" did firmware get_firmware
check "whole again" is_whole
STOP=nova check "an interrupted fetch of Nova ends it" did nova get_nova
check "and counts as none" test ! -e "$build/nova/complete"
STOP=none check "where Nova cannot be had" did nova get_nova
check "the reason is stored" is_without_nova
check "it is tried again" did nova get_nova
check "nothing of the earlier ones is left" has_nova
check "Nova is kept" did "" get_nova
finish
