/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/service-client.h"

#include "api/launch-pending.h"
#include "core/error.h"
#include "core/guid.h"
#include "core/i18n.h"
#include "host/log.h"

#define REPLY_MAX 65536
#define ASK_AGAIN_MARGIN (G_USEC_PER_SEC / 2) /* what asking once more may take */
#define SILENCE (10 * G_USEC_PER_SEC)         /* for so long a service that did not answer is given little time */
#define BRIEF_MS 1000

/* With the request's id where the service's log says more about it; a service that was not reached has none. */
static void
explain_refusal (GError *reason, const char *request, GError **error)
{
  if (reason->domain == VA_PROBLEM_ERROR)
    g_set_error (error, VA_PROBLEM_ERROR, reason->code, _("the service refused: %s (%s); request %s"), reason->message,
                 va_problem_name ((VaProblemCode) reason->code), request);
  else if (g_error_matches (reason, VA_CORE_ERROR, VA_CORE_ERROR_TIMEOUT))
    g_set_error (error, reason->domain, reason->code, _("%s; request %s"), reason->message, request);
  else
    g_set_error_literal (error, reason->domain, reason->code, reason->message);
  g_error_free (reason);
}

/* One line for each call, by which it is found in the service's log. */
static void
log_call (VaHostSubject *subject, JsonObject *reply, const GError *reason)
{
  if (reply != NULL && subject->launch_id == NULL && json_object_has_member (reply, "launch-id"))
    subject->launch_id = json_object_get_string_member_with_default (reply, "launch-id", NULL);
  if (reason == NULL)
    subject->verdict = "answered";
  else
    subject->verdict = reason->domain == VA_PROBLEM_ERROR ? va_problem_name ((VaProblemCode) reason->code)
                                                          : "no-answer";
  va_host_log (subject, _("request %s: %s, launch %s, registration %s: %s%s%s"), subject->request, subject->call,
               subject->launch_id != NULL ? subject->launch_id : "-", subject->vm != NULL ? subject->vm : "-",
               subject->verdict, reason != NULL ? ": " : "", reason != NULL ? reason->message : "");
}

typedef enum {
  CALL_ONCE,         /* its sender tries again by itself */
  CALL_PERSISTENTLY, /* tries to connect until the end */
  CALL_AT_START,     /* the same, and short after silence, see va_service_client_launch() */
} Urgency;

/* Sends @body (transfer full) to @path (transfer full). */
static JsonObject *
post_message (VaClient *client, VaHostSubject subject, char *path, JsonObject *body, gint64 end, Urgency urgency,
              GError **error)
{
  g_autofree char *id = va_uuid_random ();
  gint64 began = g_get_monotonic_time (), left = (end - began) / 1000;
  VaClientRequest request = { .method = "POST",
                              .path = path,
                              .json = body,
                              .deadline_ms = (guint) CLAMP (left, 1, 600000),
                              .max_reply = REPLY_MAX,
                              .request_id = id,
                              .persist = urgency != CALL_ONCE };
  g_autoptr(JsonObject) reply = NULL;
  GError *reason = NULL;
  gint64 silence = urgency == CALL_AT_START ? va_client_silent_for (client) : -1;
  gboolean ok;

  request.brief = silence >= 0 && silence < SILENCE && request.deadline_ms > BRIEF_MS;
  if (request.brief)
    request.deadline_ms = BRIEF_MS;
  ok = va_client_call (client, &request, &reply, &reason);
  if (!ok && request.brief && reason->domain == VA_CORE_ERROR)
    g_prefix_error (&reason, _("an earlier request was not answered, so this one was given only one second: "));
  va_host_trace (subject.call, began);
  subject.request = id;
  log_call (&subject, reply, reason);
  if (!ok)
    explain_refusal (reason, id, error);
  g_free (path);
  json_object_unref (body);
  return g_steal_pointer (&reply);
}

/* Waits until it is worth to ask again. Returns: FALSE when there is not the time for that. */
static gboolean
wait_for_owner (const VaLaunchPending *pending, gint64 end, GError **error)
{
  gint64 wait = (gint64) pending->retry_after * G_USEC_PER_SEC;

  if (g_get_monotonic_time () + wait + ASK_AGAIN_MARGIN <= end)
    {
      g_usleep ((gulong) wait);
      return TRUE;
    }
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_TIMEOUT,
               _("launch %s is waiting for confirmation: start the domain again when the guest's owner has approved "
                 "it"),
               pending->launch_id);
  return FALSE;
}

/* What a question about a launch is answered with: either. */
typedef struct {
  VaLaunchGrant *grant;
  VaLaunchPending *pending;
} LaunchAnswer;

/* Returns: FALSE with @error, or TRUE with one of the two. */
static gboolean
read_launch_answer (JsonObject *reply, LaunchAnswer *answer, GError **error)
{
  if (reply == NULL)
    return FALSE;
  if (json_object_has_member (reply, "retry-after"))
    answer->pending = va_launch_pending_read (reply, error);
  else
    answer->grant = va_launch_grant_read (reply, error);
  if (answer->pending == NULL && answer->grant == NULL)
    g_prefix_error (error, _("the attestation service sent an invalid answer: "));
  return answer->pending != NULL || answer->grant != NULL;
}

/* One question. */
static gboolean
ask_for_launch (VaClient *client, const char *registration, const VaLaunchRequest *request, gint64 end,
                LaunchAnswer *answer, GError **error)
{
  char *path = g_strdup_printf ("/v1/vm/%s/launch", registration);
  const VaHostSubject subject = { .call = "launch", .launch_id = request->launch_id, .vm = registration };
  g_autoptr(JsonObject) reply =
    post_message (client, subject, path, va_launch_request_write (request), end, CALL_AT_START, error);

  return read_launch_answer (reply, answer, error);
}

/* Keeps the id of the launch that waits, and waits. */
static gboolean
keep_waiting (VaLaunchRequest *request, const VaLaunchPending *pending, gint64 end, GError **error)
{
  g_free (request->launch_id);
  request->launch_id = g_strdup (pending->launch_id);
  return wait_for_owner (pending, end, error);
}

VaLaunchGrant *
va_service_client_launch (VaClient *client, const char *registration, VaLaunchRequest *request, gint64 end,
                          GError **error)
{
  for (;;)
    {
      LaunchAnswer answer = { NULL, NULL };
      g_autoptr(VaLaunchPending) pending = NULL;

      if (!ask_for_launch (client, registration, request, end, &answer, error))
        return NULL;
      if (answer.grant != NULL)
        return answer.grant;
      pending = answer.pending;
      if (!keep_waiting (request, pending, end, error))
        return NULL;
    }
}

static gboolean
check_chosen (const VaLaunchSelection *selection, const char *vm, GError **error)
{
  if (vm != NULL && va_launch_selection_has (selection, vm))
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
               _("the attestation service sent an invalid answer: it names none of the registrations that were asked "
                 "for"));
  return FALSE;
}

VaLaunchGrant *
va_service_client_select (VaClient *client, VaLaunchSelection *selection, gint64 end, char **registration,
                          GError **error)
{
  const VaHostSubject subject = { .call = "launch" };
  LaunchAnswer answer = { NULL, NULL };
  g_autoptr(JsonObject) reply = post_message (client, subject, g_strdup ("/v1/launch"),
                                              va_launch_selection_write (selection), end, CALL_AT_START, error);
  g_autoptr(VaLaunchGrant) grant = NULL;
  g_autoptr(VaLaunchPending) pending = NULL;
  g_autofree char *vm = NULL;

  *registration = NULL;
  if (!read_launch_answer (reply, &answer, error))
    return NULL;
  grant = answer.grant;
  pending = answer.pending;
  vm = g_strdup (grant != NULL ? grant->vm : pending->vm);
  if (!check_chosen (selection, vm, error)
      || (pending != NULL && !keep_waiting (&selection->request, pending, end, error)))
    return NULL;
  if (grant == NULL)
    grant = va_service_client_launch (client, vm, &selection->request, end, error);
  if (grant != NULL)
    *registration = g_steal_pointer (&vm);
  return g_steal_pointer (&grant);
}

VaValidateReply *
va_service_client_validate (VaClient *client, const char *registration, const VaValidateRequest *request, gint64 end,
                            GError **error)
{
  char *path = g_strdup_printf ("/v1/vm/%s/validate", registration);
  const VaHostSubject subject = { .call = "validate", .launch_id = request->launch_id, .vm = registration };
  g_autoptr(JsonObject) object =
    post_message (client, subject, path, va_validate_request_write (request), end, CALL_PERSISTENTLY, error);
  g_autoptr(VaValidateReply) reply = NULL;

  if (object == NULL)
    return NULL;
  reply = va_validate_reply_read (object, error);
  if (reply == NULL)
    g_prefix_error (error, _("the attestation service sent an invalid answer: "));
  else if (g_str_equal (reply->launch_id, request->launch_id))
    return g_steal_pointer (&reply);
  else
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                 _("the attestation service sent an invalid answer: it is about launch %s"), reply->launch_id);
  return NULL;
}

gboolean
va_service_client_outcome (VaClient *client, const char *launch_id, const VaOutcome *outcome, gint64 end,
                           GError **error)
{
  char *path = g_strdup_printf ("/v1/launch/%s/outcome", launch_id);
  const VaHostSubject subject = { .call = "outcome", .launch_id = launch_id };
  g_autoptr(JsonObject) reply = post_message (client, subject, path, va_outcome_write (outcome), end, CALL_ONCE, error);

  return reply != NULL;
}

gboolean
va_service_client_features (VaClient *client, const VaHostFeatures *features, gint64 end, GError **error)
{
  const VaHostSubject subject = { .call = "features" };
  g_autoptr(JsonObject) reply =
    post_message (client, subject, g_strdup ("/v1/host"), va_host_features_write (features), end, CALL_ONCE, error);

  return reply != NULL;
}

gboolean
va_service_client_refused (const GError *error)
{
  guint status = error->domain == VA_PROBLEM_ERROR ? va_problem_status ((VaProblemCode) error->code) : 0;

  return status >= 400 && status < 500;
}
