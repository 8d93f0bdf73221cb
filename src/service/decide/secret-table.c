/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/decide/secret-table.h"

#include <string.h>
#include "core/i18n.h"
#include "service/refusal.h"
#include "tee/sev/error.h"

/* A copy of @value as the guest shall find it. */
static VaSecret *
for_guest (const guint8 guid[VA_GUID_SIZE], VaSecret *value)
{
  gsize size = va_secret_size (value);
  gboolean ends = size > 0 && va_secret_data (value)[size - 1] == '\0';
  VaSecret *copy = va_secret_new (size + (va_secret_guid_is_passphrase (guid) && !ends ? 1 : 0));

  memcpy (va_secret_data (copy), va_secret_data (value), size);
  return copy;
}

static VaSecret *
open_named (VaStore *store, const char *owner, const char *name, guint8 guid[VA_GUID_SIZE], GError **error)
{
  g_autoptr(GError) reason = NULL;
  g_autoptr(VaStoredSecret) stored = va_store_get_secret (store, owner, name, &reason);
  VaSecret *value = stored != NULL ? va_store_open_secret (store, stored, &reason) : NULL;

  if (value == NULL)
    va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_SECRET_MISSING);
  else
    memcpy (guid, stored->guid, VA_GUID_SIZE);
  return value;
}

/* Fills @entry; its data stays in @values. */
static gboolean
resolve_secret (VaStore *store, const char *owner, const VaSecretRef *ref, GPtrArray *values, VaSecretEntry *entry,
                GError **error)
{
  g_autoptr(VaSecret) named = NULL;
  VaSecret *value;

  memcpy (entry->guid, ref->guid, VA_GUID_SIZE);
  if (ref->name != NULL)
    {
      named = open_named (store, owner, ref->name, entry->guid, error);
      if (named == NULL)
        return FALSE;
    }
  value = for_guest (entry->guid, named != NULL ? named : ref->data);
  g_ptr_array_add (values, value);
  entry->data = va_secret_data (value);
  entry->size = va_secret_size (value);
  return TRUE;
}

/* The smallest secret area of all; 0 when nothing is known of the firmware. */
static gboolean
find_area (const GArray *areas, const VaRegistration *registration, gsize *area, GError **error)
{
  *area = 0;
  for (guint i = 0; i < areas->len; i++)
    {
      const VaFirmware *firmware = &g_array_index (areas, VaFirmware, i);

      if (firmware->secret_base == 0 || firmware->secret_size == 0)
        return va_refuse (error, VA_PROBLEM_SECRET_AREA_MISSING,
                          _("the registration has secrets, but its firmware %s has no secret area: use firmware that "
                            "is built with one, such as OVMF's AmdSev"),
                          registration->firmware_hashes[i]);
      *area = *area == 0 ? firmware->secret_size : MIN (*area, firmware->secret_size);
    }
  return TRUE;
}

gboolean
va_secret_table_make (VaStore *store, const char *owner, const VaRegistration *registration, const GPtrArray *secrets,
                      const GArray *areas, VaSecret **table, GError **error)
{
  g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func ((GDestroyNotify) va_secret_free);
  g_autofree VaSecretEntry *entries = g_new0 (VaSecretEntry, secrets->len + 1);
  g_autoptr(GError) reason = NULL;
  gsize area;

  *table = NULL;
  if (secrets->len == 0)
    return TRUE;
  if (!find_area (areas, registration, &area, error))
    return FALSE;
  for (guint i = 0; i < secrets->len; i++)
    if (!resolve_secret (store, owner, secrets->pdata[i], values, &entries[i], error))
      return FALSE;
  *table = va_secret_table_build (entries, secrets->len, area, &reason);
  if (*table != NULL)
    return TRUE;
  return va_refuse (error,
                    g_error_matches (reason, VA_SEV_ERROR, VA_SEV_ERROR_TOO_LARGE) ? VA_PROBLEM_SECRET_TOO_LARGE
                                                                                   : VA_PROBLEM_BAD_REQUEST,
                    "%s", reason->message);
}
