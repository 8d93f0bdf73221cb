/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/references.h"

#include <string.h>
#include "core/encoding.h"
#include "core/i18n.h"
#include "service/refusal.h"
#include "sev/error.h"

#define CACHE_MAX 1024 /* some hundred bytes each */

struct _VaReferenceCache
{
  GMutex mutex;
  GHashTable *begun; /* hex hash -> VaLaunchDigest */
};

VaReferenceCache *
va_reference_cache_new (void)
{
  VaReferenceCache *cache = g_new0 (VaReferenceCache, 1);

  g_mutex_init (&cache->mutex);
  cache->begun = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) va_launch_digest_free);
  return cache;
}

void
va_reference_cache_free (VaReferenceCache *cache)
{
  if (cache == NULL)
    return;
  g_hash_table_unref (cache->begun);
  g_mutex_clear (&cache->mutex);
  g_free (cache);
}

static VaLaunchDigest *
look_up (VaReferenceCache *cache, const char *hash)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&cache->mutex);
  const VaLaunchDigest *found = g_hash_table_lookup (cache->begun, hash);

  return found != NULL ? va_launch_digest_copy (found) : NULL;
}

static void
remember (VaReferenceCache *cache, const char *hash, const VaLaunchDigest *digest)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&cache->mutex);

  if (g_hash_table_size (cache->begun) >= CACHE_MAX)
    g_hash_table_remove_all (cache->begun);
  g_hash_table_replace (cache->begun, g_strdup (hash), va_launch_digest_copy (digest));
}

/* The digest after the firmware; only the owner's own image is read, whoever else has the same. */
static VaLaunchDigest *
begin_digest (VaReferenceCache *cache, VaStore *store, const VaStoredArtifact *firmware, GError **error)
{
  VaLaunchDigest *digest = look_up (cache, firmware->hash);
  g_autoptr(GBytes) image = NULL;

  if (digest != NULL)
    return digest;
  image = va_store_get_image (store, firmware->owner, firmware->hash, error);
  if (image == NULL)
    return NULL;
  digest = va_launch_digest_new (g_bytes_get_data (image, NULL), g_bytes_get_size (image));
  remember (cache, firmware->hash, digest);
  return digest;
}

gboolean
va_reference_compute (VaReferenceCache *cache, VaStore *store, const VaStoredArtifact *firmware,
                      const VaKernelHashes *kernel, guint8 out[VA_SHA256_SIZE], GError **error)
{
  g_autoptr(VaLaunchDigest) digest = NULL;

  /* Without kernel hashes nothing else is measured: the digest is the image's own hash. */
  if (kernel == NULL)
    return va_hex_decode (firmware->hash, out, VA_SHA256_SIZE, error);
  digest = begin_digest (cache, store, firmware, error);
  if (digest == NULL || !va_launch_digest_add_kernel (digest, &firmware->firmware, kernel, error))
    return FALSE;
  va_launch_digest_finish (g_steal_pointer (&digest), out);
  return TRUE;
}

static gboolean
add_firmware (VaReferenceCache *cache, VaStore *store, const char *owner, const VaRegistration *registration,
              const char *hash, VaFixed *fixed, GArray *areas, GError **error)
{
  g_autoptr(GError) reason = NULL;
  g_autoptr(VaStoredArtifact) artifact = va_store_get_artifact (store, owner, hash, &reason);
  VaReference reference = { 0 };

  if (artifact == NULL)
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_ARTIFACT_MISSING);
  g_strlcpy (reference.firmware, hash, sizeof reference.firmware);
  reference.secret_address = artifact->firmware.secret_base;
  if (!va_reference_compute (cache, store, artifact, registration->has_kernel ? &registration->kernel : NULL,
                             reference.digest, &reason))
    {
      if (g_error_matches (reason, VA_SEV_ERROR, VA_SEV_ERROR_FIRMWARE))
        return va_refuse (error, VA_PROBLEM_BAD_REQUEST, _("firmware %s: %s"), hash, reason->message);
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  g_array_append_val (fixed->references, reference);
  g_array_append_val (areas, artifact->firmware);
  return TRUE;
}

gboolean
va_references_compute (VaReferenceCache *cache, VaStore *store, const char *owner, const VaRegistration *registration,
                       VaFixed *fixed, GArray **areas, GError **error)
{
  g_autoptr(GArray) found = g_array_new (FALSE, FALSE, sizeof (VaFirmware));
  char **digests = registration->launch_digests;

  for (guint i = 0; registration->firmware_hashes != NULL && registration->firmware_hashes[i] != NULL; i++)
    if (!add_firmware (cache, store, owner, registration, registration->firmware_hashes[i], fixed, found, error))
      return FALSE;
  for (guint i = 0; digests != NULL && digests[i] != NULL; i++)
    {
      VaReference reference = { 0 };

      if (!va_hex_decode (digests[i], reference.digest, VA_SHA256_SIZE, error))
        return FALSE;
      g_array_append_val (fixed->references, reference);
    }
  *areas = g_steal_pointer (&found);
  return TRUE;
}
