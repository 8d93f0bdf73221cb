/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/entry.h"
#include "service/configuration.h"
#include "cli/verbs.h"

/* For the verbs that work on the service's store, on its machine. */
G_BEGIN_DECLS

#define VA_SERVICE_CONFIG VA_SYSCONFDIR "/service.conf"

/**
 * va_service_store_find: loads the configuration @path (%NULL: VA_SERVICE_CONFIG). @place: (out): borrowed from the
 * result.
 */
VaConfig *va_service_store_find (const char *path, const char **place, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_service_store_user: whether this process may change the store at @place: not as root if its directory is another
 * user's, who could not open afterwards what root has made.
 * @verb: for the sentence that says how to do it
 * Errors: VA_CORE_ERROR_PERMISSION
 */
gboolean va_service_store_user (const char *place, const char *verb, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_service_config_help: what help says about an option for the service's configuration. Returns: (transfer full) */
char *va_service_config_help (void);
/** va_service_store_entry: the beginning of a record of the audit log: that a user of this machine did @what. */
VaAuditEntry *va_service_store_entry (const char *what);

G_END_DECLS
