/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/sev/explain.h"

/* What the parts of the search share. */
G_BEGIN_DECLS

/** A firmware that has been opened. */
typedef struct {
  guint index;
  VaLaunchDigest *begun;
  VaFirmware footer;
} VaExplainImage;

/** Kernel hashes that the guest may have been started with. */
typedef struct {
  gboolean on;
  VaKernelHashes hashes;
  const char *cause; /* how that differs from what is expected; %NULL: it is what is expected */
} VaExplainKernel;

typedef struct {
  const VaSevMismatch *mismatch;
  VaMeasurementKey *tik;
  GArray *kernels; /* of VaExplainKernel; first those that are expected */
  guint expected_kernels;
  GArray *images; /* of VaExplainImage: the expected ones that can be opened */
  gsize spent;    /* bytes hashed */
  gsize limit;    /* at which to stop for now, never below spent */
  gboolean cut;   /* it was reached */
  GString *found; /* the sentence */
} VaExplain;

/** va_explain_found: adds to the sentence. Returns: TRUE */
gboolean va_explain_found (VaExplain *explain, const char *format, ...) G_GNUC_PRINTF (2, 3);
/** va_explain_afford: whether @bytes more may be hashed. */
gboolean va_explain_afford (VaExplain *explain, gsize bytes);

/** How vCPUs are measured in one try. */
typedef struct {
  guint32 cpus; /* (out): the number that fits; 0: not SEV-ES */
  guint32 signature;
  VaVmsaProfile profile;
  gboolean swapped; /* save areas from files, the second one first */
  gboolean usual;   /* with the expected profiles only, where there are many tries */
} VaExplainCpus;
/**
 * va_explain_series: whether the measurement fits @image with 1, 2, … @most vCPUs; 0: with each number that is
 * expected, or without vCPUs if it is not SEV-ES.
 * @begun: the digest after firmware and kernel hashes
 */
gboolean va_explain_series (VaExplain *explain, const VaExplainImage *image, const VaLaunchDigest *begun, guint32 most,
                            VaExplainCpus *cpus);
/**
 * va_explain_begin: the digest after @image with @kernel; %NULL when they do not go together. Returns: (transfer full).
 */
VaLaunchDigest *va_explain_begin (VaExplain *explain, const VaExplainImage *image, const VaExplainKernel *kernel);
/** va_explain_profiles: va_explain_series() with each VMSA profile, see cpus->usual; sets cpus->profile. */
gboolean va_explain_profiles (VaExplain *explain, const VaExplainImage *image, const VaLaunchDigest *begun,
                              guint32 most, VaExplainCpus *cpus);
/** va_explain_rest: what else there is to say of a start that fits. Returns: TRUE */
gboolean va_explain_rest (VaExplain *explain, const VaExplainImage *image, const VaExplainCpus *cpus);

/*
 * Groups of mistakes: each looks for one that makes the measurement fit, and says it. TRUE if it found one.
 * va_explain_keys: TIK and TEK were swapped. va_explain_policies, va_explain_versions: another policy; another version
 * of the SEV firmware. va_explain_cmdlines: another of the given kernel command lines. va_explain_cpus: another number
 * of vCPUs, or a CPU with a name; va_explain_any_cpu: any that there may be. va_explain_as_plain, va_explain_as_es:
 * the guest was started as SEV instead of SEV-ES, or the other way round.
 */
gboolean va_explain_keys (VaExplain *explain);
gboolean va_explain_policies (VaExplain *explain);
gboolean va_explain_versions (VaExplain *explain);
gboolean va_explain_cmdlines (VaExplain *explain);
gboolean va_explain_cpus (VaExplain *explain);
gboolean va_explain_any_cpu (VaExplain *explain);
gboolean va_explain_as_plain (VaExplain *explain);
gboolean va_explain_as_es (VaExplain *explain);

/** A command line as it may have been. Returns: TRUE to end there. */
typedef gboolean (*VaExplainVariant) (const char *variant, gpointer data);
/**
 * va_explain_variants: @text with white space and quotes added, left out or changed, as editors, XML, YAML and shells
 * do; the likely ones first. Their number grows with the square of the number of words.
 * Returns: whether @visit ended it
 */
gboolean va_explain_variants (const char *text, VaExplainVariant visit, gpointer data);
/**
 * va_explain_difference: how @variant differs from @text, in a sentence without its full stop. Returns: (transfer full)
 */
char *va_explain_difference (const char *text, const char *variant);

G_END_DECLS
