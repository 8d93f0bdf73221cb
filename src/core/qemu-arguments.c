/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/qemu-arguments.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "core/error.h"
#include "core/i18n.h"
#include "core/monitor-path.h"

#define ARGUMENTS_MAX (8 * 1024 * 1024) /* Linux gives a new program at most 6 MiB */
#define READERS_MAX 256                 /* threads at once, with those that were left behind */

/* One reader and who waits for it. Whoever of the two is last frees it. */
typedef struct {
  gatomicrefcount refs;
  pid_t pid;
  GMutex lock;
  GCond changed;
  gboolean done;
  GByteArray *text;
  int failure; /* errno of the reader, or 0 */
} Reading;

static gint readers; /* atomic */

static void
reading_unref (Reading *reading)
{
  if (!g_atomic_ref_count_dec (&reading->refs))
    return;
  g_byte_array_unref (reading->text);
  g_cond_clear (&reading->changed);
  g_mutex_clear (&reading->lock);
  g_free (reading);
}

static Reading *
reading_new (pid_t pid)
{
  Reading *reading = g_new0 (Reading, 1);

  g_atomic_ref_count_init (&reading->refs);
  g_mutex_init (&reading->lock);
  g_cond_init (&reading->changed);
  reading->pid = pid;
  reading->text = g_byte_array_new ();
  return reading;
}

/* Up to one byte more than is taken. Returns: 0 or errno */
static int
read_all_arguments (int fd, GByteArray *text)
{
  guint8 block[16384];

  while (text->len <= ARGUMENTS_MAX)
    {
      ssize_t n = read (fd, block, sizeof block);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return n < 0 ? errno : 0;
      g_byte_array_append (text, block, (guint) n);
    }
  return 0;
}

static gpointer
run_reader (gpointer data)
{
  Reading *reading = data;
  g_autofree char *path = g_strdup_printf ("/proc/%d/cmdline", (int) reading->pid);
  g_autoptr(GByteArray) text = g_byte_array_new ();
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  int failure = fd >= 0 ? read_all_arguments (fd, text) : errno;

  if (fd >= 0)
    close (fd);
  g_mutex_lock (&reading->lock);
  g_byte_array_unref (reading->text);
  reading->text = g_steal_pointer (&text);
  reading->failure = failure;
  reading->done = TRUE;
  g_cond_broadcast (&reading->changed);
  g_mutex_unlock (&reading->lock);
  g_atomic_int_add (&readers, -1);
  reading_unref (reading);
  return NULL;
}

/* Whether the reader was done before @end. */
static gboolean
wait_for_arguments (Reading *reading, gint64 end)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&reading->lock);

  while (!reading->done)
    if (!g_cond_wait_until (&reading->changed, &reading->lock, end))
      return reading->done;
  return TRUE;
}

static gboolean
begin_reading (Reading *reading, GError **error)
{
  GThread *thread = NULL;

  if (g_atomic_int_add (&readers, 1) < READERS_MAX)
    {
      g_atomic_ref_count_inc (&reading->refs);
      thread = g_thread_try_new ("cmdline", run_reader, reading, error);
      if (thread != NULL)
        {
          g_thread_unref (thread);
          return TRUE;
        }
      reading_unref (reading);
    }
  else
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_TIMEOUT,
                 _("the command lines of too many QEMU processes cannot be read"));
  g_atomic_int_add (&readers, -1);
  return FALSE;
}

static gboolean
judge_arguments (const Reading *reading, GError **error)
{
  if (reading->failure == ENOENT || reading->failure == ESRCH || (reading->failure == 0 && reading->text->len == 0))
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND, _("the domain's QEMU process has ended"));
  else if (reading->failure != 0)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                 _("the command line of QEMU process %d cannot be read: %s"), (int) reading->pid,
                 g_strerror (reading->failure));
  else if (reading->text->len > ARGUMENTS_MAX)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE,
                 _("the command line of QEMU process %d is longer than Linux allows"), (int) reading->pid);
  else
    return TRUE;
  return FALSE;
}

gboolean
va_qemu_arguments_read (pid_t pid, const char *run_dir, const char *uuid, guint deadline_ms, VaQemuArguments *arguments,
                        GError **error)
{
  Reading *reading = reading_new (pid);
  gint64 end = g_get_monotonic_time () + (gint64) deadline_ms * 1000;
  gboolean ok = FALSE;

  *arguments = (VaQemuArguments){ FALSE, FALSE };
  if (begin_reading (reading, error))
    {
      if (!wait_for_arguments (reading, end))
        g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_TIMEOUT,
                     _("the command line of QEMU process %d cannot be read: destroy the domain"), (int) pid);
      else if (judge_arguments (reading, error))
        {
          *arguments = va_qemu_arguments_parse ((const char *) reading->text->data, reading->text->len, run_dir, uuid);
          ok = TRUE;
        }
    }
  reading_unref (reading);
  return ok;
}

static gboolean
names_folder_of (const char *text, gsize size, char *path)
{
  /* The folder is enough: whatever the socket in it is called, it is not a foreign domain's. */
  strrchr (path, '/')[1] = '\0';
  return memmem (text, size, path, strlen (path)) != NULL;
}

/* QEMU takes its options with one dash or with two. */
static gboolean
is_option (const char *argument, gsize size, const char *name)
{
  gsize dashes = size > 1 && argument[0] == '-' ? (argument[1] == '-' ? 2 : 1) : 0;

  return dashes > 0 && size - dashes == strlen (name) && memcmp (argument + dashes, name, size - dashes) == 0;
}

gboolean
va_qemu_option_loads_state (const char *argument, gsize size)
{
  return is_option (argument, size, "incoming") || is_option (argument, size, "loadvm");
}

/* The value of -object, as JSON or otherwise. libvirt gives such a word to nothing else. */
static gboolean
is_sev_object (const char *value, gsize size)
{
  return memmem (value, size, "sev-guest", strlen ("sev-guest")) != NULL
         || memmem (value, size, "sev-snp-guest", strlen ("sev-snp-guest")) != NULL;
}

VaQemuArguments
va_qemu_arguments_parse (const char *text, gsize size, const char *run_dir, const char *uuid)
{
  g_autofree char *path = va_monitor_path (run_dir, uuid), *older = va_monitor_path_older (run_dir, uuid);
  VaQemuArguments found = { FALSE, FALSE, FALSE };
  gboolean object = FALSE;
  const char *end = text + size;

  found.monitor = names_folder_of (text, size, path) || names_folder_of (text, size, older);
  for (const char *argument = text; argument < end;)
    {
      gsize length = strnlen (argument, (gsize) (end - argument));

      found.loads_state = found.loads_state || va_qemu_option_loads_state (argument, length);
      found.sev = found.sev || (object && is_sev_object (argument, length));
      object = is_option (argument, length, "object");
      argument += length + 1;
    }
  return found;
}
