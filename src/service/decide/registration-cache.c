/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/decide/registration-cache.h"

#include <string.h>

#define SIZE_MAX_HELD (8u * 1024) /* bytes of the text and of what is sealed: larger ones are read each time */

typedef struct {
  gatomicrefcount count;
  VaStoredRegistration *stored;
  VaRegistration *parsed; /* without inline secrets */
} CachedRegistration;

static gpointer
cached_registration_ref (gconstpointer data)
{
  CachedRegistration *cached = (gpointer) data;

  g_atomic_ref_count_inc (&cached->count);
  return cached;
}

static void
cached_registration_unref (gpointer data)
{
  CachedRegistration *cached = data;

  if (cached == NULL || !g_atomic_ref_count_dec (&cached->count))
    return;
  va_stored_registration_free (cached->stored);
  va_registration_free (cached->parsed);
  g_free (cached);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CachedRegistration, cached_registration_unref)

VaRegistrationCache *
va_registration_cache_new (guint max)
{
  return va_cache_new (max, cached_registration_ref, cached_registration_unref);
}

/* No owner has an empty name. */
static void
hash_names (const char *owner, const char *id, guint8 out[VA_SHA256_SIZE])
{
  g_autofree char *names = g_strjoin ("\n", owner != NULL ? owner : "", id, NULL);

  va_sha256 (names, strlen (names), out);
}

void
va_registration_cache_forget (VaRegistrationCache *cache, const char *owner, const char *id)
{
  guint8 key[VA_SHA256_SIZE];

  hash_names (owner, id, key);
  va_cache_forget (cache, key);
}

static CachedRegistration *
find_stored_registration (VaStore *store, const char *owner, const char *id, GError **error)
{
  VaStoredRegistration *stored = va_store_find_registration (store, owner, id, error);
  CachedRegistration *cached;

  if (stored == NULL)
    return NULL;
  cached = g_new0 (CachedRegistration, 1);
  g_atomic_ref_count_init (&cached->count);
  cached->stored = stored;
  return cached;
}

static gboolean
may_be_cached (const CachedRegistration *cached)
{
  return strlen (cached->stored->text) <= SIZE_MAX_HELD && g_bytes_get_size (cached->stored->sealed) <= SIZE_MAX_HELD;
}

/* @cached with its secrets, which are opened each time. */
static VaOpenRegistration *
open_cached (VaStore *store, CachedRegistration *cached, gboolean any_owner, GError **error)
{
  g_autoptr(GPtrArray) secrets = g_ptr_array_new_with_free_func ((GDestroyNotify) va_secret_ref_free);
  VaOpenRegistration *open;

  if (!va_registration_open_parts (store, cached->stored, &cached->parsed, secrets, error))
    return NULL;
  open = g_new0 (VaOpenRegistration, 1);
  open->cached = cached_registration_ref (cached);
  open->stored = cached->stored;
  open->any_owner = any_owner;
  open->registration = *cached->parsed;
  open->registration.secrets = g_ptr_array_new ();
  open->inline_secrets = g_steal_pointer (&secrets);
  g_ptr_array_extend (open->registration.secrets, cached->parsed->secrets, NULL, NULL);
  g_ptr_array_extend (open->registration.secrets, open->inline_secrets, NULL, NULL);
  return open;
}

VaOpenRegistration *
va_registration_cache_open (VaRegistrationCache *cache, VaStore *store, const char *owner, const char *id,
                            GError **error)
{
  guint8 key[VA_SHA256_SIZE];
  g_autoptr(CachedRegistration) cached = NULL, found = NULL;
  VaOpenRegistration *open;

  hash_names (owner, id, key);
  cached = va_cache_get (cache, key);
  open = cached != NULL ? open_cached (store, cached, owner == NULL, NULL) : NULL;
  if (open != NULL)
    return open;
  /* Also what is sealed under a data key that is no more, since it was read. */
  va_cache_forget (cache, key);
  found = find_stored_registration (store, owner, id, error);
  open = found != NULL ? open_cached (store, found, owner == NULL, error) : NULL;
  if (open == NULL)
    return NULL;
  open->fresh = TRUE;
  if (may_be_cached (found))
    va_cache_put (cache, key, found);
  return open;
}

/* The version tells of each change but those by other hands than the service's. */
static gboolean
registration_is_same (const VaStoredRegistration *a, const VaStoredRegistration *b)
{
  return a->version == b->version && g_str_equal (a->owner, b->owner) && g_str_equal (a->text, b->text)
         && g_bytes_equal (a->sealed, b->sealed);
}

gboolean
va_registration_cache_is_current (VaRegistrationCache *cache, VaStore *store, const VaOpenRegistration *open,
                                  GError **error)
{
  const char *owner = open->any_owner ? NULL : open->stored->owner;
  g_autoptr(GError) reason = NULL;
  g_autoptr(VaStoredRegistration) stored = NULL;

  if (open->fresh)
    return TRUE;
  stored = va_store_find_registration (store, owner, open->stored->id, &reason);
  if (stored != NULL && registration_is_same (stored, open->stored))
    return TRUE;
  va_registration_cache_forget (cache, owner, open->stored->id);
  if (reason != NULL && !g_error_matches (reason, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND)
      && !g_error_matches (reason, VA_STORE_ERROR, VA_STORE_ERROR_AMBIGUOUS))
    g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

void
va_open_registration_free (VaOpenRegistration *open)
{
  if (open == NULL)
    return;
  g_ptr_array_unref (open->registration.secrets);
  g_ptr_array_unref (open->inline_secrets);
  cached_registration_unref (open->cached);
  g_free (open);
}
