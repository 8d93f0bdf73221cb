/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/client/call.h"

G_BEGIN_DECLS

/** va_client_explain: why @call failed. Returns: FALSE. Errors: VA_CORE_ERROR_PEER, VA_CORE_ERROR_TIMEOUT */
gboolean va_client_explain (const VaClientCall *call, GError **error);
/** va_client_date_text: for a sentence, in UTC; “?” for %NULL. Returns: (transfer full). */
char *va_client_date_text (GDateTime *time);
/** va_client_explain_address: the request's path makes no address. Returns: FALSE. Errors: VA_CORE_ERROR_PARSE */
gboolean va_client_explain_address (const VaClientCall *call, GError **error);

G_END_DECLS
