# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LTLIBRARIES += libva-qmp.la
libva_qmp_la_SOURCES = \
	src/qmp/client.c src/qmp/client.h \
	src/qmp/codec.c src/qmp/codec.h \
	src/qmp/stream.c src/qmp/stream.h
libva_qmp_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
libva_qmp_la_LIBADD = libva-codec.la $(JSON_LIBS) $(GLIB_LIBS)
