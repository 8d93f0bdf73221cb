# SPDX-License-Identifier: LGPL-2.1-or-later
# libva-certificates: where SEV certificates come from.
noinst_LTLIBRARIES += libva-certificates.la
libva_certificates_la_SOURCES = src/certificates/folder.c src/certificates/folder.h
libva_certificates_la_LIBADD = libva-sev.la libva-core.la $(GLIB_LIBS)
