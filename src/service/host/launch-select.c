/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/launch-selection.h"
#include "core/i18n.h"
#include "service/audit.h"
#include "service/host/launch.h"
#include "service/module.h"
#include "service/refusal.h"

/*
 * POST /v1/launch: a launch of a domain that names no registration, since nobody prepared it. The host lists those that
 * it may be under; the first one that there is counts. What is decided then is what POST /v1/vm/{id}/launch decides.
 */

/* Whether there is a registration @id, of whichever owner. FALSE with @error: that could not be found out. */
static gboolean
look_for_candidate (VaService *service, const char *owner, const char *id, gboolean *exists, GError **error)
{
  g_autoptr(GError) reason = NULL;
  g_autoptr(VaOpenRegistration) open =
    va_registration_cache_open (service->registrations, service->store, owner, id, &reason);

  *exists = !g_error_matches (reason, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND);
  /* One that is ambiguous or damaged is there: the launch is refused by it, and does not run under the next one. */
  if (open != NULL || !*exists || g_error_matches (reason, VA_STORE_ERROR, VA_STORE_ERROR_AMBIGUOUS)
      || g_error_matches (reason, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN))
    return TRUE;
  va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_VM_UNKNOWN);
  return FALSE;
}

static gboolean
refuse_all_candidates (const VaLaunchSelection *selection, GError **error)
{
  g_autofree char *ids = va_launch_selection_text (selection);

  return va_refuse (error, VA_PROBLEM_VM_UNKNOWN, _("there is no registration for this domain: none has the id %s"),
                    ids);
}

/* The first one that there is. Returns: (transfer none): %NULL with @error: there is none */
static const VaLaunchCandidate *
choose_candidate (VaService *service, const VaLaunchSelection *selection, GError **error)
{
  for (guint i = 0; i < selection->candidates->len; i++)
    {
      const VaLaunchCandidate *one = selection->candidates->pdata[i];
      gboolean exists;

      if (!look_for_candidate (service, selection->request.owner, one->id, &exists, error))
        return NULL;
      if (exists)
        return one;
    }
  refuse_all_candidates (selection, error);
  return NULL;
}

/* Which candidate it was is known here alone. */
static void
note_selector (VaLaunchSource *source, const VaLaunchCandidate *chosen)
{
  if (source == NULL)
    return;
  g_free (source->selector);
  source->selector = g_strdup (chosen->selector);
}

static gboolean
handle_launch_select (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  VaService *service = user_data;
  g_autoptr(JsonObject) body = va_request_json (request, error);
  g_autoptr(VaLaunchSelection) selection = NULL;
  g_autoptr(GError) reason = NULL;
  const VaLaunchCandidate *chosen = NULL;

  if (body == NULL)
    return FALSE;
  selection = va_launch_selection_read (body, &reason);
  if (selection == NULL)
    va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_VM_UNKNOWN);
  else
    chosen = choose_candidate (service, selection, error);
  if (chosen != NULL)
    note_selector (selection->request.source, chosen);
  if (chosen != NULL
      && va_launch_answer (service, request, &(VaWantedLaunch){ chosen->id, &selection->request, TRUE }, response,
                           error))
    return TRUE;
  va_launch_note_refusal (service, request, chosen != NULL ? chosen->id : NULL, *error);
  return FALSE;
}

const VaServiceModule va_module_launch_select = {
  .routes =
    (const VaRoute[]){
      { "POST", "/v1/launch", VA_BY_HOST, 32 * 1024, handle_launch_select, "launch" },
      { NULL },
    },
};
