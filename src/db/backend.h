/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "db/database.h"

/* The backend and its connections. */
G_BEGIN_DECLS

#define VA_DB_CLOSED_FOR G_USEC_PER_SEC
#define VA_DB_SILENT_AFTER G_USEC_PER_SEC /* what was refused took less */

/** Transactions that wait for the one that writes for all of them. */
typedef struct {
  GMutex mutex;
  GQueue jobs, large;  /* of CommitJob, see commit.c */
  gboolean large_next; /* one of the large ones, if there is one, before the others */
  gboolean busy;
  /* Of the thread that is writing: */
  VaDb *writer;        /* or %NULL */
  gint64 locked_until; /* monotonic: until then nobody is patient with who has the lock */
} VaDbCommitQueue;

typedef struct {
  VaDbBackend base;
  VaDbConnect connect;
  gpointer place;
  GDestroyNotify free_place;
  VaDbCommitQueue queue;

  GMutex mutex; /* of what follows */
  GCond returned;
  GPtrArray *idle;                     /* readers */
  guint readers, readers_max, waiting; /* waiting: threads, for a reader */
  gint64 closed_until;                 /* monotonic: until then nobody tries again to connect */
  gint64 silent_until;                 /* the same for every question, on connections that seem to live as well */
  char *closed_why;
  VaDbStatistics statistics;
} VaDbPool;

/**
 * va_db_connect: a new connection. After a failure the next ones fail at once for a second, so that a database that
 * does not answer keeps nobody waiting who has not waited for it already. Where it did not even refuse, that goes for
 * questions on other connections too.
 */
VaDb *va_db_connect (VaDbPool *backend, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_db_drop: closes a connection that is lost. Where the database was silent on it, all that come in the next second
 * are told so at once, for they would wait as long again, and the readers that are idle are closed too.
 */
void va_db_drop (VaDbPool *backend, VaDb *sql);
/** va_db_is_silent: Returns: TRUE with @error: the database did not answer a moment ago */
gboolean va_db_is_silent (VaDbPool *backend, GError **error);
/** va_db_commit_queue_init: an empty one; end it with va_db_commit_queue_clear(). */
void va_db_commit_queue_init (VaDbCommitQueue *queue);
void va_db_commit_queue_clear (VaDbCommitQueue *queue);

G_END_DECLS
