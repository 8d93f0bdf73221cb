# SPDX-License-Identifier: LGPL-2.1-or-later
# virt-attest: one verb a file. Verbs that speak to the service or to libvirt are in a program of their own, which the
# first one becomes: to load their libraries takes longer than anything that the others compute.
bin_PROGRAMS += virt-attest
pkglibexec_PROGRAMS += virt-attest-online
cli_common = \
	src/cli/call.c src/cli/call.h \
	src/cli/file-hash.c src/cli/file-hash.h \
	src/cli/firmware.c src/cli/firmware.h \
	src/cli/firmware-modules.c src/cli/firmware-modules.h \
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
	src/cli/sev/chain.c src/cli/sev/chain.h \
	src/cli/sev/digest.c \
	src/cli/sev/explain.c \
	src/cli/sev/firmware.c \
	src/cli/sev/launch.c src/cli/sev/launch.h \
	src/cli/sev/measured.c src/cli/sev/measured.h \
	src/cli/sev/policy.c \
	src/cli/sev/secret.c \
	src/cli/sev/session.c \
	src/cli/sev/verify.c \
	src/cli/sev/vmsa-build.c \
	src/cli/sev/vmsa-show.c \
	src/cli/used-key.c src/cli/used-key.h
virt_attest_online_SOURCES = \
	$(cli_common) \
	src/cli/answer.c src/cli/answer.h \
	src/cli/connection.c \
	src/cli/operand.c src/cli/operand.h \
	src/cli/owner/artifact-list.c \
	src/cli/owner/artifact-put.c \
	src/cli/owner/artifact-remove.c \
	src/cli/owner/artifact-show.c \
	src/cli/owner/artifact-text.c src/cli/owner/artifact-text.h \
	src/cli/owner/audit-export.c \
	src/cli/owner/audit-list.c \
	src/cli/owner/audit-verify.c \
	src/cli/owner/domain-files.c src/cli/owner/domain-files.h \
	src/cli/owner/domain-input.c src/cli/owner/domain-input.h \
	src/cli/owner/domain-prepare.c \
	src/cli/owner/domain-show.c \
	src/cli/owner/firmware-upload.c \
	src/cli/owner/launch-approve.c \
	src/cli/owner/launch-end.c \
	src/cli/owner/launch-list.c \
	src/cli/owner/launch-receipt.c \
	src/cli/owner/launch-show.c \
	src/cli/owner/launch-watch.c \
	src/cli/owner/option-words.c src/cli/owner/option-words.h \
	src/cli/owner/registration-file.c \
	src/cli/owner/registration-nova.c \
	src/cli/owner/registration-options.c src/cli/owner/registration-options.h \
	src/cli/owner/registration-places.c \
	src/cli/owner/secret-list.c \
	src/cli/owner/secret-put.c \
	src/cli/owner/secret-remove.c \
	src/cli/owner/vm-impact.c \
	src/cli/owner/vm-list.c \
	src/cli/owner/vm-proposal.c \
	src/cli/owner/vm-register.c \
	src/cli/owner/vm-show.c \
	src/cli/owner/vm-text.c src/cli/owner/vm-text.h \
	src/cli/owner/vm-words.c src/cli/owner/vm-words.h \
	src/cli/pages.c src/cli/pages.h \
	src/cli/site/ca-files.c src/cli/site/ca-files.h \
	src/cli/site/ca-init.c \
	src/cli/site/ca-issue.c \
	src/cli/site/ca-revoke.c \
	src/cli/site/host-check.c src/cli/site/host-check.h \
	src/cli/site/host-check-agreement.c \
	src/cli/site/host-check-clock.c \
	src/cli/site/host-check-descriptors.c \
	src/cli/site/host-check-finding.c \
	src/cli/site/host-check-libvirt.c \
	src/cli/site/host-check-machine.c \
	src/cli/site/host-check-parts.c \
	src/cli/site/host-check-room.c \
	src/cli/site/host-check-service.c \
	src/cli/site/host-check-sev.c \
	src/cli/site/host-check-unprepared.c \
	src/cli/site/host-list.c \
	src/cli/site/service-backup.c \
	src/cli/site/service-init.c \
	src/cli/site/service-prune.c \
	src/cli/site/service-rekey.c \
	src/cli/site/service-store.c src/cli/site/service-store.h \
	src/service/configuration.c src/service/configuration.h

virt_attest_CPPFLAGS = $(AM_CPPFLAGS) -DVA_LIBEXECDIR='"$(pkglibexecdir)"'
virt_attest_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(NETTLE_CFLAGS) $(LZMA_CFLAGS)
virt_attest_LDADD = libva-api.la libva-certificates.la libva-sev.la libva-codec.la libva-core.la \
	$(LZMA_LIBS) $(NETTLE_LIBS) $(JSON_LIBS) $(GLIB_LIBS)

virt_attest_online_CPPFLAGS = $(AM_CPPFLAGS) -DVA_CLI_ONLINE \
	-DVA_LOCKDRIVERDIR='"$(lockdriverdir)"' -DVA_SBINDIR='"$(sbindir)"' \
	-DVA_EMULATORDIR='"$(emulatordir)"'
virt_attest_online_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS) $(GNUTLS_CFLAGS) $(LIBVIRT_CFLAGS) $(NETTLE_CFLAGS) $(LZMA_CFLAGS)
virt_attest_online_LDADD = libva-certificates.la libva-store.la libva-http-client.la libva-audit.la libva-pki.la libva-api.la libva-domain.la libva-sev.la libva-codec.la \
	libva-core.la $(LIBVIRT_LIBS) $(GNUTLS_LIBS) $(LZMA_LIBS) $(NETTLE_LIBS) $(JSON_LIBS) $(GLIB_LIBS)
