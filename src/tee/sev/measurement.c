/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/measurement.h"

#include <nettle/hmac.h>
#include "tee/sev/bytes.h"

#define LAUNCH_MEASURE 0x04

struct _VaMeasurementKey {
  struct hmac_sha256_ctx hmac; /* goes back to the keyed state with each digest */
};

static void
compute_measurement (struct hmac_sha256_ctx *hmac, const VaLaunchContext *context, const guint8 digest[VA_SHA256_SIZE],
                     const guint8 mnonce[16], guint8 out[32])
{
  guint8 head[8] = { LAUNCH_MEASURE, context->api_major, context->api_minor, context->build_id };

  va_put_le32 (head + 4, context->policy);
  hmac_sha256_update (hmac, sizeof head, head);
  hmac_sha256_update (hmac, VA_SHA256_SIZE, digest);
  hmac_sha256_update (hmac, 16, mnonce);
  hmac_sha256_digest (hmac, 32, out);
}

void
va_measurement_compute (VaSecret *tik, const VaLaunchContext *context, const guint8 digest[VA_SHA256_SIZE],
                        const guint8 mnonce[16], guint8 out[32])
{
  struct hmac_sha256_ctx hmac;

  hmac_sha256_set_key (&hmac, va_secret_size (tik), va_secret_data (tik));
  compute_measurement (&hmac, context, digest, mnonce, out);
  va_wipe (&hmac, sizeof hmac);
}

gboolean
va_measurement_matches (VaSecret *tik, const VaLaunchContext *context, const guint8 digest[VA_SHA256_SIZE],
                        const guint8 measurement[VA_MEASUREMENT_SIZE])
{
  guint8 expected[32];

  va_measurement_compute (tik, context, digest, measurement + 32, expected);
  return va_bytes_equal (expected, measurement, sizeof expected);
}

VaMeasurementKey *
va_measurement_key_new (VaSecret *tik)
{
  VaMeasurementKey *key = g_new0 (VaMeasurementKey, 1);

  hmac_sha256_set_key (&key->hmac, va_secret_size (tik), va_secret_data (tik));
  return key;
}

gboolean
va_measurement_key_matches (VaMeasurementKey *key, const VaLaunchContext *context, const guint8 digest[VA_SHA256_SIZE],
                            const guint8 measurement[VA_MEASUREMENT_SIZE])
{
  guint8 expected[32];

  compute_measurement (&key->hmac, context, digest, measurement + 32, expected);
  return va_bytes_equal (expected, measurement, sizeof expected);
}

void
va_measurement_key_free (VaMeasurementKey *key)
{
  if (key == NULL)
    return;
  va_wipe (&key->hmac, sizeof key->hmac);
  g_free (key);
}
