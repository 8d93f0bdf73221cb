# SPDX-License-Identifier: LGPL-2.1-or-later
# libva-api: the messages of /v1, shared by both ends.
noinst_LTLIBRARIES += libva-api.la
libva_api_la_SOURCES = \
	src/api/approval.c src/api/approval.h \
	src/api/host-features.c src/api/host-features.h \
	src/api/launch-grant.c src/api/launch-grant.h \
	src/api/launch-parts.c src/api/launch-parts.h \
	src/api/launch-pending.c src/api/launch-pending.h \
	src/api/launch-request.c src/api/launch-request.h \
	src/api/launch-selection.c src/api/launch-selection.h \
	src/api/launch-source.c src/api/launch-source.h \
	src/api/limits.h \
	src/api/members.c src/api/members.h \
	src/api/nova.c src/api/nova.h \
	src/api/outcome.c src/api/outcome.h \
	src/api/problem.c src/api/problem.h \
	src/api/registration.c src/api/registration.h \
	src/api/registration-answer.c src/api/registration-answer.h \
	src/api/registration-check.c src/api/registration-check.h \
	src/api/registration-policy.c src/api/registration-policy.h \
	src/api/registration-secrets.c src/api/registration-secrets.h \
	src/api/validate-reply.c src/api/validate-reply.h \
	src/api/validate-request.c src/api/validate-request.h
libva_api_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
libva_api_la_LIBADD = libva-codec.la libva-core.la $(JSON_LIBS) $(GLIB_LIBS)
