/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/registration-policy.h"

#include "api/members.h"
#include "core/i18n.h"
#include "tee/sev/policy.h"

/* What the scheme says of the policy by itself. */
static guint64
scheme_required (const VaRegistration *registration)
{
  return registration->scheme == VA_SCHEME_SEV_ES ? VA_POLICY_ES : 0;
}

static guint64
scheme_forbidden (const VaRegistration *registration)
{
  return registration->scheme == VA_SCHEME_SEV_ES ? 0 : VA_POLICY_ES;
}

void
va_registration_policy_bits (const VaRegistration *registration, guint64 *required, guint64 *forbidden)
{
  *required = registration->policy | scheme_required (registration);
  *forbidden = registration->policy_forbidden | scheme_forbidden (registration);
}

gboolean
va_registration_allows_policy (const VaRegistration *registration, guint64 policy)
{
  guint64 required, forbidden;

  if (!registration->policy_is_rule)
    return policy == registration->policy;
  va_registration_policy_bits (registration, &required, &forbidden);
  return (policy & required) == required && (policy & forbidden) == 0;
}

void
va_fields_check_registration_policy (VaFields *fields, const VaRegistration *registration)
{
  g_autoptr(GError) reason = NULL;
  gboolean rule = registration->policy_is_rule;
  guint64 never = rule ? registration->policy_forbidden : ~registration->policy;
  gboolean debug = (registration->policy & VA_POLICY_NODBG) == 0;

  if (!rule && !va_policy_check ((guint32) registration->policy, &reason))
    va_fields_fail (fields, "policy", "%s", reason->message);
  if ((scheme_required (registration) & never) != 0)
    va_fields_fail (fields, "policy", _("amd-sev-es requires bit 2 (ES)"));
  if ((registration->policy & scheme_forbidden (registration)) != 0)
    va_fields_fail (fields, "policy", _("amd-sev requires bit 2 (ES) to be clear"));
  if (debug && !registration->allow_debug)
    va_fields_fail (fields, "policy",
                    rule
                      ? _("does not require bit 0 (NODBG), so the host may read the guest's memory; require it, or say "
                          "allow-debug if that is meant")
                      : _("lacks bit 0 (NODBG), so the host may read the guest's memory; set it, or say allow-debug if "
                          "that is meant"));
  if (!debug && registration->allow_debug)
    va_fields_fail (fields, "allow-debug", _("is allowed only with a policy without bit 0 (NODBG)"));
}

gboolean
va_registration_check_policy (const VaRegistration *registration, GError **error)
{
  VaFields fields = VA_FIELDS_INIT (NULL, _("registration"));

  va_fields_check_registration_policy (&fields, registration);
  if (fields.error == NULL)
    return TRUE;
  g_propagate_error (error, fields.error);
  return FALSE;
}

static const VaMember rule_members[] = {
  VA_MEMBER_POLICY_BITS ("required", VaRegistration, policy),
  VA_MEMBER_POLICY_BITS ("forbidden", VaRegistration, policy_forbidden),
};

static void
check_registered_rule (VaFields *fields, gconstpointer message)
{
  const VaRegistration *registration = message;

  va_fields_check_policy_rule (fields, registration->policy, registration->policy_forbidden);
}

const VaMessage va_registration_policy_rule = {
  .where = N_("policy"),
  VA_MESSAGE_MEMBERS (rule_members),
  .check = check_registered_rule,
};

static void
read_registered_policy (VaFields *fields, const VaMember *member, gpointer message)
{
  JsonNode *node = json_object_get_member (fields->object, member->name);
  VaRegistration *registration = message;
  VaFields nested = VA_FIELDS_INIT (NULL, _(va_registration_policy_rule.where));

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    {
      va_fields_number (fields, member->name, VA_REQUIRED, member->min, member->max, &registration->policy);
      return;
    }
  nested.object = va_fields_object (fields, member->name, VA_REQUIRED);
  if (nested.object == NULL) /* after a first mistake */
    return;
  registration->policy_is_rule = TRUE;
  va_message_read_members (&va_registration_policy_rule, &nested, registration);
  va_fields_nested_end (fields, member->name, &nested);
}

static void
write_registered_policy (JsonObject *object, const VaMember *member, gconstpointer message)
{
  const VaRegistration *registration = message;

  if (registration->policy_is_rule)
    json_object_set_object_member (object, member->name, va_message_write (&va_registration_policy_rule, registration));
  else
    json_object_set_int_member (object, member->name, (gint64) registration->policy);
}

const VaCustomMember va_registration_policy = { "number-or-object", read_registered_policy, write_registered_policy,
                                                .clear = NULL };
