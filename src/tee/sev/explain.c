/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/explain-private.h"

#include <string.h>
#include "core/i18n.h"
#include "tee/sev/policy.h"

/* @hashes: %NULL: without kernel hashes */
static VaExplainKernel *
add_kernel (VaExplain *explain, const VaKernelHashes *hashes, const char *cause)
{
  VaExplainKernel kernel = { .on = hashes != NULL, .cause = cause };

  if (hashes != NULL)
    kernel.hashes = *hashes;
  g_array_append_val (explain->kernels, kernel);
  return &g_array_index (explain->kernels, VaExplainKernel, explain->kernels->len - 1);
}

static void
add_omissions (VaExplain *explain, const VaKernelHashes *expected, const VaKernelHashes *none)
{
  VaExplainKernel *kernel;

  kernel = add_kernel (explain, expected, _("the guest was started without the initrd"));
  memcpy (kernel->hashes.initrd, none->initrd, VA_SHA256_SIZE);
  kernel = add_kernel (explain, expected, _("the guest was started without the command line"));
  memcpy (kernel->hashes.cmdline, none->cmdline, VA_SHA256_SIZE);
  kernel = add_kernel (explain, expected, _("the guest was started without initrd and command line"));
  memcpy (kernel->hashes.initrd, none->initrd, VA_SHA256_SIZE);
  memcpy (kernel->hashes.cmdline, none->cmdline, VA_SHA256_SIZE);
}

/* QEMU makes the hashes where it loads a bzImage, and neither for ELF nor for multiboot. */
static const char *
without_hashes (const VaSevMismatch *m)
{
  return m->kernel_has_no_hashes
           ? _("the kernel is an ELF or multiboot image, for which QEMU makes no hashes: give the guest the bzImage")
           : _("the guest was started without kernel hashes: kernelHashes='yes' is missing in the domain's "
               "<launchSecurity>, or its kernel is an ELF or multiboot image, for which QEMU makes none");
}

static void
prepare_kernels (VaExplain *explain)
{
  const VaSevMismatch *m = explain->mismatch;
  VaKernelHashes none;

  va_sha256 (NULL, 0, none.kernel);
  va_sha256 (NULL, 0, none.initrd);
  va_kernel_cmdline_hash (NULL, none.cmdline);
  for (gsize i = 0; i < m->kernel_count; i++)
    add_kernel (explain, &m->kernels[i], NULL);
  if (m->kernel_count == 0)
    add_kernel (explain, NULL, NULL);
  explain->expected_kernels = explain->kernels->len;
  add_kernel (explain, &none, _("the guest was started with kernel hashes on, but without a kernel"));
  for (gsize i = 0; i < m->kernel_count; i++)
    add_omissions (explain, &m->kernels[i], &none);
  if (m->kernel_count > 0)
    add_kernel (explain, NULL, without_hashes (m));
}

/* On each image that is expected, with the expected vCPUs. */
static gboolean
kernel_fits (VaExplain *explain, const VaExplainKernel *kernel, gboolean usual, const char *cause)
{
  for (guint i = 0; i < explain->images->len; i++)
    {
      const VaExplainImage *image = &g_array_index (explain->images, VaExplainImage, i);
      g_autoptr(VaLaunchDigest) begun = va_explain_begin (explain, image, kernel);
      VaExplainCpus cpus = { .signature = explain->mismatch->cpu_signature, .usual = usual };

      if (begun != NULL && va_explain_profiles (explain, image, begun, 0, &cpus))
        return va_explain_found (explain, "%s", cause) && va_explain_rest (explain, image, &cpus);
    }
  return FALSE;
}

/* Kernel, initrd and command line left out. */
static gboolean
try_kernels (VaExplain *explain)
{
  for (guint i = explain->expected_kernels; i < explain->kernels->len; i++)
    {
      const VaExplainKernel *kernel = &g_array_index (explain->kernels, VaExplainKernel, i);

      if (kernel_fits (explain, kernel, FALSE, kernel->cause))
        return TRUE;
    }
  return FALSE;
}

typedef struct {
  VaExplain *explain;
  VaExplainKernel kernel;
  const char *text; /* the expected command line */
  gboolean fits;
} CmdlineTry;

static gboolean
try_variant (const char *variant, gpointer data)
{
  CmdlineTry *attempt = data;
  g_autofree char *difference = NULL;

  if (attempt->explain->cut || g_str_equal (variant, attempt->text))
    return attempt->explain->cut;
  va_kernel_cmdline_hash (variant, attempt->kernel.hashes.cmdline);
  if (!kernel_fits (attempt->explain, &attempt->kernel, TRUE, ""))
    return FALSE;
  attempt->fits = TRUE;
  difference = va_explain_difference (attempt->text, variant);
  g_string_prepend (attempt->explain->found, difference);
  return TRUE;
}

static gboolean
try_cmdline (VaExplain *explain, const VaKernelHashes *kernel, const char *text)
{
  CmdlineTry attempt = { explain, { TRUE, *kernel, NULL }, text, FALSE };

  va_sha256 (text, strlen (text), attempt.kernel.hashes.cmdline);
  if (kernel_fits (explain, &attempt.kernel, FALSE,
                   _("the guest's command line was hashed without the zero byte at its end")))
    return TRUE;
  return va_explain_variants (text, try_variant, &attempt) && attempt.fits;
}

gboolean
va_explain_cmdlines (VaExplain *explain)
{
  const VaSevMismatch *m = explain->mismatch;
  guint8 hash[VA_SHA256_SIZE];

  for (gsize i = 0; i < m->cmdline_count; i++)
    {
      va_kernel_cmdline_hash (m->cmdlines[i], hash);
      for (gsize j = 0; j < m->kernel_count; j++)
        if (memcmp (hash, m->kernels[j].cmdline, sizeof hash) == 0
            && try_cmdline (explain, &m->kernels[j], m->cmdlines[i]))
          return TRUE;
    }
  return FALSE;
}

static gboolean
open_image (const VaSevMismatch *m, guint index, VaExplainImage *image)
{
  memset (image, 0, sizeof *image);
  image->index = index;
  return m->open_firmware (index, &image->begun, &image->footer, m->user_data);
}

/* One that is not expected: as it was to be started, or with other kernel hashes. */
static gboolean
firmware_fits (VaExplain *explain, const VaExplainImage *image)
{
  const VaSevMismatch *m = explain->mismatch;

  for (guint i = 0; i < explain->kernels->len; i++)
    {
      const VaExplainKernel *kernel = &g_array_index (explain->kernels, VaExplainKernel, i);
      g_autoptr(VaLaunchDigest) begun = va_explain_begin (explain, image, kernel);
      VaExplainCpus cpus = { .signature = m->cpu_signature };

      if (begun == NULL || !va_explain_profiles (explain, image, begun, 0, &cpus))
        continue;
      va_explain_found (explain, _("the guest was started with firmware %s"),
                        m->firmware_name (image->index, m->user_data));
      if (kernel->cause != NULL)
        va_explain_found (explain, "; %s", kernel->cause);
      return va_explain_rest (explain, image, &cpus);
    }
  return FALSE;
}

static gboolean
try_other_firmware (VaExplain *explain)
{
  const VaSevMismatch *m = explain->mismatch;

  for (guint i = m->expected_count; i < m->firmware_count && !explain->cut; i++)
    {
      VaExplainImage image;
      gboolean fits;

      if (!open_image (m, i, &image))
        continue;
      fits = firmware_fits (explain, &image);
      va_launch_digest_free (image.begun);
      if (fits)
        return TRUE;
    }
  return FALSE;
}

/* A group may use half of what is left, so that each gets its turn; the last one gets all of it. */
static gboolean
run_group (VaExplain *explain, gboolean (*try_it) (VaExplain *explain), gboolean last)
{
  gsize budget = explain->mismatch->budget, left = budget > explain->spent ? budget - explain->spent : 0;

  explain->cut = FALSE;
  explain->limit = budget == 0 ? G_MAXSIZE : explain->spent + (last ? left : left / 2);
  return try_it (explain);
}

static void
search_all (VaExplain *explain, GPtrArray *ruled_out)
{
  const VaSevMismatch *m = explain->mismatch;
  gboolean has_image = explain->images->len > 0, has_cpus = has_image && m->cpus_length > 0;
  const gboolean is_es = (m->context.policy & VA_POLICY_ES) != 0;
  const struct {
    gboolean apt;
    gboolean (*try_it) (VaExplain *explain);
    const char *what;
  } groups[] = {
    { m->tek != NULL, va_explain_keys, _("TIK and TEK swapped") },
    { m->digest_count > 0, va_explain_policies,
      is_es
        ? _("another policy of SEV-ES: any of bits 0 to 5, one other bit, another order of bytes, hexadecimal read as "
            "decimal")
        : _("another policy of plain SEV: any of bits 0 to 5, one other bit, another order of bytes, hexadecimal read "
            "as "
            "decimal") },
    { has_image && is_es, va_explain_as_plain, _("a policy of plain SEV: any of bits 0 to 5") },
    { has_image, try_kernels,
      m->kernel_count == 0 ? _("kernel hashes on, but without a kernel")
                           : _("no kernel hashes, no initrd, no command line") },
    { m->digest_count > 0, va_explain_versions, _("another API version or build, or both") },
    { has_cpus, va_explain_cpus,
      m->vmsa[0] == NULL ? _("1 to 512 vCPUs, also with each known CPU model; 1 to 64 with "
                             "each stepping of AMD's server processors; each VMSA profile")
                         : _("another number of vCPUs, and save areas swapped") },
    { has_image && m->cmdline_count > 0 && m->kernel_count > 0, va_explain_cmdlines,
      _("different white space or quotes in the command line") },
    { has_image && !is_es, va_explain_as_es,
      _("a policy of SEV-ES: any of bits 0 to 5, with 1 to 64 vCPUs of each known CPU "
        "model and each VMSA profile") },
    { m->firmware_count > m->expected_count, try_other_firmware, _("each other firmware that can be read") },
    { has_cpus && m->vmsa[0] == NULL, va_explain_any_cpu,
      _("any AMD processor of families 23 to 26, steppings 0 to 3") },
  };
  gboolean partly = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    {
      if (!groups[i].apt)
        continue;
      if (run_group (explain, groups[i].try_it, i + 1 == G_N_ELEMENTS (groups)))
        return;
      if (!explain->cut)
        g_ptr_array_add (ruled_out, (gpointer) groups[i].what);
      partly |= explain->cut;
    }
  if (!has_image)
    g_ptr_array_add (ruled_out, (gpointer) (is_es ? _("but no policy of plain SEV was tried: that requires the "
                                                      "firmware, which a digest cannot replace")
                                                  : _("but no policy of SEV-ES was tried: that requires the firmware, "
                                                      "which a digest cannot replace")));
  if (partly)
    g_ptr_array_add (ruled_out, (gpointer) _("but not everything was tried, because there are too many combinations"));
}

static void
open_expected (VaExplain *explain)
{
  VaExplainImage image;

  for (guint i = 0; i < explain->mismatch->expected_count; i++)
    if (open_image (explain->mismatch, i, &image))
      g_array_append_val (explain->images, image);
}

char *
va_sev_mismatch_explain (const VaSevMismatch *mismatch, GPtrArray *ruled_out)
{
  g_autoptr(GArray) kernels = g_array_new (FALSE, TRUE, sizeof (VaExplainKernel));
  g_autoptr(GArray) images = g_array_new (FALSE, TRUE, sizeof (VaExplainImage));
  VaExplain explain = { .mismatch = mismatch,
                        .kernels = kernels,
                        .images = images,
                        .found = g_string_new (NULL),
                        .tik = va_measurement_key_new (mismatch->tik) };

  prepare_kernels (&explain);
  open_expected (&explain);
  search_all (&explain, ruled_out);
  for (guint i = 0; i < images->len; i++)
    va_launch_digest_free (g_array_index (images, VaExplainImage, i).begun);
  va_measurement_key_free (explain.tik);
  return g_string_free (explain.found, explain.found->len == 0);
}
