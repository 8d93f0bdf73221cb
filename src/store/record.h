/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/mac.h"
#include "core/guid.h"
#include "core/secret.h"
#include "db/database.h"
#include "tee/sev/firmware.h"

/* What the store keeps. "sealed" members are set and opened by store.c; backends carry them as they are. */
G_BEGIN_DECLS

typedef struct {
  char *owner, *hash; /* hex SHA-256 of the image */
  VaFirmware firmware;
  gint64 created; /* seconds */
} VaStoredArtifact;

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

typedef struct {
  char *id, *owner;
  char *text; /* JSON of the registration without inline secrets */
  GBytes *sealed;
  guint64 key;               /* data key that it is sealed under */
  gint64 created;            /* seconds */
  guint64 version;           /* differs from that of every other registration, earlier ones of this id too */
  guint64 launches, running; /* counted against max-launches, max-running */
  guint64 approved;          /* launches of this version that the owner has approved ahead of time */
  gint64 approved_until;     /* milliseconds */
} VaStoredRegistration;

/** What a change of a registration is a change of. */
typedef struct {
  guint64 version;      /* of the registration that is there; 0: none is */
  const char *proposal; /* digest of the proposal that is confirmed with it; %NULL: it was not proposed */
} VaExpected;

/** A change of a registration that waits for a second person. */
typedef struct {
  char *vm, *owner, *person;
  gint64 created;   /* seconds */
  guint64 replaces; /* version of the registration that is there; 0: none is */
  char *digest;     /* hex SHA-256 of all of it */
  char *text;       /* JSON of the registration without inline secrets; "": it is to be removed */
  GBytes *sealed;
  guint64 key; /* data key that it is sealed under */
} VaStoredProposal;
void va_stored_proposal_free (VaStoredProposal *proposal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaStoredProposal, va_stored_proposal_free)

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

const char *va_launch_state_name (VaLaunchState state);
gboolean va_launch_state_parse (const char *name, VaLaunchState *state);
/** va_launch_state_may_follow: whether a launch may go from @from to @to; staying is allowed. */
gboolean va_launch_state_may_follow (VaLaunchState from, VaLaunchState to);

typedef struct {
  /* fixed when the launch is made */
  char *id, *vm, *owner, *host, *domain_uuid, *domain_name;
  guint32 policy;
  char *generation;        /* of the roots that the platform verified under */
  guint64 version;         /* of the registration */
  gint64 created, expires; /* milliseconds */
  char *fixed;             /* JSON: what validate decides by */
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

typedef struct {
  char *name;
  gint64 seen;    /* seconds */
  char *features; /* JSON */
} VaStoredHost;

#define VA_STORE_TABLES 7 /* those that grow, see va_store_table_name() */

/** How many of one kind an owner may have, and how many bytes together. */
typedef struct {
  guint64 number, bytes;
} VaQuotaOf;

/** What an owner may have. */
typedef struct {
  VaQuotaOf images, secrets;
  VaQuotaOf registrations; /* and proposals */
} VaQuota;
/** VA_QUOTA_NONE: no bounds. */
#define VA_QUOTA_NONE \
  ((VaQuota){ { G_MAXUINT64, G_MAXUINT64 }, { G_MAXUINT64, G_MAXUINT64 }, { G_MAXUINT64, G_MAXUINT64 } })

/**
 * A data key, sealed under the key-encryption key together with id and oldest. The one with the largest id seals what
 * is new, and says which is the oldest one that counts beside it: an older one that somebody puts back opens nothing.
 */
typedef struct {
  guint64 id;
  guint64 oldest; /* 0: sealed before schema version 6 */
  guint64 seals;  /* made under it so far, at the most */
  GBytes *sealed;
} VaStoredKey;
void va_stored_key_free (VaStoredKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaStoredKey, va_stored_key_free)

/** What the store has done since it was opened. */
typedef VaDbStatistics VaStoreStatistics;

/** What a stored record of the audit log is worth by itself. */
typedef enum {
  VA_AUDIT_BROKEN,  /* others have changed it or put it there */
  VA_AUDIT_CHAINED, /* from before schema version 6: it counts if the chain from it to the anchor holds */
  VA_AUDIT_HELD,    /* as the service has written it */
} VaAuditTrust;

/** What a peer was after that it was refused. */
typedef struct {
  enum { VA_AIMED_REGISTRATION, VA_AIMED_SECRET, VA_AIMED_LAUNCH } kind;
  const char *id;   /* of the registration or launch, or the secret's name */
  const char *peer; /* the owner who asked, whose own it may be as well; "": it was no owner */
} VaAimed;

/** A record of the audit log. */
typedef struct {
  guint64 seq;
  char *owner;                                                 /* %NULL: only operators and auditors may read it */
  char *launch;                                                /* %NULL: it is of none */
  guint8 before[VA_AUDIT_LINK_SIZE], link[VA_AUDIT_LINK_SIZE]; /* the chain before and after it */
  guint8 digest[VA_AUDIT_LINK_SIZE];                           /* of its text */
  char *text;                                                  /* %NULL where only links are read */
  gboolean has_mac;
  guint8 mac[VA_AUDIT_MAC_SIZE];
  VaAuditTrust trust;
} VaStoredAudit;

/** A place where the stored chain begins: records up to seq are held by its link alone, or have been removed. */
typedef struct {
  guint64 seq; /* 0: there is none, the chain begins with record 1 */
  guint8 link[VA_AUDIT_LINK_SIZE];
} VaAuditPlace;

/** A removal of what is old. */
typedef struct {
  gint64 before, now; /* milliseconds since 1970 UTC: what is older goes; when that is done */
  /* set by va_store_prune_plan(): */
  guint64 launches, records;       /* how many go */
  guint64 seq;                     /* of the last record that goes; 0: none does */
  guint8 link[VA_AUDIT_LINK_SIZE]; /* of that record */
  char *text;                      /* (transfer full): JSON, the signed checkpoint at seq; or %NULL */
} VaPrune;

/** The audit log's end. */
typedef struct {
  guint64 seq; /* 0: it is empty */
  guint8 link[VA_AUDIT_LINK_SIZE];
  guint64 signed_seq; /* of the newest checkpoint */
} VaAuditHead;

void va_stored_audit_free (VaStoredAudit *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaStoredAudit, va_stored_audit_free)
void va_stored_artifact_free (VaStoredArtifact *artifact);
void va_stored_secret_free (VaStoredSecret *secret);
void va_stored_registration_free (VaStoredRegistration *registration);
void va_stored_launch_free (VaStoredLaunch *launch);
void va_stored_host_free (VaStoredHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaStoredArtifact, va_stored_artifact_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaStoredSecret, va_stored_secret_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaStoredRegistration, va_stored_registration_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaStoredLaunch, va_stored_launch_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaStoredHost, va_stored_host_free)

G_END_DECLS
