/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "db/postgresql-check.h"

#include "core/i18n.h"
#include "db/error.h"
#include "db/postgresql.h"

#define OLDEST_SERVER 130000

gboolean
va_db_postgresql_is_url (const char *place)
{
  return g_str_has_prefix (place, "postgresql://") || g_str_has_prefix (place, "postgres://");
}

/* A password in the configuration would be one in messages and in everybody's sight. */
gboolean
va_db_postgresql_check_url (const char *url, GError **error)
{
  char *message = NULL;
  PQconninfoOption *options = PQconninfoParse (url, &message);
  gboolean has_password = FALSE;

  if (options == NULL)
    {
      /* libpq quotes what it does not understand, and that may be a password. */
      g_set_error (error, VA_DB_ERROR, VA_DB_ERROR_FAILED,
                   _("the store's URL is not of the form postgresql://[USER@]HOST[:PORT]/DATABASE[?NAME=VALUE&…], or "
                     "has a NAME that libpq does not support"));
      PQfreemem (message);
      return FALSE;
    }
  for (const PQconninfoOption *option = options; option->keyword != NULL; option++)
    has_password |= g_str_equal (option->keyword, "password") && option->val != NULL;
  PQconninfoFree (options);
  if (has_password)
    g_set_error (error, VA_DB_ERROR, VA_DB_ERROR_FAILED,
                 _("the store's URL contains a password: put that into a file that others cannot read, and name it "
                   "with ?passfile=/…, or use a client certificate or peer authentication"));
  return !has_password;
}

static const char *
option_of (const PQconninfoOption *options, const char *name)
{
  for (const PQconninfoOption *option = options; option->keyword != NULL; option++)
    if (g_str_equal (option->keyword, name))
      return option->val != NULL ? option->val : "";
  return "";
}

/* One of several servers: an address counts before a name, and without both it is libpq's own folder of sockets. */
static gboolean
is_over_tcp (const char *host, const char *address)
{
  return address[0] != '\0' || (host[0] != '\0' && host[0] != '/' && host[0] != '@');
}

static gboolean
any_over_tcp (const PQconninfoOption *options)
{
  g_auto(GStrv) hosts = g_strsplit (option_of (options, "host"), ",", -1);
  g_auto(GStrv) addresses = g_strsplit (option_of (options, "hostaddr"), ",", -1);
  guint n_hosts = g_strv_length (hosts), n_addresses = g_strv_length (addresses);
  gboolean any = FALSE;

  for (guint i = 0; i < MAX (n_hosts, n_addresses); i++)
    any |= is_over_tcp (i < n_hosts ? hosts[i] : "", i < n_addresses ? addresses[i] : "");
  return any;
}

gboolean
va_db_postgresql_check_route (PGconn *connection, GError **error)
{
  PQconninfoOption *options = PQconninfo (connection);
  gboolean good = options != NULL
                  && (!any_over_tcp (options) || g_str_equal (option_of (options, "sslmode"), "verify-full"));

  PQconninfoFree (options);
  if (!good)
    g_set_error (error, VA_DB_ERROR, VA_DB_ERROR_FAILED,
                 _("the store's database is reached over TCP without sslmode=verify-full, so it could be impersonated "
                   "on the network: add “?sslmode=verify-full&sslrootcert=/…” into the store's URL, or use a Unix "
                   "socket with “?host=/run/postgresql”"));
  return good;
}

gboolean
va_db_postgresql_check_way (const char *url, GError **error)
{
  PGconn *connection = PQconnectStart (url);
  gboolean good = connection != NULL && va_db_postgresql_check_route (connection, error);

  if (connection == NULL)
    g_error ("no memory for a connection");
  PQfinish (connection);
  return good;
}

gboolean
va_db_postgresql_check_server (PGconn *connection, GError **error)
{
  const char *encoding = PQparameterStatus (connection, "server_encoding");
  int version = PQserverVersion (connection);

  if (version < OLDEST_SERVER)
    g_set_error (error, VA_DB_ERROR, VA_DB_ERROR_FAILED,
                 _("the store's database is PostgreSQL %d; it must be %d or newer"), version / 10000,
                 OLDEST_SERVER / 10000);
  else if (g_strcmp0 (encoding, "UTF8") != 0)
    g_set_error (error, VA_DB_ERROR, VA_DB_ERROR_FAILED,
                 _("the store's database has the encoding %s; it must have been created with UTF8"),
                 encoding != NULL ? encoding : "?");
  else
    return TRUE;
  return FALSE;
}
