/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/validate-request.h"
#include "service/decide/references.h"

G_BEGIN_DECLS

/** What a measurement that fits no reference is explained from. Borrowed. */
typedef struct {
  const VaLaunchTerms *terms;
  const guint8 *claimed; /* SHA-256 of the firmware that the host says it starts; %NULL: it does not say */
  const VaEvidence *evidence;
  VaSecret *key;       /* of VaTee.appraisal_key */
  GPtrArray *firmware; /* of VaStoredArtifact: everything that the owner has uploaded */
  VaReferenceCache *cache;
  VaStore *store;
  const char *owner, *vm; /* the registration, whose command lines are looked at */
} VaMismatch;

/** va_explain_match: for the owner: which reference it was. Returns: (transfer full). */
char *va_explain_match (const VaLaunchTerms *terms, const VaReference *reference);
/**
 * va_explain_mismatch: for the owner: what was tried, and the one change with which the measurement would fit, as
 * “virt-attest sev explain” finds it; tries the owner's other firmware too. Never opens a way to be accepted.
 * Returns: (transfer full)
 */
char *va_explain_mismatch (const VaMismatch *mismatch);

G_END_DECLS
