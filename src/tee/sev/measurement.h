/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/secret.h"
#include "tee/sev/digest.h"

G_BEGIN_DECLS

#define VA_MEASUREMENT_SIZE 48 /* measure[32], then mnonce[16] */

/** What the measurement covers besides the digest. */
typedef struct {
  guint8 api_major, api_minor, build_id;
  guint32 policy;
} VaLaunchContext;

/**
 * va_measurement_compute: HMAC-SHA256 under @tik. Spec: docs/SEV.md section 3; AMD 55766, LAUNCH_MEASURE
 * @tik: 16 bytes
 */
void va_measurement_compute (VaSecret *tik, const VaLaunchContext *context, const guint8 digest[VA_SHA256_SIZE],
                             const guint8 mnonce[16], guint8 out[32]);
/** va_measurement_matches: whether @measurement is that of @digest; constant time. */
gboolean va_measurement_matches (VaSecret *tik, const VaLaunchContext *context, const guint8 digest[VA_SHA256_SIZE],
                                 const guint8 measurement[VA_MEASUREMENT_SIZE]);

/**
 * A TIK ready for many measurements: a search computes a hundred thousand. Not for use by several threads.
 */
typedef struct _VaMeasurementKey VaMeasurementKey;
/** va_measurement_key_new: @tik: 16 bytes, copied. */
VaMeasurementKey *va_measurement_key_new (VaSecret *tik);
/** va_measurement_key_matches: as va_measurement_matches(). */
gboolean va_measurement_key_matches (VaMeasurementKey *key, const VaLaunchContext *context,
                                     const guint8 digest[VA_SHA256_SIZE],
                                     const guint8 measurement[VA_MEASUREMENT_SIZE]);
void va_measurement_key_free (VaMeasurementKey *key);

G_END_DECLS
