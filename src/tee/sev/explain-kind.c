/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/explain-private.h"

#include "core/i18n.h"
#include "tee/sev/policy.h"

/* A guest that was started as the other kind: SEV instead of SEV-ES or the other way round. That is another policy and
   another digest at once, since only the digest of SEV-ES has save areas in it. */

#define LOW_BITS 64u /* every combination of the bits that have a meaning */
#define CPUS_TRIED_AS_ES 64
#define TRY_COST 512 /* bytes hashed for one digest and its measurement */

/* Whether the measurement is of @digest under a policy of the other kind than the expected one. */
static gboolean
find_policy (VaExplain *explain, const VaLaunchDigest *digest, guint32 *policy)
{
  const VaSevMismatch *m = explain->mismatch;
  VaLaunchContext other = m->context;
  const guint32 expected = m->context.policy, likely = expected ^ VA_POLICY_ES;
  guint8 hash[VA_SHA256_SIZE];

  va_launch_digest_finish (va_launch_digest_copy (digest), hash);
  for (guint32 i = 0; i < LOW_BITS; i++)
    {
      other.policy = likely ^ i; /* the expected policy but for that one bit comes first */
      if (((other.policy ^ expected) & VA_POLICY_ES) == 0)
        continue;
      if (!va_explain_afford (explain, TRY_COST))
        return FALSE;
      if (va_measurement_key_matches (explain->tik, &other, hash, m->measurement))
        {
          *policy = other.policy;
          return TRUE;
        }
    }
  return FALSE;
}

typedef gboolean (*TryBegun) (VaExplain *explain, const VaExplainImage *image, const VaLaunchDigest *begun);

/* On each image and with each kernel that is expected. */
static gboolean
try_each (VaExplain *explain, TryBegun try_begun)
{
  for (guint i = 0; i < explain->images->len && !explain->cut; i++)
    for (guint k = 0; k < explain->expected_kernels; k++)
      {
        const VaExplainImage *image = &g_array_index (explain->images, VaExplainImage, i);
        g_autoptr(VaLaunchDigest) begun =
          va_explain_begin (explain, image, &g_array_index (explain->kernels, VaExplainKernel, k));

        if (begun != NULL && try_begun (explain, image, begun))
          return TRUE;
      }
  return FALSE;
}

static gboolean
try_plain (VaExplain *explain, const VaExplainImage *image, const VaLaunchDigest *begun)
{
  const VaExplainCpus none = { .cpus = 0 };
  guint32 policy;

  if (!find_policy (explain, begun, &policy))
    return FALSE;
  va_explain_found (explain, _("the guest was started with policy 0x%x (plain SEV), not 0x%x"), policy,
                    explain->mismatch->context.policy);
  return va_explain_rest (explain, image, &none);
}

gboolean
va_explain_as_plain (VaExplain *explain)
{
  return try_each (explain, try_plain);
}

static gboolean
say_es (VaExplain *explain, const VaExplainImage *image, const VaExplainCpus *cpus, guint32 policy)
{
  const VaExplainCpus none = { .cpus = 0 }; /* no profile was expected */
  g_autofree char *cpu = va_cpu_describe (cpus->signature);

  va_explain_found (explain,
                    _("the guest was started with policy 0x%x (SEV-ES), not 0x%x, with %u vCPUs of CPU %s (VMSA "
                      "profile “%s”)"),
                    policy, explain->mismatch->context.policy, cpus->cpus, cpu, va_vmsa_profile_name (cpus->profile));
  return va_explain_rest (explain, image, &none);
}

/* One CPU and profile, with 1, 2, … vCPUs. */
static gboolean
try_cpus (VaExplain *explain, const VaExplainImage *image, const VaLaunchDigest *begun, VaExplainCpus *cpus)
{
  g_autoptr(VaLaunchDigest) digest = va_launch_digest_copy (begun);
  guint8 page[VA_VMSA_SIZE];
  guint32 policy;

  for (cpus->cpus = 1; cpus->cpus <= CPUS_TRIED_AS_ES && va_explain_afford (explain, VA_VMSA_SIZE); cpus->cpus++)
    {
      if (cpus->cpus <= 2)
        va_sev_vmsa_build (cpus->cpus == 1 ? VA_VMSA_FIRST_RESET : image->footer.ap_reset, cpus->signature,
                           cpus->profile, page);
      va_launch_digest_add (digest, page, sizeof page);
      if (find_policy (explain, digest, &policy))
        return say_es (explain, image, cpus, policy);
    }
  return FALSE;
}

static gboolean
try_es (VaExplain *explain, const VaExplainImage *image, const VaLaunchDigest *begun)
{
  gsize count;
  const VaCpuModel *models = va_cpu_models (&count);
  VaExplainCpus cpus = { .signature = 0 };

  for (gsize i = 0; image->footer.ap_reset != 0 && i < count; i++)
    {
      guint32 signature = va_cpu_signature (models[i].family, models[i].model, models[i].stepping);

      if (signature == cpus.signature) /* versions of one model stand together, and are alike in this */
        continue;
      cpus.signature = signature;
      for (guint profile = 0; profile < VA_VMSA_PROFILES; profile++)
        {
          cpus.profile = (VaVmsaProfile) profile;
          if (try_cpus (explain, image, begun, &cpus))
            return TRUE;
        }
    }
  return FALSE;
}

gboolean
va_explain_as_es (VaExplain *explain)
{
  return try_each (explain, try_es);
}
