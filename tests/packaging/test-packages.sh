#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The packages, from the tarball on: Debian packages are built in a root of Debian 13, where their build runs the unit tests;
# lintian; autopkgtest's commands; INSTALL.md's steps from the packages, under a systemd of their own; an upgrade and a removal
# under running guests. RPMs are built here, and installed into a copy of that root. VA_ROOT names the root, which stays as it
# is. VA_PACKAGES_DIR: where packages and a compiler's cache are kept.
set -u
top=$(cd "${VA_TOP_SRCDIR:?}" && pwd) build=$(cd "${VA_TOP_BUILDDIR:?}" && pwd)
. "$top/tests/lib/tap.sh"

skip_all () { echo "1..0 # SKIP $*"; exit 0; }
[ "$(id -u)" = 0 ] || skip_all "needs root"
[ -x "${VA_ROOT:-/nowhere}/usr/bin/dpkg-buildpackage" ] || skip_all "VA_ROOT names no root of Debian 13 with dpkg-dev and debhelper"

work=${VA_PACKAGES_DIR:-$build/packages}
debs=$work/debs rpms=$work/rpms
rm -rf "$debs" "$rpms"
mkdir -p "$debs" "$rpms" "$work/ccache"
export CCACHE_DIR=$work/ccache
version=$(sed -n "s/^AC_INIT(\[virt-attest\], \[\(.*\)\], \[\], .*/\1/p" "$top/configure.ac")
tarball=$build/virt-attest-$version.tar.xz

# A command in a throw-away copy of the root, which sees the tree and the packages.
in_root () { "$top/tests/root/enter" "$VA_ROOT" --read-only "$top" --bind "$work" "$@"; }

make_tarball () { make -C "$build" dist && test -s "$tarball"; }

build_debs ()
{
  in_root "$top/tests/packaging/build-debs" "$tarball" "$debs" > "$work/build-debs.log" 2>&1 && return 0
  tail -n 40 "$work/build-debs.log"
  return 1
}

# The unit tests that dh_auto_test ran, as tests of this program.
show_unit_tests ()
{
  sed -n -e 's/^PASS: \(.*\)/ok 0 - Debian 13: \1/p' -e 's/^SKIP: \(.*\)/ok 0 - Debian 13: \1 # SKIP as it says/p' \
    -e 's/^\(FAIL\|ERROR\|XPASS\): \(.*\)/not ok 0 - Debian 13: \2/p' "$work/build-debs.log"
}

units_ran () { test "$(show_unit_tests | grep -c '^ok ')" -gt 1000; }

all_packages_exist ()
{
  local name
  for name in virt-attest virt-attest-service virt-attest-host virt-attest-platform; do
    ls "$debs/${name}_$version-"*.deb || return
  done
}

# What it says of an information is shown; warnings and errors must be argued in an override.
lintian_is_content () { in_root lintian --allow-root --fail-on error,warning --display-info "$debs/"*.changes; }

build_rpms ()
{
  "$top/tests/packaging/build-rpms" "$tarball" "$rpms" > "$work/build-rpms.log" 2>&1 && return 0
  tail -n 40 "$work/build-rpms.log"
  return 1
}

rpmlint_is_content () { rpmlint --strict --rpmlintrc "$top/packaging/virt-attest.rpmlintrc" "$rpms/virt-attest.spec" "$rpms"/RPMS/*/*.rpm; }

# The parts that need the packages. Each is a program with TAP of its own.
run_autopkgtests () { in_root "$top/tests/packaging/run-autopkgtests" "$debs/virt-attest-$version" "$debs"/*_"$version"-*.deb; }

run_from_packages ()
{
  in_root env VA_TOP_SRCDIR="$top" VA_TOP_BUILDDIR="$build" VA_PACKAGES="$debs" VA_UNITS_TIMEOUT=500 \
    "$top/tests/run-test" bash "$top/tests/integration/test-units.sh"
}

run_rpms () { "$top/tests/packaging/install-rpms" "$VA_ROOT" "$rpms"/RPMS/*/*.rpm; }

check "the release's tarball is made" make_tarball
check "the Debian packages build from it" build_debs
include show_unit_tests
check "their build has run the unit tests" units_ran
check "there are four packages" all_packages_exist
check "lintian has no error and no warning" lintian_is_content
include run_autopkgtests
include run_from_packages
if command -v rpmbuild > /dev/null && command -v rpmlint > /dev/null && command -v checkmodule > /dev/null; then
  check "the RPMs build from it, with the SELinux module" build_rpms
  check "rpmlint has no error and no warning" rpmlint_is_content
  include run_rpms
else
  skip "RPMs" "rpm, rpmlint, checkpolicy or semodule-utils is not installed"
fi
finish
