/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include "core/error.h"
#include "core/i18n.h"
#include "cli/site/service-store.h"
#include "store/error.h"

#define VALUES_AT_ONCE 100 /* in one transaction, so that the service waits for a short time only */

static gboolean
seal_store_again (VaStore *store, guint64 *moved, GError **error)
{
  g_autoptr(VaAuditEntry) entry = va_service_store_entry ("rekey");
  guint count;

  *moved = 0;
  if (!va_store_rekey_begin (store, entry, error))
    return FALSE;
  do
    {
      if (!va_store_rekey_step (store, VALUES_AT_ONCE, &count, error))
        return FALSE;
      *moved += count;
    }
  while (count > 0);
  return TRUE;
}

static gboolean
rekey_store (const char *config_file, guint64 *moved, GError **error)
{
  const char *place;
  g_autoptr(VaConfig) config = va_service_store_find (config_file, &place, error);
  g_autoptr(VaKek) kek = config != NULL && va_service_store_user (place, "service rekey", error)
                           ? va_service_open_kek (config, error)
                           : NULL;
  g_autoptr(VaStore) store = kek != NULL ? va_store_open (place, VA_STORE_PRESENT, kek, error) : NULL;

  return store != NULL && seal_store_again (store, moved, error);
}

static gboolean
opens_with (const char *place, VaKek *kek)
{
  g_autoptr(VaStore) store = va_store_open (place, VA_STORE_PRESENT, kek, NULL);

  return store != NULL;
}

/* One store under two spellings of its path is the same one. */
static gboolean
is_same_place (const char *place, const char *next)
{
  struct stat info, next_info;

  return g_str_equal (place, next)
         || (!va_store_is_url (place) && !va_store_is_url (next) && stat (place, &info) == 0
             && stat (next, &next_info) == 0 && info.st_dev == next_info.st_dev && info.st_ino == next_info.st_ino);
}

/* The configuration that will be put in place: with it the service would open another store, if it named one. */
static VaConfig *
load_next (const char *next_file, const char *place, GError **error)
{
  g_autoptr(VaConfig) next = va_service_config_load (next_file, error);
  const char *next_place = next != NULL ? va_service_store_place (next, error) : NULL;

  if (next_place == NULL)
    return NULL;
  if (is_same_place (place, next_place))
    return g_steal_pointer (&next);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
               _("%s: [store] names a different store (%s) from the current configuration (%s); nothing was changed. "
                 "Expected a copy of that configuration with another key-encryption key and the same “path” or “url”"),
               next_file, next_place, place);
  return NULL;
}

/* A call that was killed may have done it, or not: both are told from each other by which key opens the store. */
static gboolean
rewrap_keys (const char *config_file, const char *next_file, gboolean *was_done, GError **error)
{
  const char *place;
  g_autoptr(VaConfig) config = va_service_store_find (config_file, &place, error), next = NULL;
  g_autoptr(VaKek) kek = NULL, next_kek = NULL;
  g_autoptr(VaStore) store = NULL;
  g_autoptr(VaAuditEntry) entry = va_service_store_entry ("key-encryption-key");

  if (config != NULL && va_service_store_user (place, "service rekey --next NEW.conf", error))
    next = load_next (next_file, place, error);
  next_kek = next != NULL ? va_service_open_kek (next, error) : NULL;
  if (next_kek == NULL)
    return FALSE;
  *was_done = opens_with (place, next_kek);
  if (*was_done)
    return TRUE;
  kek = va_service_open_kek (config, error);
  store = kek != NULL ? va_store_open (place, VA_STORE_PRESENT, kek, error) : NULL;
  return store != NULL && va_store_rewrap (store, next_kek, entry, error);
}

VaExit
va_verb_service_rekey (VaCall *call)
{
  g_autofree char *config_file = NULL, *next = NULL;
  g_autofree char *config_help = va_service_config_help ();
  const GOptionEntry options[] = {
    { "service-config", 0, 0, G_OPTION_ARG_FILENAME, &config_file, config_help, N_("FILE") },
    { "next", 0, 0, G_OPTION_ARG_FILENAME, &next, N_("Switch to the key-encryption key of this configuration"),
      N_("FILE") },
    { NULL },
  };
  g_autoptr(GError) error = NULL;
  gboolean was_done = FALSE;
  guint64 moved = 0;

  if (!va_call_parse (call, options, 0, 0))
    return VA_EXIT_USAGE;
  if (next == NULL ? !rekey_store (config_file, &moved, &error) : !rewrap_keys (config_file, next, &was_done, &error))
    return va_call_fail (error);
  if (next == NULL)
    printf (_("done: %" PRIu64 " values were re-encrypted, and the older data keys were deleted\n"), moved);
  else if (was_done)
    printf (_("The store already opens with the key of %s. Put that configuration in place, and restart the "
              "service.\n"),
            next);
  else
    printf (_("done: the store opens with the key of %s alone. Put that configuration in place, and restart the "
              "service.\n"),
            next);
  return VA_EXIT_YES;
}
