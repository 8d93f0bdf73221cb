# SPDX-License-Identifier: LGPL-2.1-or-later
# virt-attest: one verb a file. Verbs that speak to the service or to libvirt are in a program of their own, which the
# first one becomes: to load their libraries takes longer than anything that the others compute.
bin_PROGRAMS += virt-attest
pkglibexec_PROGRAMS += virt-attest-online
cli_common = \
	src/cli/call.c src/cli/call.h \
	src/cli/file-hash.c src/cli/file-hash.h \
	src/cli/firmware.c src/cli/firmware.h \
	src/cli/given-input.c src/cli/given-input.h \
	src/cli/main.c \
	src/cli/output-file.c src/cli/output-file.h \
	src/cli/passphrase.c src/cli/passphrase.h \
	src/cli/print.c src/cli/print.h \
	src/cli/secret-text.c src/cli/secret-text.h \
	src/cli/verb-list.c src/cli/verb-list.h \
	src/cli/verbs.h
virt_attest_SOURCES = \
	$(cli_common) \
	src/cli/sev-chain.c src/cli/sev-chain.h \
	src/cli/sev-digest.c \
	src/cli/sev-explain.c \
	src/cli/sev-firmware.c \
	src/cli/sev-launch.c src/cli/sev-launch.h \
	src/cli/sev-measured.c src/cli/sev-measured.h \
	src/cli/sev-policy.c \
	src/cli/sev-secret.c \
	src/cli/sev-session.c \
	src/cli/sev-verify.c \
	src/cli/sev-vmsa-build.c \
	src/cli/sev-vmsa-show.c \
	src/cli/used-key.c src/cli/used-key.h
virt_attest_online_SOURCES = \
	$(cli_common) \
	src/cli/answer.c src/cli/answer.h \
	src/cli/artifact-list.c \
	src/cli/audit-export.c \
	src/cli/audit-list.c \
	src/cli/audit-verify.c \
	src/cli/artifact-put.c \
	src/cli/artifact-remove.c \
	src/cli/ca-files.c src/cli/ca-files.h \
	src/cli/ca-init.c \
	src/cli/ca-issue.c \
	src/cli/ca-revoke.c \
	src/cli/connection.c \
	src/cli/domain-files.c src/cli/domain-files.h \
	src/cli/domain-input.c src/cli/domain-input.h \
	src/cli/domain-prepare.c \
	src/cli/domain-show.c \
	src/cli/firmware-upload.c \
	src/cli/host-check-clock.c \
	src/cli/host-check-finding.c \
	src/cli/host-check-libvirt.c \
	src/cli/host-check-machine.c \
	src/cli/host-check-parts.c \
	src/cli/host-check-room.c \
	src/cli/host-check-service.c \
	src/cli/host-check-sev.c \
	src/cli/host-check.c src/cli/host-check.h \
	src/cli/host-list.c \
	src/cli/launch-approve.c \
	src/cli/launch-end.c \
	src/cli/launch-list.c \
	src/cli/launch-receipt.c \
	src/cli/launch-show.c \
	src/cli/launch-watch.c \
	src/cli/operand.c src/cli/operand.h \
	src/cli/option-words.c src/cli/option-words.h \
	src/cli/pages.c src/cli/pages.h \
	src/cli/registration-file.c \
	src/cli/registration-options.c src/cli/registration-options.h \
	src/cli/registration-places.c \
	src/cli/secret-list.c \
	src/cli/secret-put.c \
	src/cli/secret-remove.c \
	src/cli/service-backup.c \
	src/cli/service-init.c \
	src/cli/service-prune.c \
	src/cli/service-rekey.c \
	src/cli/service-store.c src/cli/service-store.h \
	src/service/settings.c src/service/settings.h \
	src/cli/vm-impact.c \
	src/cli/vm-list.c \
	src/cli/vm-proposal.c \
	src/cli/vm-register.c \
	src/cli/vm-show.c \
	src/cli/vm-text.c src/cli/vm-text.h \
	src/cli/vm-words.c src/cli/vm-words.h

virt_attest_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/src/cli -DVA_LIBEXECDIR='"$(pkglibexecdir)"'
virt_attest_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(NETTLE_CFLAGS)
virt_attest_LDADD = libva-api.la libva-certificates.la libva-sev.la libva-core-json.la libva-core.la \
	$(NETTLE_LIBS) $(JSON_LIBS) $(GLIB_LIBS)

virt_attest_online_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/src/cli -DVA_CLI_ONLINE \
	-DVA_LOCKDRIVERDIR='"$(lockdriverdir)"' -DVA_QEMUHOOKDIR='"$(qemuhookdir)"'
virt_attest_online_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS) $(LIBVIRT_CFLAGS) $(NETTLE_CFLAGS)
virt_attest_online_LDADD = libva-certificates.la libva-store.la libva-http-client.la libva-audit.la libva-tls.la libva-api.la libva-domain.la libva-sev.la libva-core-json.la \
	libva-core.la $(LIBVIRT_LIBS) $(GNUTLS_LIBS) $(NETTLE_LIBS) $(JSON_LIBS) $(GLIB_LIBS)
