/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "db/database.h"
#include "store/error.h"

/* What every file of the store knows. */
G_BEGIN_DECLS

typedef struct _VaStore VaStore;

/** Which stores may be opened. */
typedef enum {
  VA_STORE_ANY,     /* made when it is not there, brought to this program's version when it is older */
  VA_STORE_PRESENT, /* only one that is there, in this program's version; it is not changed by being opened */
} VaStoreWhich;

#define VA_STORE_SCHEMA 6 /* version of the tables, the same for all databases */

/** A page of a list, in the list's order. */
typedef struct {
  const char *owner; /* whose; unused for hosts */
  const char *vm;    /* launches: only this registration's; %NULL: all */
  const char *after; /* what comes after the one with this id, name or hash; %NULL: from the first one */
  guint limit;       /* at most this many */
  gsize bytes;       /* the one with which all texts together are more than this is the last */
} VaPage;

/*
 * Lists are (transfer full), of records that the array frees, sorted by name unless said otherwise. No more is read
 * than @page wants, but for a few rows; no connection to the database is held any more when a list is returned.
 * @more: (out): whether there are others after them
 */

/** How much there was to copy. */
typedef struct {
  guint64 registrations, secrets, launches, records; /* records: of the audit log */
} VaStoreCopied;

G_END_DECLS
