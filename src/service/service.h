/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "audit/checkpoint.h"
#include "certificates/key-service.h"
#include "http/server/server.h"
#include "service/audit-trail.h"
#include "service/decide/chain-cache.h"
#include "service/decide/explainer.h"
#include "service/decide/host-groups.h"
#include "service/decide/registration-cache.h"
#include "service/rate-limit.h"
#include "service/metrics.h"
#include "service/decide/references.h"
#include "store/store.h"

/* virt-attestd: what its modules share. */
G_BEGIN_DECLS

/** Whether the service can do its work, besides its store. Anybody may read it at any time. */
typedef struct {
  atomic_bool stopping;
  atomic_int_least64_t certificate_ends; /* seconds since 1970 UTC */
  GMutex mutex;                          /* of what follows */
  char *keys_said;                       /* what the log says of the store's data keys; %NULL: nothing, they open */
} VaReadiness;

/** How large the store was found to be. */
typedef struct {
  GMutex mutex;
  gint64 bytes_time; /* monotonic; 0: not yet */
  guint64 bytes;
  gboolean has_rows;
  guint64 rows[VA_STORE_TABLES];
} VaStoreSize;

typedef struct _VaServiceModule VaServiceModule;

typedef struct {
  const VaServiceModule *const *modules; /* ended by %NULL */
  VaStore *store;
  VaTeeRoots roots;
  VaKeyService *key_service; /* AMD's; %NULL: not to be asked */
  VaReferenceCache *references;
  VaExplainer *explainer;
  VaChainCache *chains;
  VaRegistrationCache *registrations;
  VaSigner *signer;    /* of the audit log's checkpoints */
  VaAuditTrail *trail; /* up to where the audit log is the service's own */
  VaHostGroups *groups;
  VaRateLimit *refusals; /* how many a peer may collect */
  VaRateLimit *launches; /* that are granted to a host under one registration */
  VaRateLimit *changes;  /* by one peer */
  char *store_directory; /* %NULL: the store is in a database elsewhere */
  guint64 reserve;       /* bytes of its file system that are for launches alone */
  guint64 store_most;    /* bytes that the store may have while something new is taken; 0: no limit */
  VaStoreSize size;
  atomic_bool is_full; /* said so */
  VaMetrics *metrics;
  VaServerStatistics server; /* of the server that it is */
  VaReadiness readiness;
  gint64 confirm_ms; /* how long a launch waits for an owner's confirmation */
  gint64 launch_ms;  /* how long a launch stays open */
} VaService;

/** va_service_now: milliseconds since 1970 UTC. */
gint64 va_service_now (void);
/**
 * va_service_sweep: lets open launches whose time is over expire, and logs how many.
 * Errors: VA_PROBLEM_STORE
 */
gboolean va_service_sweep (VaService *service, GError **error);

G_END_DECLS
