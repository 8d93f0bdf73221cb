/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pki/ca.h"

G_BEGIN_DECLS

/** va_ca_folder: @dir, or where the CA is without --dir. Returns: (transfer full). */
char *va_ca_folder (const char *dir);
/** va_ca_files_read: NAME.pem and NAME.key in @dir. */
VaCaPair *va_ca_files_read (const char *dir, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_ca_files_write: makes NAME.key (0600) and NAME.pem (0644) in @dir, which is made with @mode if need be: both or
 * none.
 * Errors: VA_CORE_ERROR_EXISTS: one of them exists; other VA_CORE_ERROR. Nothing was changed then
 */
gboolean va_ca_files_write (const VaCaPair *pair, const char *dir, int mode, const char *name, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
