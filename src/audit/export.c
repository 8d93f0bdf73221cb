/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "audit/export.h"

#include <inttypes.h>
#include <string.h>
#include "core/error.h"
#include "core/i18n.h"

#define RECEIPT_RECORDS_MAX 64
#define LAUNCH_ID_MAX 36

/* What a receipt says of one place in the chain. */
typedef struct {
  guint64 seq;
  guint8 link[VA_AUDIT_LINK_SIZE];
  gboolean met;
} Expected;

struct _VaAuditCheck {
  VaVerifier *verifier;
  guint64 line;
  guint8 link[VA_AUDIT_LINK_SIZE]; /* behind the last record */
  VaAuditFound found;
  GHashTable *expected; /* seq -> Expected */
};

VaAuditCheck *
va_audit_check_new (VaVerifier *verifier)
{
  VaAuditCheck *check = g_new0 (VaAuditCheck, 1);

  check->verifier = verifier;
  check->expected = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  return check;
}

void
va_audit_check_free (VaAuditCheck *check)
{
  if (check == NULL)
    return;
  g_hash_table_unref (check->expected);
  g_free (check);
}

const VaAuditFound *
va_audit_check_found (const VaAuditCheck *check)
{
  return &check->found;
}

/* One record is behind the last one. */
static gboolean
go_on (VaAuditCheck *check, const guint8 digest[VA_AUDIT_LINK_SIZE], GError **error)
{
  Expected *expected;

  check->found.records++;
  va_audit_link (check->link, digest, check->link);
  expected = g_hash_table_lookup (check->expected, &check->found.records);
  if (expected == NULL)
    return TRUE;
  if (memcmp (expected->link, check->link, VA_AUDIT_LINK_SIZE) != 0)
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                         _("a receipt contradicts record %" PRIu64
                           " or an earlier one: the log was changed after the receipt was issued"),
                         expected->seq);
  expected->met = TRUE;
  return TRUE;
}

static gboolean
take_digest (VaAuditCheck *check, JsonObject *object, GError **error)
{
  VaFields fields = VA_FIELDS_INIT (object, _("digest"));
  guint8 digest[VA_AUDIT_LINK_SIZE];

  va_fields_hex (&fields, "digest", VA_REQUIRED, digest, sizeof digest);
  if (!va_fields_end (&fields, error) || !go_on (check, digest, error))
    return FALSE;
  check->found.hidden++;
  return TRUE;
}

static gboolean
read_seq (JsonObject *object, guint64 *seq)
{
  JsonNode *node = json_object_get_member (object, "seq");

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64
      || json_node_get_int (node) < 1)
    return FALSE;
  *seq = (guint64) json_node_get_int (node);
  return TRUE;
}

static gboolean
take_record (VaAuditCheck *check, JsonObject *object, const char *text, GError **error)
{
  guint8 digest[VA_AUDIT_LINK_SIZE];
  guint64 seq = 0;

  if (!read_seq (object, &seq))
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("expected a record, a digest or a checkpoint"));
  if (seq != check->found.records + 1)
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                         _("found record %" PRIu64 " where record %" PRIu64
                           " was expected: a record was removed, added or moved"),
                         seq, check->found.records + 1);
  va_audit_digest (text, digest);
  return go_on (check, digest, error);
}

/* The checkpoint that is the only member, @name, of a line; @place: for messages. Its signature is not looked at. */
static VaCheckpoint *
read_signed (JsonObject *object, const char *name, const char *place, GError **error)
{
  VaFields fields = VA_FIELDS_INIT (object, place);
  JsonObject *inner = va_fields_object (&fields, name, VA_REQUIRED);

  return va_fields_end (&fields, error) ? va_checkpoint_read (inner, error) : NULL;
}

/* What was pruned is not there, but the link behind it is signed. */
static gboolean
take_anchor (VaAuditCheck *check, JsonObject *object, GError **error)
{
  g_autoptr(VaCheckpoint) checkpoint = read_signed (object, "anchor", _("anchor"), error);

  if (checkpoint == NULL)
    return FALSE;
  if (check->line != 2)
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                         _("an anchor follows records, but it can only be at the start of an export"));
  if (!va_verifier_check (check->verifier, checkpoint, error))
    {
      g_prefix_error (error, _("the anchor at record %" PRIu64 ": "), checkpoint->seq);
      return FALSE;
    }
  memcpy (check->link, checkpoint->link, VA_AUDIT_LINK_SIZE);
  check->found.records = check->found.pruned = check->found.covered = checkpoint->seq;
  check->found.pruned_time = checkpoint->time;
  check->found.covered_time = checkpoint->time;
  check->found.checkpoints++;
  return TRUE;
}

static gboolean
take_checkpoint (VaAuditCheck *check, JsonObject *object, GError **error)
{
  g_autoptr(VaCheckpoint) checkpoint = read_signed (object, "checkpoint", _("checkpoint"), error);

  if (checkpoint == NULL)
    return FALSE;
  if (!va_verifier_check (check->verifier, checkpoint, error))
    {
      g_prefix_error (error, _("the checkpoint after record %" PRIu64 ": "), checkpoint->seq);
      return FALSE;
    }
  if (checkpoint->seq != check->found.records)
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                         _("the checkpoint for record %" PRIu64 " follows record %" PRIu64
                           ": records were removed, added or moved"),
                         checkpoint->seq, check->found.records);
  if (memcmp (checkpoint->link, check->link, VA_AUDIT_LINK_SIZE) != 0)
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                         _("the checkpoint after record %" PRIu64 " does not match: one of the records %" PRIu64
                           " to %" PRIu64 " was changed, removed or moved"),
                         checkpoint->seq, MIN (check->found.covered + 1, checkpoint->seq), checkpoint->seq);
  check->found.checkpoints++;
  check->found.covered = checkpoint->seq;
  check->found.covered_time = checkpoint->time;
  return TRUE;
}

static gboolean
take_export_line (VaAuditCheck *check, const char *line, GError **error)
{
  g_autoptr(JsonObject) object = NULL;

  if (check->line == 1)
    return g_str_equal (line, VA_AUDIT_EXPORT_HEAD)
           || va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                            _("this is not an export of the audit log: expected %s"), VA_AUDIT_EXPORT_HEAD);
  object = va_json_parse (line, strlen (line), error);
  if (object == NULL)
    return FALSE;
  if (json_object_has_member (object, "anchor"))
    return take_anchor (check, object, error);
  if (json_object_has_member (object, "checkpoint"))
    return take_checkpoint (check, object, error);
  if (json_object_has_member (object, "digest"))
    return take_digest (check, object, error);
  return take_record (check, object, line, error);
}

gboolean
va_audit_check_line (VaAuditCheck *check, const char *line, GError **error)
{
  check->line++;
  if (take_export_line (check, line, error))
    return TRUE;
  g_prefix_error (error, _("line %" PRIu64 ": "), check->line);
  return FALSE;
}

gboolean
va_audit_check_end (VaAuditCheck *check, GError **error)
{
  GHashTableIter iter;
  gpointer value;

  if (check->line == 0)
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("the export is empty"));
  if (check->found.checkpoints == 0 || check->found.covered != check->found.records)
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                         _("the export ends after record %" PRIu64 " without a checkpoint for it: it was truncated"),
                         check->found.records);
  g_hash_table_iter_init (&iter, check->expected);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (!((const Expected *) value)->met && ((const Expected *) value)->seq <= check->found.pruned)
      return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                           _("a receipt is for record %" PRIu64 ", but the export begins after record %" PRIu64
                             " because the log was pruned: check the receipt against an earlier export"),
                           ((const Expected *) value)->seq, check->found.pruned);
    else if (!((const Expected *) value)->met)
      return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                           _("a receipt is for record %" PRIu64 ", but the export ends with record %" PRIu64
                             ": records were removed from its end, or it is older than the receipt"),
                           ((const Expected *) value)->seq, check->found.records);
  return TRUE;
}

static gboolean
is_record_of (const char *text, const char *launch, guint64 seq)
{
  g_autoptr(JsonObject) record = va_json_parse (text, strlen (text), NULL);
  JsonNode *id = record != NULL ? json_object_get_member (record, "launch-id") : NULL;
  guint64 said = 0;

  return id != NULL && JSON_NODE_HOLDS_VALUE (id) && json_node_get_value_type (id) == G_TYPE_STRING
         && g_str_equal (json_node_get_string (id), launch) && read_seq (record, &said) && said == seq;
}

/* One record of a receipt: its link must be the one that its checkpoint signs. */
static gboolean
check_receipt_record (VaVerifier *verifier, const char *launch, JsonNode *node, VaReceiptRecord each,
                      gpointer user_data, GError **error)
{
  VaFields fields = VA_FIELDS_INIT (JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL, _("record"));
  guint8 before[VA_AUDIT_LINK_SIZE], digest[VA_AUDIT_LINK_SIZE], link[VA_AUDIT_LINK_SIZE];
  g_autoptr(VaCheckpoint) checkpoint = NULL;
  JsonObject *signature;
  const char *text;

  if (fields.object == NULL)
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("a record is not an object"));
  va_fields_hex (&fields, "before", VA_REQUIRED, before, sizeof before);
  text = va_fields_string (&fields, "text", VA_REQUIRED, VA_AUDIT_TEXT_MAX);
  signature = va_fields_object (&fields, "checkpoint", VA_REQUIRED);
  if (!va_fields_end (&fields, error))
    return FALSE;
  checkpoint = va_checkpoint_read (signature, error);
  if (checkpoint == NULL || !va_verifier_check (verifier, checkpoint, error))
    return FALSE;
  va_audit_digest (text, digest);
  va_audit_link (before, digest, link);
  if (memcmp (link, checkpoint->link, VA_AUDIT_LINK_SIZE) != 0)
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                         _("record %" PRIu64 " is not the one that was signed"), checkpoint->seq);
  if (!is_record_of (text, launch, checkpoint->seq))
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("record %" PRIu64 " is not one of launch %s"),
                         checkpoint->seq, launch);
  if (each != NULL)
    each (text, checkpoint, user_data);
  return TRUE;
}

gboolean
va_receipt_check (VaVerifier *verifier, const char *text, VaReceiptRecord each, gpointer user_data, GError **error)
{
  g_autoptr(JsonObject) object = va_json_parse (text, strlen (text), error);
  VaFields fields = VA_FIELDS_INIT (object, _("receipt"));
  const char *launch;
  JsonArray *records;

  if (object == NULL)
    return FALSE;
  launch = va_fields_string (&fields, "launch-id", VA_REQUIRED, LAUNCH_ID_MAX);
  records = va_fields_array (&fields, "records", VA_REQUIRED, RECEIPT_RECORDS_MAX);
  if (!va_fields_end (&fields, error))
    return FALSE;
  if (json_array_get_length (records) == 0)
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("the receipt has no records"));
  for (guint i = 0; i < json_array_get_length (records); i++)
    if (!check_receipt_record (verifier, launch, json_array_get_element (records, i), each, user_data, error))
      {
        g_prefix_error (error, _("the receipt: "));
        return FALSE;
      }
  return TRUE;
}

static void
expect_checkpoint (const char *text, const VaCheckpoint *checkpoint, gpointer user_data)
{
  VaAuditCheck *check = user_data;
  Expected *expected = g_new0 (Expected, 1);

  (void) text;
  expected->seq = checkpoint->seq;
  memcpy (expected->link, checkpoint->link, VA_AUDIT_LINK_SIZE);
  g_hash_table_replace (check->expected, &expected->seq, expected);
}

gboolean
va_audit_check_receipt (VaAuditCheck *check, const char *text, GError **error)
{
  return va_receipt_check (check->verifier, text, expect_checkpoint, check, error);
}
