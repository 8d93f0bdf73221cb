# SPDX-License-Identifier: LGPL-2.1-or-later
# libva-api: the messages of /v1 and what is in a domain's XML, shared by both ends.
noinst_LTLIBRARIES += libva-api.la
libva_api_la_SOURCES = \
	src/api/fields.c src/api/fields.h \
	src/api/host-features.c \
	src/api/launch.c \
	src/api/messages.h \
	src/api/outcome.c \
	src/api/problem.c src/api/problem.h \
	src/api/registration-secrets.c src/api/registration-secrets.h \
	src/api/registration.c \
	src/api/validate.c
libva_api_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
libva_api_la_LIBADD = libva-core-json.la libva-core.la $(JSON_LIBS) $(GLIB_LIBS)

noinst_LTLIBRARIES += libva-domain.la
libva_domain_la_SOURCES = \
	src/api/domain-document.c src/api/domain-document.h \
	src/api/domain-kind.c src/api/domain-layout.c src/api/domain-layout.h \
	src/api/domain-prepare.c \
	src/api/domain-verdict.c \
	src/api/domain-xml.c src/api/domain-xml.h
libva_domain_la_CFLAGS = $(AM_CFLAGS) $(XML_CFLAGS)
libva_domain_la_LIBADD = libva-core.la $(XML_LIBS) $(GLIB_LIBS)
