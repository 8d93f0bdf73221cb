/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "service/service.h"

G_BEGIN_DECLS

/**
 * va_serve: listens, tells systemd, and returns when a signal has ended it: SIGTERM or SIGINT, after which what has
 * begun is finished within settings->request_seconds and everything else refused; a second one changes nothing. SIGHUP
 * reads certificate, key and CA anew.
 * @settings: what is set for a service by itself (finished, refused, statistics) is
 * Errors: VA_CORE_ERROR: it could not begin
 */
gboolean va_serve (VaService *service, const VaServerSettings *settings, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
