/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "fuzz.h"
#include "tee/sev/chain.h"
#include "tee/sev/error.h"

/* One certificate, or a whole chain when the input is as long as four. */

static void
check_certificate (const guint8 *data, gsize size)
{
  g_autoptr(GError) error = NULL;
  guint8 built[VA_SEV_CERT_SIZE];
  VaSevCert cert;

  if (!va_sev_cert_parse (&cert, data, size, &error))
    {
      g_assert_true (error != NULL && error->domain == VA_SEV_ERROR);
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpmem (cert.raw, sizeof cert.raw, data, size);
  /* all of the signed part has a meaning, so it can be written again from that meaning */
  va_sev_cert_build (built, cert.api_major, cert.api_minor, cert.usage, cert.algo, &cert.key);
  g_assert_cmpmem (built, VA_SEV_CERT_SIGNED_SIZE, data, VA_SEV_CERT_SIGNED_SIZE);
  va_sev_verify_ec (&cert, &cert);
}

static void
check_chain (const guint8 *data, gsize size)
{
  g_autoptr(VaSevRoots) none = va_sev_roots_new ();
  const char *generation = "untouched";
  VaSevChain chain;

  if (!va_sev_chain_parse (&chain, data, VA_SEV_CERT_SIZE, data + VA_SEV_CERT_SIZE, size - VA_SEV_CERT_SIZE, NULL))
    return;
  g_assert_false (va_sev_chain_verify (&chain, none, &generation, NULL));
  g_assert_null (generation);
  va_sev_verify_ec (&chain.pek, &chain.pdh);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (size >= 4 * VA_SEV_CERT_SIZE)
    check_chain (data, size);
  else
    check_certificate (data, size);
  return 0;
}
