/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <libpq-fe.h>

G_BEGIN_DECLS

/*
 * libpq with deadlines: a server that stops answering, in any state, costs each call a bounded time. A call that runs
 * out of it closes nothing, but leaves the connection unusable: see va_db_link_usable().
 */
typedef struct {
  PGconn *connection;
  gboolean broken; /* no more use */
  gboolean silent; /* broken because the server did not answer in time */
} VaDbLink;

/** va_db_link_open: @url in libpq's form. Errors: VA_DB_ERROR_FAILED */
gboolean va_db_link_open (VaDbLink *link, const char *url, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_db_link_close: one that is closed already stays so. */
void va_db_link_close (VaDbLink *link);
/** va_db_link_usable: also notices that the server has closed the connection in the meantime. */
gboolean va_db_link_usable (VaDbLink *link);
/**
 * va_db_link_finish: what the server answers to what was sent: the last result, if all of them are well.
 * @sent: the status of the PQsend… call
 * Returns: (transfer full): freed with PQclear()
 * Errors: VA_DB_ERROR_FAILED, or _REFERENCE
 */
PGresult *va_db_link_finish (VaDbLink *link, int sent, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_db_link_finish_pipeline: what the server answers to a pipeline of @count statements; ends it. After the first one
 * that fails the server carries out none of them.
 * @good: set to how many went well
 * Returns: (transfer full): the last result, when all of them are well
 */
PGresult *va_db_link_finish_pipeline (VaDbLink *link, guint count, guint *good, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_db_link_next: the next result of several, or %NULL: there is no more, or @error is set. */
PGresult *va_db_link_next (VaDbLink *link, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
