/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/entry.h"
#include "store/backend.h"
#include "tee/firmware.h"

/* Firmware images, by content. */
G_BEGIN_DECLS

typedef struct {
  char *owner, *hash; /* hex SHA-256 of the image */
  VaFirmware firmware;
  gint64 created; /* seconds */
} VaStoredArtifact;

void va_stored_artifact_free (VaStoredArtifact *artifact);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaStoredArtifact, va_stored_artifact_free)

/**
 * va_store_put_artifact: @image: artifact->firmware.size bytes whose SHA-256 is artifact->hash.
 * @is_new: (out): FALSE when this owner has it already
 * Errors: QUOTA
 */
gboolean va_store_put_artifact (VaStore *store, const VaStoredArtifact *artifact, gconstpointer image, gboolean *is_new,
                                VaAuditEntry *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_get_artifact: Errors: NOT_FOUND */
VaStoredArtifact *va_store_get_artifact (VaStore *store, const char *owner, const char *hash, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_get_image: the image itself. Errors: NOT_FOUND */
GBytes *va_store_get_image (VaStore *store, const char *owner, const char *hash, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_list_artifact_users: the ids of @owner's registrations that name @hash, themselves or in what is proposed
 * for them, sorted.
 * @most: texts with @hash in them that are looked at, so that the work has a limit; the others are left out
 * Returns: (transfer full): of char *, which the array frees
 */
GPtrArray *va_store_list_artifact_users (VaStore *store, const char *owner, const char *hash, guint most,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_remove_artifact: Errors: NOT_FOUND; IN_USE: a registration or a proposal names it */
gboolean va_store_remove_artifact (VaStore *store, const char *owner, const char *hash, VaAuditEntry *entry,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_list_artifacts: sorted by hash. */
GPtrArray *va_store_list_artifacts (VaStore *store, const VaPage *page, gboolean *more, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
