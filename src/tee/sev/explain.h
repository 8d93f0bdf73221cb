/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/sev/measurement.h"
#include "tee/sev/vmsa.h"

G_BEGIN_DECLS

/** A launch as it is expected, and a measurement that is not of it. Everything is borrowed. */
typedef struct {
  VaSecret *tik, *tek; /* tek: may be %NULL */
  VaLaunchContext context;
  const guint8 *measurement; /* VA_MEASUREMENT_SIZE bytes */
  const guint8 *digests;     /* those expected, VA_SHA256_SIZE bytes each, one behind the other */
  gsize digest_count;

  /* How the guest was to be started, on top of its firmware. */
  const VaKernelHashes *kernels; /* each that is expected; none: without kernel hashes */
  gsize kernel_count;
  const char *const *cmdlines; /* command lines as far as they are known themselves and not only by their hash */
  gsize cmdline_count;
  gboolean kernel_has_no_hashes; /* the expected one is an ELF or multiboot image, see va_kernel_kind() */
  const guint32 *cpus;           /* SEV-ES: each number of vCPUs that is expected; none: not SEV-ES */
  gsize cpus_length;
  guint32 cpu_signature;
  gboolean profiles[VA_VMSA_PROFILES];
  const guint8 *vmsa[2]; /* save areas of the first vCPU and of the others, instead of CPU and profile; or %NULL */

  /* The firmware: the first @expected_count are those expected, the others are tried when nothing else helps. */
  guint firmware_count, expected_count;
  const char *(*firmware_name) (guint index, gpointer user_data);
  /* The digest after the firmware (transfer full), and its footer. FALSE: it cannot be read, so it is left out. */
  gboolean (*open_firmware) (guint index, VaLaunchDigest **begun, VaFirmware *footer, gpointer user_data);
  gpointer user_data;

  gsize budget; /* most bytes that are hashed beside the firmware, since what is tried multiplies; 0: no limit. Some
                   hundred million take a second. */
} VaSevMismatch;

/**
 * va_sev_mismatch_explain: looks for the one change with which the measurement fits: the mistakes that people make with
 * keys, versions, policy, kernel hashes, command line, vCPUs and firmware.
 * @ruled_out: groups of mistakes that were tried in vain, all of them, are added to it, as const char *, translated,
 *   for people; then, if the budget ended some, that not all was tried
 * Returns: (transfer full): the change in a sentence without its full stop, translated; %NULL: nothing fits
 */
char *va_sev_mismatch_explain (const VaSevMismatch *mismatch, GPtrArray *ruled_out) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
