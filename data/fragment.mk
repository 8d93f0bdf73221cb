# SPDX-License-Identifier: LGPL-2.1-or-later
# Units, users, folders, rules, examples, and AMD's published root certificates.
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
examplesdir = $(docdir)/examples
amdrootsdir = $(datadir)/virt-attest/roots

data_made = data/systemd/virt-attestd.service data/systemd/virt-attest-hostd.service data/systemd/emulator-path.conf \
	data/examples/service.conf
EXTRA_DIST += $(data_made:=.in)
CLEANFILES += $(data_made)

systemdunit_DATA = data/systemd/virt-attestd.service data/systemd/virt-attest-hostd.service
dist_sysusers_DATA = data/sysusers/virt-attest.conf
dist_tmpfiles_DATA = data/tmpfiles/virt-attest.conf
examples_DATA = data/examples/service.conf data/systemd/emulator-path.conf
dist_examples_DATA = data/examples/hostd.conf data/examples/hook.conf data/examples/qemu-virt-attest.conf \
	data/examples/client.conf data/examples/gate.conf data/apparmor/apparmor-libvirt-qemu \
	data/apparmor/apparmor-libvirtd

bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
bashcompletion_DATA = data/completion/virt-attest
dist_zshcompletion_DATA = data/completion/_virt-attest
EXTRA_DIST += data/completion/virt-attest.bash
CLEANFILES += data/completion/virt-attest

data/completion/virt-attest: data/completion/virt-attest.bash Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cp $< $@

rootnaplesdir = $(amdrootsdir)/naples
rootromedir = $(amdrootsdir)/rome
rootmilandir = $(amdrootsdir)/milan
rootgenoadir = $(amdrootsdir)/genoa
rootturindir = $(amdrootsdir)/turin
dist_rootnaples_DATA = data/roots/naples/ark.cert data/roots/naples/ask.cert
dist_rootrome_DATA = data/roots/rome/ark.cert data/roots/rome/ask.cert
dist_rootmilan_DATA = data/roots/milan/ark.cert data/roots/milan/ask.cert
dist_rootgenoa_DATA = data/roots/genoa/ark.cert data/roots/genoa/ask.cert
dist_rootturin_DATA = data/roots/turin/ark.cert data/roots/turin/ask.cert

data/%: data/%.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SED) -e 's,@sbindir[@],$(sbindir),g' -e 's,@datadir[@],$(datadir),g' \
	  -e 's,@emulatordir[@],$(emulatordir),g' $< >$@.tmp \
	  && mv $@.tmp $@
