# SPDX-License-Identifier: LGPL-2.1-or-later
# Root and an installed libvirt are needed; without them the tests say so and are skipped.
integration_tests = \
	tests/integration/test-gate-hook.py \
	tests/integration/test-launch.py \
	tests/integration/test-leaks.py \
	tests/integration/test-nova.py \
	tests/integration/test-odd-domains.py \
	tests/integration/test-refusals.py \
	tests/integration/test-reset.py \
	tests/integration/test-unattested.py \
	tests/integration/test-unprepared.py \
	tests/integration/test-units.sh
dist_check_SCRIPTS = $(integration_tests)

check-integration: all $(check_LTLIBRARIES)
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS="$(integration_tests)"
.PHONY: check-integration

print-lockdriverdir:
	@echo '$(lockdriverdir)'
.PHONY: print-lockdriverdir
EXTRA_DIST += tests/integration/units-inside.sh tests/integration/units-probe.sh
EXTRA_DIST += tests/integration/sandbox.py tests/integration/compute.py tests/integration/refusing.py tests/integration/running.py \
	tests/integration/world.py tests/integration/meddler.py tests/integration/novadomain.py tests/integration/demo.py tests/integration/demo_openstack.py

# libvirtd has no sanitizer's runtime: in a build with sanitizers it gets a gate of its own.
if VA_SANITIZE
gate_plain = $(filter-out -fsanitize% -fno-sanitize% --coverage,$(1))
check_LTLIBRARIES += tests/integration/virt-attest.la
tests_integration_virt_attest_la_SOURCES = $(gate_sources) $(libva_core_la_SOURCES)
tests_integration_virt_attest_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/plugin
tests_integration_virt_attest_la_CFLAGS = $(call gate_plain,$(AM_CFLAGS))
tests_integration_virt_attest_la_LDFLAGS = $(call gate_plain,$(AM_LDFLAGS)) $(gate_ldflags) -rpath /nowhere
tests_integration_virt_attest_la_LIBADD = $(GLIB_LIBS)
endif
