# SPDX-License-Identifier: LGPL-2.1-or-later
TEST_EXTENSIONS = .py .sh
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
PY_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_DRIVER = $(LOG_DRIVER)
LOG_COMPILER = $(top_srcdir)/tests/run-test
PY_LOG_COMPILER = $(top_srcdir)/tests/run-test /usr/bin/python3
SH_LOG_COMPILER = $(top_srcdir)/tests/run-test bash
AM_TESTS_ENVIRONMENT = \
	VA_TEST_DATA='$(abs_top_srcdir)/tests/data'; export VA_TEST_DATA; \
	VA_TOP_SRCDIR='$(abs_top_srcdir)'; export VA_TOP_SRCDIR; \
	VA_TOP_BUILDDIR='$(abs_top_builddir)'; export VA_TOP_BUILDDIR;
EXTRA_DIST += tests/run-test

# What takes minutes, and is not in make check: ./check runs it.
slow_tests =
check-slow: all $(check_PROGRAMS) $(check_LTLIBRARIES)
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS="$(slow_tests)"
.PHONY: check-slow

include tests/lib/fragment.mk
include tests/unit/fragment.mk
include tests/system/fragment.mk
include tests/docs/fragment.mk
include tests/platform/fragment.mk
include tests/integration/fragment.mk
include tests/nova/fragment.mk
include tests/packaging/fragment.mk
include tests/root/fragment.mk
include tests/fuzz/fragment.mk
include tests/attack/fragment.mk
include tests/bench/fragment.mk
include tests/soak/fragment.mk
