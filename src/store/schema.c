/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include <inttypes.h>
#include "src/store/sql-schema.h"
#include "store/schema.h"

/* The tables' version, and the scripts that bring older ones to it. */

gboolean
va_store_check_schema (gint64 version, GError **error)
{
  if (version >= 0 && version <= VA_STORE_SCHEMA)
    return TRUE;
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED,
               _("the store has schema version %" PRId64
                 ", but this program supports versions up to %d: install a newer virt-attestd"),
               version, VA_STORE_SCHEMA);
  return FALSE;
}

static gboolean
check_present (gint64 version, GError **error)
{
  if (!va_store_check_schema (version, error) || version == VA_STORE_SCHEMA)
    return version == VA_STORE_SCHEMA;
  if (version == 0)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED,
                 _("the store does not exist yet: virt-attestd creates it when it starts"));
  else
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED,
                 _("the store has schema version %" PRId64
                   ", but this program works with %d: use the program of the running service's version, or let the new "
                   "virt-attestd upgrade the store first"),
                 version, VA_STORE_SCHEMA);
  return FALSE;
}

static gboolean
check_schema_version (gint64 version, gboolean present, GError **error)
{
  return present ? check_present (version, error) : va_store_check_schema (version, error);
}

/* A new version adds a script and leaves those before it as they are. */
static const char *const sqlite_scripts[] = { VA_SQLITE_SCHEMA_1, VA_SQLITE_SCHEMA_2, VA_SQLITE_SCHEMA_3,
                                              VA_SQLITE_SCHEMA_4, VA_SQLITE_SCHEMA_5, VA_SQLITE_SCHEMA_6 };
G_STATIC_ASSERT (G_N_ELEMENTS (sqlite_scripts) == VA_STORE_SCHEMA);
static const char *const postgresql_scripts[] = { VA_POSTGRESQL_SCHEMA_4, VA_POSTGRESQL_SCHEMA_5,
                                                  VA_POSTGRESQL_SCHEMA_6 };
G_STATIC_ASSERT (G_N_ELEMENTS (postgresql_scripts) == VA_STORE_SCHEMA - 4 + 1);

const VaDbSchema va_schema_sqlite = { sqlite_scripts, 1, VA_STORE_SCHEMA, 0x76614174, check_schema_version };
const VaDbSchema va_schema_postgresql = { postgresql_scripts, 4, VA_STORE_SCHEMA, 0, check_schema_version };
