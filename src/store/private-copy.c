/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/private-copy.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

static const int endings[] = { SIGINT, SIGTERM, SIGHUP };
static const char *const file_ends[] = { "", "-wal", "-shm", "-journal" };

struct _VaStorePrivateCopy {
  char *folder;
  char *files[G_N_ELEMENTS (file_ends)];
  struct sigaction before[G_N_ELEMENTS (endings)];
};

static VaStorePrivateCopy *present_copy; /* written while the signals are blocked */

/* Async-signal-safe. */
static void
remove_files (const VaStorePrivateCopy *copy)
{
  for (guint i = 0; i < G_N_ELEMENTS (file_ends); i++)
    unlink (copy->files[i]);
  rmdir (copy->folder);
}

/* The signal has its default again, and is delivered once more when this returns. */
static void
on_ending_signal (int number)
{
  int saved = errno;

  if (present_copy != NULL)
    remove_files (present_copy);
  raise (number);
  errno = saved;
}

static void
block_endings (sigset_t *before)
{
  sigset_t set;

  sigemptyset (&set);
  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    sigaddset (&set, endings[i]);
  pthread_sigmask (SIG_BLOCK, &set, before);
}

static void
take_endings (VaStorePrivateCopy *copy)
{
  struct sigaction action = { .sa_handler = on_ending_signal, .sa_flags = SA_RESETHAND };

  sigfillset (&action.sa_mask);
  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    {
      sigaction (endings[i], NULL, &copy->before[i]);
      if (copy->before[i].sa_handler != SIG_IGN)
        sigaction (endings[i], &action, NULL);
    }
}

VaStorePrivateCopy *
va_store_private_copy_new (GError **error)
{
  VaStorePrivateCopy *copy;
  sigset_t before;

  g_return_val_if_fail (present_copy == NULL, NULL);
  copy = g_new0 (VaStorePrivateCopy, 1);
  block_endings (&before);
  copy->folder = g_dir_make_tmp ("virt-attest-XXXXXX", error);
  if (copy->folder != NULL)
    {
      for (guint i = 0; i < G_N_ELEMENTS (file_ends); i++)
        copy->files[i] = g_strconcat (copy->folder, "/backup.db", file_ends[i], NULL);
      present_copy = copy;
      take_endings (copy);
    }
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  if (copy->folder == NULL)
    g_clear_pointer (&copy, g_free);
  return copy;
}

const char *
va_store_private_copy_path (const VaStorePrivateCopy *copy)
{
  return copy->files[0];
}

void
va_store_private_copy_free (VaStorePrivateCopy *copy)
{
  sigset_t before;

  if (copy == NULL)
    return;
  block_endings (&before);
  remove_files (copy);
  present_copy = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    sigaction (endings[i], &copy->before[i], NULL);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (file_ends); i++)
    g_free (copy->files[i]);
  g_free (copy->folder);
  g_free (copy);
}
