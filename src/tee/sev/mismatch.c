/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/mismatch.h"

#include "tee/sev/explain.h"
#include "tee/sev/image.h"
#include "tee/sev/seam.h"

static const char *
name_mismatch_firmware (guint index, gpointer user_data)
{
  const VaTeeMismatch *mismatch = user_data;

  return mismatch->firmware_name (index, mismatch->user_data);
}

static gboolean
open_mismatch_firmware (guint index, VaLaunchDigest **begun, VaFirmware *footer, gpointer user_data)
{
  const VaTeeMismatch *mismatch = user_data;
  g_autoptr(VaTeeImage) image = mismatch->open_firmware (index, mismatch->user_data);

  if (image == NULL)
    return FALSE;
  *begun = va_sev_image_begun (image);
  *footer = image->firmware;
  return TRUE;
}

/* What the references say of vCPUs and profiles. */
static void
describe_reference_cpus (const VaTeeMismatch *mismatch, VaSevMismatch *search, GArray *cpus)
{
  for (guint i = 0; i < mismatch->reference_count; i++)
    {
      const VaReference *reference = &mismatch->references[i];
      gboolean known = reference->cpus == 0;

      for (guint j = 0; j < cpus->len; j++)
        known |= g_array_index (cpus, guint32, j) == reference->cpus;
      if (!known)
        g_array_append_val (cpus, reference->cpus);
      search->profiles[reference->profile] |= reference->cpus > 0;
    }
  search->cpus = (const guint32 *) (gpointer) cpus->data;
  search->cpus_length = cpus->len;
}

char *
va_sev_explain_evidence (const VaTeeMismatch *mismatch, GPtrArray *ruled_out)
{
  g_autoptr(GByteArray) digests = g_byte_array_new ();
  g_autoptr(GArray) cpus = g_array_new (FALSE, FALSE, sizeof (guint32));
  guint8 measurement[VA_MEASUREMENT_SIZE];
  VaSevMismatch search = {
    .tik = mismatch->key,
    .measurement = measurement,
    .kernels = mismatch->kernels,
    .kernel_count = mismatch->kernel_count,
    .cmdlines = mismatch->cmdlines,
    .cmdline_count = mismatch->cmdline_count,
    .cpu_signature = mismatch->cpu_signature,
    .firmware_count = mismatch->firmware_count,
    .expected_count = mismatch->expected_count,
    .firmware_name = name_mismatch_firmware,
    .open_firmware = open_mismatch_firmware,
    .user_data = (gpointer) mismatch,
    .budget = mismatch->budget,
  };

  if (!va_sev_evidence_read (mismatch->evidence, &search.context, measurement, NULL))
    return NULL;
  for (guint i = 0; i < mismatch->reference_count; i++)
    g_byte_array_append (digests, mismatch->references[i].digest, VA_SHA256_SIZE);
  search.digests = digests->data;
  search.digest_count = mismatch->reference_count;
  describe_reference_cpus (mismatch, &search, cpus);
  return va_sev_mismatch_explain (&search, ruled_out);
}
