/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/launch/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/discard.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/monitor-path.h"
#include "core/qemu-arguments.h"
#include "qmp/client.h"

#define LOOK_MS 1000 /* for a process's command line, which is there at once as a rule */
#define FOLDER_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static char *
taken_path (const char *run_dir, const char *uuid)
{
  return g_build_filename (run_dir, "monitors", uuid, NULL);
}

static gboolean
is_socket (const char *path)
{
  struct stat info;

  return lstat (path, &info) == 0 && S_ISSOCK (info.st_mode);
}

static void
discard_in (const char *run_dir, const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (run_dir, folder, NULL);
  g_autoptr(GError) error = NULL;
  int fd = open (path, FOLDER_FLAGS);

  if (fd < 0)
    return;
  if (!va_discard (run_dir, fd, name, &error))
    g_message (_("%s/%s: %s"), path, name, error->message);
  close (fd);
}

/* Moves what is called monitor.sock in the folder of @monitor to @to. What it is, is looked at where nobody can change
   it. */
static gboolean
move_socket (const char *run_dir, const char *uuid, const char *monitor, const char *to)
{
  g_autofree char *folder = g_path_get_dirname (monitor);
  int fd = open (folder, FOLDER_FLAGS);
  gboolean moved = fd >= 0 && renameat2 (fd, "monitor.sock", AT_FDCWD, to, RENAME_NOREPLACE) == 0;

  if (fd >= 0)
    close (fd);
  if (!moved || is_socket (to))
    return moved;
  discard_in (run_dir, "monitors", uuid);
  return FALSE;
}

char *
va_monitor_take (const char *run_dir, const char *uuid, GError **error)
{
  g_autofree char *taken = taken_path (run_dir, uuid);
  g_autofree char *path = va_monitor_path (run_dir, uuid), *older = va_monitor_path_older (run_dir, uuid);

  if (is_socket (taken) || move_socket (run_dir, uuid, path, taken) || move_socket (run_dir, uuid, older, taken))
    return g_steal_pointer (&taken);
  /* Another thread may have been the one to move it. */
  if (is_socket (taken))
    return g_steal_pointer (&taken);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND, _("the domain's QEMU has no second monitor at %s"), path);
  return NULL;
}

gboolean
va_monitor_peer (const char *run_dir, const char *uuid, pid_t *pid, GError **error)
{
  g_autofree char *path = va_monitor_take (run_dir, uuid, error);

  return path != NULL && va_qmp_peer_at (path, pid, error);
}

gboolean
va_monitor_doubt (const char *run_dir, const char *uuid, pid_t peer)
{
  VaQemuArguments arguments;

  if (va_qemu_arguments_read (peer, run_dir, uuid, LOOK_MS, &arguments, NULL) && arguments.monitor)
    return TRUE;
  discard_in (run_dir, "monitors", uuid);
  return FALSE;
}

void
va_monitor_remove (const char *run_dir, const char *uuid)
{
  g_autofree char *name = g_strconcat ("libvirt-", uuid, NULL);

  discard_in (run_dir, "monitors", uuid);
  discard_in (run_dir, "qmp", name);
  discard_in (run_dir, "qmp", uuid);
}
