/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define VA_POLICY_NODBG (1u << 0)
#define VA_POLICY_NOKS (1u << 1)
#define VA_POLICY_ES (1u << 2)
#define VA_POLICY_NOSEND (1u << 3)
#define VA_POLICY_SEV (1u << 5)
#define VA_POLICY_BITS 6
#define VA_POLICY_RESERVED 0x0000ffc0u /* SEV firmware refuses them; the bits above are a least API version */

/** va_policy_bit_name: of a bit below VA_POLICY_BITS, in lower case: "nodbg". */
const char *va_policy_bit_name (guint bit);
/**
 * va_policy_parse: a number, or names of bits and "api=MAJOR.MINOR" with commas between them: "nodbg,es".
 * Errors: VA_CORE_ERROR_PARSE, _RANGE
 */
gboolean va_policy_parse (const char *text, guint32 *policy, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_policy_check: whether SEV firmware takes such a policy: no reserved bit, no policy of SEV-SNP.
 * Errors: VA_CORE_ERROR_RANGE
 * Spec: AMD 55766, chapter 3; of SEV-SNP's policies, whose bit 17 is always set: AMD 56860, table 9
 */
gboolean va_policy_check (guint32 policy, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_policy_text: "0x00000005 (NODBG, ES)". Returns: (transfer full). */
char *va_policy_text (gint64 policy);

G_END_DECLS
