/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/sev/launch.h"

#include <inttypes.h>
#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "core/number.h"
#include "cli/file-hash.h"
#include "cli/firmware.h"
#include "cli/print.h"
#include "tee/sev/policy.h"

#define CMDLINE_MAX 65536

void
va_sev_launch_entries (VaSevLaunchOptions *o, GOptionEntry *entries)
{
  const GOptionEntry all[] = {
    { "firmware", 0, 0, G_OPTION_ARG_FILENAME, &o->firmware, N_("Firmware image"), N_("FILE") },
    { "kernel", 0, 0, G_OPTION_ARG_FILENAME, &o->kernel, N_("Kernel, for kernel hashes"), N_("FILE") },
    { "initrd", 0, 0, G_OPTION_ARG_FILENAME, &o->initrd, N_("Its initrd, “” for none"), N_("FILE") },
    { "cmdline", 0, 0, G_OPTION_ARG_STRING, &o->cmdline, N_("Its command line"), N_("TEXT") },
    { "cmdline-file", 0, 0, G_OPTION_ARG_FILENAME, &o->cmdline_file,
      N_("File with its command line, every byte of which counts"), N_("FILE") },
    { "policy", 0, 0, G_OPTION_ARG_STRING, &o->policy,
      N_("SEV guest policy, a number or “nodbg,es”; bit 2 means SEV-ES"), N_("POLICY") },
    { "vcpus", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->vcpus, N_("SEV-ES: number of vCPUs; may be repeated"), N_("N") },
    { "cpu", 0, 0, G_OPTION_ARG_STRING, &o->cpu, N_("SEV-ES: CPU model"), N_("MODEL|FAMILY/MODEL/STEPPING") },
    { "vmsa-profile", 0, 0, G_OPTION_ARG_STRING, &o->profile,
      N_("SEV-ES: how hosts initialize the FPU state and sev_features"),
      N_("zero|fpu|zero-debug-swap|fpu-debug-swap") },
    { "vmsa0", 0, 0, G_OPTION_ARG_FILENAME, &o->vmsa0, N_("SEV-ES: the first vCPU's save area, instead of --cpu"),
      N_("FILE") },
    { "vmsa1", 0, 0, G_OPTION_ARG_FILENAME, &o->vmsa1, N_("SEV-ES: save area of the other vCPUs"), N_("FILE") },
  };

  G_STATIC_ASSERT (G_N_ELEMENTS (all) == VA_SEV_LAUNCH_ENTRIES);
  memcpy (entries, all, sizeof all);
}

void
va_sev_launch_options_clear (VaSevLaunchOptions *o)
{
  char **const texts[] = { &o->firmware, &o->kernel, &o->initrd,  &o->cmdline, &o->cmdline_file,
                           &o->policy,   &o->cpu,    &o->profile, &o->vmsa0,   &o->vmsa1 };

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

VaExit
va_sev_policy_parse (const VaCall *call, const char *text, guint32 *policy)
{
  g_autoptr(GError) error = NULL;

  if (!va_policy_parse (text, policy, &error) || !va_policy_check (*policy, &error))
    return va_call_usage (call, "--policy: %s", error->message);
  return VA_EXIT_YES;
}

/* A launch in the making. */
typedef struct {
  const VaCall *call;
  const VaSevLaunchOptions *options;
  gboolean several;
  VaSevLaunch *launch;
} Reader;

void
va_sev_launch_clear (VaSevLaunch *launch)
{
  g_clear_pointer (&launch->begun, va_launch_digest_free);
  g_clear_pointer (&launch->cmdline, g_free);
  g_clear_pointer (&launch->vmsa0, g_bytes_unref);
  g_clear_pointer (&launch->vmsa1, g_bytes_unref);
  g_clear_pointer (&launch->cpus, g_array_unref);
  g_clear_pointer (&launch->digests, g_array_unref);
}

/* What does not go together, whatever the files hold. */
static VaExit
check_launch_options (const Reader *reader, gboolean es)
{
  const VaSevLaunchOptions *o = reader->options;
  const VaCall *call = reader->call;

  if (o->firmware == NULL)
    return va_call_usage (call, "%s", _("--firmware is missing"));
  if (o->firmware[0] == '\0' || g_strcmp0 (o->kernel, "") == 0)
    return va_call_usage (call, _("%s: the file name is empty; omit the option if there is no such file"),
                          o->firmware[0] == '\0' ? "--firmware" : "--kernel");
  if (o->kernel == NULL && (o->initrd != NULL || o->cmdline != NULL || o->cmdline_file != NULL))
    return va_call_usage (call, "%s", _("--initrd, --cmdline and --cmdline-file require --kernel"));
  if (o->cmdline != NULL && o->cmdline_file != NULL)
    return va_call_usage (call, "%s", _("give --cmdline or --cmdline-file, not both"));
  if (!es)
    return o->vcpus != NULL || o->cpu != NULL || o->profile != NULL || o->vmsa0 != NULL || o->vmsa1 != NULL
             ? va_call_usage (call, "%s",
                              _("--vcpus, --cpu, --vmsa-profile, --vmsa0 and --vmsa1 require a --policy with bit 2 "
                                "(SEV-ES), e.g. 0x5"))
             : VA_EXIT_YES;
  if (o->vcpus == NULL)
    return va_call_usage (call, "%s", _("the policy means SEV-ES, so --vcpus is required"));
  if ((o->cpu == NULL) == (o->vmsa0 == NULL))
    return va_call_usage (call, "%s", _("the policy means SEV-ES: give either --cpu or --vmsa0"));
  if (o->vmsa0 != NULL && o->profile != NULL)
    return va_call_usage (call, "%s",
                          _("--vmsa-profile requires --cpu, because a save area from a file is used as it is"));
  if (o->vmsa1 != NULL && o->vmsa0 == NULL)
    return va_call_usage (call, "%s", _("--vmsa1 requires --vmsa0"));
  if (!reader->several && (g_strv_length (o->vcpus) > 1 || (o->cpu != NULL && o->profile == NULL)))
    return va_call_usage (call, "%s",
                          _("that is more than one digest: give one --vcpus and one --vmsa-profile (hosts "
                            "differ: zero or fpu), or --all"));
  return VA_EXIT_YES;
}

/* CPU, profiles and numbers of vCPUs. */
static VaExit
read_vcpu_options (const Reader *reader)
{
  const VaSevLaunchOptions *o = reader->options;
  VaSevLaunch *launch = reader->launch;
  g_autoptr(GError) error = NULL;
  VaVmsaProfile profile;

  if (o->cpu != NULL && !va_cpu_parse (o->cpu, &launch->signature, &error))
    return va_call_usage (reader->call, "--cpu: %s", error->message);
  if (o->profile != NULL && !va_vmsa_profile_parse (o->profile, &profile))
    return va_call_usage (reader->call,
                          _("--vmsa-profile: “%s” is not one of zero, fpu, zero-debug-swap, fpu-debug-swap"),
                          o->profile);
  for (guint i = 0; i < VA_VMSA_PROFILES; i++)
    launch->profiles[i] = o->profile == NULL ? i < VA_VMSA_USUAL_PROFILES : i == profile;
  for (guint i = 0; o->vcpus != NULL && o->vcpus[i] != NULL; i++)
    {
      guint64 number;
      guint32 cpus;

      if (!va_number_parse (o->vcpus[i], 1, VA_VMSA_CPUS_MAX, &number, &error))
        return va_call_usage (reader->call, "--vcpus: %s", error->message);
      if (number > 1 && o->vmsa0 != NULL && o->vmsa1 == NULL)
        return va_call_usage (reader->call, "%s", _("more than one vCPU requires --vmsa1 too"));
      cpus = (guint32) number;
      g_array_append_val (launch->cpus, cpus);
    }
  return VA_EXIT_YES;
}

GBytes *
va_sev_vmsa_file (const char *path, GError **error)
{
  g_autoptr(GBytes) page = va_file_read (path, VA_VMSA_SIZE, error);

  if (page == NULL || g_bytes_get_size (page) == VA_VMSA_SIZE)
    return g_steal_pointer (&page);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, _("%s has %zu bytes, but a save area has %d"), path,
               g_bytes_get_size (page), VA_VMSA_SIZE);
  return NULL;
}

/* A file in the making. Kernel and initrd are large, and so is the firmware: all but one of them have a thread. */
typedef struct {
  const char *path;    /* %NULL: none */
  guint8 *hash;        /* out: of kernel or initrd; or %NULL, and then */
  VaSevLaunch *launch; /* out: of firmware, and a kernel's kind */
  GThread *thread;
  GError *error;
} File;

/* Whether it worked shows in file->error. */
static gpointer
read_launch_file (gpointer data)
{
  File *file = data;
  g_autofree char *hex = NULL;

  if (file->hash == NULL
      && va_firmware_file_begin (file->path, &file->launch->begun, &file->launch->footer, &file->error))
    return NULL;
  if (file->hash != NULL && file->hash == file->launch->kernel.kernel)
    hex = va_kernel_file_hash (file->path, &file->launch->kernel_kind, &file->error);
  else if (file->hash != NULL)
    hex = va_file_hash (file->path, &file->error);
  if (hex != NULL && !va_hex_decode (hex, file->hash, VA_SHA256_SIZE, NULL))
    g_assert_not_reached ();
  return NULL;
}

/* All files, side by side; the last one in this thread. The first error counts. */
static gboolean
read_side_by_side (File *files, guint count, GError **error)
{
  gboolean ok = TRUE;

  for (guint i = 0; i + 1 < count; i++)
    if (files[i].path != NULL)
      files[i].thread = g_thread_new ("file", read_launch_file, &files[i]);
  if (files[count - 1].path != NULL)
    read_launch_file (&files[count - 1]);
  for (guint i = 0; i < count; i++)
    {
      if (files[i].thread != NULL)
        g_thread_join (files[i].thread);
      if (files[i].error == NULL)
        continue;
      g_propagate_error (ok ? error : NULL, files[i].error);
      ok = FALSE;
    }
  return ok;
}

static gboolean
hash_cmdline (const VaSevLaunchOptions *o, VaSevLaunch *launch, GError **error)
{
  if (o->cmdline_file != NULL)
    launch->cmdline = va_file_read_text (o->cmdline_file, CMDLINE_MAX, error);
  else
    launch->cmdline = g_strdup (o->cmdline != NULL ? o->cmdline : "");
  if (launch->cmdline == NULL)
    return FALSE;
  va_kernel_cmdline_hash (launch->cmdline, launch->kernel.cmdline);
  return TRUE;
}

static gboolean
read_files (const VaSevLaunchOptions *o, VaSevLaunch *launch, GError **error)
{
  gboolean has_initrd = o->initrd != NULL && o->initrd[0] != '\0'; /* "" is none, as in “vm register” */
  File files[] = {
    { .path = o->firmware, .launch = launch },
    { .path = has_initrd ? o->initrd : NULL, .hash = launch->kernel.initrd, .launch = launch },
    { .path = o->kernel, .hash = launch->kernel.kernel, .launch = launch },
  };

  launch->has_kernel = o->kernel != NULL;
  va_sha256 (NULL, 0, launch->kernel.initrd);
  if (!read_side_by_side (files, G_N_ELEMENTS (files), error)
      || (launch->has_kernel && !hash_cmdline (o, launch, error)))
    return FALSE;
  if (o->vmsa0 != NULL && (launch->vmsa0 = va_sev_vmsa_file (o->vmsa0, error)) == NULL)
    return FALSE;
  return o->vmsa1 == NULL || (launch->vmsa1 = va_sev_vmsa_file (o->vmsa1, error)) != NULL;
}

/* Adds one digest; @with_kernel: firmware and kernel hashes. */
static gboolean
add_digest (VaSevLaunch *launch, const VaLaunchDigest *with_kernel, guint32 cpus, VaVmsaProfile profile, GError **error)
{
  g_autoptr(VaLaunchDigest) digest = va_launch_digest_copy (with_kernel);
  VaSevLaunchDigest done = { .cpus = cpus };

  if (launch->vmsa0 != NULL)
    va_launch_digest_add (digest, g_bytes_get_data (launch->vmsa0, NULL), VA_VMSA_SIZE);
  else if (cpus > 0)
    {
      if (!va_launch_digest_add_cpus (digest, &launch->footer, cpus, launch->signature, profile, error))
        return FALSE;
      done.profile = va_vmsa_profile_name (profile);
    }
  for (guint i = 1; launch->vmsa1 != NULL && i < cpus; i++)
    va_launch_digest_add (digest, g_bytes_get_data (launch->vmsa1, NULL), VA_VMSA_SIZE);
  va_launch_digest_finish (g_steal_pointer (&digest), done.digest);
  g_array_append_val (launch->digests, done);
  return TRUE;
}

static gboolean
add_digests (VaSevLaunch *launch, GError **error)
{
  g_autoptr(VaLaunchDigest) digest = va_launch_digest_copy (launch->begun);

  if (launch->has_kernel && !va_launch_digest_add_kernel (digest, &launch->footer, &launch->kernel, error))
    return FALSE;
  if (launch->cpus->len == 0)
    return add_digest (launch, digest, 0, VA_VMSA_ZERO, error);
  for (guint i = 0; i < launch->cpus->len; i++)
    for (guint j = 0; j < VA_VMSA_PROFILES; j++)
      if (launch->vmsa0 != NULL ? j == 0 : launch->profiles[j])
        if (!add_digest (launch, digest, g_array_index (launch->cpus, guint32, i), (VaVmsaProfile) j, error))
          return FALSE;
  return TRUE;
}

VaExit
va_sev_launch_check_kernel (const VaSevLaunchOptions *options, const VaSevLaunch *launch)
{
  const char *problem = launch->has_kernel ? va_kernel_kind_problem (launch->kernel_kind) : NULL;
  g_autoptr(GError) error = NULL;

  if (problem == NULL)
    return VA_EXIT_YES;
  g_set_error (&error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, "%s: %s", options->kernel, problem);
  return va_sev_fail (error);
}

/* A save area that begins where it should not: the two of them are easily swapped. */
static void
warn_of_reset (const char *option, const char *path, GBytes *page, guint32 expected)
{
  VaVmsa vmsa;

  if (page == NULL || expected == 0)
    return;
  va_sev_vmsa_read (g_bytes_get_data (page, NULL), &vmsa);
  if (vmsa.reset != expected)
    g_printerr (_("virt-attest: warning: %s %s: such a vCPU begins at 0x%x, this save area at 0x%" PRIx64
                  "; were --vmsa0 and --vmsa1 swapped?\n"),
                option, path, expected, vmsa.reset);
}

VaExit
va_sev_launch_read (const VaCall *call, const VaSevLaunchOptions *options, gboolean several, VaSevLaunch *launch)
{
  const Reader reader = { .call = call, .options = options, .several = several, .launch = launch };
  g_autoptr(GError) error = NULL;
  guint32 policy = 0;
  VaExit code;

  if (options->policy != NULL && (code = va_sev_policy_parse (call, options->policy, &policy)) != VA_EXIT_YES)
    return code;
  launch->cpus = g_array_new (FALSE, FALSE, sizeof (guint32));
  launch->digests = g_array_new (FALSE, FALSE, sizeof (VaSevLaunchDigest));
  if ((code = check_launch_options (&reader, (policy & VA_POLICY_ES) != 0)) != VA_EXIT_YES
      || (code = read_vcpu_options (&reader)) != VA_EXIT_YES)
    return code;
  if (!read_files (options, launch, &error))
    return va_sev_fail (error);
  warn_of_reset ("--vmsa0", options->vmsa0, launch->vmsa0, VA_VMSA_FIRST_RESET);
  warn_of_reset ("--vmsa1", options->vmsa1, launch->vmsa1, launch->footer.ap_reset);
  if (add_digests (launch, &error))
    return VA_EXIT_YES;
  g_prefix_error (&error, "%s: ", options->firmware);
  return va_sev_fail (error);
}
