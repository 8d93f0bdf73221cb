# SPDX-License-Identifier: LGPL-2.1-or-later
# libva-http-server and libva-http-client: the two ends.
noinst_LTLIBRARIES += libva-http-server.la libva-http-client.la
libva_http_server_la_SOURCES = \
	src/http/request-id.h \
	src/http/server/account.c src/http/server/account.h \
	src/http/server/admission.c \
	src/http/server/answer.c \
	src/http/server/body.c src/http/server/body.h \
	src/http/server/connection.c src/http/server/connection.h \
	src/http/server/engine.c src/http/server/engine.h \
	src/http/server/exchange.c src/http/server/exchange.h \
	src/http/server/exchange-private.h \
	src/http/server/handler.c \
	src/http/server/head.c src/http/server/head.h \
	src/http/server/request.c src/http/server/request.h \
	src/http/server/router.c src/http/server/router.h \
	src/http/server/server.c src/http/server/server.h \
	src/http/server/tcp-listener.c src/http/server/tcp-listener.h \
	src/http/server/tls.c src/http/server/tls.h \
	src/http/server/tls-check.c src/http/server/tls-check.h \
	src/http/server/transport.c src/http/server/transport.h \
	src/http/server/underway.c src/http/server/underway.h
libva_http_server_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS) $(MICROHTTPD_CFLAGS)
libva_http_server_la_LIBADD = libva-pki.la $(MICROHTTPD_LIBS) $(GNUTLS_LIBS)

libva_http_client_la_SOURCES = \
	src/http/client/client.c src/http/client/client.h \
	src/http/client/call.c src/http/client/call.h \
	src/http/client/explain.c src/http/client/explain.h \
	src/http/client/keeper.c src/http/client/keeper.h \
	src/http/client/line.c src/http/client/line.h \
	src/http/client/peer.c src/http/client/peer.h \
	src/http/client/trust.c src/http/client/trust.h \
	src/http/client/watchdog.c src/http/client/watchdog.h
libva_http_client_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS) $(SOUP_CFLAGS)
libva_http_client_la_LIBADD = libva-pki.la $(SOUP_LIBS) $(GNUTLS_LIBS)
