# SPDX-License-Identifier: LGPL-2.1-or-later
# libva-audit: the form of the audit log, its signatures, and the check of an export; no store, no network.
noinst_LTLIBRARIES += libva-audit.la
libva_audit_la_SOURCES = \
	src/audit/chain.c src/audit/chain.h \
	src/audit/checkpoint.c src/audit/checkpoint.h \
	src/audit/entry.c src/audit/entry.h \
	src/audit/export.c src/audit/export.h \
	src/audit/mac.c src/audit/mac.h
libva_audit_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS)
libva_audit_la_LIBADD = libva-codec.la libva-core.la $(JSON_LIBS) $(GNUTLS_LIBS) $(GLIB_LIBS)
