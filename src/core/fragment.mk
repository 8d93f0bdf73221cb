# SPDX-License-Identifier: LGPL-2.1-or-later
# libva-core: GLib only, small enough for the launch gate and the hook.
# libva-journal: for the daemons.
noinst_LTLIBRARIES += libva-core.la libva-journal.la
libva_core_la_SOURCES = \
	src/core/ask.c src/core/ask.h \
	src/core/config-file.c src/core/config-file.h \
	src/core/credential.c src/core/credential.h \
	src/core/discard.c src/core/discard.h \
	src/core/encoding.c src/core/encoding.h \
	src/core/error.c src/core/error.h \
	src/core/file.c src/core/file.h \
	src/core/file-mark.c src/core/file-mark.h \
	src/core/guid.c src/core/guid.h \
	src/core/i18n.h \
	src/core/markup.c src/core/markup.h \
	src/core/monitor-form.h \
	src/core/monitor-path.c src/core/monitor-path.h \
	src/core/number.c src/core/number.h \
	src/core/pasted.c src/core/pasted.h \
	src/core/peer-name.c src/core/peer-name.h \
	src/core/process.c src/core/process.h \
	src/core/qemu-arguments.c src/core/qemu-arguments.h \
	src/core/random.c src/core/random.h \
	src/core/secret.c src/core/secret.h
libva_core_la_LIBADD = $(GLIB_LIBS)

libva_journal_la_SOURCES = src/core/journal.c src/core/journal.h
libva_journal_la_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
libva_journal_la_LIBADD = $(SYSTEMD_LIBS) $(GLIB_LIBS)
