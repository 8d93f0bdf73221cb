/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "core/secret.h"

G_BEGIN_DECLS

/**
 * va_credential_read: the credential @name that systemd passed (LoadCredential=, LoadCredentialEncrypted= and others in
 * systemd.exec(5)): a file in the folder that $CREDENTIALS_DIRECTORY names. It must belong to root or to this process's
 * user and be closed to others and to writing by its group. Its group may seem to read it, which a secret of
 * va_file_read_secret() forbids: systemd lets a service's user in by an access control list, whose mask shows there.
 * @max: most bytes it may have
 * Errors: VA_CORE_ERROR_NOT_FOUND (no such credential, or started without any), _PARSE (@name is not a file name),
 *   _PERMISSION, _RANGE, _FAILED
 */
VaSecret *va_credential_read (const char *name, gsize max, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_credential_name: @path's name if it is that of a credential, a file straight in $CREDENTIALS_DIRECTORY.
 * Returns: (nullable): within @path
 */
const char *va_credential_name (const char *path);

G_END_DECLS
