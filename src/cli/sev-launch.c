/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sev-launch.h"

#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "core/number.h"
#include "file-hash.h"
#include "firmware.h"
#include "passphrase.h"
#include "print.h"
#include "sev/policy.h"
#include "sev/session.h"

#define CMDLINE_MAX 65536

void
va_sev_launch_entries (VaSevLaunchOptions *o, GOptionEntry *entries)
{
  const GOptionEntry all[] = {
    { "firmware", 0, 0, G_OPTION_ARG_FILENAME, &o->firmware, N_("Firmware image"), N_("FILE") },
    { "kernel", 0, 0, G_OPTION_ARG_FILENAME, &o->kernel, N_("Kernel, for kernel hashes"), N_("FILE") },
    { "initrd", 0, 0, G_OPTION_ARG_FILENAME, &o->initrd, N_("Its initrd"), N_("FILE") },
    { "cmdline", 0, 0, G_OPTION_ARG_STRING, &o->cmdline, N_("Its command line"), N_("TEXT") },
    { "cmdline-file", 0, 0, G_OPTION_ARG_FILENAME, &o->cmdline_file,
      N_("Its command line, every byte of the file"), N_("FILE") },
    { "policy", 0, 0, G_OPTION_ARG_STRING, &o->policy, N_("SEV guest policy; bit 2 means SEV-ES"), N_("N") },
    { "vcpus", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->vcpus, N_("SEV-ES: number of vCPUs; repeat"), N_("N") },
    { "cpu", 0, 0, G_OPTION_ARG_STRING, &o->cpu, N_("SEV-ES: CPU model"), N_("MODEL|FAMILY/MODEL/STEPPING") },
    { "vmsa-profile", 0, 0, G_OPTION_ARG_STRING, &o->profile, N_("SEV-ES: what hosts put into the FPU's state"),
      N_("zero|fpu") },
    { "vmsa0", 0, 0, G_OPTION_ARG_FILENAME, &o->vmsa0, N_("SEV-ES: the first vCPU's save area, instead of --cpu"),
      N_("FILE") },
    { "vmsa1", 0, 0, G_OPTION_ARG_FILENAME, &o->vmsa1, N_("SEV-ES: that of the others"), N_("FILE") },
  };

  G_STATIC_ASSERT (G_N_ELEMENTS (all) == VA_SEV_LAUNCH_ENTRIES);
  memcpy (entries, all, sizeof all);
}

void
va_sev_launch_options_clear (VaSevLaunchOptions *o)
{
  char **const texts[] = { &o->firmware, &o->kernel, &o->initrd, &o->cmdline, &o->cmdline_file, &o->policy, &o->cpu,
                           &o->profile, &o->vmsa0, &o->vmsa1 };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (*texts[i]);
  g_strfreev (o->vcpus);
}

VaExit
va_sev_fail (const GError *error)
{
  g_autofree char *message = va_print_safe (error->message);

  g_printerr ("virt-attest: %s\n", message);
  return VA_EXIT_BROKEN;
}

VaSecret *
va_sev_key_read (const char *path, GError **error)
{
  g_autoptr(VaSecret) key = va_secret_from_path (path, VA_SEV_KEY_SIZE, error);

  if (key == NULL || va_secret_size (key) == VA_SEV_KEY_SIZE)
    return g_steal_pointer (&key);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, _("%s has %" G_GSIZE_FORMAT " bytes: a TIK or TEK has %d"), path,
               va_secret_size (key), VA_SEV_KEY_SIZE);
  return NULL;
}

VaExit
va_sev_policy_parse (const VaCall *call, const char *text, guint32 *policy)
{
  g_autoptr(GError) error = NULL;
  guint64 number;

  if (!va_number_parse (text, 0, G_MAXUINT32, &number, &error))
    return va_call_usage (call, "--policy: %s", error->message);
  *policy = (guint32) number;
  return VA_EXIT_YES;
}

/* A digest in the making. */
typedef struct {
  const VaCall *call;
  const VaSevLaunchOptions *options;
  gboolean several, es;
  VaFirmwareFile *firmware;
  VaLaunchDigest *begun;     /* firmware and kernel hashes */
  GBytes *vmsa0, *vmsa1;
  guint32 signature;
  gboolean profiles[VA_VMSA_PROFILES];
  GArray *digests;
} Launch;

static void
launch_clear (Launch *launch)
{
  g_clear_pointer (&launch->firmware, va_firmware_file_free);
  va_launch_digest_free (launch->begun);
  g_clear_pointer (&launch->vmsa0, g_bytes_unref);
  g_clear_pointer (&launch->vmsa1, g_bytes_unref);
  g_clear_pointer (&launch->digests, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Launch, launch_clear)

/* What does not go together, whatever the files hold. */
static VaExit
check_options (const Launch *launch)
{
  const VaSevLaunchOptions *o = launch->options;
  const VaCall *call = launch->call;

  if (o->firmware == NULL)
    return va_call_usage (call, "%s", _("--firmware is missing"));
  if (o->kernel == NULL && (o->initrd != NULL || o->cmdline != NULL || o->cmdline_file != NULL))
    return va_call_usage (call, "%s", _("--initrd, --cmdline and --cmdline-file go with --kernel"));
  if (o->cmdline != NULL && o->cmdline_file != NULL)
    return va_call_usage (call, "%s", _("give --cmdline or --cmdline-file, not both"));
  if (!launch->es)
    return o->vcpus != NULL || o->cpu != NULL || o->profile != NULL || o->vmsa0 != NULL || o->vmsa1 != NULL
             ? va_call_usage (call, "%s", _("--vcpus, --cpu, --vmsa-profile, --vmsa0 and --vmsa1 go with a --policy "
                                            "that has bit 2 (SEV-ES), e.g. 0x5"))
             : VA_EXIT_YES;
  if (o->vcpus == NULL)
    return va_call_usage (call, "%s", _("the policy means SEV-ES, so --vcpus is needed"));
  if ((o->cpu == NULL) == (o->vmsa0 == NULL))
    return va_call_usage (call, "%s", _("the policy means SEV-ES: give either --cpu or --vmsa0"));
  if (o->vmsa0 != NULL && o->profile != NULL)
    return va_call_usage (call, "%s", _("--vmsa-profile goes with --cpu: a save area from a file is what it is"));
  if (o->vmsa1 != NULL && o->vmsa0 == NULL)
    return va_call_usage (call, "%s", _("--vmsa1 goes with --vmsa0"));
  if (!launch->several && (g_strv_length (o->vcpus) > 1 || (o->cpu != NULL && o->profile == NULL)))
    return va_call_usage (call, "%s", _("that is more than one digest: give one --vcpus and one --vmsa-profile (hosts "
                                        "differ: zero or fpu), or --all"));
  return VA_EXIT_YES;
}

static VaExit
read_cpu (Launch *launch)
{
  const VaSevLaunchOptions *o = launch->options;
  g_autoptr(GError) error = NULL;
  VaVmsaProfile profile;

  if (!launch->es)
    return VA_EXIT_YES;
  if (o->cpu != NULL && !va_cpu_parse (o->cpu, &launch->signature, &error))
    return va_call_usage (launch->call, "--cpu: %s", error->message);
  if (o->profile != NULL && !va_vmsa_profile_parse (o->profile, &profile))
    return va_call_usage (launch->call, _("--vmsa-profile: “%s” is neither zero nor fpu"), o->profile);
  for (guint i = 0; i < VA_VMSA_PROFILES; i++)
    launch->profiles[i] = o->profile == NULL || i == profile;
  return VA_EXIT_YES;
}

static GBytes *
read_vmsa (const char *path, GError **error)
{
  g_autoptr(GBytes) page = va_file_read (path, VA_VMSA_SIZE, error);

  if (page == NULL || g_bytes_get_size (page) == VA_VMSA_SIZE)
    return g_steal_pointer (&page);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, _("%s has %" G_GSIZE_FORMAT " bytes: a save area has %d"), path,
               g_bytes_get_size (page), VA_VMSA_SIZE);
  return NULL;
}

static gboolean
hash_file (const char *path, guint8 out[VA_SHA256_SIZE], GError **error)
{
  g_autofree char *hash = va_file_hash (path, error);

  return hash != NULL && va_hex_decode (hash, out, VA_SHA256_SIZE, error);
}

static gboolean
hash_kernel (const VaSevLaunchOptions *o, VaKernelHashes *hashes, GError **error)
{
  g_autofree char *text = NULL;

  if (o->cmdline_file != NULL)
    {
      text = va_file_read_text (o->cmdline_file, CMDLINE_MAX, error);
      if (text == NULL)
        return FALSE;
    }
  if (text == NULL)
    text = g_strdup (o->cmdline);
  if (o->cmdline_without_nul)
    va_sha256 (text != NULL ? text : "", text != NULL ? strlen (text) : 0, hashes->cmdline);
  else
    va_kernel_cmdline_hash (text, hashes->cmdline);
  va_sha256 (NULL, 0, hashes->initrd);
  return hash_file (o->kernel, hashes->kernel, error) && (o->initrd == NULL || hash_file (o->initrd, hashes->initrd, error));
}

static gboolean
read_files (Launch *launch, GError **error)
{
  const VaSevLaunchOptions *o = launch->options;
  VaKernelHashes hashes;

  launch->firmware = va_firmware_file_read (o->firmware, error);
  if (launch->firmware == NULL)
    return FALSE;
  launch->begun = va_launch_digest_new (g_bytes_get_data (launch->firmware->image, NULL),
                                        g_bytes_get_size (launch->firmware->image));
  if (o->kernel != NULL)
    {
      if (!hash_kernel (o, &hashes, error))
        return FALSE;
      if (!va_launch_digest_add_kernel (launch->begun, &launch->firmware->footer, &hashes, error))
        {
          g_prefix_error (error, "%s: ", o->firmware);
          return FALSE;
        }
    }
  if (o->vmsa0 != NULL)
    launch->vmsa0 = read_vmsa (o->vmsa0, error);
  if (o->vmsa1 != NULL && launch->vmsa0 != NULL)
    launch->vmsa1 = read_vmsa (o->vmsa1, error);
  return (o->vmsa0 == NULL || launch->vmsa0 != NULL) && (o->vmsa1 == NULL || launch->vmsa1 != NULL);
}

static void
finish (Launch *launch, VaLaunchDigest *digest, guint32 cpus, const char *profile)
{
  VaSevLaunchDigest done = { .cpus = cpus, .profile = profile };

  va_launch_digest_finish (digest, done.digest);
  g_array_append_val (launch->digests, done);
}

static void
add_pages (Launch *launch, guint32 cpus)
{
  VaLaunchDigest *digest = va_launch_digest_copy (launch->begun);

  va_launch_digest_add (digest, g_bytes_get_data (launch->vmsa0, NULL), VA_VMSA_SIZE);
  for (guint i = 1; i < cpus; i++)
    va_launch_digest_add (digest, g_bytes_get_data (launch->vmsa1, NULL), VA_VMSA_SIZE);
  finish (launch, digest, cpus, NULL);
}

static gboolean
add_profiles (Launch *launch, guint32 cpus, GError **error)
{
  for (guint i = 0; i < VA_VMSA_PROFILES; i++)
    {
      g_autoptr(VaLaunchDigest) digest = NULL;

      if (!launch->profiles[i])
        continue;
      digest = va_launch_digest_copy (launch->begun);
      if (!va_launch_digest_add_cpus (digest, &launch->firmware->footer, cpus, launch->signature, (VaVmsaProfile) i, error))
        {
          g_prefix_error (error, "%s: ", launch->options->firmware);
          return FALSE;
        }
      finish (launch, g_steal_pointer (&digest), cpus, va_vmsa_profile_name ((VaVmsaProfile) i));
    }
  return TRUE;
}

static VaExit
fail (const Launch *launch, const GError *error)
{
  return launch->options->silent ? VA_EXIT_BROKEN : va_sev_fail (error);
}

static VaExit
add_count (Launch *launch, const char *text)
{
  g_autoptr(GError) error = NULL;
  guint64 cpus;

  if (!va_number_parse (text, 1, VA_VMSA_CPUS_MAX, &cpus, &error))
    return va_call_usage (launch->call, "--vcpus: %s", error->message);
  if (launch->vmsa0 == NULL)
    return add_profiles (launch, (guint32) cpus, &error) ? VA_EXIT_YES : fail (launch, error);
  if (cpus > 1 && launch->vmsa1 == NULL)
    return va_call_usage (launch->call, "%s", _("with more than one vCPU --vmsa1 is needed too"));
  add_pages (launch, (guint32) cpus);
  return VA_EXIT_YES;
}

VaExit
va_sev_launch_digests (const VaCall *call, const VaSevLaunchOptions *options, gboolean several, GArray **digests)
{
  g_auto(Launch) launch = { .call = call, .options = options, .several = several };
  g_autoptr(GError) error = NULL;
  guint32 policy = 0;
  VaExit code;

  if (options->policy != NULL && (code = va_sev_policy_parse (call, options->policy, &policy)) != VA_EXIT_YES)
    return code;
  launch.es = (policy & VA_POLICY_ES) != 0;
  if ((code = check_options (&launch)) != VA_EXIT_YES || (code = read_cpu (&launch)) != VA_EXIT_YES)
    return code;
  if (!read_files (&launch, &error))
    return fail (&launch, error);
  launch.digests = g_array_new (FALSE, FALSE, sizeof (VaSevLaunchDigest));
  if (!launch.es)
    finish (&launch, g_steal_pointer (&launch.begun), 0, NULL);
  for (guint i = 0; launch.es && options->vcpus[i] != NULL; i++)
    if ((code = add_count (&launch, options->vcpus[i])) != VA_EXIT_YES)
      return code;
  *digests = g_steal_pointer (&launch.digests);
  return VA_EXIT_YES;
}
