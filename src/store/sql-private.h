/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/sql.h"

/* sql.c and sql-commit.c: the backend and its connections. */
G_BEGIN_DECLS

/** Transactions that wait for the one that writes for all of them. */
typedef struct {
  GMutex mutex;
  GCond changed;
  GQueue jobs; /* of Job, see sql-commit.c */
  gboolean busy;
  VaSql *writer; /* of the thread that is writing; or %NULL */
} VaCommitQueue;

typedef struct {
  VaBackend base;
  VaSqlConnect connect;
  gpointer place;
  GDestroyNotify free_place;
  VaCommitQueue queue;

  GMutex mutex; /* of what follows */
  GCond returned;
  GPtrArray *idle; /* readers */
  guint readers, readers_max;
  gint64 closed_until; /* monotonic: until then nobody tries again to connect */
  char *closed_why;
  VaStoreStatistics statistics;
} VaSqlBackend;

/**
 * va_sql_connect: a new connection. After a failure the next ones fail at once for a second, so that a database that does
 * not answer keeps nobody waiting who has not waited for it already.
 */
VaSql *va_sql_connect (VaSqlBackend *backend, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_commit_queue_init (VaCommitQueue *queue);
void va_commit_queue_clear (VaCommitQueue *queue);

G_END_DECLS
