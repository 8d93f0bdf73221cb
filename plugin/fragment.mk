# SPDX-License-Identifier: LGPL-2.1-or-later
# The launch gate: a lock driver for libvirt. It stays loaded once loaded (GLib keeps pointers into it).
lockdriver_LTLIBRARIES = plugin/virt-attest.la
gate_sources = \
	plugin/chain.c plugin/chain.h \
	plugin/gate.c plugin/lock-driver.h \
	plugin/mark.c plugin/mark.h \
	plugin/report.c plugin/report.h \
	plugin/unattested.c plugin/unattested.h \
	plugin/verdict.c plugin/verdict.h
gate_ldflags = -module -avoid-version -shared -export-symbols-regex '^virLockDriverImpl$$' -Wl,-z,nodelete
plugin_virt_attest_la_SOURCES = $(gate_sources)
plugin_virt_attest_la_LDFLAGS = $(AM_LDFLAGS) $(gate_ldflags)
plugin_virt_attest_la_LIBADD = libva-core.la $(GLIB_LIBS)
