/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/error.h"
#include "store/record.h"

/*
 * What a database has to do for the store. store.h documents each operation under the same name; a backend sees sealed
 * values only. Every operation is one transaction and may be called from several threads. Those with a clock of their
 * own take it as @now, milliseconds since 1970.
 */
G_BEGIN_DECLS

/** Called inside the transaction with the launch as it is; FALSE with @error undoes everything. */
typedef gboolean (*VaLaunchChange) (VaStoredLaunch *launch, gpointer user_data, GError **error);

/** Which records of the audit log. */
typedef struct {
  const char *owner;  /* only those that he may read; %NULL: all */
  const char *launch; /* only those of this launch; %NULL: all */
  guint64 after;      /* with a larger seq */
  guint limit;
  gboolean newest;    /* the last @limit of them; else the first. Always in the order of seq. */
} VaAuditQuery;

typedef struct _VaBackend VaBackend;

typedef struct {
  void (*close) (VaBackend *backend);
  gboolean (*ping) (VaBackend *backend, GError **error);
  /* Keeps @candidate unless there is a sealed data key already; gives the one that counts. */
  GBytes *(*data_key) (VaBackend *backend, GBytes *candidate, GError **error);

  gboolean (*put_artifact) (VaBackend *backend, const VaStoredArtifact *artifact, gconstpointer image, gboolean *is_new,
                            JsonObject *entry, GError **error);
  VaStoredArtifact *(*get_artifact) (VaBackend *backend, const char *owner, const char *hash, GError **error);
  GBytes *(*get_image) (VaBackend *backend, const char *owner, const char *hash, GError **error);
  GPtrArray *(*list_artifacts) (VaBackend *backend, const char *owner, GError **error);

  gboolean (*put_secret) (VaBackend *backend, const VaStoredSecret *secret, gboolean *is_new, JsonObject *entry, GError **error);
  VaStoredSecret *(*get_secret) (VaBackend *backend, const char *owner, const char *name, GError **error);
  GPtrArray *(*list_secrets) (VaBackend *backend, const char *owner, GError **error);
  gboolean (*remove_secret) (VaBackend *backend, const char *owner, const char *name, JsonObject *entry, GError **error);

  gboolean (*put_registration) (VaBackend *backend, const VaStoredRegistration *registration,
                                const char *const *secrets, const char *const *hashes,
                                const VaExpected *expected, gboolean *is_new, JsonObject *entry, GError **error);
  VaStoredRegistration *(*get_registration) (VaBackend *backend, const char *id, GError **error);
  GPtrArray *(*list_registrations) (VaBackend *backend, const char *owner, GError **error);
  gboolean (*remove_registration) (VaBackend *backend, const char *owner, const char *id, gint64 now,
                                   const VaExpected *expected, JsonObject *entry, GError **error);

  gboolean (*put_proposal) (VaBackend *backend, const VaStoredProposal *proposal, JsonObject *entry, GError **error);
  VaStoredProposal *(*get_proposal) (VaBackend *backend, const char *vm, GError **error);
  gboolean (*remove_proposal) (VaBackend *backend, const char *owner, const char *vm, JsonObject *entry, GError **error);

  gboolean (*create_launch) (VaBackend *backend, VaStoredLaunch *launch, const VaPermit *permit, JsonObject *entry,
                             GError **error);
  VaStoredLaunch *(*find_waiting) (VaBackend *backend, const VaStoredLaunch *like, GError **error);
  VaStoredLaunch *(*get_launch) (VaBackend *backend, const char *id, GError **error);
  GPtrArray *(*list_launches) (VaBackend *backend, const char *owner, const char *vm, guint limit, GError **error);
  gboolean (*change_launch) (VaBackend *backend, const char *id, VaLaunchChange change, gpointer user_data,
                             JsonObject *entry, GError **error);
  gboolean (*expire_launches) (VaBackend *backend, gint64 now, guint *count, GError **error);

  gboolean (*put_host) (VaBackend *backend, const VaStoredHost *host, JsonObject *entry, GError **error);
  GPtrArray *(*list_hosts) (VaBackend *backend, GError **error);

  gboolean (*note) (VaBackend *backend, JsonObject *entry, GError **error);
  GPtrArray *(*list_audit) (VaBackend *backend, const VaAuditQuery *query, GError **error);
  gboolean (*audit_head) (VaBackend *backend, VaAuditHead *head, GError **error);
  gboolean (*put_checkpoint) (VaBackend *backend, guint64 seq, const char *text, GError **error);
  GPtrArray *(*list_checkpoints) (VaBackend *backend, guint64 after, guint64 upto, GError **error);
} VaBackendClass;

struct _VaBackend
{
  const VaBackendClass *class;
};

G_END_DECLS
