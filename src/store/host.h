/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/entry.h"
#include "store/backend.h"

/* Hosts, and what their agents found on them. */
G_BEGIN_DECLS

typedef struct {
  char *name;
  gint64 seen;    /* seconds */
  char *features; /* JSON */
} VaStoredHost;

void va_stored_host_free (VaStoredHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaStoredHost, va_stored_host_free)

/** va_store_put_host: what a host says of itself, in place of what it said before. */
gboolean va_store_put_host (VaStore *store, const VaStoredHost *host, VaAuditEntry *entry, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_list_hosts: by name. Returns: (transfer full): of VaStoredHost */
GPtrArray *va_store_list_hosts (VaStore *store, const VaPage *page, gboolean *more, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_get_host: Errors: NOT_FOUND */
VaStoredHost *va_store_get_host (VaStore *store, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
