/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cli/answer.h"
#include "cli/call.h"
#include "cli/print.h"

/* What the verbs for firmware images share. */
G_BEGIN_DECLS

/** va_artifact_path: "/v1/artifact/HASH"; %NULL after a usage error: @hash is none. Returns: (transfer full) */
char *va_artifact_path (const VaCall *call, const char *hash);
/** va_artifact_add_fields: hash, size and areas of an answer about one image. */
void va_artifact_add_fields (VaTable *table, JsonObject *artifact);

G_END_DECLS
