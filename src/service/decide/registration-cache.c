/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/decide/registration-cache.h"

#include <string.h>

#define SIZE_MAX_HELD (8u * 1024) /* bytes of the text and of what is sealed: larger ones are read each time */

typedef struct {
  gatomicrefcount count;
  VaStoredRegistration *stored;
  VaRegistration *parsed; /* without inline secrets */
} Held;

static gpointer
held_ref (gconstpointer data)
{
  Held *held = (gpointer) data;

  g_atomic_ref_count_inc (&held->count);
  return held;
}

static void
held_unref (gpointer data)
{
  Held *held = data;

  if (held == NULL || !g_atomic_ref_count_dec (&held->count))
    return;
  va_stored_registration_free (held->stored);
  va_registration_free (held->parsed);
  g_free (held);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Held, held_unref)

VaRegistrationCache *
va_registration_cache_new (guint max)
{
  return va_cache_new (max, held_ref, held_unref);
}

/* No owner has an empty name. */
static void
hash_names (const char *owner, const char *id, guint8 out[VA_SHA256_SIZE])
{
  g_autofree char *names = g_strjoin ("\n", owner != NULL ? owner : "", id, NULL);

  va_sha256 (names, strlen (names), out);
}

void
va_registration_cache_forget (VaRegistrationCache *held, const char *owner, const char *id)
{
  guint8 key[VA_SHA256_SIZE];

  hash_names (owner, id, key);
  va_cache_forget (held, key);
}

static Held *
find_stored_registration (VaStore *store, const char *owner, const char *id, GError **error)
{
  VaStoredRegistration *stored = va_store_find_registration (store, owner, id, error);
  Held *held;

  if (stored == NULL)
    return NULL;
  held = g_new0 (Held, 1);
  g_atomic_ref_count_init (&held->count);
  held->stored = stored;
  return held;
}

static gboolean
may_be_held (const Held *held)
{
  return strlen (held->stored->text) <= SIZE_MAX_HELD && g_bytes_get_size (held->stored->sealed) <= SIZE_MAX_HELD;
}

/* @held with its secrets, which are opened each time. */
static VaOpenRegistration *
open_held (VaStore *store, Held *held, gboolean any_owner, GError **error)
{
  g_autoptr(GPtrArray) secrets = g_ptr_array_new_with_free_func ((GDestroyNotify) va_secret_ref_free);
  VaOpenRegistration *open;

  if (!va_registration_open_parts (store, held->stored, &held->parsed, secrets, error))
    return NULL;
  open = g_new0 (VaOpenRegistration, 1);
  open->held = held_ref (held);
  open->stored = held->stored;
  open->any_owner = any_owner;
  open->registration = *held->parsed;
  open->registration.secrets = g_ptr_array_new ();
  open->inline_secrets = g_steal_pointer (&secrets);
  g_ptr_array_extend (open->registration.secrets, held->parsed->secrets, NULL, NULL);
  g_ptr_array_extend (open->registration.secrets, open->inline_secrets, NULL, NULL);
  return open;
}

VaOpenRegistration *
va_registration_cache_open (VaRegistrationCache *all, VaStore *store, const char *owner, const char *id, GError **error)
{
  guint8 key[VA_SHA256_SIZE];
  g_autoptr(Held) held = NULL, found = NULL;
  VaOpenRegistration *open;

  hash_names (owner, id, key);
  held = va_cache_get (all, key);
  open = held != NULL ? open_held (store, held, owner == NULL, NULL) : NULL;
  if (open != NULL)
    return open;
  /* Also what is sealed under a data key that is no more, since it was read. */
  va_cache_forget (all, key);
  found = find_stored_registration (store, owner, id, error);
  open = found != NULL ? open_held (store, found, owner == NULL, error) : NULL;
  if (open == NULL)
    return NULL;
  open->fresh = TRUE;
  if (may_be_held (found))
    va_cache_put (all, key, found);
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
va_registration_cache_is_current (VaRegistrationCache *held, VaStore *store, const VaOpenRegistration *open,
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
  va_registration_cache_forget (held, owner, open->stored->id);
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
  held_unref (open->held);
  g_free (open);
}
