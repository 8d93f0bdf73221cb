/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <microhttpd.h>
#include <glib.h>

G_BEGIN_DECLS

/**
 * A request's head: its first line and its headers. libmicrohttpd reads some of them otherwise than a proxy may that
 * stands before the service (RFC 9112, section 11.2), so what is not beyond doubt is refused here.
 */
typedef struct {
  const char *target; /* as the URI log callback had it: still the place that it has in libmicrohttpd's buffer */
  gsize target_size;  /* at that moment, until the first zero byte */
} VaHead;

/**
 * va_head_check: what of @head leaves doubt: a zero byte or another control character, a header that goes on in the
 * next line, a blank before the colon, a repeated Content-Length or Host, a Content-Length that is not a number in
 * decimal, any Transfer-Encoding. Their connection must end with the answer.
 * @method, @version: as libmicrohttpd gave them to the access handler
 * Errors: VA_PROBLEM_BAD_REQUEST
 */
gboolean va_head_check (const VaHead *head, struct MHD_Connection *mhd, const char *method, const char *version,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
