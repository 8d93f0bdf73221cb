/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/encoding.h"
#include "sev-data.h"
#include "tee/sev/measurement.h"
#include "tee/sev/policy.h"

static VaLaunchContext
context_of (const Case *one)
{
  return (VaLaunchContext){ one->api_major, one->api_minor, one->build_id, one->policy };
}

static void
load (const Case *one, guint8 measurement[VA_MEASUREMENT_SIZE])
{
  memcpy (measurement, one->measure, 32);
  memcpy (measurement + 32, one->mnonce, 16);
}

static void
test_known_answers (void)
{
  g_autoptr(GPtrArray) cases = data_cases ();

  g_assert_cmpuint (cases->len, ==, 3);
  for (guint i = 0; i < cases->len; i++)
    {
      const Case *one = g_ptr_array_index (cases, i);
      VaLaunchContext context = context_of (one);
      guint8 measurement[VA_MEASUREMENT_SIZE], out[32], blob[VA_MEASUREMENT_SIZE];

      g_test_message ("case %s", one->name);
      load (one, measurement);
      va_measurement_compute (one->tik, &context, one->digest, one->mnonce, out);
      g_assert_cmpmem (out, 32, one->measure, 32);
      g_assert_true (va_base64_decode_exact (one->launch_measure, blob, sizeof blob, NULL));
      g_assert_cmpmem (blob, sizeof blob, measurement, sizeof measurement);
      g_assert_true (va_measurement_matches (one->tik, &context, one->digest, blob));
      if (!one->es)
        continue;
      va_measurement_compute (one->tik, &context, one->other_digest, one->mnonce, out);
      g_assert_cmpmem (out, 32, one->other_measure, 32);
      g_assert_false (va_measurement_matches (one->tik, &context, one->other_digest, blob));
    }
}

static void
test_refuses_other_bits (void)
{
  g_autoptr(GPtrArray) cases = data_cases ();
  const Case *one = g_ptr_array_index (cases, 0);
  VaLaunchContext context = context_of (one);
  guint8 measurement[VA_MEASUREMENT_SIZE], digest[32];

  load (one, measurement);
  memcpy (digest, one->digest, 32);
  for (guint i = 0; i < VA_MEASUREMENT_SIZE * 8; i++)
    {
      measurement[i / 8] ^= (guint8) (1 << i % 8);
      g_assert_false (va_measurement_matches (one->tik, &context, digest, measurement));
      measurement[i / 8] ^= (guint8) (1 << i % 8);
    }
  for (guint i = 0; i < 256; i++)
    {
      digest[i / 8] ^= (guint8) (1 << i % 8);
      g_assert_false (va_measurement_matches (one->tik, &context, digest, measurement));
      digest[i / 8] ^= (guint8) (1 << i % 8);
    }
  for (guint i = 0; i < 128; i++)
    {
      va_secret_data (one->tik)[i / 8] ^= (guint8) (1 << i % 8);
      g_assert_false (va_measurement_matches (one->tik, &context, digest, measurement));
      va_secret_data (one->tik)[i / 8] ^= (guint8) (1 << i % 8);
    }
  g_assert_true (va_measurement_matches (one->tik, &context, digest, measurement));
}

/* One peer cuts the policy to 8 bits: a host could start with a lower minimum version. */
static void
test_refuses_other_context (void)
{
  g_autoptr(GPtrArray) cases = data_cases ();
  const Case *one = g_ptr_array_index (cases, 0);
  VaLaunchContext context = context_of (one);
  guint8 measurement[VA_MEASUREMENT_SIZE];

  load (one, measurement);
  for (guint i = 0; i < 32; i++)
    {
      context.policy = one->policy ^ (1u << i);
      g_assert_false (va_measurement_matches (one->tik, &context, one->digest, measurement));
    }
  for (guint i = 0; i < 8; i++)
    {
      context = context_of (one);
      context.api_major ^= (guint8) (1 << i);
      g_assert_false (va_measurement_matches (one->tik, &context, one->digest, measurement));
      context = context_of (one);
      context.api_minor ^= (guint8) (1 << i);
      g_assert_false (va_measurement_matches (one->tik, &context, one->digest, measurement));
      context = context_of (one);
      context.build_id ^= (guint8) (1 << i);
      g_assert_false (va_measurement_matches (one->tik, &context, one->digest, measurement));
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sev/measurement/known-answers", test_known_answers);
  g_test_add_func ("/sev/measurement/refuses-other-bits", test_refuses_other_bits);
  g_test_add_func ("/sev/measurement/refuses-other-context", test_refuses_other_context);
  return g_test_run ();
}
