/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/attempt.h"

#include <string.h>
#include "core/guid.h"
#include "core/i18n.h"
#include "service/refusal.h"

/* The launch that a host names in its message, or that the path names. */
static const char *
launch_of (const VaRequest *request)
{
  const char *claimed = request->entry != NULL ? va_audit_entry_text (request->entry, VA_AUDIT_CLAIMED_LAUNCH) : NULL;

  return claimed != NULL ? claimed : request->parts[0];
}

/* What a host asks for under a registration's id is its own owner's matter: a rule that refuses it is on that owner's
   record. */
static gboolean
is_of_registration (const VaRequest *request)
{
  return request->identity->role == VA_ROLE_OWNER
         && (g_str_has_prefix (request->name, "vm-") || g_str_has_prefix (request->name, "proposal-"));
}

gboolean
va_attempt_find (const VaRequest *request, const GError *error, VaAimed *aimed)
{
  const gint code = error->code;

  *aimed = (VaAimed){ .peer = request->identity->role == VA_ROLE_OWNER ? request->identity->name : "" };
  if (code == VA_PROBLEM_LAUNCH_UNKNOWN)
    {
      aimed->kind = VA_AIMED_LAUNCH;
      aimed->id = launch_of (request);
      return aimed->id != NULL && va_uuid_is_canonical (aimed->id);
    }
  if (code != VA_PROBLEM_VM_UNKNOWN && code != VA_PROBLEM_NOT_FOUND)
    return FALSE;
  aimed->id = request->parts[0];
  if (is_of_registration (request))
    {
      aimed->kind = VA_AIMED_REGISTRATION;
      return aimed->id != NULL && va_uuid_is_canonical (aimed->id);
    }
  aimed->kind = VA_AIMED_SECRET;
  return g_str_has_prefix (request->name, "secret-") && aimed->id != NULL && va_secret_name_is_valid (aimed->id);
}

VaAuditEntry *
va_attempt_write (const VaRequest *request, const GError *error, const VaAimed *aimed)
{
  /* A launch is not “launch-id” here: the launch's own records, which its receipt has, must not be crowded out. */
  static const VaAuditMember members[] = { [VA_AIMED_REGISTRATION] = VA_AUDIT_VM,
                                           [VA_AIMED_SECRET] = VA_AUDIT_SECRET,
                                           [VA_AIMED_LAUNCH] = VA_AUDIT_CLAIMED_LAUNCH };
  const VaAuditPeer who = { .role = va_role_name (request->identity->role), .name = request->identity->name };
  VaAuditEntry *entry = va_audit_entry_new (va_service_now (), "attempt", &who);

  va_audit_entry_set_text (entry, VA_AUDIT_CALL, request->name);
  va_audit_entry_set_text (entry, members[aimed->kind], aimed->id);
  va_audit_entry_refuse (entry, va_refusal_name (error),
                         _("a peer that does not own this asked for it and was refused"));
  return entry;
}
