/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/entry.h"
#include "core/guid.h"
#include "core/secret.h"
#include "store/backend.h"

/* Secrets that owners have stored under a name. */
G_BEGIN_DECLS

typedef struct {
  char *owner, *name;
  guint8 guid[VA_GUID_SIZE];
  gsize size;     /* bytes of the value */
  gint64 created; /* seconds */
  GBytes *sealed;
  guint64 key; /* data key that it is sealed under */
} VaStoredSecret;

/** What a new secret took the place of. */
typedef struct {
  gboolean is_new; /* there was none; nothing else counts then */
  gint64 created;  /* seconds: when the one before was stored */
  gsize size;      /* bytes of its value */
} VaReplacedSecret;

void va_stored_secret_free (VaStoredSecret *secret);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaStoredSecret, va_stored_secret_free)

/**
 * va_store_put_secret: new or in place of one of that name; seals @value and sets secret->size.
 * @replaced: (out): what was there before
 */
gboolean va_store_put_secret (VaStore *store, VaStoredSecret *secret, VaSecret *value, VaReplacedSecret *replaced,
                              VaAuditEntry *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_get_secret: Errors: NOT_FOUND */
VaStoredSecret *va_store_get_secret (VaStore *store, const char *owner, const char *name, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_list_secrets: of the owner in @page, by name. Returns: (transfer full): of VaStoredSecret */
GPtrArray *va_store_list_secrets (VaStore *store, const VaPage *page, gboolean *more, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_open_secret: the value of @secret; no access to the database. Errors: SEAL */
VaSecret *va_store_open_secret (VaStore *store, const VaStoredSecret *secret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_remove_secret: Errors: NOT_FOUND, IN_USE */
gboolean va_store_remove_secret (VaStore *store, const char *owner, const char *name, VaAuditEntry *entry,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
