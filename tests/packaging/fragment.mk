# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds packages from the tarball and tests what they install. VA_ROOT: a root of Debian 13.
packaging_tests = tests/packaging/test-packages.sh
dist_check_SCRIPTS += $(packaging_tests)
EXTRA_DIST += tests/packaging/build-debs tests/packaging/build-rpms tests/packaging/install-rpms \
	tests/packaging/packages-inside.sh tests/packaging/run-autopkgtests

check-packages: all
	VA_TEST_TIMEOUT=2700 $(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS="$(packaging_tests)"
.PHONY: check-packages
