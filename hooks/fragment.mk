# SPDX-License-Identifier: LGPL-2.1-or-later
# The QEMU hook. libvirt runs every program in qemu.d, under any name. A link there goes with the package, where a program
# would be taken for configuration and stay. The program is in sbin, because AppArmor lets libvirt run it there.
sbin_PROGRAMS += hooks/virt-attest-hook
hooks_virt_attest_hook_SOURCES = hooks/hook.c $(hook_parts)
hooks_virt_attest_hook_LDADD = libva-core.la $(GLIB_LIBS)

# What tests use too.
hook_parts = \
	hooks/answer.c hooks/answer.h \
	hooks/domain-text.c hooks/domain-text.h \
	hooks/launch-files.c hooks/launch-files.h

install-exec-hook:
	$(MKDIR_P) '$(DESTDIR)$(qemuhookdir)'
	rm -f '$(DESTDIR)$(qemuhookdir)/virt-attest'
	$(LN_S) '$(sbindir)/virt-attest-hook' '$(DESTDIR)$(qemuhookdir)/virt-attest'

uninstall-hook:
	rm -f '$(DESTDIR)$(qemuhookdir)/virt-attest'
