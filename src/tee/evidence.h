/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define VA_MEASURED_MAX 48 /* bytes */

/**
 * VaEvidence: what shows what a guest was made of: bytes, in the form that @type names. What carries it need not know
 * the form. { 0 } is an empty one.
 */
typedef struct {
  const char *type; /* lives forever; VaTee.evidence_type of the technology that reads it */
  GBytes *bytes;
} VaEvidence;

void va_evidence_clear (VaEvidence *evidence);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VaEvidence, va_evidence_clear)

/** What evidence says. Nothing of it is more than a claim until the evidence has fitted a reference. */
typedef struct {
  guint64 policy;
  guint8 api_major, api_minor, build_id; /* of the firmware that measured */
  guint8 measurement[VA_MEASURED_MAX];   /* the part that a peer cannot make up, for the record */
} VaClaims;

/**
 * va_evidence_read: what @evidence says, in whichever technology's form it is.
 * Errors: VA_CORE_ERROR_PARSE: no technology has such a type, or the bytes are not in its form
 */
gboolean va_evidence_read (const VaEvidence *evidence, VaClaims *claims, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
