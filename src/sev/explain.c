/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sev/explain.h"

#include <stdarg.h>
#include <string.h>
#include "core/i18n.h"

#define CPUS_TRIED 64 /* as many vCPUs as people commonly mistake */
#define API_MAJORS_TRIED 2

/* Kernel hashes that the guest may have been started with. */
typedef struct {
  gboolean on;
  VaKernelHashes hashes;
  const char *cause; /* how that differs from what is expected */
} KernelTry;

/* A firmware that has been opened. */
typedef struct {
  guint index;
  VaLaunchDigest *begun;
  VaFirmware footer;
} Image;

/* One way of starting the guest. */
typedef struct {
  const KernelTry *kernel;
  guint32 cpus, signature; /* 0 vCPUs: not SEV-ES */
  VaVmsaProfile profile;
} Start;

typedef struct {
  const VaSevMismatch *mismatch;
  GArray *kernels; /* of KernelTry; first those that are expected */
  guint expected_kernels;
  gsize spent;
  GString *found;
} Search;

static gboolean G_GNUC_PRINTF (2, 3)
found (Search *search, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_string_append_vprintf (search->found, format, arguments);
  va_end (arguments);
  return TRUE;
}

/* Whether the measurement is one of the expected digests, made with @key over @context. */
static gboolean
fits (const Search *search, VaSecret *key, const VaLaunchContext *context)
{
  const VaSevMismatch *m = search->mismatch;

  for (gsize i = 0; i < m->digest_count; i++)
    if (va_measurement_matches (key, context, m->digests + i * VA_SHA256_SIZE, m->measurement))
      return TRUE;
  return FALSE;
}

static gboolean
try_keys (Search *search)
{
  const VaSevMismatch *m = search->mismatch;

  return fits (search, m->tek, &m->context)
         && found (search, "%s", _("TIK and TEK are swapped: the measurement was made with the TEK"));
}

static gboolean
try_versions (Search *search)
{
  const VaSevMismatch *m = search->mismatch;
  VaLaunchContext other = m->context;

  other.api_major = m->context.api_minor;
  other.api_minor = m->context.api_major;
  if (fits (search, m->tik, &other))
    return found (search, _("major and minor are swapped: the host's SEV API version is %u.%u"), other.api_major,
                  other.api_minor);
  other = m->context;
  for (guint i = 0; i < 256; i++)
    {
      other.build_id = (guint8) i;
      if (fits (search, m->tik, &other))
        return found (search, _("the host's SEV firmware is build %u, not %u"), i, m->context.build_id);
    }
  other = m->context;
  for (guint i = 0; i < API_MAJORS_TRIED * 256; i++)
    {
      other.api_major = (guint8) (i / 256);
      other.api_minor = (guint8) (i % 256);
      if (fits (search, m->tik, &other))
        return found (search, _("the host's SEV API version is %u.%u, not %u.%u"), other.api_major, other.api_minor,
                      m->context.api_major, m->context.api_minor);
    }
  return FALSE;
}

static gboolean
try_policies (Search *search)
{
  const VaSevMismatch *m = search->mismatch;
  guint32 policy = m->context.policy;
  guint32 tries[32 + 3] = { policy & 0xff, policy & 0xffff, GUINT32_SWAP_LE_BE (policy) };

  for (guint i = 0; i < 32; i++)
    tries[3 + i] = policy ^ 1u << i;
  for (guint i = 0; i < G_N_ELEMENTS (tries); i++)
    {
      VaLaunchContext other = m->context;

      other.policy = tries[i];
      if (fits (search, m->tik, &other))
        return found (search, _("the guest was started with policy 0x%x, not 0x%x"), tries[i], policy);
    }
  return FALSE;
}

/* @hashes: %NULL: without kernel hashes */
static KernelTry *
add_kernel (Search *search, const VaKernelHashes *hashes, const char *cause)
{
  KernelTry kernel = { .on = hashes != NULL, .cause = cause };

  if (hashes != NULL)
    kernel.hashes = *hashes;
  g_array_append_val (search->kernels, kernel);
  return &g_array_index (search->kernels, KernelTry, search->kernels->len - 1);
}

static const KernelTry *
kernel_at (const Search *search, guint index)
{
  return &g_array_index (search->kernels, KernelTry, index);
}

/* Line breaks and zero bytes that editors and tools add or leave out. */
static void
add_command_lines (Search *search)
{
  const VaSevMismatch *m = search->mismatch;
  g_autofree char *longer = g_strconcat (m->cmdline, "\n", NULL);
  g_autofree char *shorter = g_strchomp (g_strdup (m->cmdline));
  KernelTry *kernel;

  kernel = add_kernel (search, m->kernels, _("the guest's command line has a line break at its end, which the expected one "
                                             "lacks"));
  va_kernel_cmdline_hash (longer, kernel->hashes.cmdline);
  kernel = add_kernel (search, m->kernels, _("the guest's command line has no white space at its end, which the expected "
                                             "one has"));
  va_kernel_cmdline_hash (shorter, kernel->hashes.cmdline);
  kernel = add_kernel (search, m->kernels, _("the guest's command line was hashed without the zero byte at its end"));
  va_sha256 (m->cmdline, strlen (m->cmdline), kernel->hashes.cmdline);
}

static void
add_omissions (Search *search, const VaKernelHashes *expected, const VaKernelHashes *none)
{
  KernelTry *kernel;

  kernel = add_kernel (search, expected, _("the guest was started without the initrd"));
  memcpy (kernel->hashes.initrd, none->initrd, VA_SHA256_SIZE);
  kernel = add_kernel (search, expected, _("the guest was started without the command line"));
  memcpy (kernel->hashes.cmdline, none->cmdline, VA_SHA256_SIZE);
  kernel = add_kernel (search, expected, _("the guest was started without initrd and command line"));
  memcpy (kernel->hashes.initrd, none->initrd, VA_SHA256_SIZE);
  memcpy (kernel->hashes.cmdline, none->cmdline, VA_SHA256_SIZE);
}

static void
prepare_kernels (Search *search)
{
  const VaSevMismatch *m = search->mismatch;
  VaKernelHashes none;

  va_sha256 (NULL, 0, none.kernel);
  va_sha256 (NULL, 0, none.initrd);
  va_kernel_cmdline_hash (NULL, none.cmdline);
  for (gsize i = 0; i < m->kernel_count; i++)
    add_kernel (search, &m->kernels[i], NULL);
  if (m->kernel_count == 0)
    add_kernel (search, NULL, NULL);
  search->expected_kernels = search->kernels->len;
  add_kernel (search, &none, _("the guest was started with kernel hashes on, but without a kernel"));
  for (gsize i = 0; i < m->kernel_count; i++)
    add_omissions (search, &m->kernels[i], &none);
  if (m->kernel_count > 0)
    add_kernel (search, NULL, _("the guest was started without kernel hashes (kernelHashes='yes' is missing in the "
                                "domain's <launchSecurity>)"));
  if (m->kernel_count == 1 && m->cmdline != NULL)
    add_command_lines (search);
}

static gboolean
open_image (const Search *search, guint index, Image *image)
{
  const VaSevMismatch *m = search->mismatch;

  image->index = index;
  image->begun = NULL;
  return m->open_firmware (index, &image->begun, &image->footer, m->user_data);
}

/* Whether another try, with @cpus pages, is still within the budget. */
static gboolean
afford (Search *search, guint32 cpus)
{
  search->spent += VA_KERNEL_TABLE_SIZE + (gsize) cpus * VA_VMSA_SIZE;
  return search->mismatch->budget == 0 || search->spent <= search->mismatch->budget;
}

static gboolean
add_cpus (const VaSevMismatch *m, VaLaunchDigest *digest, const Image *image, const Start *start)
{
  if (start->cpus == 0)
    return TRUE;
  if (m->vmsa[0] == NULL)
    return va_launch_digest_add_cpus (digest, &image->footer, start->cpus, start->signature, start->profile, NULL);
  va_launch_digest_add (digest, m->vmsa[0], VA_VMSA_SIZE);
  for (guint32 i = 1; i < start->cpus && m->vmsa[1] != NULL; i++)
    va_launch_digest_add (digest, m->vmsa[1], VA_VMSA_SIZE);
  return TRUE;
}

static gboolean
start_fits (Search *search, const Image *image, const Start *start)
{
  const VaSevMismatch *m = search->mismatch;
  g_autoptr(VaLaunchDigest) digest = NULL;
  guint8 hash[VA_SHA256_SIZE];

  if (!afford (search, start->cpus))
    return FALSE;
  digest = va_launch_digest_copy (image->begun);
  if ((start->kernel->on && !va_launch_digest_add_kernel (digest, &image->footer, &start->kernel->hashes, NULL))
      || !add_cpus (m, digest, image, start))
    return FALSE;
  va_launch_digest_finish (g_steal_pointer (&digest), hash);
  return va_measurement_matches (m->tik, &m->context, hash, m->measurement);
}

/* The same with each profile, whichever are expected; sets start->profile. */
static gboolean
profiles_fit (Search *search, const Image *image, Start *start)
{
  guint profiles = start->cpus > 0 && search->mismatch->vmsa[0] == NULL ? VA_VMSA_PROFILES : 1;

  for (guint i = 0; i < profiles; i++)
    {
      start->profile = (VaVmsaProfile) i;
      if (start_fits (search, image, start))
        return TRUE;
    }
  return FALSE;
}

/* The same with each kernel that is expected; sets start->kernel too. */
static gboolean
kernels_fit (Search *search, const Image *image, Start *start)
{
  for (guint i = 0; i < search->expected_kernels; i++)
    {
      start->kernel = kernel_at (search, i);
      if (profiles_fit (search, image, start))
        return TRUE;
    }
  return FALSE;
}

/* @fit with each number of vCPUs that is expected; sets start->cpus too. */
static gboolean
counts_fit (Search *search, const Image *image, Start *start,
            gboolean (*fit) (Search *search, const Image *image, Start *start))
{
  const VaSevMismatch *m = search->mismatch;

  start->cpus = 0;
  if (m->cpus_length == 0)
    return fit (search, image, start);
  for (gsize i = 0; i < m->cpus_length; i++)
    {
      start->cpus = m->cpus[i];
      if (fit (search, image, start))
        return TRUE;
    }
  return FALSE;
}

/* Which of several expected firmwares it is that fits. */
static gboolean
add_firmware (Search *search, const Image *image)
{
  const VaSevMismatch *m = search->mismatch;

  return m->expected_count < 2 || image->index >= m->expected_count
         || found (search, _(" (firmware %s)"), m->firmware_name (image->index, m->user_data));
}

/* What else there is to say of a start that fits. */
static gboolean
add_rest (Search *search, const Image *image, const Start *start)
{
  const VaSevMismatch *m = search->mismatch;

  if (start->cpus > 0 && m->vmsa[0] == NULL)
    found (search, m->profiles[start->profile] ? _(" (VMSA profile “%s”)") : _(" (VMSA profile “%s”, which is not expected)"),
           va_vmsa_profile_name (start->profile));
  return add_firmware (search, image);
}

/* Kernel, initrd and command line in other ways, everything else as expected. */
static gboolean
try_kernels (Search *search, const Image *image)
{
  for (guint i = search->expected_kernels; i < search->kernels->len; i++)
    {
      Start start = { .kernel = kernel_at (search, i), .signature = search->mismatch->cpu_signature };

      if (counts_fit (search, image, &start, profiles_fit))
        return found (search, "%s", start.kernel->cause) && add_rest (search, image, &start);
    }
  return FALSE;
}

static gboolean
try_profile (Search *search, const Image *image)
{
  Start start = { .signature = search->mismatch->cpu_signature };

  return counts_fit (search, image, &start, kernels_fit)
         && found (search, _("the host's VMSA profile is “%s”, which is not expected"),
                   va_vmsa_profile_name (start.profile))
         && add_firmware (search, image);
}

static gboolean
try_counts (Search *search, const Image *image)
{
  const VaSevMismatch *m = search->mismatch;
  Start start = { .signature = m->cpu_signature };
  guint32 most = m->vmsa[0] != NULL && m->vmsa[1] == NULL ? 1 : CPUS_TRIED;

  for (start.cpus = 1; start.cpus <= most; start.cpus++)
    {
      if (!kernels_fit (search, image, &start))
        continue;
      found (search, _("the guest's number of vCPUs is %u, not"), start.cpus);
      for (gsize i = 0; i < m->cpus_length; i++)
        found (search, i == 0 ? " %u" : _(" or %u"), m->cpus[i]);
      return add_rest (search, image, &start);
    }
  return FALSE;
}

static gboolean
try_models (Search *search, const Image *image)
{
  const VaSevMismatch *m = search->mismatch;
  gsize count;
  const VaCpuModel *models = va_cpu_models (&count);

  for (gsize i = 0; m->vmsa[0] == NULL && i < count; i++)
    {
      Start start = { .signature = va_cpu_signature (models[i].family, models[i].model, models[i].stepping) };
      g_autofree char *other = NULL, *expected = NULL;

      if (!counts_fit (search, image, &start, kernels_fit))
        continue;
      other = va_cpu_describe (start.signature);
      expected = va_cpu_describe (m->cpu_signature);
      return found (search, _("the guest's CPU is %s, not %s"), other, expected) && add_rest (search, image, &start);
    }
  return FALSE;
}

static gboolean
try_cpus (Search *search, const Image *image)
{
  return try_profile (search, image) || try_counts (search, image) || try_models (search, image);
}

/* One that nobody expects: as it was to be started, or with other kernel hashes. */
static gboolean
try_firmware (Search *search, const Image *image)
{
  const VaSevMismatch *m = search->mismatch;

  for (guint i = 0; i < search->kernels->len; i++)
    {
      Start start = { .kernel = kernel_at (search, i), .signature = m->cpu_signature };

      if (!counts_fit (search, image, &start, profiles_fit))
        continue;
      found (search, _("the guest was started with firmware %s"), m->firmware_name (image->index, m->user_data));
      if (start.kernel->cause != NULL)
        found (search, "; %s", start.kernel->cause);
      return add_rest (search, image, &start);
    }
  return FALSE;
}

static gboolean
try_each (Search *search, guint first, guint end, gboolean (*try_it) (Search *search, const Image *image))
{
  for (guint i = first; i < end; i++)
    {
      Image image;
      gboolean fitting;

      if (!open_image (search, i, &image))
        continue;
      fitting = try_it (search, &image);
      va_launch_digest_free (image.begun);
      if (fitting)
        return TRUE;
    }
  return FALSE;
}

static gboolean
try_expected_kernels (Search *search)
{
  return try_each (search, 0, search->mismatch->expected_count, try_kernels);
}

static gboolean
try_expected_cpus (Search *search)
{
  return try_each (search, 0, search->mismatch->expected_count, try_cpus);
}

static gboolean
try_other_firmware (Search *search)
{
  return try_each (search, search->mismatch->expected_count, search->mismatch->firmware_count, try_firmware);
}

static void
look (Search *search, GPtrArray *ruled_out)
{
  const VaSevMismatch *m = search->mismatch;
  const struct { gboolean apt; gboolean (*try_it) (Search *search); const char *what; } groups[] = {
    { m->tek != NULL, try_keys, _("TIK and TEK swapped") },
    { TRUE, try_versions, _("another API version or build") },
    { TRUE, try_policies, _("another policy that differs by one bit, or by the order of bytes") },
    { m->expected_count > 0, try_expected_kernels,
      m->kernel_count == 0 ? _("kernel hashes on, but without a kernel")
      : m->cmdline == NULL ? _("no kernel hashes, no initrd, no command line")
                           : _("no kernel hashes, no initrd, no command line, a command line with another end") },
    { m->expected_count > 0 && m->cpus_length > 0, try_expected_cpus,
      m->vmsa[0] == NULL ? _("1 to 64 vCPUs, each known CPU model, both VMSA profiles") : _("another number of vCPUs") },
    { m->firmware_count > m->expected_count, try_other_firmware, _("each other firmware") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    {
      if (!groups[i].apt)
        continue;
      if (groups[i].try_it (search))
        return;
      g_ptr_array_add (ruled_out, (gpointer) groups[i].what);
    }
  if (m->budget != 0 && search->spent > m->budget)
    g_ptr_array_add (ruled_out, (gpointer) _("but not all of that was tried: there are too many combinations"));
}

char *
va_sev_mismatch_explain (const VaSevMismatch *mismatch, GPtrArray *ruled_out)
{
  g_autoptr(GArray) kernels = g_array_new (FALSE, TRUE, sizeof (KernelTry));
  Search search = { .mismatch = mismatch, .kernels = kernels, .found = g_string_new (NULL) };

  prepare_kernels (&search);
  look (&search, ruled_out);
  return g_string_free (search.found, search.found->len == 0);
}
