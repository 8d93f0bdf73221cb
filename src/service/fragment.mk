# SPDX-License-Identifier: LGPL-2.1-or-later
# libva-service: everything of virt-attestd but main(), so that tests can link it.
noinst_LTLIBRARIES += libva-service.la
libva_service_la_SOURCES = \
	src/service/attempt.c src/service/attempt.h \
	src/service/audit.c src/service/audit.h \
	src/service/audit-trail.c src/service/audit-trail.h \
	src/service/check.c src/service/check.h \
	src/service/configuration.c src/service/configuration.h \
	src/service/decide/cache.c src/service/decide/cache.h \
	src/service/decide/chain-cache.c src/service/decide/chain-cache.h \
	src/service/decide/explainer.c src/service/decide/explainer.h \
	src/service/decide/explanation.c src/service/decide/explanation.h \
	src/service/decide/host-groups.c src/service/decide/host-groups.h \
	src/service/decide/launch-terms.c src/service/decide/launch-terms.h \
	src/service/decide/references.c src/service/decide/references.h \
	src/service/decide/registration.c src/service/decide/registration.h \
	src/service/decide/registration-cache.c src/service/decide/registration-cache.h \
	src/service/decide/rules.c src/service/decide/rules.h \
	src/service/decide/secret-table.c src/service/decide/secret-table.h \
	src/service/decision-log.c src/service/decision-log.h \
	src/service/health.c \
	src/service/host/features.c \
	src/service/host/launch.c src/service/host/launch.h \
	src/service/host/launch-again.c \
	src/service/host/launch-select.c \
	src/service/host/outcome.c \
	src/service/host/validate.c \
	src/service/launch-record.c src/service/launch-record.h \
	src/service/liveness.c src/service/liveness.h \
	src/service/log.c src/service/log.h \
	src/service/metrics.c src/service/metrics.h \
	src/service/metrics-page.c \
	src/service/metrics-process.c \
	src/service/metrics-text.c src/service/metrics-text.h \
	src/service/module.h src/service/modules.c \
	src/service/owner/artifact.c \
	src/service/owner/audit-list.c \
	src/service/owner/launch-confirm.c \
	src/service/owner/launch-list.c \
	src/service/owner/launch-revoke.c \
	src/service/owner/proposal.c src/service/owner/proposal.h \
	src/service/owner/registered.c src/service/owner/registered.h \
	src/service/owner/secret.c \
	src/service/owner/vm.c \
	src/service/page.c src/service/page.h \
	src/service/query.c src/service/query.h \
	src/service/refusal.c src/service/refusal.h \
	src/service/rate-limit.c src/service/rate-limit.h \
	src/service/rekey.c \
	src/service/roots.c src/service/roots.h \
	src/service/serve.c src/service/serve.h \
	src/service/service.h \
	src/service/store-room.c src/service/store-room.h \
	src/service/sweep.c
libva_service_la_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS) $(SYSTEMD_CFLAGS)
libva_service_la_LIBADD = libva-journal.la

sbin_PROGRAMS += virt-attestd
virt_attestd_SOURCES = src/service/main.c
virt_attestd_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS) $(SYSTEMD_CFLAGS)
virt_attestd_LDADD = libva-service.la libva-store.la libva-audit.la libva-http-server.la libva-api.la libva-key-service.la libva-certificates.la \
	libva-sev.la libva-codec.la libva-core.la $(JSON_LIBS) $(GNUTLS_LIBS) $(SYSTEMD_LIBS) $(GLIB_LIBS)
