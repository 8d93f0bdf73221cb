# SPDX-License-Identifier: LGPL-2.1-or-later
# libva-tls: certificates and identities; libva-http-server and libva-http-client: the two ends.
noinst_LTLIBRARIES += libva-tls.la libva-http-server.la libva-http-client.la
libva_tls_la_SOURCES = \
	src/http/ca.c src/http/ca.h src/http/ca-issued.c src/http/ca-issued.h \
	src/http/identity.c src/http/identity.h \
	src/http/request-id.h \
	src/http/tls-check.c src/http/tls-check.h \
	src/http/tls-files.c src/http/tls-files.h \
	src/http/x509.h
libva_tls_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS)
libva_tls_la_LIBADD = libva-api.la $(GNUTLS_LIBS)

libva_http_server_la_SOURCES = \
	src/http/account.c src/http/account.h \
	src/http/body.c src/http/body.h \
	src/http/connection.c src/http/connection.h \
	src/http/crls.c src/http/crls.h \
	src/http/deny-list.c src/http/deny-list.h \
	src/http/exchange.c src/http/exchange.h src/http/exchange-private.h \
	src/http/handler.c \
	src/http/head.c src/http/head.h \
	src/http/peer-chain.c src/http/peer-chain.h \
	src/http/revocation.c src/http/revocation.h \
	src/http/request.c src/http/request.h \
	src/http/router.c src/http/router.h \
	src/http/server.c src/http/server.h \
	src/http/tcp-listener.c src/http/tcp-listener.h \
	src/http/tls.c src/http/tls.h \
	src/http/transport.c src/http/transport.h \
	src/http/trust.c src/http/trust.h
libva_http_server_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS) $(MICROHTTPD_CFLAGS)
libva_http_server_la_LIBADD = libva-tls.la $(MICROHTTPD_LIBS) $(GNUTLS_LIBS)

libva_http_client_la_SOURCES = \
	src/http/client.c src/http/client.h \
	src/http/client-call.c src/http/client-call.h \
	src/http/client-explain.c src/http/client-explain.h \
	src/http/client-peer.c src/http/client-peer.h \
	src/http/client-trust.c src/http/client-trust.h \
	src/http/client-watchdog.c src/http/client-watchdog.h
libva_http_client_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS) $(SOUP_CFLAGS)
libva_http_client_la_LIBADD = libva-tls.la $(SOUP_LIBS) $(GNUTLS_LIBS)
