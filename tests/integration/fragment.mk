# SPDX-License-Identifier: LGPL-2.1-or-later
# Root and an installed libvirt are needed; without them the tests say so and are skipped.
integration_tests = tests/integration/test-gate-hook.py
site_tests = tests/integration/test-launch.py tests/integration/test-refusals.py
dist_check_SCRIPTS = $(integration_tests) $(site_tests)

check-integration: all
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS="$(integration_tests)"
.PHONY: check-integration
EXTRA_DIST += tests/integration/namespace.py tests/integration/sandbox.py tests/integration/tap.py tests/integration/running.py \
	tests/integration/world.py tests/integration/meddler.py
