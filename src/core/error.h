/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/** Errors of src/core; other folders have domains of their own. */
typedef enum {
  VA_CORE_ERROR_FAILED,     /* the operating system refused; the message says what */
  VA_CORE_ERROR_PARSE,      /* text or bytes that do not have the demanded form */
  VA_CORE_ERROR_RANGE,      /* well formed, but below its minimum or above its maximum */
  VA_CORE_ERROR_NOT_FOUND,  /* no such file */
  VA_CORE_ERROR_EXISTS,     /* the file is there already */
  VA_CORE_ERROR_PERMISSION, /* wrong owner, mode or kind of file */
  VA_CORE_ERROR_TIMEOUT,    /* the peer did not answer in time */
  VA_CORE_ERROR_PEER,       /* the peer is not there, or broke the protocol */
} VaCoreError;

#define VA_CORE_ERROR (va_core_error_quark ())
GQuark va_core_error_quark (void);

/**
 * va_error_set: sets @error, unless it is %NULL, to a sentence made from @format, so that a check can end with
 * "return va_error_set (…)".
 * @code: one of @domain
 * Returns: FALSE
 */
gboolean va_error_set (GError **error, GQuark domain, int code, const char *format, ...) G_GNUC_PRINTF (4, 5);
