/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/local/gate.h"

#include "core/error.h"
#include "core/i18n.h"
#include "core/process.h"
#include "host/local/question.h"

static VaLaunch *
find_gated_launch (VaAgent *agent, const char *uuid, GError **error)
{
  VaLaunch *launch = va_launches_latest (agent->launches, uuid);

  if (launch == NULL)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND,
                 _("the host agent knows no launch of this domain: destroy the domain and start it again"));
  return launch;
}

/* The service's no is final, also for a domain that somebody resumes later. */
static gboolean
check_gate_state (VaLaunch *launch, GError **error)
{
  g_autofree char *reason = va_launch_reason (launch);

  if (va_launch_state (launch) != VA_HOST_LAUNCH_FAILED)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION, "%s", reason);
  return FALSE;
}

static gboolean
decide_gate (VaAgent *agent, VaLaunch *launch, pid_t pid, gint64 end, GError **error)
{
  g_autoptr(VaChannel) channel = NULL;
  guint64 start;

  va_launch_step (launch, "gate");
  if (!va_process_start_time (pid, &start, error) || !va_launch_bind (launch, pid, start, error)
      || !check_gate_state (launch, error))
    return FALSE;
  channel = va_channel_qmp_new (agent->settings->run_dir, va_launch_domain (launch), pid, start, end);
  return va_launch_serve (launch, channel, end, error);
}

char *
va_gate_answer (const char *text, gsize size, const VaAsker *asker, gpointer data)
{
  VaAgent *agent = data;
  gint64 end = asker->arrived + agent->settings->deadline_ms * G_TIME_SPAN_MILLISECOND;
  g_autoptr(VaLaunch) launch = NULL;
  g_autoptr(GError) error = NULL;
  VaGateQuestion question;

  if (va_gate_question_parse (&question, text, size, &error))
    launch = find_gated_launch (agent, question.uuid, &error);
  if (launch != NULL && decide_gate (agent, launch, question.pid, end, &error))
    return va_answer_yes ();
  g_message (_("domain %s: the launch gate was told no: %s"), question.uuid, error->message);
  if (launch != NULL)
    va_launch_trouble (launch, error->message);
  return va_answer_no (error->message);
}
