/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/error.h"
#include "store/record.h"

/* What the files of the store know of its database. */
G_BEGIN_DECLS

/** Which stores may be opened. */
typedef enum {
  VA_STORE_ANY,     /* made when it is not there, brought to this program's version when it is older */
  VA_STORE_PRESENT, /* only one that is there, in this program's version; it is not changed by being opened */
} VaStoreWhich;

#define VA_STORE_SCHEMA 6 /* version of the tables, the same for all databases */
/** Called inside the transaction with the launch as it is; FALSE with @error undoes everything. */
typedef gboolean (*VaLaunchChange) (VaStoredLaunch *launch, gpointer user_data, GError **error);

/** Which records of the audit log. */
typedef struct {
  const char *owner;  /* only those that they may read; %NULL: all */
  const char *launch; /* only those of this launch; %NULL: all */
  const char *reader; /* others' records come without their text, if their digest is stored; %NULL: all with it */
  guint64 after;      /* with a larger seq */
  guint64 before;     /* with a smaller seq; 0: no bound */
  guint limit;
  gsize bytes;     /* the one with which all texts together are more than this is the last */
  gboolean newest; /* the last ones; else the first. Always in the order of seq. */
} VaAuditQuery;

/** A page of a list, in the list's order. */
typedef struct {
  const char *owner; /* whose; unused for hosts */
  const char *vm;    /* launches: only this registration's; %NULL: all */
  const char *after; /* what comes after the one with this id, name or hash; %NULL: from the first one */
  guint limit;       /* at most this many */
  gsize bytes;       /* the one with which all texts together are more than this is the last */
} VaPage;

G_END_DECLS
