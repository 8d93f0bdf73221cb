/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sev/measurement.h"

#include <nettle/hmac.h>
#include "sev/bytes.h"

#define LAUNCH_MEASURE 0x04

void
va_measurement_compute (VaSecret *tik, const VaLaunchContext *context, const guint8 digest[VA_SHA256_SIZE],
                        const guint8 mnonce[16], guint8 out[32])
{
  guint8 head[8] = { LAUNCH_MEASURE, context->api_major, context->api_minor, context->build_id };
  struct hmac_sha256_ctx hmac;

  va_put_le32 (head + 4, context->policy);
  hmac_sha256_set_key (&hmac, va_secret_size (tik), va_secret_data (tik));
  hmac_sha256_update (&hmac, sizeof head, head);
  hmac_sha256_update (&hmac, VA_SHA256_SIZE, digest);
  hmac_sha256_update (&hmac, 16, mnonce);
  hmac_sha256_digest (&hmac, 32, out);
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
