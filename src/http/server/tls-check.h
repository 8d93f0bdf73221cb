/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What is wrong with certificates that GnuTLS takes, and that peers will refuse. */
G_BEGIN_DECLS

/**
 * va_tls_check_server: that the first certificate of @pem is one for a server, and good today.
 * @name: of the file, for what is said
 * @now: seconds since 1970 UTC
 * @warning: (out) (transfer full): %NULL, or what will be wrong soon
 * Errors: VA_CORE_ERROR
 */
gboolean va_tls_check_server (const char *pem, const char *name, gint64 now, char **warning, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_tls_check_ca: that each certificate of @pem is a CA's, and that one of them is good today. As above. */
gboolean va_tls_check_ca (const char *pem, const char *name, gint64 now, char **warning, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_tls_check_signer: whether the chain in @pem leads to a CA of @ca; clients that are given that CA refuse the
 * server if not.
 * @name, @ca_name: of the files
 * Returns: (transfer full): a warning, or %NULL: it does, or what is in the files cannot be read
 */
char *va_tls_check_signer (const char *pem, const char *name, const char *ca, const char *ca_name)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
