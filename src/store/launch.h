/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/entry.h"
#include "core/secret.h"
#include "store/registration.h"

/* Launches, from the grant to the end of the run. */
G_BEGIN_DECLS

typedef enum {
  VA_LAUNCH_OPEN,
  VA_LAUNCH_VALIDATED,
  VA_LAUNCH_RUNNING,
  VA_LAUNCH_REFUSED,
  VA_LAUNCH_FAILED,
  VA_LAUNCH_EXPIRED,
  VA_LAUNCH_ENDED,
  VA_LAUNCH_WAITING, /* for an owner's confirmation; then open */
} VaLaunchState;

/** va_launch_state_name: as the database and messages have it. */
const char *va_launch_state_name (VaLaunchState state);
/** va_launch_state_parse: FALSE, and @state as it was, if no state has this name. */
gboolean va_launch_state_parse (const char *name, VaLaunchState *state);
/** va_launch_state_may_follow: whether a launch may go from @from to @to; staying is allowed. */
gboolean va_launch_state_may_follow (VaLaunchState from, VaLaunchState to);

typedef struct {
  /* fixed when the launch is made */
  char *id, *vm, *owner, *host, *domain_uuid, *domain_name;
  guint64 policy;
  char *generation;        /* of the roots that the platform verified under */
  guint64 version;         /* of the registration */
  gint64 created, expires; /* milliseconds */
  char *terms;             /* JSON: what validate decides by */
  /* changing */
  VaLaunchState state;
  GBytes *sealed_keys, *sealed_table; /* %NULL once the launch is no longer open */
  guint64 key;                        /* data key that both are sealed under; 0: there are none */
  char *timeline;                     /* JSON array */
  gboolean has_firmware_version;
  guint8 api_major, api_minor, build_id;
  char *code, *detail;   /* %NULL, or why it was refused */
  char *steps, *reason;  /* %NULL, or what the host said; steps is a JSON array */
  int firmware_error;    /* what the host's SEV firmware answered, as the host said: 0 to 255; -1: nothing */
  gint64 approved_until; /* while it waits, milliseconds; 0: not approved */
  char *approvals;       /* JSON array: who approved it; %NULL: nobody */
  /* va_store_change_launch(), of the registration, and to approve of the version that the launch was made under alone:
     */
  gboolean approves; /* approve_next of the next launches are approved until approved_until, in place of others */
  guint approve_next;
  gboolean take_back; /* no launch that was not granted yet is approved any more; @entry says so if one was */
  gint64 wait_ms;     /* with take_back: how long the others wait from when they were made, without an approval */
} VaStoredLaunch;

/** va_stored_launch_step: adds @step at @time (milliseconds) to the timeline. */
void va_stored_launch_step (VaStoredLaunch *launch, const char *step, gint64 time);

/** What a launch is counted against. */
typedef struct {
  guint64 max_launches, max_running; /* 0: no limit */
  gboolean confirms;                 /* once confirm_after launches were made, the next ones wait for an owner */
  guint64 confirm_after;
  gint64 wait_until;                /* milliseconds since 1970: when one that waits expires */
  const char *wait_timeline;        /* JSON: the timeline of one that waits */
  guint max_waiting;                /* of the registration's launches at once */
  const VaStoredRegistration *read; /* it must be stored as it was read; %NULL: its version is enough */
  gboolean any_owner;               /* nobody named the owner: no other one may have a registration of this id */
} VaPermit;

void va_stored_launch_free (VaStoredLaunch *launch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaStoredLaunch, va_stored_launch_free)

/** Called inside the transaction with the launch as it is; FALSE with @error undoes everything. */
typedef gboolean (*VaLaunchChange) (VaStoredLaunch *launch, gpointer user_data, GError **error);

/**
 * va_store_create_launch: counts it against @permit and makes it, in one transaction, after expiring what is due at
 * launch->created. Seals @keys and @table in a way that also holds every fixed column in place.
 *
 * If it has to be confirmed by an owner and is not, it is kept as one that waits, without keys: then launch->state is
 * WAITING afterwards, and it was not counted. One that was approved goes on from there, if launch->id is its id.
 * @keys: TIK and TEK
 * @table: the secret table, or %NULL
 * Errors: CHANGED (launch->version is no longer the registration's, or launch->id is not that of the one that waits),
 *   AMBIGUOUS, PERMIT, RUNNING, WAITING
 */
gboolean va_store_create_launch (VaStore *store, VaStoredLaunch *launch, VaSecret *keys, VaSecret *table,
                                 const VaPermit *permit, VaAuditEntry *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_find_waiting: the launch that waits with the same vm, version, host, domain_uuid and policy as @like.
 * Errors: NOT_FOUND
 */
VaStoredLaunch *va_store_find_waiting (VaStore *store, const VaStoredLaunch *like, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_get_launch: Errors: NOT_FOUND */
VaStoredLaunch *va_store_get_launch (VaStore *store, const char *id, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_count_launches: of everybody. @waiting: for a confirmation. @active: open, validated or running. */
gboolean va_store_count_launches (VaStore *store, guint64 *waiting, guint64 *active, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_list_launches: newest first. A page->after that is not one of the owner's launches ends the list. */
GPtrArray *va_store_list_launches (VaStore *store, const VaPage *page, gboolean *more, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_store_open_keys, _table: of an open launch; no access to the database. Errors: SEAL */
VaSecret *va_store_open_keys (VaStore *store, const VaStoredLaunch *launch, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_open_table: the secret table of an open launch. Errors: SEAL */
VaSecret *va_store_open_table (VaStore *store, const VaStoredLaunch *launch, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_change_launch: one transaction around @change, which sees the launch and alters its changing members; nobody
 * else changes it meanwhile. @change must not call the store but for va_store_open_keys() and _table(). A launch that
 * leaves "open" loses its keys and table, and gives its count back unless it goes to "validated".
 * Errors: NOT_FOUND, or what @change gives, with nothing changed
 */
gboolean va_store_change_launch (VaStore *store, const char *id, VaLaunchChange change, gpointer user_data,
                                 VaAuditEntry *entry, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_store_expire_launches: open launches whose time is over become expired. @count: (out) (optional): how many. */
gboolean va_store_expire_launches (VaStore *store, gint64 now, guint *count, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* For the other files of the store. */

/* As the indexes launches_active and launches_inactive have it. */
#define VA_LAUNCH_ACTIVE "state IN ('open', 'validated', 'running')"
/** va_store_launch_expire: expires open and waiting launches that are due, inside a transaction that is running. */
gboolean va_store_launch_expire (VaDb *sql, gint64 now, guint *count, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_launch_outdate: refuses all waiting launches of the owner's @vm for the reason that its registration was
 * replaced.
 */
gboolean va_store_launch_outdate (VaDb *sql, const char *owner, const char *vm, gint64 now, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_store_launch_orphan: refuses all open and waiting launches of the owner's @vm for the reason that its registration
 * went.
 */
gboolean va_store_launch_orphan (VaDb *sql, const char *owner, const char *vm, gint64 now, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
