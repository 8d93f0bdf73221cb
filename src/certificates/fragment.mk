# SPDX-License-Identifier: LGPL-2.1-or-later
# libva-certificates: where SEV certificates come from.
noinst_LTLIBRARIES += libva-certificates.la
libva_certificates_la_SOURCES = src/certificates/folder.c src/certificates/folder.h
libva_certificates_la_LIBADD = libva-sev.la libva-core.la $(GLIB_LIBS)

noinst_LTLIBRARIES += libva-key-service.la
libva_key_service_la_SOURCES = src/certificates/key-service.c src/certificates/key-service.h
libva_key_service_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
libva_key_service_la_LIBADD = libva-http-client.la libva-certificates.la
