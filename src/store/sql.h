/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/audit.h"
#include "store/quota.h"

/* What the store keeps beside a database: its backend's owner. */
G_BEGIN_DECLS

typedef struct {
  VaSecret *audit_key; /* borrowed; %NULL: nothing can be added to the audit log, nor checked */
  VaQuota quota;       /* set before anything is added */
  GMutex mutex;        /* of what follows */
  VaAuditPlace end;    /* the audit log's, the last one that this process has seen in it; its seq is 0 for none */
} VaStoreSide;

/** va_store_side_add: to @backend, together with the hooks that write the audit log. */
void va_store_side_add (VaDbBackend *backend);

static inline VaStoreSide *
va_store_side (VaDbBackend *backend)
{
  return backend->owner;
}

G_END_DECLS
