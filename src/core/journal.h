/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * The daemons' logs: entries with fields when standard error is the journal's, else a line of text. A library of its
 * own, since launch gate and hook do without libsystemd.
 */
G_BEGIN_DECLS

/** Of an entry; the names are those of systemd's journal. */
typedef struct {
  const char *name, *value; /* "VIRT_ATTEST_VM"; value %NULL: the entry goes without this field */
} VaJournalField;

/**
 * va_journal_is_standard_error: whether $JOURNAL_STREAM names the file that standard error is now. The variable alone
 * says little: it is inherited by programs whose output was redirected.
 */
gboolean va_journal_is_standard_error (void);
/**
 * va_journal_write: one entry. Never give it a secret.
 * @identifier: of the program
 * @priority: syslog's: 3 error, 4 warning, 5 notice, 6 information, 7 debug
 * @message: lines in it are joined
 */
void va_journal_write (const char *identifier, int priority, const char *message, const VaJournalField *fields,
                       gsize n_fields);
/**
 * va_journal_take_glib: from now on all that is logged through GLib is written as above, with those fields of
 * structured entries whose names begin with VIRT_ATTEST_. To be called once, before there are threads.
 * @identifier: a literal
 */
void va_journal_take_glib (const char *identifier);

G_END_DECLS
