# SPDX-License-Identifier: LGPL-2.1-or-later
# Root and an installed libvirt are needed; without them the tests say so and are skipped.
integration_tests = tests/integration/test-gate-hook.py
dist_check_SCRIPTS = $(integration_tests)
TESTS += $(integration_tests)
EXTRA_DIST += tests/integration/namespace.py tests/integration/sandbox.py tests/integration/tap.py
