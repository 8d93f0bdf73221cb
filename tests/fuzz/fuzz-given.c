/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/error.h"
#include "fuzz.h"
#include "tee/sev/bundle.h"
#include "tee/sev/error.h"
#include "tee/sev/given.h"

/* What people paste: certificates, measurements, keys, in whatever form. Nothing is read beyond its end. */

static void
check_value (VaGiven what, const guint8 *data, gsize size)
{
  g_autofree guint8 *copy = g_memdup2 (data, size), *out = g_malloc (va_given_size (what));
  g_autoptr(GError) error = NULL;

  if (!va_given_read (what, copy, size, (size & 1) != 0, out, NULL, &error))
    g_assert_true (error != NULL && error->domain == VA_CORE_ERROR && error->message[0] != '\0');
  else
    g_assert_no_error (error);
}

static void
check_bundle (const guint8 *data, gsize size)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);
  g_autoptr(GError) error = NULL;
  VaSevBundle bundle = { .has_pdh = FALSE };
  VaSevChain chain;

  if (va_sev_bundle_add (&bundle, copy, size, "input", &error))
    g_assert_true (bundle.has_pdh || bundle.has_pek || bundle.has_oca || bundle.has_cek || bundle.has_ark
                   || bundle.has_ask);
  else
    g_assert_true (g_str_has_prefix (error->message, "input: "));
  g_assert_cmpuint (bundle.cpu_id_size, <=, VA_SEV_CPU_ID_MAX);
  if (va_sev_bundle_chain (&bundle, &chain, NULL))
    g_assert_cmpuint (chain.cek.usage, ==, VA_SEV_USAGE_CEK);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *name = va_given_name (data, size);

  g_assert_cmpstr (name, !=, "");
  for (guint what = VA_GIVEN_MEASUREMENT; what <= VA_GIVEN_TEK; what++)
    check_value ((VaGiven) what, data, size);
  check_bundle (data, size);
  return 0;
}
