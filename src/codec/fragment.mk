# SPDX-License-Identifier: LGPL-2.1-or-later
# libva-codec: one reader and one writer for the members of messages.
noinst_LTLIBRARIES += libva-codec.la
libva_codec_la_SOURCES = \
	src/codec/fields.c src/codec/fields.h \
	src/codec/json.c src/codec/json.h \
	src/codec/json-scan.c src/codec/json-scan.h \
	src/codec/member-kinds.c src/codec/member-kinds.h \
	src/codec/message.c src/codec/message.h
libva_codec_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
libva_codec_la_LIBADD = libva-core.la $(JSON_LIBS)
