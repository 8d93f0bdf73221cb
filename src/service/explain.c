/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/explain.h"

#include <string.h>
#include "core/encoding.h"
#include "core/i18n.h"

#define OTHERS_MAX 32 /* firmware that is not registered: what a wrong measurement may cost is bounded */

#define CPUS_TRIED 64 /* as many vCPUs as people commonly mistake */

/* Ways of starting the same firmware that people mix up. */
typedef enum {
  WAY_NO_TABLE,    /* kernel-hashes off */
  WAY_AS_SAID,     /* kernel, initrd and cmdline as registered */
  WAY_NO_INITRD,
  WAY_NO_CMDLINE,
  WAY_KERNEL_ONLY,
  WAY_NOTHING,     /* kernel-hashes on, but no kernel */
  N_WAYS
} Way;

static gboolean
kernel_for (const VaFixed *fixed, Way way, VaKernelHashes *kernel)
{
  if (way == WAY_NO_TABLE || (!fixed->has_kernel && way != WAY_NOTHING))
    return FALSE;
  *kernel = fixed->kernel;
  if (way == WAY_NO_INITRD || way == WAY_KERNEL_ONLY || way == WAY_NOTHING)
    va_sha256 (NULL, 0, kernel->initrd);
  if (way == WAY_NO_CMDLINE || way == WAY_KERNEL_ONLY || way == WAY_NOTHING)
    va_kernel_cmdline_hash (NULL, kernel->cmdline);
  if (way == WAY_NOTHING)
    va_sha256 (NULL, 0, kernel->kernel);
  return TRUE;
}

static const char *
way_text (const VaFixed *fixed, Way way)
{
  switch (way)
    {
    case WAY_NO_TABLE:
      return fixed->has_kernel ? _("started without kernel hashes (kernelHashes='yes' is missing in the domain's "
                                   "<launchSecurity>)")
                               : _("as registered otherwise");
    case WAY_AS_SAID:
      return _("with kernel, initrd and command line as registered");
    case WAY_NO_INITRD:
      return _("started without the registered initrd");
    case WAY_NO_CMDLINE:
      return _("started without the registered command line");
    case WAY_KERNEL_ONLY:
      return _("started with the kernel alone, without the registered initrd and command line");
    case WAY_NOTHING:
    default:
      return _("started with kernel hashes on, but without a kernel");
    }
}

/* How the guest may have been started. */
typedef struct {
  Way way;
  guint32 cpus, signature; /* SEV-ES; else 0 */
  VaVmsaProfile profile;
} Guess;

static gboolean
fits (const VaMismatch *mismatch, const VaStoredArtifact *firmware, const Guess *guess)
{
  const VaValidateRequest *request = mismatch->request;
  VaKernelHashes kernel;
  gboolean with_table = kernel_for (mismatch->fixed, guess->way, &kernel);
  VaMeasuredParts parts = { .kernel = with_table ? &kernel : NULL, .cpus = guess->cpus,
                            .cpu_signature = guess->signature, .profile = guess->profile };
  guint8 digest[VA_SHA256_SIZE];

  if (!with_table && guess->way != WAY_NO_TABLE)
    return FALSE;
  return va_reference_compute (mismatch->cache, mismatch->store, firmware, &parts, digest, NULL)
         && va_measurement_matches (mismatch->tik, &request->context, digest, request->measurement);
}

static gboolean
is_registered (const VaFixed *fixed, const char *hash)
{
  for (guint i = 0; i < fixed->references->len; i++)
    if (g_str_equal (g_array_index (fixed->references, VaReference, i).firmware, hash))
      return TRUE;
  return FALSE;
}

static void
append_tried (GString *text, const VaFixed *fixed)
{
  g_string_append (text, _("The measurement fits none of the registered references. Tried:"));
  for (guint i = 0; i < fixed->references->len; i++)
    {
      const VaReference *reference = &g_array_index (fixed->references, VaReference, i);
      g_autofree char *digest = va_hex_encode (reference->digest, VA_SHA256_SIZE);

      if (reference->firmware[0] != '\0')
        g_string_append_printf (text, _(" firmware %s (launch digest %s);"), reference->firmware, digest);
      else
        g_string_append_printf (text, _(" launch digest %s;"), digest);
    }
  text->str[text->len - 1] = '.';
}

static void
append_claim (GString *text, const VaMismatch *mismatch)
{
  g_autofree char *claimed = va_hex_encode (mismatch->request->firmware_hash, VA_SHA256_SIZE);
  gboolean known = FALSE;

  if (!mismatch->request->has_firmware_hash)
    return;
  for (guint i = 0; i < mismatch->firmware->len; i++)
    known |= g_str_equal (((VaStoredArtifact *) mismatch->firmware->pdata[i])->hash, claimed);
  g_string_append_printf (text, _(" The host says that it starts firmware %s, which is %s."), claimed,
                          is_registered (mismatch->fixed, claimed) ? _("registered")
                          : known ? _("one that you uploaded but did not register for this guest")
                                  : _("not known to the service"));
}

static gboolean
count_is_registered (const VaFixed *fixed, guint32 cpus)
{
  for (guint i = 0; i < fixed->references->len; i++)
    if (g_array_index (fixed->references, VaReference, i).cpus == cpus)
      return TRUE;
  return FALSE;
}

static gboolean
profile_is_registered (const VaFixed *fixed, VaVmsaProfile profile)
{
  for (guint i = 0; i < fixed->references->len; i++)
    if (g_array_index (fixed->references, VaReference, i).profile == profile)
      return TRUE;
  return FALSE;
}

static void
append_cpus (GString *text, const VaFixed *fixed, const Guess *guess)
{
  g_autofree char *cpu = va_cpu_describe (guess->signature), *registered = va_cpu_describe (fixed->cpu_signature);

  g_string_append_printf (text, _(", with %u vCPUs%s"), guess->cpus,
                          count_is_registered (fixed, guess->cpus) ? "" : _(" (a number that is not registered)"));
  if (guess->signature == fixed->cpu_signature)
    g_string_append_printf (text, _(" of CPU %s"), cpu);
  else
    g_string_append_printf (text, _(" of CPU %s, where %s is registered"), cpu, registered);
  g_string_append_printf (text, _(" and VMSA profile “%s”%s"), va_vmsa_profile_name (guess->profile),
                          profile_is_registered (fixed, guess->profile) ? "" : _(" (which is not registered)"));
}

/* Tries @guess, with each VMSA profile for SEV-ES. */
static gboolean
try_guess (GString *text, const VaMismatch *mismatch, const VaStoredArtifact *firmware, gboolean registered, Guess guess)
{
  for (guint i = 0; i < (guess.cpus > 0 ? VA_VMSA_PROFILES : 1); i++)
    {
      guess.profile = (VaVmsaProfile) i;
      if (!fits (mismatch, firmware, &guess))
        continue;
      g_string_append_printf (text, _(" It would fit firmware %s%s, %s"), firmware->hash,
                              registered ? "" : _(" (not registered here)"), way_text (mismatch->fixed, guess.way));
      if (guess.cpus > 0)
        append_cpus (text, mismatch->fixed, &guess);
      g_string_append_c (text, '.');
      return TRUE;
    }
  return FALSE;
}

/* Kernel, initrd and command line in other ways, everything else as registered. */
static gboolean
try_ways (GString *text, const VaMismatch *mismatch, const VaStoredArtifact *firmware, gboolean registered)
{
  const VaFixed *fixed = mismatch->fixed;

  for (guint way = 0; way < N_WAYS; way++)
    {
      Guess guess = { .way = (Way) way, .signature = fixed->cpu_signature };
      guint32 before = 0;

      if (fixed->cpu_signature == 0 && try_guess (text, mismatch, firmware, registered, guess))
        return TRUE;
      for (guint i = 0; fixed->cpu_signature != 0 && i < fixed->references->len; i++)
        {
          guess.cpus = g_array_index (fixed->references, VaReference, i).cpus;
          if (guess.cpus != before && try_guess (text, mismatch, firmware, registered, guess))
            return TRUE;
          before = guess.cpus;
        }
    }
  return FALSE;
}

/* SEV-ES: another number of vCPUs, or another CPU model. */
static gboolean
try_cpus (GString *text, const VaMismatch *mismatch, const VaStoredArtifact *firmware)
{
  const VaFixed *fixed = mismatch->fixed;
  Guess guess = { .way = fixed->has_kernel ? WAY_AS_SAID : WAY_NO_TABLE, .signature = fixed->cpu_signature };
  gsize count;
  const VaCpuModel *models = va_cpu_models (&count);

  if (fixed->cpu_signature == 0)
    return FALSE;
  for (guess.cpus = 1; guess.cpus <= CPUS_TRIED; guess.cpus++)
    if (try_guess (text, mismatch, firmware, TRUE, guess))
      return TRUE;
  for (gsize i = 0; i < count; i++)
    for (guint j = 0; j < fixed->references->len; j++)
      {
        guess.signature = va_cpu_signature (models[i].family, models[i].model, models[i].stepping);
        guess.cpus = g_array_index (fixed->references, VaReference, j).cpus;
        if (guess.cpus > 0 && try_guess (text, mismatch, firmware, TRUE, guess))
          return TRUE;
      }
  return FALSE;
}

static gboolean
append_if_fitting (GString *text, const VaMismatch *mismatch, const VaStoredArtifact *firmware, gboolean registered)
{
  return try_ways (text, mismatch, firmware, registered) || (registered && try_cpus (text, mismatch, firmware));
}

/* Newest firmware first. */
static gboolean
append_fitting (GString *text, const VaMismatch *mismatch)
{
  guint others = 0;

  for (guint i = mismatch->firmware->len; i > 0; i--)
    {
      const VaStoredArtifact *firmware = mismatch->firmware->pdata[i - 1];
      gboolean registered = is_registered (mismatch->fixed, firmware->hash);

      if ((registered || ++others <= OTHERS_MAX) && append_if_fitting (text, mismatch, firmware, registered))
        return TRUE;
    }
  return FALSE;
}

char *
va_explain_mismatch (const VaMismatch *mismatch)
{
  GString *text = g_string_new (NULL);

  append_tried (text, mismatch->fixed);
  append_claim (text, mismatch);
  if (!append_fitting (text, mismatch))
    g_string_append (text, mismatch->fixed->has_kernel
                             ? _(" It fits no other firmware of yours either: the firmware, kernel, initrd or command "
                                 "line differs from the registered one, or the guest was started with another session.")
                         : mismatch->fixed->cpu_signature != 0
                           ? _(" It fits no other firmware of yours either, nor another number of vCPUs, nor another "
                               "known CPU model: the firmware or the CPU model differs from the registered one, or the "
                               "guest was started with another session.")
                             : _(" It fits no other firmware of yours either: the firmware differs from the registered "
                                 "one, the guest was started with kernel hashes that are not registered, or with "
                                 "another session."));
  return g_string_free (text, FALSE);
}

char *
va_explain_match (const VaFixed *fixed, const VaReference *reference)
{
  g_autofree char *digest = va_hex_encode (reference->digest, VA_SHA256_SIZE);
  g_autofree char *cpu = va_cpu_describe (fixed->cpu_signature);

  if (reference->firmware[0] == '\0')
    return g_strdup_printf (_("The measurement fits launch digest %s."), digest);
  if (reference->cpus == 0)
    return g_strdup_printf (_("The measurement fits firmware %s (launch digest %s)."), reference->firmware, digest);
  return g_strdup_printf (_("The measurement fits firmware %s with %u vCPUs of CPU %s and VMSA profile “%s” (launch "
                            "digest %s)."), reference->firmware, reference->cpus, cpu,
                          va_vmsa_profile_name (reference->profile), digest);
}
