/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/secret.h"
#include "tee/sev/bundle.h"
#include "tee/sev/given.h"

G_BEGIN_DECLS

/**
 * va_input_text: the value of an option that takes a measurement or a digest: in any form that va_given_read() takes,
 * or the name of a file in which it is.
 * @option: for messages, e.g. "--measurement"
 * @out: va_given_size() bytes
 * Errors: those of va_given_read() and va_file_read(); each begins with @option
 */
gboolean va_input_text (VaGiven what, const char *option, const char *text, gpointer out, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_input_key: a TIK or TEK from a file, in any form that va_given_read() takes. That it came out of a pair of keys is
 * said on standard error.
 * @what: VA_GIVEN_TIK or VA_GIVEN_TEK
 * Errors: VA_CORE_ERROR_FAILED, _RANGE, _PARSE, naming the option and the file
 */
VaSecret *va_input_key (VaGiven what, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_input_keys_differ: whether TIK and TEK are two keys. Errors: VA_CORE_ERROR_RANGE: they are one */
gboolean va_input_keys_differ (const VaSecret *tik, const VaSecret *tek, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_input_certificates: adds the certificates of a file or directory, or those that @path is itself, in base64.
 * Errors: those of va_sev_bundle_read()
 */
gboolean va_input_certificates (VaSevBundle *bundle, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
