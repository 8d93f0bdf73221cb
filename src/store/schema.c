/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/i18n.h"
#include "store/backend.h"

/* The tables' version, and the scripts that bring older ones to it. */

G_DEFINE_QUARK (va-store-error-quark, va_store_error)

gboolean
va_store_check_schema (gint64 version, GError **error)
{
  if (version >= 0 && version <= VA_STORE_SCHEMA)
    return TRUE;
  g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED,
               _("the store has schema version %" G_GINT64_FORMAT ", this program knows versions up to %d: "
                 "install a newer virt-attestd"), version, VA_STORE_SCHEMA);
  return FALSE;
}

gboolean
va_store_check_present (gint64 version, GError **error)
{
  if (!va_store_check_schema (version, error) || version == VA_STORE_SCHEMA)
    return version == VA_STORE_SCHEMA;
  if (version == 0)
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED, _("there is no store yet: virt-attestd makes it when it starts"));
  else
    g_set_error (error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED,
                 _("the store has schema version %" G_GINT64_FORMAT ", this program works with %d: use the program that "
                   "belongs to the running service, or let the new virt-attestd bring the store up to date first"),
                 version, VA_STORE_SCHEMA);
  return FALSE;
}
