/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "fuzz.h"
#include "tee/sev/chain.h"
#include "tee/sev/error.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaSevRoots) roots = NULL;
  guint8 key_hash[32];
  VaAmdCert cert;

  if (!va_amd_cert_parse (&cert, data, size, &error))
    {
      g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT);
      return 0;
    }
  g_assert_no_error (error);
  g_assert_cmpmem (cert.raw, cert.size, data, size);
  va_amd_cert_key_hash (&cert, key_hash);
  /* an ARK that verifies is AMD's own, whole and unchanged: nobody else's key gets through without trust */
  if (va_amd_verify_ark (&cert) && va_amd_ark_generation (key_hash) != NULL)
    g_assert_cmpuint (cert.usage, ==, VA_SEV_USAGE_ARK);
  roots = va_sev_roots_new ();
  g_assert_false (va_sev_roots_add (roots, "same", &cert, &cert, TRUE, NULL)); /* an ARK is no ASK */
  g_assert_cmpuint (va_sev_roots_count (roots), ==, 0);
  return 0;
}
