/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "store/rows.h"
#include "store/store-private.h"

/* A launch as a row, and what of it is sealed: its keys, and its table of secrets. */

gpointer
va_store_launch_read (VaDbStatement *row)
{
  VaStoredLaunch *launch = g_new0 (VaStoredLaunch, 1);
  g_autofree char *state = va_db_column_needed_text (row, 6);

  launch->id = va_db_column_needed_text (row, 0);
  launch->vm = va_db_column_needed_text (row, 1);
  launch->owner = va_db_column_needed_text (row, 2);
  launch->host = va_db_column_needed_text (row, 3);
  launch->domain_uuid = va_db_column_needed_text (row, 4);
  launch->domain_name = va_db_column_needed_text (row, 5);
  if (!va_launch_state_parse (state, &launch->state))
    launch->state = VA_LAUNCH_REFUSED; /* the table's CHECK keeps others out */
  launch->policy = (guint32) va_db_column_number (row, 7);
  launch->generation = va_db_column_needed_text (row, 8);
  launch->version = (guint64) va_db_column_number (row, 9);
  launch->created = va_db_column_number (row, 10);
  launch->expires = va_db_column_number (row, 11);
  launch->fixed = va_db_column_needed_text (row, 12);
  launch->sealed_keys = va_db_column_bytes (row, 13);
  launch->sealed_table = va_db_column_bytes (row, 14);
  launch->timeline = va_db_column_needed_text (row, 15);
  launch->has_firmware_version = !va_db_column_is_null (row, 16);
  launch->api_major = (guint8) va_db_column_number (row, 16);
  launch->api_minor = (guint8) va_db_column_number (row, 17);
  launch->build_id = (guint8) va_db_column_number (row, 18);
  launch->code = va_db_column_text (row, 19);
  launch->detail = va_db_column_text (row, 20);
  launch->steps = va_db_column_text (row, 21);
  launch->reason = va_db_column_text (row, 22);
  launch->approved_until = va_db_column_number (row, 23);
  launch->approvals = va_db_column_text (row, 24);
  launch->key = (guint64) va_db_column_number (row, 25);
  launch->firmware_error = (int) CLAMP (va_db_column_number (row, 26), -1, 255);
  return launch;
}

VaStoredLaunch *
va_store_launch_find (VaDb *sql, const char *id, GError **error)
{
  g_autoptr(VaDbStatement) row =
    va_db_query (sql, error, "SELECT " VA_LAUNCH_COLUMNS " FROM launches WHERE id = ?", "t", id);
  int status = row != NULL ? va_db_row (row, error) : -1;

  if (status == 0)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND, _("there is no launch %s of yours"), id);
  return status == 1 ? va_store_launch_read (row) : NULL;
}

/* A launch that ends open does not count against the version of the registration that it was made under. */
gboolean
va_store_launch_give_back (VaDb *sql, const VaStoredLaunch *launch, GError **error)
{
  return va_db_send (sql, error,
                     "UPDATE registrations SET launches = launches - 1 WHERE owner = ? AND id = ? AND version = ?",
                     "tti", launch->owner, launch->vm, (gint64) launch->version);
}

/* Everything that is fixed when a launch is made: altered in the database, its keys do not open any more. */
char *
va_store_launch_row (const VaStoredLaunch *launch)
{
  return g_strdup_printf ("%s\n%s\n%s\n%s\n%s\n%u\n%" G_GINT64_FORMAT "\n%s", launch->id, launch->vm, launch->owner,
                          launch->host, launch->domain_uuid, launch->policy, launch->expires, launch->fixed);
}

static VaSecret *
open_of_launch (VaStore *store, const VaStoredLaunch *launch, GBytes *sealed, const VaSealLabel *label, GError **error)
{
  VaSeal *seal;

  if (sealed == NULL)
    {
      g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN, _("launch %s has no %s any more"), launch->id,
                   label->purpose);
      return NULL;
    }
  seal = va_store_seal_of (store, launch->key, error);
  return seal != NULL ? va_seal_open (seal, label, sealed, error) : NULL;
}

VaSecret *
va_store_open_keys (VaStore *store, const VaStoredLaunch *launch, GError **error)
{
  g_autofree char *row = va_store_launch_row (launch);
  const VaSealLabel label = VA_LABEL_KEYS (row);

  return open_of_launch (store, launch, launch->sealed_keys, &label, error);
}

VaSecret *
va_store_open_table (VaStore *store, const VaStoredLaunch *launch, GError **error)
{
  g_autofree char *row = va_store_launch_row (launch);
  const VaSealLabel label = VA_LABEL_TABLE (row);

  return open_of_launch (store, launch, launch->sealed_table, &label, error);
}
