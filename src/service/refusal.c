/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/refusal.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "kek/seal.h"
#include "service/log.h"
#include "store/error.h"

gboolean
va_refuse (GError **error, VaProblemCode code, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, VA_PROBLEM_ERROR, code, message);
  return FALSE;
}

static gboolean
refuse_from_store (GError **error, const GError *reason, VaProblemCode not_found)
{
  switch ((VaStoreError) reason->code)
    {
    case VA_STORE_ERROR_NOT_FOUND:
      return va_refuse (error, not_found, "%s", reason->message);
    case VA_STORE_ERROR_AMBIGUOUS:
      return va_refuse (error, VA_PROBLEM_OWNER_NEEDED,
                        _("several owners have a registration of this id, so the guest must name its own: add owner= "
                          "to its "
                          "domain with “virt-attest domain prepare --owner NAME”"));
    case VA_STORE_ERROR_IN_USE:
      return va_refuse (error, VA_PROBLEM_IN_USE, "%s", reason->message);
    case VA_STORE_ERROR_QUOTA:
      return va_refuse (error, VA_PROBLEM_QUOTA, "%s", reason->message);
    case VA_STORE_ERROR_SECRET_MISSING:
      return va_refuse (error, VA_PROBLEM_SECRET_MISSING, "%s", reason->message);
    case VA_STORE_ERROR_ARTIFACT_MISSING:
      return va_refuse (error, VA_PROBLEM_ARTIFACT_MISSING, "%s", reason->message);
    case VA_STORE_ERROR_PERMIT:
      return va_refuse (error, VA_PROBLEM_PERMIT_EXHAUSTED, "%s", reason->message);
    case VA_STORE_ERROR_WAITING:
      return va_refuse (error, VA_PROBLEM_CONFIRMATION_LIMIT, "%s", reason->message);
    case VA_STORE_ERROR_RUNNING:
      return va_refuse (error, VA_PROBLEM_RUNNING_LIMIT, "%s", reason->message);
    case VA_STORE_ERROR_CHANGED:
      return va_refuse (error, VA_PROBLEM_BUSY, _("the registration is being replaced: try again"));
    case VA_STORE_ERROR_AUDIT:
      va_log (VA_LOG_ERROR, "%s", reason->message);
      return va_refuse (error, VA_PROBLEM_AUDIT_BROKEN,
                        _("the audit log in the service's database is not the one that the service wrote; its journal "
                          "says where it differs"));
    case VA_STORE_ERROR_FAILED:
    default:
      va_log (VA_LOG_ERROR, "%s", reason->message);
      return va_refuse (error, VA_PROBLEM_STORE, _("the service's store does not answer; try again later"));
    }
}

gboolean
va_refuse_from (GError **error, GError *reason, VaProblemCode not_found)
{
  g_autoptr(GError) taken = reason;

  if (taken->domain == VA_PROBLEM_ERROR)
    {
      g_propagate_error (error, g_steal_pointer (&taken));
      return FALSE;
    }
  if (taken->domain == VA_SEAL_ERROR)
    {
      va_log (VA_LOG_ERROR, "%s", taken->message);
      return va_refuse (error, VA_PROBLEM_INTERNAL, _("the service cannot decrypt what it has stored; see its log"));
    }
  if (taken->domain == VA_STORE_ERROR)
    return refuse_from_store (error, taken, not_found);
  if (taken->domain == VA_CORE_ERROR)
    return va_refuse (error, VA_PROBLEM_BAD_REQUEST, "%s", taken->message);
  va_log (VA_LOG_ERROR, "%s", taken->message);
  return va_refuse (error, VA_PROBLEM_INTERNAL, _("internal error; see the service's log"));
}

const char *
va_refusal_name (const GError *error)
{
  return va_problem_name (error->domain == VA_PROBLEM_ERROR ? (VaProblemCode) error->code : VA_PROBLEM_INTERNAL);
}

JsonObject *
va_stored_json (const char *text, const char *what, GError **error)
{
  JsonObject *object = text != NULL ? va_json_parse (text, strlen (text), NULL) : NULL;

  if (object == NULL)
    g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN, "the stored %s were changed in the database: not JSON",
                 what);
  return object;
}
