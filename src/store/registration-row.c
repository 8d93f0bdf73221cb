/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "store/rows.h"
#include "store/store-private.h"

/* A registration as a row, which version of it there is, and what of it is sealed. */

gpointer
va_store_registration_read (VaDbStatement *row)
{
  VaStoredRegistration *registration = g_new0 (VaStoredRegistration, 1);

  registration->id = va_db_column_needed_text (row, 0);
  registration->owner = va_db_column_needed_text (row, 1);
  registration->text = va_db_column_needed_text (row, 2);
  registration->sealed = va_db_column_needed_bytes (row, 3);
  registration->created = va_db_column_number (row, 4);
  registration->version = (guint64) va_db_column_number (row, 5);
  registration->launches = (guint64) va_db_column_number (row, 6);
  registration->key = (guint64) va_db_column_number (row, 7);
  registration->approved = (guint64) va_db_column_number (row, 8);
  registration->approved_until = va_db_column_number (row, 9);
  registration->running = (guint64) va_db_column_number (row, 10);
  return registration;
}

void
va_store_registration_set_ambiguous (const char *id, GError **error)
{
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_AMBIGUOUS, _("several owners have a registration %s"), id);
}

/* Its version; 0: the owner has none of this id. */
gboolean
va_store_registration_find_version (VaDb *sql, const char *owner, const char *id, guint64 *version, GError **error)
{
  g_autoptr(VaDbStatement) row =
    va_db_query (sql, error, "SELECT version FROM registrations WHERE owner = ? AND id = ?", "tt", owner, id);
  int status = row != NULL ? va_db_row (row, error) : -1;

  *version = status == 1 ? (guint64) va_db_column_number (row, 0) : 0;
  return status >= 0;
}

gboolean
va_store_registration_check_version (VaDb *sql, const char *owner, const char *id, guint64 version, GError **error)
{
  guint64 present;

  if (!va_store_registration_find_version (sql, owner, id, &present, error))
    return FALSE;
  if (present == version)
    return TRUE;
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_CHANGED, _("the registration was replaced meanwhile"));
  return FALSE;
}

char *
va_store_registration_row (const VaStoredRegistration *registration)
{
  return g_strjoin ("\n", registration->id, registration->owner, registration->text, NULL);
}

VaSecret *
va_store_open_registration (VaStore *store, const VaStoredRegistration *registration, GError **error)
{
  g_autofree char *row = va_store_registration_row (registration);
  const VaSealLabel label = VA_LABEL_REGISTRATION (row);
  VaSeal *seal = va_store_seal_of (store, registration->key, error);

  return seal != NULL ? va_seal_open (seal, &label, registration->sealed, error) : NULL;
}
