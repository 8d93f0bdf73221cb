/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "store/postgresql-check.h"

#include "core/i18n.h"
#include "store/error.h"
#include "store/postgresql.h"

#define OLDEST_SERVER 130000

gboolean
va_postgresql_is_url (const char *place)
{
  return g_str_has_prefix (place, "postgresql://") || g_str_has_prefix (place, "postgres://");
}

/* A password in the configuration would be one in messages and in everybody's sight. */
gboolean
va_postgresql_check_url (const char *url, GError **error)
{
  char *message = NULL;
  PQconninfoOption *options = PQconninfoParse (url, &message);
  gboolean has_password = FALSE;

  if (options == NULL)
    {
      /* libpq quotes what it does not understand, and that may be a password. */
      g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED,
                   _("the store's URL is not of the form postgresql://[USER@]HOST[:PORT]/DATABASE[?NAME=VALUE&…], or has a "
                     "NAME that libpq does not know"));
      PQfreemem (message);
      return FALSE;
    }
  for (const PQconninfoOption *option = options; option->keyword != NULL; option++)
    has_password |= g_str_equal (option->keyword, "password") && option->val != NULL;
  PQconninfoFree (options);
  if (has_password)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED,
                 _("the store's URL has a password in it: put that into a file, closed to others, and name it there "
                   "with ?passfile=/…, or use a client certificate or peer authentication"));
  return !has_password;
}

gboolean
va_postgresql_check_server (PGconn *connection, GError **error)
{
  const char *encoding = PQparameterStatus (connection, "server_encoding");
  int version = PQserverVersion (connection);

  if (version < OLDEST_SERVER)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED,
                 _("the store's database is PostgreSQL %d; it must be %d or newer"), version / 10000,
                 OLDEST_SERVER / 10000);
  else if (g_strcmp0 (encoding, "UTF8") != 0)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED,
                 _("the store's database has the encoding %s; it must have been created with UTF8"),
                 encoding != NULL ? encoding : "?");
  else
    return TRUE;
  return FALSE;
}
