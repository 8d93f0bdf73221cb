# SPDX-License-Identifier: LGPL-2.1-or-later
# The QEMU hook: libvirt runs every program in qemu.d, under any name.
qemuhook_PROGRAMS = hooks/virt-attest
hooks_virt_attest_SOURCES = hooks/hook.c $(hook_parts)
hooks_virt_attest_LDADD = libva-core.la $(GLIB_LIBS)

# What tests use too.
hook_parts = \
	hooks/answer.c hooks/answer.h \
	hooks/domain-text.c hooks/domain-text.h \
	hooks/launch-files.c hooks/launch-files.h
