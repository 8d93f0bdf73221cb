/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "db/database.h"

/* The backend and its connections. */
G_BEGIN_DECLS

#define VA_SQL_CLOSED_FOR G_USEC_PER_SEC
#define VA_SQL_SILENT_AFTER G_USEC_PER_SEC /* what was refused took less */

/** Transactions that wait for the one that writes for all of them. */
typedef struct {
  GMutex mutex;
  GQueue jobs, large;  /* of Job, see commit.c */
  gboolean large_next; /* one of the large ones, if there is one, before the others */
  gboolean busy;
  /* Of the thread that is writing: */
  VaSql *writer;       /* or %NULL */
  gint64 locked_until; /* monotonic: until then nobody is patient with who has the lock */
} VaCommitQueue;

typedef struct {
  VaBackend base;
  VaSqlConnect connect;
  gpointer place;
  GDestroyNotify free_place;
  VaCommitQueue queue;

  GMutex mutex; /* of what follows */
  GCond returned;
  GPtrArray *idle;                     /* readers */
  guint readers, readers_max, waiting; /* waiting: threads, for a reader */
  gint64 closed_until;                 /* monotonic: until then nobody tries again to connect */
  gint64 silent_until;                 /* the same for every question, on connections that seem to live as well */
  char *closed_why;
  VaSqlStatistics statistics;
} VaSqlBackend;

/**
 * va_sql_connect: a new connection. After a failure the next ones fail at once for a second, so that a database that
 * does not answer keeps nobody waiting who has not waited for it already. Where it did not even refuse, that goes for
 * questions on other connections too.
 */
VaSql *va_sql_connect (VaSqlBackend *backend, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_sql_drop: closes a connection that is lost. Where the database was silent on it, all that come in the next second
 * are told so at once, for they would wait as long again, and the readers that are idle are closed too.
 */
void va_sql_drop (VaSqlBackend *backend, VaSql *sql);
/** va_sql_is_silent: Returns: TRUE with @error: the database did not answer a moment ago */
gboolean va_sql_is_silent (VaSqlBackend *backend, GError **error);
void va_commit_queue_init (VaCommitQueue *queue);
void va_commit_queue_clear (VaCommitQueue *queue);

G_END_DECLS
