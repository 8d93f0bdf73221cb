/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/chain.h"
#include "core/guid.h"
#include "db/database.h"
#include "store/sealing.h"
#include "store/tables.h"

/*
 * What the store knows of each of its tables, in one place: the file of its resource. Copies, rekeying, counting and
 * tests walk the list of them, which is the only thing to change for another one.
 *
 * A resource lists its columns once, as X (R, column, kind, member) for each:
 *
 *   #define HOST_COLUMNS(FIRST, NEXT, R) FIRST (R, name, text, name) NEXT (R, seen, number, seen) …
 *
 * and has from that its statements' texts, which are literals, and the columns of its VaStoreTable.
 */
G_BEGIN_DECLS

/* Names: "name, seen". Places: "?, ?". Sets: "name = ?, seen = ?". Kept: "seen = excluded.seen", in an upsert. */
#define VA_STORE_FIRST_NAME(R, column, ...) #column
#define VA_STORE_NEXT_NAME(R, column, ...) ", " #column
#define VA_STORE_FIRST_PLACE(...) "?"
#define VA_STORE_NEXT_PLACE(...) ", ?"
#define VA_STORE_FIRST_SET(R, column, ...) #column " = ?"
#define VA_STORE_NEXT_SET(R, column, ...) ", " #column " = ?"
#define VA_STORE_FIRST_KEPT(R, column, ...) #column " = excluded." #column
#define VA_STORE_NEXT_KEPT(R, column, ...) ", " #column " = excluded." #column
#define VA_STORE_NAMES(COLUMNS) COLUMNS (VA_STORE_FIRST_NAME, VA_STORE_NEXT_NAME, )
#define VA_STORE_PLACES(COLUMNS) COLUMNS (VA_STORE_FIRST_PLACE, VA_STORE_NEXT_PLACE, )
#define VA_STORE_SETS(COLUMNS) COLUMNS (VA_STORE_FIRST_SET, VA_STORE_NEXT_SET, )
#define VA_STORE_KEPT(COLUMNS) COLUMNS (VA_STORE_FIRST_KEPT, VA_STORE_NEXT_KEPT, )

/** How the values of one kind of column come into a record, whose member is at @member, and from there. */
typedef struct {
  char type; /* t, i or b, as for va_db_query() */
  /* %NULL: the column is copied, and no part of the record */
  void (*read) (VaDbStatement *row, int column, gpointer record, gsize member);
  /* @made: (out): what was made for @value, to be freed with g_free(); otherwise unchanged */
  void (*bind) (gconstpointer record, gsize member, VaDbValue *value, char **made);
  void (*clear) (gpointer record, gsize member); /* %NULL: there is nothing to free */
} VaStoreKind;

/* The C type of each kind's member, which VA_STORE_COLUMN() holds the record to. */
typedef char *VaStoreMember_text;       /* NOT NULL */
typedef char *VaStoreMember_maybe_text; /* %NULL for NULL */
typedef gint64 VaStoreMember_number;    /* NULL becomes 0 */
typedef guint64 VaStoreMember_count;    /* no negative number is ever written */
typedef gsize VaStoreMember_size;       /* likewise */
typedef guint32 VaStoreMember_word;     /* likewise */
typedef gboolean VaStoreMember_flag;    /* 0 or 1 */
typedef GBytes *VaStoreMember_bytes;    /* NOT NULL */
typedef GBytes *VaStoreMember_maybe_bytes;
typedef guint64 VaStoreMember_key;               /* a data key's id; 0 for NULL */
typedef guint8 VaStoreMember_guid[VA_GUID_SIZE]; /* as text; zeros for what is not one */
extern const VaStoreKind va_store_kind_text, va_store_kind_maybe_text, va_store_kind_number, va_store_kind_count,
  va_store_kind_size, va_store_kind_word, va_store_kind_flag, va_store_kind_bytes, va_store_kind_maybe_bytes,
  va_store_kind_key, va_store_kind_guid;
/** Of columns that are copied and no part of a record. */
extern const VaStoreKind va_store_kind_copied_text, va_store_kind_copied_number, va_store_kind_copied_bytes;

typedef struct {
  const char *name;
  const VaStoreKind *kind;
  gsize member; /* offset in the record */
} VaStoreColumn;

/* A member of another type than its kind's is an error of the compiler. */
#define VA_STORE_MEMBER(R, member, kind) \
  (G_STRUCT_OFFSET (R, member) + 0 * sizeof (0 ? &((R *) 0)->member : (VaStoreMember_##kind *) 0))
#define VA_STORE_COLUMN(R, column, kind, member) { #column, &va_store_kind_##kind, VA_STORE_MEMBER (R, member, kind) },
/** VA_STORE_AT: in an enumeration: where each column is in a row of all of them, as prefix_column. */
#define VA_STORE_AT(prefix, column, ...) prefix##_##column,
/** VA_STORE_COLUMNS: the elements of an array of VaStoreColumn. */
#define VA_STORE_COLUMNS(COLUMNS, record) COLUMNS (VA_STORE_COLUMN, VA_STORE_COLUMN, record)
#define VA_STORE_COPIED(column, kind) \
  { \
#column, &va_store_kind_copied_##kind, 0 \
  }

/** VA_STORE_COUNTER: a table's, for that member of VaStoreCopied. */
#define VA_STORE_COUNTER(name) (1 + G_STRUCT_OFFSET (VaStoreCopied, name))

/** The audit log's chain, as far as it was copied. */
typedef struct {
  guint64 seq;
  guint8 link[VA_AUDIT_LINK_SIZE];
} VaStoreChain;

typedef struct {
  const char *name;
  const VaStoreColumn *columns;
  guint length;
  gsize record_size;   /* of what va_store_table_read() gives; 0: nothing reads whole rows */
  const char *counts;  /* SQL for the number of rows, of a table that grows; %NULL: it does not */
  gboolean is_content; /* a store with a row in it is not an empty one */
  gboolean needs_keys; /* its rows are worth nothing without the store's keys */

  /* of copies */
  const char *rows; /* SQL behind the table's name: which rows, in which order; %NULL: all */
  /* Looks at each row, whose columns are those above, on its way; %NULL: nobody does */
  gboolean (*check) (VaStoreChain *chain, VaDbStatement *row, GError **error);
  gsize counter; /* 1 + the offset in VaStoreCopied; 0: nobody counts them */

  /* of rekeying; %NULL: nothing in it is sealed. The column with the data key is "key_id" */
  gboolean (*move) (gpointer record, const VaStoreMove *to, GError **error); /* seals again */
  gboolean (*put_back) (VaDb *sql, gconstpointer record, GError **error);    /* what move() has changed */
} VaStoreTable;

#define VA_STORE_DECLARE_TABLE(name) extern const VaStoreTable va_store_table_##name;
VA_STORE_TABLE_LIST (VA_STORE_DECLARE_TABLE)
/** va_store_tables: all of them, in the list's order. */
extern const VaStoreTable *const va_store_tables[VA_STORE_TABLES];

/** va_store_table_read: the record of @row, which has the table's columns first. Returns: (transfer full) */
gpointer va_store_table_read (const VaStoreTable *table, VaDbStatement *row);
/** va_store_table_free: a record of va_store_table_read(); @record may be %NULL. */
void va_store_table_free (const VaStoreTable *table, gpointer record);

/** Values for a statement's places, from records and others, in the order of its places. */
typedef struct {
  VaDbValue values[VA_DB_VALUES_MAX];
  guint length;
  char *made[2];
  guint made_length;
} VaStoreValues;
void va_store_values_clear (VaStoreValues *values);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VaStoreValues, va_store_values_clear)
/** va_store_values_add: of @length columns from the one at @first; @record must live as long. */
void va_store_values_add (VaStoreValues *values, const VaStoreTable *table, guint first, guint length,
                          gconstpointer record);
/** va_store_table_run: the whole statement @text, a literal with places for all columns of @record. */
gboolean va_store_table_run (VaDb *sql, const VaStoreTable *table, gconstpointer record, const char *text,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_values_add_text, va_store_values_add_data: one more value, which must live as long. */
void va_store_values_add_text (VaStoreValues *values, const char *text);
void va_store_values_add_data (VaStoreValues *values, gconstpointer data, gsize size);

/** va_store_table_select: "SELECT columns FROM table" and @rest, as a text that lives for ever. */
const char *va_store_table_select (const VaStoreTable *table, const char *rest);
/** va_store_table_insert: the statement for a row of all columns, likewise. */
const char *va_store_table_insert (const VaStoreTable *table);
/** va_store_table_any: whether there is a row in a table for which @which is set. */
typedef gboolean (*VaStoreWhichTable) (const VaStoreTable *table);
gboolean va_store_table_any (VaDb *sql, VaStoreWhichTable which, gboolean *any, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
