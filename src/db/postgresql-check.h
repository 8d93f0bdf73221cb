/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <libpq-fe.h>

/* Whether a store may be where it is said to be. Errors are of VA_DB_ERROR. */
G_BEGIN_DECLS

/** va_db_postgresql_check_server: a server that is new enough, and a database in UTF-8. */
gboolean va_db_postgresql_check_server (PGconn *connection, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_db_postgresql_check_route: whether @connection, which is being made, goes where nobody else can be in between: to
 * a
 * Unix socket, or over TLS that holds the server to its certificate. What counts is what libpq has come to from the
 * URL, a service file and the environment.
 */
gboolean va_db_postgresql_check_route (PGconn *connection, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_db_postgresql_check_way: va_db_postgresql_check_route() for a @url that nobody has connected to; the server is not
 * asked.
 */
gboolean va_db_postgresql_check_way (const char *url, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
