/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "fuzz.h"
#include "tee/sev/vmsa.h"

/* A page that reads as a usual one is the one that is built from what was read. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  guint8 page[VA_VMSA_SIZE] = { 0 }, built[VA_VMSA_SIZE];
  VaVmsa vmsa;

  if (size > 0)
    memcpy (page, data, MIN (size, sizeof page)); /* short inputs are the beginning of a page */
  va_sev_vmsa_read (page, &vmsa);
  g_assert_cmpuint (vmsa.differing, <=, VA_VMSA_SIZE);
  va_sev_vmsa_build ((guint32) vmsa.reset, vmsa.signature, vmsa.profile, built);
  g_assert_true ((memcmp (page, built, sizeof page) == 0) == (vmsa.differing == 0));
  if (vmsa.differing > 0)
    {
      g_assert_cmpmem (page, vmsa.first_differing, built, vmsa.first_differing);
      g_assert_cmpuint (page[vmsa.first_differing], !=, built[vmsa.first_differing]);
    }
  return 0;
}
