/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/registration-secrets.h"

#include <string.h>
#include "api/members.h"
#include "core/encoding.h"
#include "core/i18n.h"

#define POLICY_BITS 0x3f

static void
rule_free (VaSecretRule *rule)
{
  if (rule == NULL)
    return;
  g_strfreev (rule->hosts);
  g_strfreev (rule->chips);
  g_free (rule);
}

void
va_secret_ref_free (VaSecretRef *ref)
{
  if (ref == NULL)
    return;
  g_free (ref->name);
  rule_free (ref->rule);
  va_secret_free (ref->data);
  g_free (ref);
}

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

static void
read_rule_policy (VaFields *fields, VaSecretRule *rule)
{
  VaFields nested = VA_FIELDS_INIT (va_fields_object (fields, "policy", VA_OPTIONAL), _("policy"));
  guint64 required = 0, forbidden = 0;

  if (nested.object == NULL)
    return;
  va_fields_number (&nested, "required", VA_OPTIONAL, 0, POLICY_BITS, &required);
  va_fields_number (&nested, "forbidden", VA_OPTIONAL, 0, POLICY_BITS, &forbidden);
  if (required == 0 && forbidden == 0)
    va_fields_fail (&nested, "required", _("demands nothing, and nothing is forbidden: name at least one bit"));
  if ((required & forbidden) != 0)
    va_fields_fail (&nested, "forbidden", _("forbids bits that are required: 0x%x"), (guint) (required & forbidden));
  va_fields_nested_end (fields, "policy", &nested);
  rule->policy_required = required;
  rule->policy_forbidden = forbidden;
}

static void
read_rule (VaFields *fields, VaSecretRef *ref)
{
  static const char *const otherwise[] = { "refuse", "omit", NULL };
  VaFields nested = VA_FIELDS_INIT (va_fields_object (fields, "rule", VA_OPTIONAL), _("rule"));
  VaSecretRule *rule;

  if (nested.object == NULL)
    return;
  rule = ref->rule = g_new0 (VaSecretRule, 1);
  read_rule_policy (&nested, rule);
  va_fields_api (&nested, "min-api", &rule->min_api_major, &rule->min_api_minor);
  va_fields_places (&nested, &rule->hosts, &rule->chips);
  if (rule->policy_required == 0 && rule->policy_forbidden == 0 && rule->min_api_major == 0 && rule->min_api_minor == 0
      && rule->hosts == NULL && rule->chips == NULL)
    va_fields_fail (&nested, "policy", _("is missing, and so is everything else: a rule must demand something"));
  rule->omit = va_fields_choice (&nested, "otherwise", VA_OPTIONAL, otherwise) == 1;
  va_fields_nested_end (fields, "rule", &nested);
}

static void
read_by_name (VaFields *fields, VaSecretRef *ref)
{
  const char *name = va_fields_string (fields, "name", VA_REQUIRED, VA_NAME_MAX);

  if (name == NULL)
    return;
  if (!va_secret_name_is_valid (name))
    va_fields_fail (fields, "name", _("expected 1 to %d of A-Z a-z 0-9 . _ -, not beginning with a dot"), VA_NAME_MAX);
  ref->name = g_strdup (name);
  read_rule (fields, ref);
}

static void
read_passphrase (VaFields *fields, VaSecretRef *ref)
{
  static const char *const types[] = { "luks-passphrase", NULL };
  const char *passphrase;

  va_fields_choice (fields, "type", VA_REQUIRED, types);
  passphrase = va_fields_string (fields, "passphrase", VA_REQUIRED, VA_SECRET_TABLE_MAX);
  if (passphrase == NULL)
    return;
  if (passphrase[0] == '\0')
    va_fields_fail (fields, "passphrase", _("is empty"));
  ref->data = va_secret_copy_in (passphrase, strlen (passphrase));
  if (!va_guid_parse (VA_GUID_LUKS_PASSPHRASE, ref->guid, NULL))
    g_assert_not_reached ();
}

static void
read_guid_and_data (VaFields *fields, VaSecretRef *ref)
{
  const char *guid = va_fields_string (fields, "guid", VA_REQUIRED, 36);
  const char *data = va_fields_string (fields, "data", VA_REQUIRED, VA_SECRET_TABLE_MAX * 2);
  g_autoptr(GError) reason = NULL;

  if (data == NULL)
    return;
  if (!va_uuid_is_canonical (guid) || !va_guid_parse (guid, ref->guid, NULL))
    va_fields_fail (fields, "guid", _("expected a GUID in lower case"));
  else if (!va_secret_guid_check (ref->guid, &reason))
    va_fields_fail (fields, "guid", "%s", reason->message);
  g_clear_error (&reason);
  ref->data = va_base64_decode_secret (data, VA_SECRET_TABLE_MAX, &reason);
  if (ref->data == NULL)
    va_fields_fail (fields, "data", "%s", reason->message);
  else if (va_secret_size (ref->data) == 0)
    va_fields_fail (fields, "data", _("is empty"));
  else if (va_secret_guid_is_passphrase (ref->guid)
           && !va_passphrase_check (va_secret_data (ref->data), va_secret_size (ref->data), &reason))
    va_fields_fail (fields, "data", "%s", reason->message);
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

static void
read_secret_ref (VaFields *fields, JsonNode *node, GPtrArray *secrets)
{
  VaFields one = VA_FIELDS_INIT (NULL, _("secret"));
  VaSecretRef *ref;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      va_fields_fail (fields, "secrets", _("element %u: expected an object"), secrets->len + 1);
      return;
    }
  one.object = json_node_get_object (node);
  one.secret = TRUE;
  ref = g_new0 (VaSecretRef, 1);
  if (json_object_has_member (one.object, "name"))
    read_by_name (&one, ref);
  else if (json_object_has_member (one.object, "type"))
    read_passphrase (&one, ref);
  else
    read_guid_and_data (&one, ref);
  va_fields_nested_end (fields, "secrets", &one);
  refuse_repeated (fields, secrets, ref);
  g_ptr_array_add (secrets, ref);
}

GPtrArray *
va_registration_secrets_read (VaFields *fields)
{
  GPtrArray *secrets = g_ptr_array_new_with_free_func ((GDestroyNotify) va_secret_ref_free);
  JsonArray *array = va_fields_array (fields, "secrets", VA_OPTIONAL, VA_SECRETS_MAX);

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    read_secret_ref (fields, json_array_get_element (array, i), secrets);
  return secrets;
}

static JsonObject *
write_rule (const VaSecretRule *rule)
{
  JsonObject *object = json_object_new (), *policy;

  if (rule->policy_required != 0 || rule->policy_forbidden != 0)
    {
      policy = json_object_new ();
      va_json_set_positive (policy, "required", rule->policy_required);
      va_json_set_positive (policy, "forbidden", rule->policy_forbidden);
      json_object_set_object_member (object, "policy", policy);
    }
  va_json_set_api (object, "min-api", rule->min_api_major, rule->min_api_minor);
  va_json_set_strings (object, "hosts", rule->hosts);
  va_json_set_strings (object, "chips", rule->chips);
  if (rule->omit)
    json_object_set_string_member (object, "otherwise", "omit");
  return object;
}

static JsonObject *
write_one (const VaSecretRef *ref, gboolean with_data)
{
  JsonObject *object = json_object_new ();
  g_autofree char *guid = NULL;

  if (ref->name != NULL)
    {
      json_object_set_string_member (object, "name", ref->name);
      if (ref->rule != NULL)
        json_object_set_object_member (object, "rule", write_rule (ref->rule));
      return object;
    }
  guid = va_guid_format (ref->guid);
  json_object_set_string_member (object, "guid", guid);
  if (with_data)
    va_json_set_base64 (object, "data", va_secret_data (ref->data), va_secret_size (ref->data));
  else
    json_object_set_int_member (object, "size", (gint64) va_secret_size (ref->data));
  return object;
}

void
va_registration_secrets_write (JsonObject *object, GPtrArray *secrets, gboolean with_data)
{
  JsonArray *array;

  if (secrets->len == 0)
    return;
  array = json_array_new ();
  for (guint i = 0; i < secrets->len; i++)
    json_array_add_object_element (array, write_one (secrets->pdata[i], with_data));
  json_object_set_array_member (object, "secrets", array);
}
