/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/decision-log.h"

#include "service/log.h"
#include "service/refusal.h"

static const char *
or_dash (const char *text)
{
  return text != NULL ? text : "-";
}

void
va_decision_log_note (VaService *service, const VaRequest *request, const VaDecision *decision)
{
  const char *result = decision->verdict != NULL ? decision->verdict : va_refusal_name (decision->error);
  const VaJournalField fields[] = {
    { "VIRT_ATTEST_CALL", decision->call },        { "VIRT_ATTEST_REQUEST", request->request_id },
    { "VIRT_ATTEST_LAUNCH", decision->launch_id }, { "VIRT_ATTEST_VM", decision->vm },
    { "VIRT_ATTEST_HOST", decision->host },        { "VIRT_ATTEST_VERDICT", result },
  };
  g_autofree char *message = g_strdup_printf ("call=%s request=%s launch=%s vm=%s host=%s verdict=%s", decision->call,
                                              request->request_id, or_dash (decision->launch_id),
                                              or_dash (decision->vm), or_dash (decision->host), result);

  va_journal_write (VA_LOG_IDENTIFIER, VA_LOG_INFO, message, fields, G_N_ELEMENTS (fields));
  va_metrics_decision (service->metrics, decision->call, decision->verdict,
                       decision->error != NULL ? decision->error->code : -1);
}
