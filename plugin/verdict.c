/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "verdict.h"

#include <inttypes.h>
#include <string.h>
#include "core/ask.h"
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "core/process.h"
#include "core/qemu-arguments.h"
#include "unattested.h"

#define DOMAINS VA_RUNDIR "/domains"
#define GATE_SOCKET VA_RUNDIR "/gate.sock"
#define MARKER_MAX 64
#define ANSWER_MAX 4096
#define SENTENCE_MAX 1024

static gboolean
refuse_cpus (GError **error, const char *sentence)
{
  return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION, "%s", sentence);
}

/* One question of libvirt's. */
typedef struct {
  const char *uuid;
  pid_t pid;
  guint deadline_ms;
  gint64 end; /* g_get_monotonic_time() */
} VerdictQuestion;

static guint
left_ms (const VerdictQuestion *question)
{
  return (guint) CLAMP ((question->end - g_get_monotonic_time ()) / 1000, 1, G_MAXINT);
}

/* The marker's text in @text, %NULL if there is none; FALSE if that cannot be told. */
static gboolean
read_marker (const char *uuid, char **text, GError **error)
{
  g_autofree char *path = g_strdup_printf ("%s/%s", DOMAINS, uuid);
  g_autoptr(GError) reason = NULL;

  *text = NULL;
  if (va_folder_is_private (VA_RUNDIR, &reason) && va_folder_is_private (DOMAINS, &reason))
    *text = va_file_read_text (path, MARKER_MAX, &reason);
  if (*text != NULL || g_error_matches (reason, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND))
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION,
               _("cannot tell whether this domain is attested: %s; fix that file or directory, or remove the file, and "
                 "start the domain again"),
               reason->message);
  return FALSE;
}

/* The sentence of "no\nSENTENCE\n", or %NULL if @answer has another form. */
static char *
refusal_sentence (const char *answer, gsize size)
{
  const char *sentence = answer + 3;

  if (size < 5 || size - 4 > SENTENCE_MAX || memcmp (answer, "no\n", 3) != 0 || answer[size - 1] != '\n'
      || !g_utf8_validate (sentence, (gssize) size - 4, NULL))
    return NULL;
  for (gsize i = 0; i < size - 4; i++)
    if (g_ascii_iscntrl (sentence[i]))
      return NULL;
  return g_strndup (sentence, size - 4);
}

static gboolean
ask_for_verdict (const VerdictQuestion *question, GError **error)
{
  g_autofree char *words =
    g_strdup_printf ("virt-attest gate 1\nuuid %s\npid %d\n", question->uuid, (int) question->pid);
  g_autoptr(GError) reason = NULL;
  g_autoptr(GBytes) answer = va_ask (GATE_SOCKET, words, strlen (words), left_ms (question), ANSWER_MAX, &reason);
  g_autofree char *sentence = NULL;
  const char *text;
  gsize size;

  if (g_error_matches (reason, VA_CORE_ERROR, VA_CORE_ERROR_TIMEOUT))
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_TIMEOUT,
                   _("the host agent gave no verdict within %u ms; see “journalctl -u virt-attest-hostd”"),
                   question->deadline_ms);
      return FALSE;
    }
  if (answer == NULL)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
                   _("cannot reach the host agent (%s: %s): start virt-attest-hostd"), GATE_SOCKET, reason->message);
      return FALSE;
    }
  text = g_bytes_get_data (answer, &size);
  if (size == 4 && memcmp (text, "yes\n", 4) == 0)
    return TRUE;
  sentence = size > 0 ? refusal_sentence (text, size) : NULL;
  return refuse_cpus (error, sentence != NULL ? sentence
                                              : _("the host agent closed the connection or sent no verdict; see "
                                                  "“journalctl -u virt-attest-hostd”"));
}

/* Whether @marker says that this very process has been attested. */
static gboolean
is_attested (const char *marker, pid_t pid)
{
  g_autofree char *expected = NULL;
  guint64 start;

  if (!va_process_start_time (pid, &start, NULL))
    return FALSE;
  expected = g_strdup_printf ("attested %d %" PRIu64 "\n", (int) pid, start);
  return g_str_equal (marker, expected);
}

/* A domain that was prepared for attestation, whether or not its hook ran. */
static gboolean
judge_ours (const VerdictQuestion *question, gboolean loads_state, GError **error)
{
  g_autofree char *marker = NULL;

  if (!read_marker (question->uuid, &marker, error))
    return FALSE;
  if (marker != NULL && is_attested (marker, question->pid))
    return TRUE;
  if (loads_state)
    return refuse_cpus (error,
                        _("an attested domain cannot be restored from a saved state or a snapshot, nor migrated: its "
                          "memory would not be what was measured; start it without the saved state"));
  if (marker == NULL)
    return refuse_cpus (error, _("this domain is prepared for attestation, but no launch was started for it: check "
                                 "that the hook “virt-attest” is in /etc/libvirt/hooks/qemu.d, and that libvirtd or "
                                 "virtqemud has been restarted since it was installed"));
  if (g_str_equal (marker, "pending\n"))
    return ask_for_verdict (question, error);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION,
               _("this QEMU process is not the one that was attested: destroy the domain and start it again; "
                 "virt-attest-hostd must be running, so that it creates a new marker %s/%s"),
               DOMAINS, question->uuid);
  return FALSE;
}

/* An SEV guest without the second monitor: a foreign one, or one whose QEMU did not get what its launch takes. */
static gboolean
judge_unmonitored (const VerdictQuestion *question, GError **error)
{
  g_autofree char *marker = NULL;

  if (!read_marker (question->uuid, &marker, error))
    return FALSE;
  if (g_strcmp0 (marker, "pending\n") == 0)
    return refuse_cpus (error,
                        _("a launch was started for this domain, but its QEMU was started without virt-attest's "
                          "emulator program: define the domain again, so that its <emulator> is that program, and "
                          "check that it is first in the PATH of libvirt's daemon (“virt-attest host check”)"));
  return va_unattested_may_run (error);
}

gboolean
va_verdict (const char *uuid, pid_t pid, guint deadline_ms, GError **error)
{
  const VerdictQuestion question = { uuid, pid, deadline_ms, g_get_monotonic_time () + (gint64) deadline_ms * 1000 };
  VaQemuArguments arguments;

  if (pid <= 0)
    return refuse_cpus (error, _("libvirt did not name the domain's QEMU process"));
  /* First of all, so that nothing that lies in our folders can keep back a domain that is not ours: neither prepared
     nor an SEV guest. */
  if (!va_qemu_arguments_read (pid, VA_RUNDIR, uuid, deadline_ms, &arguments, error))
    return FALSE;
  if (arguments.monitor)
    return judge_ours (&question, arguments.loads_state, error);
  return !arguments.sev || judge_unmonitored (&question, error);
}
