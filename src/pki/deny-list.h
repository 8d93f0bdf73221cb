/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pki/identity.h"

G_BEGIN_DECLS

/** Who is not let in any more, by the lines of a file: “ROLE:NAME”, “owner:NAME:PERSON” or “sha256:FINGERPRINT”. */
typedef struct _VaDenyList VaDenyList;
/**
 * va_deny_list_read: good lines count, whatever the others are.
 * @problem: (out) (transfer full): which lines are not good and what was expected; %NULL: all are
 * Errors: VA_CORE_ERROR: the file cannot be read
 */
VaDenyList *va_deny_list_read (const char *path, char **problem, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_deny_list_free (VaDenyList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaDenyList, va_deny_list_free)
/** va_deny_list_has: @fingerprint: of the peer's certificate, SHA-256, lower-case hex */
gboolean va_deny_list_has (const VaDenyList *list, const VaIdentity *identity, const char *fingerprint);
/** va_deny_list_size: number of entries. */
guint va_deny_list_size (const VaDenyList *list);

G_END_DECLS
