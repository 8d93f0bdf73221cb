# SPDX-License-Identifier: LGPL-2.1-or-later
# The software SEV platform: a program, and a library that it puts under QEMU. QEMU has no sanitizer or coverage
# runtime, so the library is built without, from its own sources alone.
bin_PROGRAMS += tests/platform/virt-attest-platform
pkglib_LTLIBRARIES += tests/platform/libvirt-attest-platform.la

platform_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -DVA_PLATFORM_LIBDIR='"$(pkglibdir)"'
platform_plain = $(filter-out -fsanitize% -fno-sanitize% --coverage,$(1))
platform_psp = \
	tests/platform/identity.c tests/platform/identity.h \
	tests/platform/psp.c tests/platform/psp.h \
	tests/platform/session-keys.c tests/platform/session-keys.h

tests_platform_libvirt_attest_platform_la_SOURCES = $(platform_psp) \
	tests/platform/cpuid.c \
	tests/platform/kvm.c \
	tests/platform/preload.c \
	tests/platform/runtime.c tests/platform/runtime.h \
	tests/platform/sev-device.c \
	tests/platform/sev-guest.c \
	tests/platform/trace.c tests/platform/trace.h \
	tests/platform/vcpu.c \
	tests/platform/vmsa.c tests/platform/vmsa.h
tests_platform_libvirt_attest_platform_la_CPPFLAGS = $(platform_cppflags)
tests_platform_libvirt_attest_platform_la_CFLAGS = $(call platform_plain,$(AM_CFLAGS)) $(NETTLE_CFLAGS)
tests_platform_libvirt_attest_platform_la_LDFLAGS = $(call platform_plain,$(AM_LDFLAGS)) -module -avoid-version -shared \
	-export-symbols-regex '^(open|open64|openat64|__open_2|__open64_2|access|close|ioctl)$$'
tests_platform_libvirt_attest_platform_la_LIBADD = $(GLIB_LIBS) $(NETTLE_LIBS) $(GMP_LIBS)

platform_making = \
	tests/platform/ec-keys.c \
	tests/platform/folder.c tests/platform/folder.h \
	tests/platform/generate.c tests/platform/generate.h \
	tests/platform/keys.h \
	tests/platform/root-keys.c
tests_platform_virt_attest_platform_SOURCES = $(platform_psp) $(platform_making) tests/platform/program.c
tests_platform_virt_attest_platform_CPPFLAGS = $(platform_cppflags)
tests_platform_virt_attest_platform_CFLAGS = $(AM_CFLAGS) $(NETTLE_CFLAGS)
tests_platform_virt_attest_platform_LDADD = libva-core.la $(NETTLE_LIBS) $(GMP_LIBS) $(GLIB_LIBS)

platform_tests = tests/platform/test-platform.py tests/platform/test-platform-refusals.py
TESTS += $(platform_tests)
EXTRA_DIST += $(platform_tests) tests/platform/fixture.py tests/platform/guest.py tests/platform/make-firmware

check_PROGRAMS += tests/unit/test-psp
TESTS += tests/unit/test-psp
tests_unit_test_psp_SOURCES = $(platform_psp) $(platform_making) tests/unit/test-psp.c
tests_unit_test_psp_CPPFLAGS = $(platform_cppflags)
tests_unit_test_psp_CFLAGS = $(AM_CFLAGS) $(NETTLE_CFLAGS)
tests_unit_test_psp_LDADD = libva-sev.la libva-core.la $(NETTLE_LIBS) $(GMP_LIBS) $(GLIB_LIBS)

dist_man_MANS += docs/man/virt-attest-platform.1
