/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/client/call.h"

G_BEGIN_DECLS

/** Connections that are kept for the next call: a thread for each, which runs the calls of others. */
typedef struct _VaClientKeeper VaClientKeeper;

/** va_client_keeper_new: without threads yet. Returns: (transfer full). */
VaClientKeeper *va_client_keeper_new (void);
/**
 * va_client_keeper_run: va_client_call_run() by a thread that has nothing to do, preferably one with a connection.
 * @ok: (out): what va_client_call_run() returned
 * Returns: FALSE when all are busy: nothing was done
 */
gboolean va_client_keeper_run (VaClientKeeper *keeper, VaClientCall *call, gboolean *ok, GError **error);
/** va_client_keeper_free: when no call is under way. */
void va_client_keeper_free (VaClientKeeper *keeper);

G_END_DECLS
