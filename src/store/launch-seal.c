/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "store/store-private.h"

/* What of a launch is sealed: its keys, and its table of secrets. */

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
