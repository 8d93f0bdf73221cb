/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/launch-source.h"
#include "tee/tee.h"

/* What a launch is decided by, fixed when it is granted: validate looks at nothing newer. */
G_BEGIN_DECLS

#define VA_LAUNCH_TERMS_REFERENCES_MAX 128

typedef struct {
  const VaTee *tee;
  guint8 api_major, api_minor; /* as the platform's certificates say */
  guint8 min_api_major, min_api_minor, min_build;
  gboolean has_secrets;
  GArray *kernels;        /* of VaKernelHashes; empty: without kernel hashes */
  guint32 cpu_signature;  /* if vCPUs are measured, with firmware; else 0 */
  VaLaunchSource *source; /* what the host said of who made the domain; %NULL: nothing */
  GArray *references;     /* of VaReference, one to VA_LAUNCH_TERMS_REFERENCES_MAX */
} VaLaunchTerms;

/** va_launch_terms_new: empty ones. */
VaLaunchTerms *va_launch_terms_new (const VaTee *tee);
/** va_launch_terms_write: as JSON text, for the store. Returns: (transfer full). */
char *va_launch_terms_write (const VaLaunchTerms *terms);
/** va_launch_terms_read: Errors: VA_CORE_ERROR: the text is not what va_launch_terms_write() gave */
VaLaunchTerms *va_launch_terms_read (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_launch_terms_source: that part of what va_launch_terms_write() gave alone; %NULL: there is none. */
JsonObject *va_launch_terms_source (const char *text);
void va_launch_terms_free (VaLaunchTerms *terms);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaLaunchTerms, va_launch_terms_free)

G_END_DECLS
