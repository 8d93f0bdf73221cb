# SPDX-License-Identifier: LGPL-2.1-or-later
# libva-kek: sealing, and the key-encryption key: a file, a credential, or a key in a token.
noinst_LTLIBRARIES += libva-kek.la
libva_kek_la_SOURCES = \
	src/kek/error.c \
	src/kek/kek.c src/kek/kek.h \
	src/kek/seal.c src/kek/seal.h \
	src/kek/token.c src/kek/token.h \
	src/kek/token-key.c \
	src/kek/token-login.c \
	src/kek/token-rsa.c \
	src/kek/token-wrap.c
libva_kek_la_CFLAGS = $(AM_CFLAGS) $(GNUTLS_CFLAGS) $(P11KIT_CFLAGS)
libva_kek_la_LIBADD = libva-core.la $(GNUTLS_LIBS) $(P11KIT_LIBS) $(GLIB_LIBS)
