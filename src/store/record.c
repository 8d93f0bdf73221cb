/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/record.h"

#include "codec/json.h"

static const char *const state_names[] = { "open",   "validated", "running", "refused",
                                           "failed", "expired",   "ended",   "waiting" };

const char *
va_launch_state_name (VaLaunchState state)
{
  g_return_val_if_fail ((guint) state < G_N_ELEMENTS (state_names), "refused");
  return state_names[state];
}

gboolean
va_launch_state_parse (const char *name, VaLaunchState *state)
{
  for (guint i = 0; i < G_N_ELEMENTS (state_names); i++)
    if (g_strcmp0 (name, state_names[i]) == 0)
      {
        *state = (VaLaunchState) i;
        return TRUE;
      }
  return FALSE;
}

gboolean
va_launch_state_may_follow (VaLaunchState from, VaLaunchState to)
{
  if (from == to)
    return TRUE;
  switch (from)
    {
    case VA_LAUNCH_WAITING:
      return to == VA_LAUNCH_REFUSED || to == VA_LAUNCH_EXPIRED;
    case VA_LAUNCH_OPEN:
      return to == VA_LAUNCH_VALIDATED || to == VA_LAUNCH_REFUSED || to == VA_LAUNCH_FAILED || to == VA_LAUNCH_EXPIRED;
    case VA_LAUNCH_VALIDATED:
      return to == VA_LAUNCH_RUNNING || to == VA_LAUNCH_FAILED || to == VA_LAUNCH_ENDED;
    case VA_LAUNCH_RUNNING:
      return to == VA_LAUNCH_ENDED;
    default:
      return FALSE;
    }
}

void
va_stored_launch_step (VaStoredLaunch *launch, const char *step, gint64 time)
{
  g_autoptr(JsonObject) object = json_object_new ();

  json_object_set_string_member (object, "step", step);
  json_object_set_int_member (object, "time", time);
  launch->timeline = va_json_array_add (launch->timeline, object);
}

void
va_stored_artifact_free (VaStoredArtifact *artifact)
{
  if (artifact == NULL)
    return;
  g_free (artifact->owner);
  g_free (artifact->hash);
  g_free (artifact);
}

void
va_stored_key_free (VaStoredKey *key)
{
  if (key == NULL)
    return;
  g_clear_pointer (&key->sealed, g_bytes_unref);
  g_free (key);
}

void
va_stored_secret_free (VaStoredSecret *secret)
{
  if (secret == NULL)
    return;
  g_free (secret->owner);
  g_free (secret->name);
  g_clear_pointer (&secret->sealed, g_bytes_unref);
  g_free (secret);
}

void
va_stored_registration_free (VaStoredRegistration *registration)
{
  if (registration == NULL)
    return;
  g_free (registration->id);
  g_free (registration->owner);
  g_free (registration->text);
  g_clear_pointer (&registration->sealed, g_bytes_unref);
  g_free (registration);
}

void
va_stored_launch_free (VaStoredLaunch *launch)
{
  if (launch == NULL)
    return;
  g_free (launch->id);
  g_free (launch->vm);
  g_free (launch->owner);
  g_free (launch->host);
  g_free (launch->domain_uuid);
  g_free (launch->domain_name);
  g_free (launch->generation);
  g_free (launch->fixed);
  g_free (launch->timeline);
  g_free (launch->code);
  g_free (launch->detail);
  g_free (launch->steps);
  g_free (launch->approvals);
  g_free (launch->reason);
  g_clear_pointer (&launch->sealed_keys, g_bytes_unref);
  g_clear_pointer (&launch->sealed_table, g_bytes_unref);
  g_free (launch);
}

void
va_stored_host_free (VaStoredHost *host)
{
  if (host == NULL)
    return;
  g_free (host->name);
  g_free (host->features);
  g_free (host);
}

void
va_stored_audit_free (VaStoredAudit *record)
{
  if (record == NULL)
    return;
  g_free (record->owner);
  g_free (record->launch);
  g_free (record->text);
  g_free (record);
}

void
va_stored_proposal_free (VaStoredProposal *proposal)
{
  if (proposal == NULL)
    return;
  g_free (proposal->vm);
  g_free (proposal->owner);
  g_free (proposal->person);
  g_free (proposal->digest);
  g_free (proposal->text);
  g_clear_pointer (&proposal->sealed, g_bytes_unref);
  g_free (proposal);
}
