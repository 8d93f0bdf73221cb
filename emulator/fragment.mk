# SPDX-License-Identifier: LGPL-2.1-or-later
# The program that stands first in libvirtd's PATH in the place of QEMU.
emulator_PROGRAMS = emulator/qemu-system-x86_64
emulator_qemu_system_x86_64_SOURCES = emulator/emulator.c $(emulator_parts)

# What tests use too.
emulator_parts = \
	emulator/launch.c emulator/launch.h \
	emulator/next.c emulator/next.h \
	emulator/object.c emulator/object.h
