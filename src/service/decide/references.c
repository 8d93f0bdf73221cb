/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/decide/references.h"

#include <string.h>
#include "core/encoding.h"
#include "core/i18n.h"
#include "kek/seal.h"
#include "service/decide/cache.h"
#include "service/refusal.h"

#define CACHE_MAX 1024 /* of each kind, some hundred bytes each */
#define CPUS_MAX 4096  /* that one registration has measured, in all its references */

struct _VaReferenceCache {
  /* By a hash of owner and image's hash -> VaStoredArtifact. No registration names one that was removed since. */
  VaCache *artifacts;
  /* By an image's hash -> VaTeeImage, of an image whose content has this hash. Nothing else gets here: a row of the
     database is believed for its hash alone, which registrations name, and neither for the image nor for what stands
     beside it. */
  VaCache *images;
  VaCache *finished; /* by the hash of a Measured -> digest, if vCPUs are measured: each costs some microseconds */
};

/* All that a digest is made from: the image by its hash, what is known of its layout, and the rest. */
typedef struct {
  const VaTee *tee;
  char hash[2 * VA_SHA256_SIZE + 1];
  VaFirmware firmware;
  gboolean has_kernel;
  VaKernelHashes kernel;
  guint32 cpus, cpu_signature;
  guint profile;
} Measured;

static gpointer
copy_artifact (gconstpointer data)
{
  const VaStoredArtifact *artifact = data;
  VaStoredArtifact *copy = g_memdup2 (artifact, sizeof *artifact);

  copy->owner = g_strdup (artifact->owner);
  copy->hash = g_strdup (artifact->hash);
  return copy;
}

static gpointer
copy_image (gconstpointer image)
{
  return va_tee_image_copy (image);
}

static gpointer
copy_finished (gconstpointer digest)
{
  return g_memdup2 (digest, VA_MEASURED_MAX);
}

VaReferenceCache *
va_reference_cache_new (void)
{
  VaReferenceCache *cache = g_new0 (VaReferenceCache, 1);

  cache->artifacts = va_cache_new (CACHE_MAX, copy_artifact, (GDestroyNotify) va_stored_artifact_free);
  cache->images = va_cache_new (CACHE_MAX, copy_image, (GDestroyNotify) va_tee_image_free);
  cache->finished = va_cache_new (CACHE_MAX, copy_finished, g_free);
  return cache;
}

void
va_reference_cache_free (VaReferenceCache *cache)
{
  if (cache == NULL)
    return;
  va_cache_free (cache->artifacts);
  va_cache_free (cache->images);
  va_cache_free (cache->finished);
  g_free (cache);
}

static VaTeeImage *
refuse_changed (const VaStoredArtifact *artifact, GError **error)
{
  g_set_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN,
               _("the stored image of firmware %s of owner %s does not have this hash: it was changed in the database. "
                 "It is "
                 "repaired when its owner uploads it again"),
               artifact->hash, artifact->owner);
  return NULL;
}

static VaTeeImage *
check_stored_image (const VaTee *tee, const VaStoredArtifact *artifact, const guint8 hash[VA_SHA256_SIZE],
                    GBytes *bytes, GError **error)
{
  gsize size = 0;
  gconstpointer data = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;
  g_autoptr(VaTeeImage) image = tee->read_image (data, size);

  if (image != NULL && memcmp (image->hash, hash, VA_SHA256_SIZE) == 0)
    return g_steal_pointer (&image);
  return refuse_changed (artifact, error);
}

/* The one in memory, if it was read as @tee does. */
static VaTeeImage *
find_image (VaReferenceCache *cache, const VaTee *tee, const guint8 hash[VA_SHA256_SIZE])
{
  g_autoptr(VaTeeImage) image = va_cache_get (cache->images, hash);

  return image != NULL && image->tee->read_image == tee->read_image ? g_steal_pointer (&image) : NULL;
}

static VaTeeImage *
read_image (VaReferenceCache *cache, VaStore *store, const VaTee *tee, const VaStoredArtifact *artifact, GError **error)
{
  guint8 hash[VA_SHA256_SIZE];
  g_autoptr(VaTeeImage) image = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GError) reason = NULL;

  if (!va_hex_decode (artifact->hash, hash, sizeof hash, NULL))
    return refuse_changed (artifact, error);
  image = find_image (cache, tee, hash);
  if (image != NULL)
    return g_steal_pointer (&image);
  bytes = va_store_get_image (store, artifact->owner, artifact->hash, &reason);
  if (reason != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return NULL;
    }
  image = check_stored_image (tee, artifact, hash, bytes, error);
  if (image != NULL)
    va_cache_put (cache->images, hash, image);
  return g_steal_pointer (&image);
}

VaTeeImage *
va_reference_begin (VaReferenceCache *cache, VaStore *store, const VaTee *tee, VaStoredArtifact *artifact,
                    GError **error)
{
  VaTeeImage *image = read_image (cache, store, tee, artifact, error);

  if (image != NULL)
    artifact->firmware = image->firmware;
  return image;
}

/* Hash and footer are the same for every technology, so any of them will do. */
gboolean
va_reference_check (VaReferenceCache *cache, VaStore *store, VaStoredArtifact *artifact, GError **error)
{
  g_autoptr(VaTeeImage) image = va_reference_begin (cache, store, &va_tee_sev, artifact, error);

  return image != NULL;
}

static void
hash_measured (const VaTee *tee, const VaStoredArtifact *firmware, const VaMeasuredParts *parts,
               guint8 out[VA_SHA256_SIZE])
{
  Measured measured;

  memset (&measured, 0, sizeof measured);
  measured.tee = tee;
  g_strlcpy (measured.hash, firmware->hash, sizeof measured.hash);
  measured.firmware = firmware->firmware;
  measured.has_kernel = parts->kernel != NULL;
  if (parts->kernel != NULL)
    measured.kernel = *parts->kernel;
  measured.cpus = parts->cpus;
  measured.cpu_signature = parts->cpu_signature;
  measured.profile = parts->profile;
  va_sha256 (&measured, sizeof measured, out);
}

static gboolean
compute_digest (VaReferenceCache *cache, VaStore *store, const VaTee *tee, VaStoredArtifact *firmware,
                const VaMeasuredParts *parts, guint8 out[VA_MEASURED_MAX], GError **error)
{
  g_autoptr(VaTeeImage) image = va_reference_begin (cache, store, tee, firmware, error);
  g_autoptr(GError) reason = NULL;

  if (image == NULL)
    return FALSE;
  return tee->compute_digest (image, parts, out, &reason)
         || va_refuse (error, VA_PROBLEM_BAD_REQUEST, _("firmware %s: %s"), firmware->hash, reason->message);
}

gboolean
va_reference_compute (VaReferenceCache *cache, VaStore *store, const VaTee *tee, VaStoredArtifact *firmware,
                      const VaMeasuredParts *parts, guint8 out[VA_MEASURED_MAX], GError **error)
{
  guint8 measured[VA_SHA256_SIZE];
  g_autofree guint8 *found = NULL;

  if (tee->hash_is_digest && parts->kernel == NULL && parts->cpus == 0)
    return va_hex_decode (firmware->hash, out, VA_SHA256_SIZE, error);
  if (parts->cpus == 0)
    return compute_digest (cache, store, tee, firmware, parts, out, error);
  hash_measured (tee, firmware, parts, measured);
  found = va_cache_get (cache->finished, measured);
  if (found != NULL)
    {
      memcpy (out, found, VA_MEASURED_MAX);
      return TRUE;
    }
  if (!compute_digest (cache, store, tee, firmware, parts, out, error))
    return FALSE;
  va_cache_put (cache->finished, measured, out);
  return TRUE;
}

/* One registration's references in the making. */
typedef struct {
  VaReferenceCache *cache;
  VaStore *store;
  const VaRegistration *registration;
  VaStoredArtifact *artifact;
  VaLaunchTerms *terms;
} References;

static gboolean
add_reference (const References *references, guint kernel, guint32 cpus, guint profile, GError **error)
{
  VaLaunchTerms *terms = references->terms;
  VaMeasuredParts parts = {
    .kernel = terms->kernels->len > 0 ? &g_array_index (terms->kernels, VaKernelHashes, kernel) : NULL,
    .cpus = cpus,
    .cpu_signature = terms->cpu_signature,
    .profile = profile,
  };
  VaReference reference = { .kernel = kernel, .cpus = cpus, .profile = profile };

  g_strlcpy (reference.firmware, references->artifact->hash, sizeof reference.firmware);
  reference.secret_address = references->artifact->firmware.secret_base;
  if (!va_reference_compute (references->cache, references->store, terms->tee, references->artifact, &parts,
                             reference.digest, error))
    return FALSE;
  g_array_append_val (terms->references, reference);
  return TRUE;
}

static gboolean
add_profiles (const References *references, guint kernel, guint32 cpus, GError **error)
{
  const VaTeeCpus *measured = references->terms->tee->cpus;
  const char *chosen = references->registration->vmsa_profile;

  for (guint i = 0; i < measured->profiles; i++)
    if (measured->allows_profile (chosen, i) && !add_reference (references, kernel, cpus, i, error))
      return FALSE;
  return TRUE;
}

/* With each number of vCPUs, if they are measured. */
static gboolean
add_counts (const References *references, guint kernel, GError **error)
{
  const VaRegistration *registration = references->registration;

  if (references->terms->tee->cpus == NULL)
    return add_reference (references, kernel, 0, 0, error);
  for (guint i = 0; i < registration->cpu_counts_length; i++)
    if (!add_profiles (references, kernel, registration->cpu_counts[i], error))
      return FALSE;
  return TRUE;
}

/* At least the usual ones count, so that to choose another one later is no step too far. */
static guint
count_profiles (const VaRegistration *registration, const VaTeeCpus *measured)
{
  guint profiles = 0;

  if (measured == NULL)
    return 1;
  for (guint i = 0; i < measured->profiles; i++)
    profiles += measured->allows_profile (registration->vmsa_profile, i);
  return MAX (profiles, measured->usual_profiles);
}

/* The first launch computes all of this. */
static gboolean
check_size (const VaRegistration *registration, const VaLaunchTerms *terms, GError **error)
{
  guint images = g_strv_length (registration->firmware_hashes), kernels = MAX (terms->kernels->len, 1);
  guint counts = registration->cpu_counts_length, profiles = count_profiles (registration, terms->tee->cpus);
  guint64 cpus = 0, starts = (guint64) images * kernels;

  for (guint i = 0; i < counts; i++)
    cpus += registration->cpu_counts[i];
  if (starts * (counts > 0 ? counts * profiles : 1) <= VA_LAUNCH_TERMS_REFERENCES_MAX && starts * cpus <= CPUS_MAX)
    return TRUE;
  return va_refuse (error, VA_PROBLEM_BAD_REQUEST,
                    _("%u firmware images with %u combinations of kernel, initrd and command line and %u vCPU counts "
                      "make too many launch digests: at most %d, and %d vCPUs in all; register fewer, or use "
                      "launch-digests"),
                    images, terms->kernels->len, counts, VA_LAUNCH_TERMS_REFERENCES_MAX, CPUS_MAX);
}

static gboolean
prepare_terms (const VaRegistration *registration, VaLaunchTerms *terms, GError **error)
{
  const VaTeeCpus *measured = terms->tee->cpus;
  g_autoptr(GError) reason = NULL;

  if (registration->firmware_hashes == NULL)
    return TRUE;
  if (measured != NULL && !measured->parse_model (registration->cpu_model, &terms->cpu_signature, &reason))
    return va_refuse (error, VA_PROBLEM_BAD_REQUEST, _("cpu-model: %s"), reason->message);
  return check_size (registration, terms, error);
}

static VaStoredArtifact *
find_artifact (const References *references, const char *owner, const char *hash, GError **error)
{
  g_autofree char *name = g_strconcat (owner, "\n", hash, NULL);
  guint8 key[VA_SHA256_SIZE];
  VaStoredArtifact *artifact;

  va_sha256 (name, strlen (name), key);
  artifact = va_cache_get (references->cache->artifacts, key);
  if (artifact != NULL)
    return artifact;
  artifact = va_store_get_artifact (references->store, owner, hash, error);
  if (artifact == NULL || !va_reference_check (references->cache, references->store, artifact, error))
    {
      va_stored_artifact_free (artifact);
      return NULL;
    }
  va_cache_put (references->cache->artifacts, key, artifact);
  return artifact;
}

static gboolean
add_firmware (References *references, const char *owner, const char *hash, GArray *areas, GError **error)
{
  g_autoptr(GError) reason = NULL;
  g_autoptr(VaStoredArtifact) artifact = find_artifact (references, owner, hash, &reason);

  if (artifact == NULL)
    return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_ARTIFACT_MISSING);
  references->artifact = artifact;
  for (guint i = 0; i < MAX (references->terms->kernels->len, 1); i++)
    if (!add_counts (references, i, error))
      return FALSE;
  g_array_append_val (areas, artifact->firmware);
  return TRUE;
}

gboolean
va_references_compute (VaReferenceCache *cache, VaStore *store, const char *owner, const VaRegistration *registration,
                       VaLaunchTerms *terms, GArray **areas, GError **error)
{
  g_autoptr(GArray) found = g_array_new (FALSE, FALSE, sizeof (VaFirmware));
  char **digests = registration->launch_digests;
  References references = { .cache = cache, .store = store, .registration = registration, .terms = terms };

  g_array_unref (terms->kernels);
  terms->kernels = va_registration_kernels (registration);
  if (!prepare_terms (registration, terms, error))
    return FALSE;
  for (guint i = 0; registration->firmware_hashes != NULL && registration->firmware_hashes[i] != NULL; i++)
    if (!add_firmware (&references, owner, registration->firmware_hashes[i], found, error))
      return FALSE;
  for (guint i = 0; digests != NULL && digests[i] != NULL; i++)
    {
      VaReference reference = { 0 };

      if (!va_hex_decode (digests[i], reference.digest, terms->tee->digest_size, error))
        return FALSE;
      g_array_append_val (terms->references, reference);
    }
  *areas = g_steal_pointer (&found);
  return TRUE;
}
