/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <inttypes.h>
#include <string.h>
#include "audit/checkpoint.h"
#include "core/i18n.h"
#include "kek/seal.h"
#include "store/table.h"

/* The audit log's tables, which no other row refers to, and how copies of them are checked on the way. */

#define ANCHOR_COLUMNS(FIRST, NEXT, R) \
  FIRST (R, seq, number) NEXT (R, link, bytes) NEXT (R, time, number) NEXT (R, text, text) NEXT (R, mac, bytes)
#define AUDIT_COLUMNS(FIRST, NEXT, R) \
  FIRST (R, seq, number) \
  NEXT (R, owner, text) \
  NEXT (R, launch, text) NEXT (R, link, bytes) NEXT (R, text, text) NEXT (R, digest, bytes) NEXT (R, mac, bytes)
#define CHECKPOINT_COLUMNS(FIRST, NEXT, R) FIRST (R, seq, number) NEXT (R, text, text)
#define COPIED_COLUMN(R, column, kind) VA_STORE_COPIED (column, kind),

enum { ANCHOR_COLUMNS (VA_STORE_AT, VA_STORE_AT, ANCHOR_AT) };
enum { AUDIT_COLUMNS (VA_STORE_AT, VA_STORE_AT, AUDIT_AT) };
enum { CHECKPOINT_COLUMNS (VA_STORE_AT, VA_STORE_AT, CHECKPOINT_AT) };
static const VaStoreColumn anchor_columns[] = { ANCHOR_COLUMNS (COPIED_COLUMN, COPIED_COLUMN, ) };
static const VaStoreColumn audit_columns[] = { AUDIT_COLUMNS (COPIED_COLUMN, COPIED_COLUMN, ) };
static const VaStoreColumn checkpoint_columns[] = { CHECKPOINT_COLUMNS (COPIED_COLUMN, COPIED_COLUMN, ) };

/* Where the log was pruned, it begins behind an anchor that has a text; its MAC is checked when all is copied. */
static gboolean
begin_chain (VaStoreChain *chain, VaDbStatement *row, GError **error)
{
  g_autoptr(GBytes) link = va_db_column_bytes (row, ANCHOR_AT_link);

  (void) error;
  if (va_db_column_is_null (row, ANCHOR_AT_text) || link == NULL || g_bytes_get_size (link) != sizeof chain->link)
    return TRUE;
  chain->seq = (guint64) va_db_column_number (row, ANCHOR_AT_seq);
  memcpy (chain->link, g_bytes_get_data (link, NULL), sizeof chain->link);
  return TRUE;
}

/* The chain is checked on the way, so that nobody builds on one that does not hold. */
static gboolean
follow_chain (VaStoreChain *chain, VaDbStatement *row, GError **error)
{
  g_autofree char *text = va_db_column_text (row, AUDIT_AT_text);
  g_autoptr(GBytes) link = va_db_column_bytes (row, AUDIT_AT_link);
  guint8 digest[VA_AUDIT_LINK_SIZE];
  gsize size;
  const guint8 *data = link != NULL ? g_bytes_get_data (link, &size) : NULL;

  chain->seq++;
  va_audit_digest (text != NULL ? text : "", digest);
  va_audit_link (chain->link, digest, chain->link);
  if (text != NULL && data != NULL && (guint64) va_db_column_number (row, AUDIT_AT_seq) == chain->seq
      && size == sizeof chain->link && memcmp (data, chain->link, size) == 0)
    return TRUE;
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED,
               _("the audit log's record %" PRIu64 " was changed, or one before it is missing"), chain->seq);
  return FALSE;
}

/* The number that a checkpoint was signed for; 0: it is not one. */
static guint64
signed_record (const char *text)
{
  g_autoptr(JsonObject) object = text != NULL ? va_json_parse (text, strlen (text), NULL) : NULL;
  g_autoptr(VaCheckpoint) checkpoint = object != NULL ? va_checkpoint_read (object, NULL) : NULL;

  return checkpoint != NULL ? checkpoint->seq : 0;
}

/* All of the log was copied before. A service signs what it has written, so a log that ends before was cut. */
static gboolean
check_signed (VaStoreChain *chain, VaDbStatement *row, GError **error)
{
  g_autofree char *text = va_db_column_text (row, CHECKPOINT_AT_text);
  guint64 seq = MAX ((guint64) va_db_column_number (row, CHECKPOINT_AT_seq), signed_record (text));

  if (seq <= chain->seq)
    return TRUE;
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_AUDIT,
               _("the audit log ends at record %" PRIu64 ", but a service has signed it up to record %" PRIu64
                 ": its newest records were removed. Compare it with receipts and exports, and use a backup that has "
                 "them"),
               chain->seq, seq);
  return FALSE;
}

const VaStoreTable va_store_table_audit_anchor = {
  .name = "audit_anchor",
  .columns = anchor_columns,
  .length = G_N_ELEMENTS (anchor_columns),
  .needs_keys = TRUE,
  .rows = " ORDER BY seq",
  .check = begin_chain,
};

/* Records follow each other without a gap, and there may be millions of them. */
const VaStoreTable va_store_table_audit = {
  .name = "audit",
  .columns = audit_columns,
  .length = G_N_ELEMENTS (audit_columns),
  .counts = "SELECT COALESCE (max(seq) - min(seq) + 1, 0) FROM audit",
  .is_content = TRUE,
  .needs_keys = TRUE,
  .rows = " WHERE seq > COALESCE ((SELECT max(seq) FROM audit_anchor WHERE text IS NOT NULL), 0) ORDER BY seq",
  .check = follow_chain,
  .counter = VA_STORE_COUNTER (records),
};

const VaStoreTable va_store_table_checkpoints = {
  .name = "checkpoints",
  .columns = checkpoint_columns,
  .length = G_N_ELEMENTS (checkpoint_columns),
  .check = check_signed,
};
