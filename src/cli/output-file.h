/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/file.h"

G_BEGIN_DECLS

/** VA_OUTPUT_FORCE: the option of every verb that writes files where a person says. @force: gboolean * */
#define VA_OUTPUT_FORCE(force) \
  { \
    "force", 0, 0, G_OPTION_ARG_NONE, (force), N_("Replace existing files"), NULL \
  }

/**
 * va_output_check: whether va_output_write() would write @files, as far as that can be told before. For verbs that do
 * something in between that cannot be undone.
 * @files: where the data is %NULL it is not known yet, and any file that exists is in the way
 * @force: as for va_output_write()
 * Errors: VA_CORE_ERROR_EXISTS, _PERMISSION (something is there that is not a regular file), _NOT_FOUND (its directory)
 */
gboolean va_output_check (const VaNewFile *files, guint n_files, gboolean force, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_output_write: writes what a verb makes into the files that its user named, each in one step. A file that exists is
 * left as it is: one with the same bytes is as good as written, another is an error. Without @force all of them are
 * written or none.
 * @files: their modes are those of new files
 * @force: replace what exists; it keeps its mode, and a symbolic link goes on to name it
 * Errors: as va_output_check(); VA_CORE_ERROR_FAILED
 */
gboolean va_output_write (const VaNewFile *files, guint n_files, gboolean force, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
