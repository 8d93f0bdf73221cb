/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "audit/entry.h"

#include "audit/chain.h"
#include "core/encoding.h"
#include "core/random.h"

#define RESULT "result" /* the verdict has its place among the members, from where it was first set */

struct _VaAuditEntry {
  VaAuditVerdict verdict;
  JsonObject *members; /* in their order */
};

static const char *const verdict_words[] = {
#define VA_AUDIT_VERDICT(name, word) [VA_AUDIT_VERDICT_##name] = word,
  VA_AUDIT_VERDICTS (VA_AUDIT_VERDICT)
#undef VA_AUDIT_VERDICT
};

static const char *const member_names[VA_AUDIT_MEMBER_COUNT] = {
#define VA_AUDIT_MEMBER(member, name) [VA_AUDIT_##member] = name,
  VA_AUDIT_MEMBERS (VA_AUDIT_MEMBER)
#undef VA_AUDIT_MEMBER
};

static JsonObject *
write_audit_peer (const VaAuditPeer *who)
{
  const struct {
    const char *name, *text;
  } members[] = {
    { "role", who->role },
    { "name", who->name },
    { "user", who->user },
    { "person", who->person },
    { "certificate", who->certificate },
  };
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    if (members[i].text != NULL)
      json_object_set_string_member (object, members[i].name, members[i].text);
  return object;
}

VaAuditEntry *
va_audit_entry_new (gint64 time, const char *what, const VaAuditPeer *who)
{
  VaAuditEntry *entry = g_new0 (VaAuditEntry, 1);

  entry->members = json_object_new ();
  json_object_set_int_member (entry->members, "time", time);
  json_object_set_string_member (entry->members, "what", what);
  if (who != NULL)
    json_object_set_object_member (entry->members, "who", write_audit_peer (who));
  return entry;
}

void
va_audit_entry_free (VaAuditEntry *entry)
{
  if (entry == NULL)
    return;
  json_object_unref (entry->members);
  g_free (entry);
}

void
va_audit_entry_decide (VaAuditEntry *entry, VaAuditVerdict verdict)
{
  g_return_if_fail (verdict != VA_AUDIT_VERDICT_REFUSED && verdict < G_N_ELEMENTS (verdict_words));
  entry->verdict = verdict;
  if (verdict == VA_AUDIT_VERDICT_NONE)
    json_object_remove_member (entry->members, RESULT);
  else
    json_object_set_string_member (entry->members, RESULT, verdict_words[verdict]);
}

void
va_audit_entry_refuse (VaAuditEntry *entry, const char *code, const char *why)
{
  entry->verdict = VA_AUDIT_VERDICT_REFUSED;
  json_object_set_string_member (entry->members, RESULT, code);
  va_audit_entry_set_text (entry, VA_AUDIT_WHY, why);
}

VaAuditVerdict
va_audit_entry_verdict (const VaAuditEntry *entry)
{
  return entry->verdict;
}

void
va_audit_entry_set_text (VaAuditEntry *entry, VaAuditMember member, const char *text)
{
  json_object_set_string_member (entry->members, member_names[member], text);
}

void
va_audit_entry_set_number (VaAuditEntry *entry, VaAuditMember member, gint64 number)
{
  json_object_set_int_member (entry->members, member_names[member], number);
}

void
va_audit_entry_set_flag (VaAuditEntry *entry, VaAuditMember member)
{
  json_object_set_boolean_member (entry->members, member_names[member], TRUE);
}

void
va_audit_entry_set_hash (VaAuditEntry *entry, VaAuditMember member, gconstpointer data, gsize size)
{
  g_autofree char *hex = va_audit_hash (data, size);

  va_audit_entry_set_text (entry, member, hex);
}

void
va_audit_entry_set_names (VaAuditEntry *entry, VaAuditMember member, const GPtrArray *names)
{
  JsonArray *array = json_array_sized_new (names->len);

  for (guint i = 0; i < names->len; i++)
    json_array_add_string_element (array, names->pdata[i]);
  json_object_set_array_member (entry->members, member_names[member], array);
}

void
va_audit_entry_set_object (VaAuditEntry *entry, VaAuditMember member, JsonObject *object)
{
  json_object_set_object_member (entry->members, member_names[member], object);
}

void
va_audit_entry_clear (VaAuditEntry *entry, VaAuditMember member)
{
  json_object_remove_member (entry->members, member_names[member]);
}

const char *
va_audit_entry_text (const VaAuditEntry *entry, VaAuditMember member)
{
  return json_object_get_string_member_with_default (entry->members, member_names[member], NULL);
}

static void
copy_audit_member (JsonObject *object, const char *name, JsonNode *node, gpointer record)
{
  (void) object;
  json_object_set_member (record, name, json_node_copy (node));
}

char *
va_audit_entry_write (const VaAuditEntry *entry, guint64 seq)
{
  g_autoptr(JsonObject) record = json_object_new ();
  guint8 salt[VA_AUDIT_SALT_SIZE];
  g_autofree char *hex = NULL;

  g_return_val_if_fail (entry->verdict != VA_AUDIT_VERDICT_NONE, NULL);
  va_random_fill (salt, sizeof salt);
  hex = va_hex_encode (salt, sizeof salt);
  json_object_set_int_member (record, "seq", (gint64) seq);
  json_object_foreach_member (entry->members, copy_audit_member, record);
  json_object_set_string_member (record, "salt", hex);
  return va_json_print (record);
}
