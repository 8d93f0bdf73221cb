/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "answer.h"
#include "core/ask.h"
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "core/process.h"
#include "core/settings.h"
#include "domain-text.h"
#include "launch-files.h"

#define GATE_MARK VA_RUNDIR "/gate"
#define HOOK_SOCKET VA_RUNDIR "/hook.sock"
#define CONFIG VA_SYSCONFDIR "/hook.conf"
#define INPUT_MAX (8 * 1024 * 1024) /* libvirt takes no XML of more than 4 MiB from anybody */
#define INPUT_MS 10000              /* libvirt has the XML ready before it calls */
#define OURS_MAX (1024 * 1024)      /* the agent takes no more */
#define ANSWER_MAX 16384

static const VaConfigKey keys[] = {
  { "", "deadline-ms", VA_CONFIG_NUMBER, "10000", FALSE, 100, 60000 },
  { "", "libvirt-lib-dir", VA_CONFIG_PATH, "/var/lib/libvirt/qemu" },
  { NULL },
};

/* Standard input up to its end. */
static GString *
read_input (GError **error)
{
  g_autoptr(GString) text = g_string_sized_new (65536);
  gint64 end = g_get_monotonic_time () + INPUT_MS * 1000;
  char block[65536];

  for (;;)
    {
      struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
      gint64 left = (end - g_get_monotonic_time ()) / 1000;
      ssize_t n = -1;

      errno = ETIMEDOUT;
      if (left > 0 && poll (&input, 1, (int) left) > 0)
        n = read (STDIN_FILENO, block, sizeof block);
      if (n == 0)
        return g_steal_pointer (&text);
      if (n < 0 && errno == EINTR)
        continue;
      if (n > 0 && text->len + (gsize) n <= INPUT_MAX)
        {
          g_string_append_len (text, block, n);
          continue;
        }
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("cannot read the domain XML from libvirt: %s"),
                   n > 0 ? _("too long") : g_strerror (errno));
      return NULL;
    }
}

/* Whether the libvirtd that called us has the gate: without it, nothing would hold the guest back. */
static gboolean
check_gate (pid_t libvirtd, GError **error)
{
  g_autofree char *mark = NULL, *expected = NULL;
  guint64 start;

  if (!va_process_start_time (libvirtd, &start, error))
    return FALSE;
  mark = va_file_read_text (GATE_MARK, 64, NULL);
  expected = g_strdup_printf ("%d %" G_GUINT64_FORMAT "\n", (int) libvirtd, start);
  if (g_strcmp0 (mark, expected) == 0)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION,
               _("the launch gate is not loaded in this libvirtd: set lock_manager = \"virt-attest\" in "
                 "/etc/libvirt/qemu.conf and restart it"));
  return FALSE;
}

static VaAnswer *
ask_agent (const char *operation, pid_t libvirtd, const GString *xml, guint deadline_ms, GError **error)
{
  g_autoptr(GString) question = g_string_sized_new (xml->len + 64);
  g_autoptr(GBytes) reply = NULL;
  const char *text;
  gsize size;

  g_string_append_printf (question, "virt-attest hook 1\n%s %d\n\n", operation, (int) libvirtd);
  g_string_append_len (question, xml->str, (gssize) xml->len);
  reply = va_ask (HOOK_SOCKET, question->str, question->len, deadline_ms, ANSWER_MAX, error);
  if (reply == NULL)
    {
      g_prefix_error (error, _("the host agent cannot be asked (%s); is virt-attest-hostd running? "), HOOK_SOCKET);
      return NULL;
    }
  text = g_bytes_get_data (reply, &size);
  return va_answer_read (text, size);
}

/* The gate lets a domain without a marker pass, so a grant is worth nothing without one. */
static gboolean
check_marker (const char *uuid, GError **error)
{
  g_autofree char *path = g_strdup_printf ("%s/domains/%s", VA_RUNDIR, uuid);
  g_autofree char *marker = va_file_read_text (path, 64, NULL);

  if (g_strcmp0 (marker, "pending\n") == 0)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, _("the host agent left no marker %s"), path);
  return FALSE;
}

static gboolean
start (const char *name, const GString *xml, GError **error)
{
  pid_t libvirtd = getppid ();
  g_auto(VaLaunchFiles) files = VA_LAUNCH_FILES_INIT;
  g_autoptr(VaConfig) config = NULL;
  g_autoptr(VaAnswer) answer = NULL;
  g_autofree char *uuid = NULL;
  guint id;

  if (xml->len > OURS_MAX || memchr (xml->str, '\0', xml->len) != NULL)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, _("the domain XML is longer than 1 MiB or no text"));
      return FALSE;
    }
  config = va_config_load_optional (CONFIG, keys, error);
  if (config == NULL || !check_gate (libvirtd, error) || !va_text_identify (xml->str, &id, &uuid, error))
    return FALSE;
  answer = ask_agent ("start", libvirtd, xml, (guint) va_config_number (config, "", "deadline-ms"), error);
  if (answer == NULL)
    return FALSE;
  if (answer->kind == VA_ANSWER_PASS)
    return TRUE;
  if (answer->kind != VA_ANSWER_GRANT)
    {
      g_set_error_literal (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION, answer->sentence);
      return FALSE;
    }
  return va_launch_files_open (&files, va_config_string (config, "", "libvirt-lib-dir"), id, name, error)
         && va_monitor_folder_make (uuid, files.uid, files.gid, error)
         && va_launch_files_write (&files, answer->session, answer->owner_cert, error) && check_marker (uuid, error);
}

/* Whatever goes wrong here, the domain has ended: the agent finds that out by itself too. */
static void
release (const GString *xml)
{
  g_autoptr(VaConfig) config = va_config_load_optional (CONFIG, keys, NULL);
  guint deadline_ms = config != NULL ? (guint) va_config_number (config, "", "deadline-ms") : 1000;

  va_answer_free (ask_agent ("release", getppid (), xml, deadline_ms, NULL));
}

static int
refused (const GError *error)
{
  fprintf (stderr, "virt-attest: %s\n", error->message);
  return 1;
}

int
main (int argc, char **argv)
{
  gboolean starting = argc >= 4 && g_str_equal (argv[2], "start") && g_str_equal (argv[3], "begin");
  gboolean releasing = argc >= 4 && g_str_equal (argv[2], "release") && g_str_equal (argv[3], "end");
  g_autoptr(GError) error = NULL;
  g_autoptr(GString) xml = NULL;

  if (!starting && !releasing)
    return 0;
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, VA_LOCALEDIR);
  textdomain (GETTEXT_PACKAGE);
  xml = read_input (&error);
  if (xml == NULL)
    return starting ? refused (error) : 0;
  if (!va_text_is_ours (xml->str, xml->len))
    return 0;
  if (releasing)
    release (xml);
  else if (!start (argv[1], xml, &error))
    return refused (error);
  return 0;
}
