/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cli/call.h"
#include "tee/sev/kernel-image.h"
#include "tee/sev/vmsa.h"

G_BEGIN_DECLS

/** The options that describe a launch, for the verbs that compute its digest. */
typedef struct {
  char *firmware, *kernel, *initrd, *cmdline, *cmdline_file, *policy, *cpu, *profile, *vmsa0, *vmsa1;
  char **vcpus;
} VaSevLaunchOptions;

#define VA_SEV_LAUNCH_ENTRIES 11
/** va_sev_launch_entries: fills the first VA_SEV_LAUNCH_ENTRIES of @entries; the caller ends the list. */
void va_sev_launch_entries (VaSevLaunchOptions *options, GOptionEntry *entries);
void va_sev_launch_options_clear (VaSevLaunchOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VaSevLaunchOptions, va_sev_launch_options_clear)

/** One digest, and what it is of. */
typedef struct {
  guint8 digest[VA_SHA256_SIZE];
  guint32 cpus;        /* 0: not SEV-ES */
  const char *profile; /* %NULL: not SEV-ES, or VMSA pages from files */
} VaSevLaunchDigest;

/** A launch as the options describe it, and its digests. Zero it first, then clear it. */
typedef struct {
  VaFirmware footer;
  VaLaunchDigest *begun; /* after the firmware alone */
  gboolean has_kernel;
  VaKernelHashes kernel;
  VaKernelKind kernel_kind;
  char *cmdline;     /* if has_kernel */
  GArray *cpus;      /* SEV-ES: each number of vCPUs, guint32; else empty */
  guint32 signature; /* of the CPU, unless there are save areas */
  gboolean profiles[VA_VMSA_PROFILES];
  GBytes *vmsa0, *vmsa1; /* save areas from files, or %NULL */
  GArray *digests;       /* of VaSevLaunchDigest */
} VaSevLaunch;
void va_sev_launch_clear (VaSevLaunch *launch);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VaSevLaunch, va_sev_launch_clear)

/**
 * va_sev_launch_read: what @options describe, with a digest for each vCPU count and profile.
 * @several: whether more than one digest is of use; without it the options must leave no choice
 * Returns: VA_EXIT_YES, or what to end with: it has been said why
 */
VaExit va_sev_launch_read (const VaCall *call, const VaSevLaunchOptions *options, gboolean several,
                           VaSevLaunch *launch);

/**
 * va_sev_launch_check_kernel: that QEMU makes hashes for the kernel; without them no guest has such a digest.
 * Returns: VA_EXIT_YES, or VA_EXIT_BROKEN when it has been said why not
 */
VaExit va_sev_launch_check_kernel (const VaSevLaunchOptions *options, const VaSevLaunch *launch);
/**
 * va_sev_policy_parse: --policy, as va_policy_parse() and va_policy_check() take it.
 * Returns: VA_EXIT_YES, or VA_EXIT_USAGE when that has been said
 */
VaExit va_sev_policy_parse (const VaCall *call, const char *text, guint32 *policy);
/** va_sev_vmsa_file: a save area, exactly VA_VMSA_SIZE bytes. Errors: those of va_file_read(), VA_CORE_ERROR_RANGE */
GBytes *va_sev_vmsa_file (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_sev_fail: input that cannot be read or is malformed. Returns: VA_EXIT_BROKEN. */
VaExit va_sev_fail (const GError *error);

G_END_DECLS
