# SPDX-License-Identifier: LGPL-2.1-or-later
# libva-service: everything of virt-attestd but main(), so that tests can link it.
noinst_LTLIBRARIES += libva-service.la
libva_service_la_SOURCES = \
	src/service/artifact.c \
	src/service/attempt.c src/service/attempt.h \
	src/service/audit-list.c \
	src/service/audit.c src/service/audit.h \
	src/service/audit-trail.c src/service/audit-trail.h \
	src/service/check.c src/service/check.h \
	src/service/chain-cache.c src/service/chain-cache.h \
	src/service/decision.c src/service/decision.h \
	src/service/explain.c src/service/explain.h \
	src/service/explainer.c src/service/explainer.h \
	src/service/fixed.c src/service/fixed.h \
	src/service/groups.c src/service/groups.h \
	src/service/health.c \
	src/service/host.c \
	src/service/launch-confirm.c \
	src/service/launch-list.c \
	src/service/launch-record.c src/service/launch-record.h \
	src/service/launch-revoke.c \
	src/service/launch.c \
	src/service/limit.c src/service/limit.h \
	src/service/liveness.c src/service/liveness.h \
	src/service/log.c src/service/log.h \
	src/service/metrics.c src/service/metrics.h \
	src/service/metrics-page.c \
	src/service/metrics-process.c \
	src/service/metrics-text.c src/service/metrics-text.h \
	src/service/outcome.c \
	src/service/page.c src/service/page.h \
	src/service/proposal.c src/service/proposal.h \
	src/service/held.c src/service/held.h \
	src/service/query.c src/service/query.h \
	src/service/recent.c src/service/recent.h \
	src/service/rekey.c src/service/rekey.h \
	src/service/references.c src/service/references.h \
	src/service/refusal.c src/service/refusal.h \
	src/service/registration.c src/service/registration.h \
	src/service/room.c src/service/room.h \
	src/service/roots.c src/service/roots.h \
	src/service/routes.c \
	src/service/rules.c src/service/rules.h \
	src/service/secret.c \
	src/service/serve.c src/service/serve.h \
	src/service/service.h \
	src/service/settings.c src/service/settings.h \
	src/service/sweep.c \
	src/service/table.c src/service/table.h \
	src/service/validate.c \
	src/service/vm.c
libva_service_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS) $(SYSTEMD_CFLAGS)
libva_service_la_LIBADD = libva-journal.la

sbin_PROGRAMS += virt-attestd
virt_attestd_SOURCES = src/service/main.c
virt_attestd_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS) $(SYSTEMD_CFLAGS)
virt_attestd_LDADD = libva-service.la libva-store.la libva-audit.la libva-http-server.la libva-api.la libva-key-service.la libva-certificates.la \
	libva-sev.la libva-core-json.la libva-core.la $(JSON_LIBS) $(GNUTLS_LIBS) $(SYSTEMD_LIBS) $(GLIB_LIBS)
