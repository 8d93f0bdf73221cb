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

/** Which stores may be opened. */
typedef enum {
  VA_STORE_ANY,     /* made when it is not there, brought to this program's version when it is older */
  VA_STORE_PRESENT, /* only one that is there, in this program's version; it is not changed by being opened */
} VaStoreWhich;

#define VA_STORE_SCHEMA 6 /* version of the tables, the same for all databases */
/** va_store_check_schema: Errors: FAILED when @version is not one that this program knows. */
gboolean va_store_check_schema (gint64 version, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_check_present: Errors: FAILED when @version (0: there are no tables) is not this program's own. */
gboolean va_store_check_present (gint64 version, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_refuse_broken: FALSE with @error AUDIT: the record @seq, or one before it, is not as it was written. */
gboolean va_store_refuse_broken (guint64 seq, GError **error);

/** Called inside the transaction with the launch as it is; FALSE with @error undoes everything. */
typedef gboolean (*VaLaunchChange) (VaStoredLaunch *launch, gpointer user_data, GError **error);

/** Which records of the audit log. */
typedef struct {
  const char *owner;  /* only those that they may read; %NULL: all */
  const char *launch; /* only those of this launch; %NULL: all */
  const char *reader; /* others' records come without their text, if their digest is stored; %NULL: all with it */
  guint64 after;      /* with a larger seq */
  guint64 before;     /* with a smaller seq; 0: no bound */
  guint limit;
  gsize bytes;        /* the one with which all texts together are more than this is the last */
  gboolean newest;    /* the last ones; else the first. Always in the order of seq. */
} VaAuditQuery;

/** A page of a list, in the list's order. */
typedef struct {
  const char *owner; /* whose; unused for hosts */
  const char *vm;    /* launches: only this registration's; %NULL: all */
  const char *after; /* what comes after the one with this id, name or hash; %NULL: from the first one */
  guint limit;       /* at most this many */
  gsize bytes;       /* the one with which all texts together are more than this is the last */
} VaPage;

enum { VA_RESEAL_SECRET, VA_RESEAL_REGISTRATION, VA_RESEAL_PROPOSAL, VA_RESEAL_LAUNCH, VA_RESEAL_KINDS };

/** What makes sealed values new, for each kind of record: sets its key and sealed members; FALSE with @error undoes all. */
typedef struct {
  gboolean (*each[VA_RESEAL_KINDS]) (gpointer record, gpointer user_data, GError **error);
  gpointer user_data;
} VaReseal;

/** What makes a store's keys, in one transaction: all of it, or nothing when the store has keys already. */
typedef struct {
  VaSecret *audit_key;
  GBytes *sealed_audit_key;
  GPtrArray *keys;  /* of VaStoredKey: all that there are, wrapped anew; or, for an empty store, its first one */
  gboolean is_empty; /* the store must be */
  gint64 now;
} VaNewKeys;

typedef struct _VaBackend VaBackend;

typedef struct {
  void (*close) (VaBackend *backend);
  gboolean (*ping) (VaBackend *backend, GError **error);
  void (*statistics) (VaBackend *backend, VaStoreStatistics *out);

  /* Data keys, of VaStoredKey, in the order of their ids. */
  GPtrArray *(*list_keys) (VaBackend *backend, GError **error);
  /* The wrapped key of the audit log; TRUE with %NULL: there is none. */
  gboolean (*get_audit_key) (VaBackend *backend, GBytes **sealed, GError **error);
  /* The first keys of an empty store, or those of one from before schema version 6, whose audit log gets its anchor.
     Errors: SEAL when the store is not as @keys says; CHANGED when it has other data keys */
  gboolean (*found_keys) (VaBackend *backend, const VaNewKeys *keys, GError **error);
  /* So many more values may be sealed under data key @id. */
  /* @known: no fewer were there before, whatever the database says */
  gboolean (*count_seals) (VaBackend *backend, guint64 id, guint64 known, guint more, GError **error);
  /* Keeps @key unless there is one with its id already. */
  gboolean (*add_key) (VaBackend *backend, const VaStoredKey *key, JsonObject *entry, GError **error);
  /* Others in place of all of them, which must have the same ids; CHANGED when they have not. And the audit log's key. */
  gboolean (*replace_keys) (VaBackend *backend, GPtrArray *keys, GBytes *sealed_audit_key, JsonObject *entry,
                            GError **error);
  /* @key, wrapped anew, in place of what was @sealed, and no key before it. Errors: KEY when something is still sealed under
     one of those; CHANGED when it was not @sealed any more */
  gboolean (*retire_keys) (VaBackend *backend, const VaStoredKey *key, GBytes *sealed, GError **error);
  /* One transaction over at most @limit values that are sealed under another key than @key: see VaReseal. */
  gboolean (*reseal) (VaBackend *backend, guint64 key, guint limit, const VaReseal *reseal, guint *count, GError **error);

  gboolean (*put_artifact) (VaBackend *backend, const VaStoredArtifact *artifact, gconstpointer image, gboolean *is_new,
                            JsonObject *entry, GError **error);
  VaStoredArtifact *(*get_artifact) (VaBackend *backend, const char *owner, const char *hash, GError **error);
  GBytes *(*get_image) (VaBackend *backend, const char *owner, const char *hash, GError **error);
  gboolean (*remove_artifact) (VaBackend *backend, const char *owner, const char *hash, JsonObject *entry, GError **error);
  GPtrArray *(*list_artifacts) (VaBackend *backend, const VaPage *page, gboolean *more, GError **error);

  gboolean (*put_secret) (VaBackend *backend, const VaStoredSecret *secret, VaReplacedSecret *replaced, JsonObject *entry,
                          GError **error);
  VaStoredSecret *(*get_secret) (VaBackend *backend, const char *owner, const char *name, GError **error);
  GPtrArray *(*list_secrets) (VaBackend *backend, const VaPage *page, gboolean *more, GError **error);
  gboolean (*remove_secret) (VaBackend *backend, const char *owner, const char *name, JsonObject *entry, GError **error);

  gboolean (*put_registration) (VaBackend *backend, const VaStoredRegistration *registration,
                                const char *const *secrets, const char *const *hashes,
                                const VaExpected *expected, gboolean *is_new, JsonObject *entry, GError **error);
  VaStoredRegistration *(*get_registration) (VaBackend *backend, const char *owner, const char *id, GError **error);
  VaStoredRegistration *(*find_registration) (VaBackend *backend, const char *owner, const char *id, GError **error);
  GPtrArray *(*list_registrations) (VaBackend *backend, const VaPage *page, gboolean *more, GError **error);
  gboolean (*remove_registration) (VaBackend *backend, const char *owner, const char *id, gint64 now,
                                   const VaExpected *expected, JsonObject *entry, GError **error);

  gboolean (*put_proposal) (VaBackend *backend, const VaStoredProposal *proposal, JsonObject *entry, GError **error);
  VaStoredProposal *(*get_proposal) (VaBackend *backend, const char *owner, const char *vm, GError **error);
  gboolean (*remove_proposal) (VaBackend *backend, const char *owner, const char *vm, JsonObject *entry, GError **error);

  gboolean (*create_launch) (VaBackend *backend, VaStoredLaunch *launch, const VaPermit *permit, JsonObject *entry,
                             GError **error);
  VaStoredLaunch *(*find_waiting) (VaBackend *backend, const VaStoredLaunch *like, GError **error);
  VaStoredLaunch *(*get_launch) (VaBackend *backend, const char *id, GError **error);
  gboolean (*count_launches) (VaBackend *backend, guint64 *waiting, guint64 *active, GError **error);
  GPtrArray *(*list_launches) (VaBackend *backend, const VaPage *page, gboolean *more, GError **error);
  gboolean (*change_launch) (VaBackend *backend, const char *id, VaLaunchChange change, gpointer user_data,
                             JsonObject *entry, GError **error);
  gboolean (*expire_launches) (VaBackend *backend, gint64 now, guint *count, GError **error);

  gboolean (*put_host) (VaBackend *backend, const VaStoredHost *host, JsonObject *entry, GError **error);
  GPtrArray *(*list_hosts) (VaBackend *backend, const VaPage *page, gboolean *more, GError **error);
  VaStoredHost *(*get_host) (VaBackend *backend, const char *name, GError **error);

  gboolean (*measure_bytes) (VaBackend *backend, guint64 *bytes, GError **error);
  gboolean (*count_rows) (VaBackend *backend, guint64 rows[VA_STORE_TABLES], GError **error);

  gboolean (*note) (VaBackend *backend, JsonObject *entry, GError **error);
  gboolean (*note_attempt) (VaBackend *backend, const VaAimed *aimed, JsonObject *attempt, JsonObject *entry, GError **error);
  GPtrArray *(*list_audit) (VaBackend *backend, const VaAuditQuery *query, gboolean *more, GError **error);
  gboolean (*audit_head) (VaBackend *backend, VaAuditHead *head, GError **error);
  gboolean (*audit_anchor) (VaBackend *backend, VaAuditPlace *anchor, GError **error);
  gboolean (*audit_begin) (VaBackend *backend, VaAuditPlace *place, char **text, GError **error);
  gboolean (*prune_plan) (VaBackend *backend, VaPrune *prune, GError **error);
  gboolean (*prune_begin) (VaBackend *backend, VaPrune *prune, JsonObject *entry, GError **error);
  gboolean (*prune_step) (VaBackend *backend, VaPrune *prune, guint limit, guint *count, GError **error);
  /* At most @limit records behind @after, in order, without texts and links before. */
  GPtrArray *(*list_links) (VaBackend *backend, guint64 after, guint limit, GError **error);
  gboolean (*put_checkpoint) (VaBackend *backend, guint64 seq, const char *text, GError **error);
  GPtrArray *(*list_checkpoints) (VaBackend *backend, guint64 after, guint64 upto, GError **error);
  /* Newest first. */
  GPtrArray *(*newest_checkpoints) (VaBackend *backend, guint limit, GError **error);
} VaBackendClass;

struct _VaBackend
{
  const VaBackendClass *class;
  VaSecret *audit_key; /* borrowed; %NULL: nothing can be added to the audit log, nor checked */
  VaQuota quota; /* set before anything is added */
  const char *size_query; /* SQL for the database's bytes, without what would be used again first */
};

G_END_DECLS
