# SPDX-License-Identifier: LGPL-2.1-or-later
# libva-domain: libvirt's domain XML.
noinst_LTLIBRARIES += libva-domain.la
libva_domain_la_SOURCES = \
	src/domain/document.c src/domain/document.h \
	src/domain/kind.c \
	src/domain/layout.c src/domain/layout.h \
	src/domain/monitor.c \
	src/domain/nova.c src/domain/nova.h \
	src/domain/prepare.c \
	src/domain/verdict.c \
	src/domain/xml.c src/domain/xml.h
libva_domain_la_CFLAGS = $(AM_CFLAGS) $(XML_CFLAGS) $(JSON_CFLAGS)
libva_domain_la_LIBADD = libva-codec.la libva-core.la $(XML_LIBS) $(GLIB_LIBS)
