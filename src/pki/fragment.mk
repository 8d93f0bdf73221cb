# SPDX-License-Identifier: LGPL-2.1-or-later
# libva-pki: the site's CA, identities, revocation, and the files of TLS.
noinst_LTLIBRARIES += libva-pki.la
libva_pki_la_SOURCES = \
	src/pki/ca.c src/pki/ca.h \
	src/pki/ca-issued.c src/pki/ca-issued.h \
	src/pki/crls.c src/pki/crls.h \
	src/pki/deny-list.c src/pki/deny-list.h \
	src/pki/identity.c src/pki/identity.h \
	src/pki/peer-chain.c src/pki/peer-chain.h \
	src/pki/revocation.c src/pki/revocation.h \
	src/pki/tls-files.c src/pki/tls-files.h \
	src/pki/trust.c src/pki/trust.h \
	src/pki/x509.h
libva_pki_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS)
libva_pki_la_LIBADD = libva-api.la $(GNUTLS_LIBS)
