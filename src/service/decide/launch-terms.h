/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/sev/vmsa.h"

/* What a launch is decided by, fixed when it is granted: validate looks at nothing newer. */
G_BEGIN_DECLS

#define VA_LAUNCH_TERMS_REFERENCES_MAX 128

/** One launch digest that is allowed. */
typedef struct {
  guint8 digest[VA_SHA256_SIZE];
  char firmware[2 * VA_SHA256_SIZE + 1]; /* hex; "" when the owner gave the digest itself */
  guint32 secret_address;                /* 0: not known */
  guint kernel;                          /* index into kernels, if firmware is not "" and there are any */
  guint32 cpus;                          /* SEV-ES, if firmware is not ""; else 0 */
  VaVmsaProfile profile;                 /* if cpus */
} VaReference;

typedef struct {
  guint8 api_major, api_minor; /* of the platform's PDH certificate */
  guint8 min_api_major, min_api_minor, min_build;
  gboolean has_secrets;
  GArray *kernels;       /* of VaKernelHashes; empty: without kernel hashes */
  guint32 cpu_signature; /* SEV-ES with firmware; else 0 */
  GArray *references;    /* of VaReference, one to VA_LAUNCH_TERMS_REFERENCES_MAX */
} VaLaunchTerms;

VaLaunchTerms *va_launch_terms_new (void);
/** va_launch_terms_write: as JSON text, for the store. Returns: (transfer full). */
char *va_launch_terms_write (const VaLaunchTerms *fixed);
/** Errors: VA_CORE_ERROR: the text is not what va_launch_terms_write() gave */
VaLaunchTerms *va_launch_terms_read (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_launch_terms_free (VaLaunchTerms *fixed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaLaunchTerms, va_launch_terms_free)

G_END_DECLS
