/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
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
#include "core/markup.h"
#include "core/monitor-path.h"
#include "core/process.h"
#include "core/config-file.h"
#include "domain-text.h"
#include "launch-files.h"

#define GATE_MARK VA_RUNDIR "/gate"
#define HOOK_SOCKET VA_RUNDIR "/hook.sock"
#define CONFIG VA_SYSCONFDIR "/hook.conf"
#define PAUSE_MS 10000         /* libvirt has the XML ready before it calls */
#define INPUT_MS 60000         /* for all of it, however long: a domain may have megabytes of foreign metadata */
#define OURS_MAX (1024 * 1024) /* the agent takes no more */
#define ANSWER_MAX 16384

static const VaConfigKey keys[] = {
  { "", "deadline-ms", VA_CONFIG_NUMBER, "10000", FALSE, 100, 60000 },
  { "", "libvirt-lib-dir", VA_CONFIG_PATH, "/var/lib/libvirt/qemu" },
  { "", "unprepared", VA_CONFIG_BOOLEAN, "no" },
  { NULL },
};

/* What the hook was called for; all other operations are none of its business. */
typedef enum { OTHER, START, RESTORE, MIGRATE, RELEASE } Operation;

/* Domains that the agent is asked about. */
typedef enum { FOREIGN, PREPARED, UNPREPARED } Interest;

/* How libvirt writes a domain of SEV or SEV-ES. */
static const VaMarkupSought sev = { "launchSecurity", "type", "sev" };

/* The domain XML: kept as far as it can be of use, looked at to its end. */
typedef struct {
  GString *text;
  gboolean cut; /* it was longer than @text */
  VaMarkup markup;
} Input;

static void
take_block (Input *input, const char *block, gsize size)
{
  gsize room = OURS_MAX - input->text->len;

  va_markup_feed (&input->markup, block, size);
  g_string_append_len (input->text, block, (gssize) MIN (size, room));
  input->cut = input->cut || size > room;
}

/* Standard input up to its end. */
static gboolean
read_input (Input *input, GError **error)
{
  gint64 end = g_get_monotonic_time () + INPUT_MS * 1000;
  char block[65536];

  for (;;)
    {
      struct pollfd one = { .fd = STDIN_FILENO, .events = POLLIN };
      ssize_t n = -1;

      errno = ETIMEDOUT;
      if (g_get_monotonic_time () < end && poll (&one, 1, PAUSE_MS) > 0)
        n = read (STDIN_FILENO, block, sizeof block);
      if (n == 0)
        return TRUE;
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        break;
      take_block (input, block, (gsize) n);
    }
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("cannot read the domain XML from libvirt: %s"),
               g_strerror (errno));
  return FALSE;
}

/* Whether the domain asks for attestation, or this host attests it unasked. What ends in the middle might go on with
   that. The configuration is read for SEV domains only. */
static gboolean
find_interest (const Input *input, Interest *interest, GError **error)
{
  g_autoptr(VaConfig) config = NULL;

  *interest = va_markup_declares (&input->markup) ? PREPARED : FOREIGN;
  if (*interest == PREPARED)
    return TRUE;
  if (!va_markup_is_whole (&input->markup))
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, "%s",
                         _("the domain XML from libvirt is truncated or has a document type declaration"));
  if (!va_markup_has_sought (&input->markup))
    return TRUE;
  config = va_config_load_optional (CONFIG, keys, error);
  if (config != NULL && va_config_boolean (config, "", "unprepared"))
    *interest = UNPREPARED;
  return config != NULL;
}

/* Whether the libvirt daemon that called us has the gate: without it, nothing would hold the guest back. */
static gboolean
check_gate (pid_t libvirt, GError **error)
{
  g_autofree char *mark = NULL, *expected = NULL, *daemon = NULL;
  guint64 start;

  /* Who can write there can leave the mark of a gate that is not loaded. */
  if (!va_folder_is_private (VA_RUNDIR, error) || !va_process_start_time (libvirt, &start, error))
    return FALSE;
  mark = va_file_read_text (GATE_MARK, 64, NULL);
  expected = g_strdup_printf ("%d %" PRIu64 "\n", (int) libvirt, start);
  if (g_strcmp0 (mark, expected) == 0)
    return TRUE;
  daemon = va_process_daemon_name (libvirt);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION,
               _("the launch gate is not loaded in %s, process %d: set lock_manager = \"virt-attest\" in "
                 "/etc/libvirt/qemu.conf and restart it"),
               daemon, (int) libvirt);
  return FALSE;
}

static VaHookAnswer *
ask_about_start (const char *operation, pid_t libvirt, const GString *xml, guint deadline_ms, GError **error)
{
  g_autoptr(GString) question = g_string_sized_new (xml->len + 64);
  g_autoptr(GBytes) reply = NULL;
  const char *text;
  gsize size;

  g_string_append_printf (question, "virt-attest hook 1\n%s %d\n\n", operation, (int) libvirt);
  g_string_append_len (question, xml->str, (gssize) xml->len);
  reply = va_ask (HOOK_SOCKET, question->str, question->len, deadline_ms, ANSWER_MAX, error);
  if (reply == NULL)
    {
      g_prefix_error (error, _("cannot reach the host agent (%s); start virt-attest-hostd: "), HOOK_SOCKET);
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
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, _("the host agent did not create the marker %s"), path);
  return FALSE;
}

static gboolean
make_monitor_folder (const GString *xml, const char *uuid, const VaLaunchFiles *files, GError **error)
{
  g_autofree char *monitor = va_text_has_older_monitor (xml->str, uuid) ? va_monitor_path_older (VA_RUNDIR, uuid)
                                                                        : va_monitor_path (VA_RUNDIR, uuid);

  return va_monitor_folder_make (monitor, files->uid, files->gid, error);
}

/* What QEMU reads the launch from. */
static gboolean
open_launch_files (VaLaunchFiles *files, const char *lib_dir, guint id, const char *name, Interest interest,
                   GError **error)
{
  return interest == PREPARED ? va_launch_files_open (files, lib_dir, id, name, error)
                              : va_launch_files_create (files, lib_dir, id, name, error);
}

static gboolean
attest_start (const char *name, const Input *input, Interest interest, GError **error)
{
  const GString *xml = input->text;
  pid_t libvirt = getppid ();
  g_auto(VaLaunchFiles) files = VA_LAUNCH_FILES_INIT;
  g_autoptr(VaConfig) config = NULL;
  g_autoptr(VaHookAnswer) answer = NULL;
  g_autofree char *uuid = NULL;
  guint id;

  if (input->cut || memchr (xml->str, '\0', xml->len) != NULL)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, _("the domain XML is longer than 1 MiB or is not text"));
      return FALSE;
    }
  config = va_config_load_optional (CONFIG, keys, error);
  if (config == NULL || !check_gate (libvirt, error) || !va_text_identify (xml->str, &id, &uuid, error))
    return FALSE;
  answer = ask_about_start ("start", libvirt, xml, (guint) va_config_number (config, "", "deadline-ms"), error);
  if (answer == NULL)
    return FALSE;
  if (answer->kind == VA_ANSWER_PASS)
    return TRUE;
  if (answer->kind != VA_ANSWER_GRANT)
    {
      g_set_error_literal (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION, answer->sentence);
      return FALSE;
    }
  return open_launch_files (&files, va_config_string (config, "", "libvirt-lib-dir"), id, name, interest, error)
         && make_monitor_folder (xml, uuid, &files, error)
         && va_launch_files_write (&files, answer->session, answer->owner_cert, error) && check_marker (uuid, error);
}

/* Whatever goes wrong here, the domain has ended: the agent finds that out by itself too. */
static void
release_domain (const GString *xml)
{
  g_autoptr(VaConfig) config = va_config_load_optional (CONFIG, keys, NULL);
  guint deadline_ms = config != NULL ? (guint) va_config_number (config, "", "deadline-ms") : 1000;

  va_answer_free (ask_about_start ("release", getppid (), xml, deadline_ms, NULL));
}

/* Its memory would be replaced after the measuring, and the secrets given to what nobody has measured. */
static gboolean
refuse_foreign_memory (Operation operation, GError **error)
{
  if (operation == RESTORE)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION,
                 _("an attested domain cannot be restored from a saved state, because its memory would not be what was "
                   "measured: remove the saved state (virsh managedsave-remove) and start the domain"));
  else
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION,
                 _("an attested domain cannot be migrated, because its memory would not be what was measured: shut it "
                   "down there and start it here"));
  return FALSE;
}

/* What is to be done for a domain that is to be attested. */
static gboolean
attend_operation (Operation operation, const char *name, const Input *input, Interest interest, GError **error)
{
  if (operation == START)
    return attest_start (name, input, interest, error);
  if (operation != RELEASE)
    return refuse_foreign_memory (operation, error);
  if (!input->cut)
    release_domain (input->text);
  return TRUE;
}

static Operation
parse_operation (int argc, char **argv)
{
  static const struct {
    const char *name, *sub;
    Operation operation;
  } known[] = { { "start", "begin", START },
                { "restore", "begin", RESTORE },
                { "migrate", "begin", MIGRATE },
                { "release", "end", RELEASE } };

  for (guint i = 0; argc >= 4 && i < G_N_ELEMENTS (known); i++)
    if (g_str_equal (argv[2], known[i].name) && g_str_equal (argv[3], known[i].sub))
      return known[i].operation;
  return OTHER;
}

int
main (int argc, char **argv)
{
  Operation operation = parse_operation (argc, argv);
  g_autoptr(GString) text = NULL;
  g_autoptr(GError) error = NULL;
  Interest interest = FOREIGN;
  Input input;

  if (operation == OTHER)
    return 0;
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, VA_LOCALEDIR);
  textdomain (GETTEXT_PACKAGE);
  text = g_string_sized_new (65536);
  input = (Input){ .text = text };
  va_markup_init (&input.markup, VA_TEXT_NAMESPACE, NULL, NULL);
  va_markup_seek (&input.markup, &sev);
  if (read_input (&input, &error) && find_interest (&input, &interest, &error)
      && (interest == FOREIGN || attend_operation (operation, argv[1], &input, interest, &error)))
    return 0;
  if (operation == RELEASE)
    return 0;
  fprintf (stderr, "virt-attest: %s\n", error->message);
  return 1;
}
