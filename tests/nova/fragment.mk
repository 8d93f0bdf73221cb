# SPDX-License-Identifier: LGPL-2.1-or-later
# OpenStack Nova's driver for tests/integration/test-nova.py. libvirtd and QEMU have no sanitizer's runtime, so the library
# that is put under them is built without.
EXTRA_DIST += tests/nova/cloud.py tests/nova/driver.py

nova_plain = $(filter-out -fsanitize% -fno-sanitize% --coverage,$(1))
check_LTLIBRARIES += tests/nova/memory-lock.la
tests_nova_memory_lock_la_SOURCES = tests/nova/memory-lock.c
tests_nova_memory_lock_la_CFLAGS = $(call nova_plain,$(AM_CFLAGS))
tests_nova_memory_lock_la_LDFLAGS = $(call nova_plain,$(AM_LDFLAGS)) -module -avoid-version -shared -rpath /nowhere
