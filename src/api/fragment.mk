# SPDX-License-Identifier: LGPL-2.1-or-later
# libva-api: the messages of /v1 and what is in a domain's XML, shared by both ends.
noinst_LTLIBRARIES += libva-api.la
libva_api_la_SOURCES = \
	src/api/problem.c src/api/problem.h
libva_api_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
libva_api_la_LIBADD = libva-core-json.la libva-core.la $(JSON_LIBS) $(GLIB_LIBS)
