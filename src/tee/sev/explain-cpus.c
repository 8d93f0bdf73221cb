/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/explain-private.h"

#include <string.h>
#include "core/i18n.h"

/* SEV-ES: the vCPUs that the guest may have been started with. */

#define CPUS_TRIED 512 /* as many as large hosts have threads */
#define CPUS_TRIED_WITH_STEPPING 64
#define TRY_COST 512 /* bytes hashed for one digest and its measurement, beside its pages */
#define STEPPINGS 16
#define STEPPINGS_TRIED 4 /* of any processor */

/* Families and models of AMD's processors for servers; host-passthrough has them with their own steppings. */
static const struct {
  guint16 family;
  guint8 model;
} real_models[] = {
  { 23, 0x01 }, { 23, 0x31 },                             /* Naples, Rome */
  { 25, 0x01 }, { 25, 0x08 }, { 25, 0x11 }, { 25, 0xa0 }, /* Milan, Genoa, Bergamo and Siena */
  { 26, 0x00 }, { 26, 0x02 }, { 26, 0x11 },               /* Turin */
};
static const guint8 all_families[] = { 23, 24, 25, 26 };

static gboolean
is_expected (const VaSevMismatch *m, guint32 cpus)
{
  for (gsize i = 0; i < m->cpus_length; i++)
    if (m->cpus[i] == cpus)
      return TRUE;
  return FALSE;
}

static guint32
most_expected (const VaSevMismatch *m)
{
  guint32 most = 0;

  for (gsize i = 0; i < m->cpus_length; i++)
    most = MAX (most, m->cpus[i]);
  return most;
}

static gboolean
digest_fits (VaExplain *explain, const VaLaunchDigest *begun)
{
  const VaSevMismatch *m = explain->mismatch;
  guint8 hash[VA_SHA256_SIZE];

  if (!va_explain_afford (explain, TRY_COST))
    return FALSE;
  va_launch_digest_finish (va_launch_digest_copy (begun), hash);
  return va_measurement_key_matches (explain->tik, &m->context, hash, m->measurement);
}

/* The save area of the first vCPU, or that of the others. */
static void
make_page (const VaSevMismatch *m, const VaExplainImage *image, const VaExplainCpus *cpus, gboolean first,
           guint8 page[VA_VMSA_SIZE])
{
  if (m->vmsa[0] != NULL)
    memcpy (page, m->vmsa[first == cpus->swapped ? 1 : 0], VA_VMSA_SIZE);
  else
    va_sev_vmsa_build (first ? VA_VMSA_FIRST_RESET : image->footer.ap_reset, cpus->signature, cpus->profile, page);
}

gboolean
va_explain_series (VaExplain *explain, const VaExplainImage *image, const VaLaunchDigest *begun, guint32 most,
                   VaExplainCpus *cpus)
{
  const VaSevMismatch *m = explain->mismatch;
  guint32 end = most > 0 ? most : most_expected (m);
  g_autoptr(VaLaunchDigest) digest = NULL;
  guint8 page[VA_VMSA_SIZE];

  cpus->cpus = 0;
  if (m->cpus_length == 0)
    return digest_fits (explain, begun);
  if (m->vmsa[0] == NULL && image->footer.ap_reset == 0)
    return FALSE;
  if (m->vmsa[0] != NULL && m->vmsa[1] == NULL)
    end = cpus->swapped ? 0 : MIN (end, 1);
  digest = va_launch_digest_copy (begun);
  for (guint32 i = 1; i <= end && va_explain_afford (explain, VA_VMSA_SIZE); i++)
    {
      if (i <= 2)
        make_page (m, image, cpus, i == 1, page);
      va_launch_digest_add (digest, page, sizeof page);
      cpus->cpus = i;
      if ((most > 0 || is_expected (m, i)) && digest_fits (explain, digest))
        return TRUE;
    }
  return FALSE;
}

gboolean
va_explain_profiles (VaExplain *explain, const VaExplainImage *image, const VaLaunchDigest *begun, guint32 most,
                     VaExplainCpus *cpus)
{
  gboolean built = explain->mismatch->cpus_length > 0 && explain->mismatch->vmsa[0] == NULL;

  for (guint i = 0; i < (built ? VA_VMSA_PROFILES : 1); i++)
    {
      cpus->profile = (VaVmsaProfile) i;
      if (built && cpus->usual && !explain->mismatch->profiles[i])
        continue;
      if (va_explain_series (explain, image, begun, most, cpus))
        return TRUE;
    }
  return FALSE;
}

/* With @cpus' signature, on each image and with each kernel that is expected. */
static const VaExplainImage *
find_measured_image (VaExplain *explain, guint32 most, VaExplainCpus *cpus)
{
  for (guint i = 0; i < explain->images->len && !explain->cut; i++)
    for (guint k = 0; k < explain->expected_kernels; k++)
      {
        const VaExplainImage *image = &g_array_index (explain->images, VaExplainImage, i);
        g_autoptr(VaLaunchDigest) begun =
          va_explain_begin (explain, image, &g_array_index (explain->kernels, VaExplainKernel, k));

        if (begun != NULL && va_explain_profiles (explain, image, begun, most, cpus))
          return image;
      }
  return NULL;
}

/* "2 or 4". Returns: (transfer full) */
static char *
expected_counts (const VaSevMismatch *m)
{
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < m->cpus_length; i++)
    g_string_append_printf (text, i == 0 ? "%u" : _(" or %u"), m->cpus[i]);
  return g_string_free (text, FALSE);
}

static gboolean
say_count (VaExplain *explain, const VaExplainImage *image, const VaExplainCpus *cpus)
{
  g_autofree char *counts = expected_counts (explain->mismatch);

  va_explain_found (explain, _("the guest's number of vCPUs is %u, not %s"), cpus->cpus, counts);
  return va_explain_rest (explain, image, cpus);
}

/* What the expected counts and CPU come to with another profile. */
static gboolean
try_profile (VaExplain *explain)
{
  VaExplainCpus cpus = { .signature = explain->mismatch->cpu_signature };
  const VaExplainImage *image = find_measured_image (explain, 0, &cpus);

  if (image == NULL)
    return FALSE;
  if (va_vmsa_profile_features (cpus.profile) == 0)
    va_explain_found (explain, _("the host's VMSA profile is “%s”, which is not expected"),
                      va_vmsa_profile_name (cpus.profile));
  else
    va_explain_found (explain,
                      _("the host's VMSA profile is “%s”, which is not expected: its KVM has debug_swap on "
                        "(sev_features 0x%x)"),
                      va_vmsa_profile_name (cpus.profile), va_vmsa_profile_features (cpus.profile));
  cpus.cpus = 0;
  return va_explain_rest (explain, image, &cpus);
}

static gboolean
try_swapped_cpus (VaExplain *explain)
{
  VaExplainCpus cpus = { .swapped = TRUE };
  const VaExplainImage *image = explain->mismatch->vmsa[1] != NULL ? find_measured_image (explain, CPUS_TRIED, &cpus)
                                                                   : NULL;

  if (image == NULL)
    return FALSE;
  if (is_expected (explain->mismatch, cpus.cpus))
    va_explain_found (explain, _("the two save areas are swapped"));
  else
    va_explain_found (explain, _("the two save areas are swapped, and the guest's number of vCPUs is %u"), cpus.cpus);
  return va_explain_rest (explain, image, &cpus);
}

static gboolean
try_counts (VaExplain *explain)
{
  VaExplainCpus cpus = { .signature = explain->mismatch->cpu_signature };
  const VaExplainImage *image = find_measured_image (explain, CPUS_TRIED, &cpus);

  return image != NULL && say_count (explain, image, &cpus);
}

/* One other CPU, with the expected counts or with up to @most vCPUs. */
static gboolean
try_cpu (VaExplain *explain, guint32 signature, guint32 most)
{
  VaExplainCpus cpus = { .signature = signature };
  const VaExplainImage *image;
  g_autofree char *other = NULL, *expected = NULL, *counts = expected_counts (explain->mismatch);

  if (signature == explain->mismatch->cpu_signature || (image = find_measured_image (explain, most, &cpus)) == NULL)
    return FALSE;
  other = va_cpu_describe (signature);
  expected = va_cpu_describe (explain->mismatch->cpu_signature);
  if (is_expected (explain->mismatch, cpus.cpus))
    va_explain_found (explain, _("the guest's CPU is %s, not %s"), other, expected);
  else
    va_explain_found (explain, _("the guest has %u vCPUs of CPU %s, not %s of CPU %s"), cpus.cpus, other, counts,
                      expected);
  if (strchr (other, '(') == NULL)
    va_explain_found (explain, _(" (with host-passthrough a guest has the numbers of the host's own processor)"));
  return va_explain_rest (explain, image, &cpus);
}

static gboolean
try_named (VaExplain *explain, guint32 most)
{
  gsize count;
  const VaCpuModel *models = va_cpu_models (&count);

  for (gsize i = 0; i < count && !explain->cut; i++)
    if (try_cpu (explain, va_cpu_signature (models[i].family, models[i].model, models[i].stepping), most))
      return TRUE;
  return FALSE;
}

static gboolean
try_steppings (VaExplain *explain, guint32 most)
{
  for (gsize i = 0; i < G_N_ELEMENTS (real_models); i++)
    for (guint8 stepping = 0; stepping < STEPPINGS && !explain->cut; stepping++)
      if (try_cpu (explain, va_cpu_signature (real_models[i].family, real_models[i].model, stepping), most))
        return TRUE;
  return FALSE;
}

gboolean
va_explain_cpus (VaExplain *explain)
{
  if (explain->mismatch->vmsa[0] != NULL)
    return try_counts (explain) || try_swapped_cpus (explain);
  return try_profile (explain) || try_counts (explain) || try_named (explain, 0) || try_steppings (explain, 0)
         || try_named (explain, CPUS_TRIED) || try_steppings (explain, CPUS_TRIED_WITH_STEPPING);
}

gboolean
va_explain_any_cpu (VaExplain *explain)
{
  for (gsize i = 0; i < G_N_ELEMENTS (all_families); i++)
    for (guint model = 0; model < 256 && !explain->cut; model++)
      for (guint8 stepping = 0; stepping < STEPPINGS_TRIED; stepping++)
        if (try_cpu (explain, va_cpu_signature (all_families[i], (guint8) model, stepping), 0))
          return TRUE;
  return FALSE;
}
