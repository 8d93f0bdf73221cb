/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/tee.h"

G_BEGIN_DECLS

/** va_sev_explain_evidence: VaTee.explain of SEV and SEV-ES: va_sev_mismatch_explain() for what the seam carries. */
char *va_sev_explain_evidence (const VaTeeMismatch *mismatch, GPtrArray *ruled_out);

G_END_DECLS
