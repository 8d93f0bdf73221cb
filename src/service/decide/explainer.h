/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "service/decide/references.h"

G_BEGIN_DECLS

/**
 * VaExplainer: finds out, after the host has its answer, what a wrong measurement would have fitted, and writes it
 * into the owner's record. That may take seconds of a processor, so a thread of its own does it, one measurement after
 * the other, and few of them wait: a host that measures wrongly again and again costs other hosts nothing. From any
 * thread.
 */
typedef struct _VaExplainer VaExplainer;

/** A measurement to explain. */
typedef struct {
  char *launch, *owner, *vm, *host;
  VaLaunchTerms *terms;
  VaSecret *key; /* of VaTee.appraisal_key */
  VaEvidence evidence;
  gboolean has_firmware_hash;
  guint8 firmware_hash[VA_SHA256_SIZE];
} VaExplanation;
void va_explanation_free (VaExplanation *explanation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaExplanation, va_explanation_free)

/** va_explainer_new: @store, @cache: must outlive it. */
VaExplainer *va_explainer_new (VaStore *store, VaReferenceCache *cache);
/** va_explainer_free: ends the one that is under way; those that wait are not explained. %NULL is allowed. */
void va_explainer_free (VaExplainer *explainer);
/**
 * va_explainer_reserve: keeps a place for one of @host's.
 * Returns: FALSE: there are too many, in all or of this host; otherwise va_explainer_add() or _release() must follow
 */
gboolean va_explainer_reserve (VaExplainer *explainer, const char *host) G_GNUC_WARN_UNUSED_RESULT;
/** va_explainer_release: gives back a place of va_explainer_reserve(). */
void va_explainer_release (VaExplainer *explainer, const char *host);
/** va_explainer_add: @explanation: (transfer full): its host has a place */
void va_explainer_add (VaExplainer *explainer, VaExplanation *explanation);

G_END_DECLS
