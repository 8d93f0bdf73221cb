/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/registration-secrets.h"

#include <string.h>
#include "api/members.h"
#include "api/registration.h"
#include "core/i18n.h"

gboolean
va_secret_name_is_valid (const char *name)
{
  gsize length = strlen (name);

  /* No "." first: "." and ".." would vanish from the path of a URL. */
  if (length == 0 || length > VA_NAME_MAX || name[0] == '.')
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (name[i]) && strchr ("._-", name[i]) == NULL)
      return FALSE;
  return TRUE;
}

static const VaMember policy_members[] = {
  VA_MEMBER_POLICY_BITS ("required", VaSecretRule, policy_required),
  VA_MEMBER_POLICY_BITS ("forbidden", VaSecretRule, policy_forbidden),
};

static void
check_demanded_policy (VaFields *fields, gconstpointer message)
{
  const VaSecretRule *rule = message;

  va_fields_check_policy_rule (fields, rule->policy_required, rule->policy_forbidden);
}

static const VaMessage demanded_policy = { .where = N_("policy"),
                                           VA_MESSAGE_MEMBERS (policy_members),
                                           .check = check_demanded_policy };

static const VaMember api_members[] = {
  VA_MEMBER_API_BYTE ("major", VaSecretRule, min_api_major),
  VA_MEMBER_API_BYTE ("minor", VaSecretRule, min_api_minor),
};
static const VaMessage demanded_api = { .where = "min-api", VA_MESSAGE_MEMBERS (api_members) };

static const char *const otherwise[] = { "refuse", "omit", NULL };
static const VaMember rule_members[] = {
  { "policy", VA_OPTIONAL, VA_MEMBER_GROUP (demanded_policy) },
  { "min-api", VA_OPTIONAL, VA_MEMBER_GROUP (demanded_api) },
  VA_MEMBER_HOSTS (VaSecretRule, hosts),
  VA_MEMBER_CHIPS (VaSecretRule, chips),
  { "otherwise", VA_OPTIONAL, VA_MEMBER_CHOICE (VaSecretRule, omit, otherwise) },
};

static void
check_rule_demands (VaFields *fields, gconstpointer message)
{
  const VaSecretRule *rule = message;

  if (rule->policy_required == 0 && rule->policy_forbidden == 0 && rule->min_api_major == 0 && rule->min_api_minor == 0
      && rule->hosts == NULL && rule->chips == NULL)
    va_fields_fail (fields, "policy", _("is missing: a rule must have at least one condition"));
}

static const VaMessage secret_rule = {
  .where = N_("rule"), .size = sizeof (VaSecretRule), VA_MESSAGE_MEMBERS (rule_members), .check = check_rule_demands
};

static const VaMember name_members[] = {
  { "name", VA_REQUIRED, VA_MEMBER_STRING (VaSecretRef, name), .min = 1, .max = VA_NAME_MAX,
    .valid = va_secret_name_is_valid,
    .expected = N_("expected 1 to 128 of A-Z a-z 0-9 . _ -, not beginning with a dot") },
  { "rule", VA_OPTIONAL, VA_MEMBER_MESSAGE (VaSecretRef, rule, VaSecretRule, secret_rule) },
};
G_STATIC_ASSERT (VA_NAME_MAX == 128); /* as the sentence says */
static const VaMessage by_name = { .where = N_("secret"), .secret = TRUE, VA_MESSAGE_MEMBERS (name_members) };

/* A passphrase is written as what it becomes: a GUID and data. */
static void
read_secret_type (VaFields *fields, const VaMember *member, gpointer message)
{
  VaSecretRef *ref = message;

  va_fields_choice (fields, member->name, member->presence, member->choices);
  if (!va_guid_parse (VA_GUID_LUKS_PASSPHRASE, ref->guid, NULL))
    g_assert_not_reached ();
}

static void
read_passphrase (VaFields *fields, const VaMember *member, gpointer message)
{
  VaSecretRef *ref = message;
  const char *passphrase = va_fields_string (fields, member->name, member->presence, member->max);

  if (passphrase == NULL)
    return;
  if (passphrase[0] == '\0')
    va_fields_fail (fields, member->name, _("is empty"));
  ref->data = va_secret_copy_in (passphrase, strlen (passphrase));
}

static const char *const secret_types[] = { "luks-passphrase", NULL };
static const VaCustomMember secret_type = { "choice", read_secret_type, .write = NULL, .clear = NULL };
static const VaCustomMember passphrase = { "string", read_passphrase, .write = NULL, .clear = NULL };
static const VaMember passphrase_members[] = {
  { "type", VA_REQUIRED, VA_MEMBER_CUSTOM (secret_type), .choices = secret_types },
  { "passphrase", VA_REQUIRED, VA_MEMBER_CUSTOM (passphrase), .min = 1, .max = VA_SECRET_TABLE_MAX },
};
static const VaMessage by_passphrase = { .where = N_("secret"),
                                         .secret = TRUE,
                                         VA_MESSAGE_MEMBERS (passphrase_members) };

static void
read_secret_guid (VaFields *fields, const VaMember *member, gpointer message)
{
  VaSecretRef *ref = message;
  const char *guid = va_fields_string (fields, member->name, member->presence, 36);
  g_autoptr(GError) reason = NULL;

  if (guid == NULL)
    return;
  if (!va_uuid_is_canonical (guid) || !va_guid_parse (guid, ref->guid, NULL))
    va_fields_fail (fields, member->name, _("expected a GUID in lower case"));
  else if (!va_secret_guid_check (ref->guid, &reason))
    va_fields_fail (fields, member->name, "%s", reason->message);
}

static void
write_secret_guid (JsonObject *object, const VaMember *member, gconstpointer message)
{
  g_autofree char *guid = va_guid_format (((const VaSecretRef *) message)->guid);

  json_object_set_string_member (object, member->name, guid);
}

static void
write_secret_size (JsonObject *object, const VaMember *member, gconstpointer message)
{
  json_object_set_int_member (object, member->name, (gint64) va_secret_size (((const VaSecretRef *) message)->data));
}

static void
check_secret_data (VaFields *fields, gconstpointer message)
{
  const VaSecretRef *ref = message;
  g_autoptr(GError) reason = NULL;

  if (va_secret_guid_is_passphrase (ref->guid)
      && !va_passphrase_check (va_secret_data (ref->data), va_secret_size (ref->data), &reason))
    va_fields_fail (fields, "data", "%s", reason->message);
}

static const VaCustomMember secret_guid = { "uuid", read_secret_guid, write_secret_guid, .clear = NULL };
static const VaCustomMember secret_size = { "number", .read = NULL, write_secret_size, .clear = NULL };
static const VaMember data_members[] = {
  { "guid", VA_REQUIRED, VA_MEMBER_CUSTOM (secret_guid) },
  { "data", VA_REQUIRED, VA_MEMBER_SECRET (VaSecretRef, data), .min = 1, .max = VA_SECRET_TABLE_MAX },
};
static const VaMessage by_data = {
  .where = N_("secret"), .secret = TRUE, VA_MESSAGE_MEMBERS (data_members), .check = check_secret_data
};
static const VaMember size_members[] = {
  { "guid", VA_REQUIRED, VA_MEMBER_CUSTOM (secret_guid) },
  { "size", VA_REQUIRED, VA_MEMBER_CUSTOM (secret_size), .min = 1, .max = VA_SECRET_TABLE_MAX },
};
static const VaMessage by_size = { VA_MESSAGE_MEMBERS (size_members) };

void
va_secret_ref_free (VaSecretRef *ref)
{
  if (ref == NULL)
    return;
  va_message_clear (&by_name, ref);
  va_message_clear (&by_data, ref);
  g_free (ref);
}

static gboolean
same_secret (const VaSecretRef *a, const VaSecretRef *b)
{
  if (a->name != NULL || b->name != NULL)
    return g_strcmp0 (a->name, b->name) == 0;
  return memcmp (a->guid, b->guid, VA_GUID_SIZE) == 0;
}

static void
refuse_repeated (VaFields *fields, GPtrArray *secrets, const VaSecretRef *ref)
{
  for (guint i = 0; i < secrets->len; i++)
    if (same_secret (secrets->pdata[i], ref))
      va_fields_fail (fields, "secrets", _("element %u names the same secret as element %u"), secrets->len + 1, i + 1);
}

static const VaMessage *
choose_secret_table (JsonObject *object)
{
  if (json_object_has_member (object, "name"))
    return &by_name;
  return json_object_has_member (object, "type") ? &by_passphrase : &by_data;
}

static void
read_secret_ref (VaFields *fields, const VaMember *member, JsonNode *node, GPtrArray *secrets)
{
  VaFields one = VA_FIELDS_INIT (NULL, _(by_data.where));
  VaSecretRef *ref;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      va_fields_fail (fields, member->name, _("element %u: expected an object"), secrets->len + 1);
      return;
    }
  one.object = json_node_get_object (node);
  one.secret = TRUE;
  ref = g_new0 (VaSecretRef, 1);
  va_message_read_members (choose_secret_table (one.object), &one, ref);
  va_fields_nested_end (fields, member->name, &one);
  refuse_repeated (fields, secrets, ref);
  g_ptr_array_add (secrets, ref);
}

static void
read_secrets (VaFields *fields, const VaMember *member, gpointer message)
{
  GPtrArray *secrets = g_ptr_array_new_with_free_func ((GDestroyNotify) va_secret_ref_free);
  JsonArray *array = va_fields_array (fields, member->name, member->presence, member->elements);

  ((VaRegistration *) message)->secrets = secrets;
  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    read_secret_ref (fields, member, json_array_get_element (array, i), secrets);
}

static void
write_secrets (JsonObject *object, const VaMember *member, gconstpointer message)
{
  GPtrArray *secrets = ((const VaRegistration *) message)->secrets;
  const VaMessage *of_inline = member->custom == &va_registration_secrets ? &by_data : &by_size;
  JsonArray *array;

  if (secrets->len == 0)
    return;
  array = json_array_new ();
  for (guint i = 0; i < secrets->len; i++)
    {
      const VaSecretRef *ref = secrets->pdata[i];

      json_array_add_object_element (array, va_message_write (ref->name != NULL ? &by_name : of_inline, ref));
    }
  json_object_set_array_member (object, member->name, array);
}

static void
clear_secrets (gpointer message)
{
  g_clear_pointer (&((VaRegistration *) message)->secrets, g_ptr_array_unref);
}

static const VaMessage *const secret_kinds[] = { &by_name, &by_passphrase, &by_data, NULL };
static const VaMessage *const shown_kinds[] = { &by_name, &by_size, NULL };

const VaCustomMember va_registration_secrets = { "alternatives", read_secrets, write_secrets, clear_secrets,
                                                 secret_kinds };
const VaCustomMember va_registration_secret_sizes = { "alternatives", read_secrets, write_secrets, clear_secrets,
                                                      shown_kinds };
