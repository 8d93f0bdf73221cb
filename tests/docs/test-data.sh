#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What data/ installs: root certificates, units, AppArmor rules.
set -u
top=${VA_TOP_SRCDIR:?} build=${VA_TOP_BUILDDIR:?}
. "$top/tests/lib/tap.sh"

has_all () # FILE WORD…: each at the beginning of a line
{
  local file=$1 word
  shift
  for word; do
    grep -q "^$word" "$file" || { echo "$file lacks $word"; return 1; }
  done
}

# systemd-analyze wants the programs at their installed places, so it is given the unit with one that is there.
verify_unit () # UNIT
{
  local copy=$TMPDIR/${1##*/}
  sed 's|^ExecStart=.*|ExecStart=/bin/true|' "$1" >"$copy"
  systemd-analyze verify --man=no "$copy" 2>&1 | grep -F "${1##*/}" && return 1
  return 0
}

# systemd's own measure, from 0 (confined) to 100; what it counts against us is what the programs need, see the units.
exposure_is_at_most () # UNIT TENTHS
{
  local copy=$TMPDIR/${1##*/}
  sed 's|^ExecStart=.*|ExecStart=/bin/true|' "$1" >"$copy"
  systemd-analyze security --offline=true --no-pager --threshold="$2" "$copy" >"$TMPDIR/exposure" 2>&1 \
    && grep -F 'Overall exposure level' "$TMPDIR/exposure" && return 0
  cat "$TMPDIR/exposure"
  return 1
}

for root in naples rome milan genoa turin; do
  for cert in ark ask; do
    check "$root/$cert.cert is the one that the tests use" \
      cmp "$top/data/roots/$root/$cert.cert" "$VA_TEST_DATA/roots/$root/$cert.cert"
  done
done
for unit in virt-attestd virt-attest-hostd; do
  file=$build/data/systemd/$unit.service
  check "$unit.service has no place holder left" sh -c '! grep -n "@[a-z]*@" "$1"' - "$file"
  check "$unit.service is confined" has_all "$file" Type=notify NoNewPrivileges=yes ProtectSystem=strict \
    CapabilityBoundingSet= SystemCallFilter=@system-service MemoryDenyWriteExecute=yes RestrictAddressFamilies= \
    LimitCORE=0 LimitMEMLOCK= MemoryHigh= MemoryMax=
  if command -v systemd-analyze >/dev/null; then
    check "$unit.service passes systemd-analyze verify" verify_unit "$file"
  else
    skip "$unit.service passes systemd-analyze verify" "no systemd-analyze"
  fi
  limit=11
  [ $unit = virt-attestd ] || limit=20
  if command -v systemd-analyze >/dev/null; then
    check "$unit.service has an exposure of at most $limit tenths" exposure_is_at_most "$file" $limit
  else
    skip "$unit.service has an exposure of at most $limit tenths" "no systemd-analyze"
  fi
done
if command -v apparmor_parser >/dev/null; then
  { echo '#include <tunables/global>'; echo 'profile va-test {'
    cat "$top/data/apparmor/apparmor-libvirt-qemu"; echo '}'; } >"$TMPDIR/profile"
  check "the AppArmor rules parse" apparmor_parser --skip-kernel-load --skip-cache "$TMPDIR/profile"
else
  skip "the AppArmor rules parse" "no apparmor_parser"
fi
finish
