/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/registration.h"
#include "service/decide/launch-terms.h"
#include "store/store.h"

/* Launch digests computed from reference values. */
G_BEGIN_DECLS

/**
 * VaReferenceCache: the digests of firmware images, begun and ready for a kernel hash table, by the image's hash, and
 * those of SEV-ES as a whole, by everything that they are made from. What is in it holds for good. Used from several
 * threads.
 */
typedef struct _VaReferenceCache VaReferenceCache;
/** va_reference_cache_new: an empty one, for the whole service. */
VaReferenceCache *va_reference_cache_new (void);
void va_reference_cache_free (VaReferenceCache *cache);

/**
 * va_reference_begin: @artifact's image as @tee measures it, and what the image's footer says into
 * artifact->firmware. The image is checked against artifact->hash: from the database only who has which hash is
 * believed. Only the owner's own image is read, whoever else has the same.
 * Returns: (transfer full)
 * Errors: VA_STORE_ERROR; _SEAL: the image is another one than its hash says
 */
VaTeeImage *va_reference_begin (VaReferenceCache *cache, VaStore *store, const VaTee *tee, VaStoredArtifact *artifact,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_reference_check: the same without the image, to show or use artifact->firmware. */
gboolean va_reference_check (VaReferenceCache *cache, VaStore *store, VaStoredArtifact *artifact, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_reference_compute: the launch digest of @firmware with @parts.
 * @digest: (out): of tee->digest_size bytes
 * @firmware: one of an owner's artifacts, checked
 * Errors: VA_PROBLEM_BAD_REQUEST (no room for kernel hashes, no reset address for SEV-ES), VA_STORE_ERROR
 */
gboolean va_reference_compute (VaReferenceCache *cache, VaStore *store, const VaTee *tee, VaStoredArtifact *firmware,
                               const VaMeasuredParts *parts, guint8 digest[VA_MEASURED_MAX], GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_references_compute: every reference of @registration, into terms->references, with terms->kernels, as terms->tee
 * measures: any allowed combination is one.
 * @areas: (out) (transfer full): of VaFirmware, the firmware's, in the same order; empty for launch digests
 * Errors: VA_PROBLEM_ARTIFACT_MISSING, VA_PROBLEM_BAD_REQUEST (no room for kernel hashes, no reset address for
 * SEV-ES, CPU model not known, too many combinations), VA_STORE_ERROR
 */
gboolean va_references_compute (VaReferenceCache *cache, VaStore *store, const char *owner,
                                const VaRegistration *registration, VaLaunchTerms *terms, GArray **areas,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
