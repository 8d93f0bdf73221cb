/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/stat.h>

G_BEGIN_DECLS

/** What tells whether a file is still the same, with the same content: no file has the mark of all zeros. */
typedef struct {
  dev_t device;
  ino_t inode;
  off_t size;
  struct timespec modified, changed;
} VaFileMark;

/** va_file_mark_take: the mark of the file at @path, all zeros if there is none. Returns: whether there is one. */
gboolean va_file_mark_take (VaFileMark *mark, const char *path);
/** va_file_mark_is: whether two marks are of the same file and content. */
gboolean va_file_mark_is (const VaFileMark *a, const VaFileMark *b);
/**
 * va_file_mark_is_settled: whether the file's last change was long enough ago that another one would change the mark:
 * file systems count time in steps.
 */
gboolean va_file_mark_is_settled (const VaFileMark *mark);

G_END_DECLS
