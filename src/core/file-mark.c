/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/file-mark.h"

#define SETTLED_SECONDS 2

gboolean
va_file_mark_take (VaFileMark *mark, const char *path)
{
  struct stat info;

  *mark = (VaFileMark){ 0 };
  if (stat (path, &info) != 0)
    return FALSE;
  *mark = (VaFileMark){ info.st_dev, info.st_ino, info.st_size, info.st_mtim, info.st_ctim };
  return TRUE;
}

static gboolean
is_same_time (const struct timespec *a, const struct timespec *b)
{
  return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

gboolean
va_file_mark_is (const VaFileMark *a, const VaFileMark *b)
{
  return a->device == b->device && a->inode == b->inode && a->size == b->size
         && is_same_time (&a->modified, &b->modified) && is_same_time (&a->changed, &b->changed);
}

gboolean
va_file_mark_is_settled (const VaFileMark *mark)
{
  return mark->changed.tv_sec < g_get_real_time () / G_USEC_PER_SEC - SETTLED_SECONDS;
}
