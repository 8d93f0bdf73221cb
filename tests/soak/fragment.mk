# SPDX-License-Identifier: LGPL-2.1-or-later
# make soak SOAK_SECONDS=600: load and faults for a service of its own. In make check-slow: a short one.
# Others: SOAK_SEED=N runs the same faults in the same order again, SOAK_STORE=sqlite|postgresql, SOAK_PROCESSES=N,
# SOAK_RATE=REQUESTS-PER-SECOND.
soak_tests = tests/soak/soak.py
slow_tests += $(soak_tests)
EXTRA_DIST += $(soak_tests) tests/soak/caller.py tests/soak/closing.py tests/soak/database.py tests/soak/faults.py \
	tests/soak/hostile.py tests/soak/ledger.py tests/soak/load.py tests/soak/needles.py tests/soak/nodes.py \
	tests/soak/replay.py tests/soak/steps.py

# Services with sanitizers get a clock without them.
soak_plain = $(filter-out -fsanitize% -fno-sanitize% --coverage,$(1))
check_LTLIBRARIES += tests/soak/clock.la
tests_soak_clock_la_SOURCES = tests/soak/clock.c
tests_soak_clock_la_CFLAGS = $(call soak_plain,$(AM_CFLAGS))
tests_soak_clock_la_LDFLAGS = $(call soak_plain,$(AM_LDFLAGS)) -module -avoid-version -shared -rpath /nowhere

SOAK_SECONDS = 600
.PHONY: soak
soak: all tests/soak/clock.la
	@SOAK_SECONDS='$(SOAK_SECONDS)'; VA_TEST_TIMEOUT=$$((SOAK_SECONDS * 2 + 600)); export SOAK_SECONDS VA_TEST_TIMEOUT; \
	  $(AM_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/tests/run-test /usr/bin/python3 $(srcdir)/tests/soak/soak.py
