/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/platform.h"

G_BEGIN_DECLS

/**
 * va_cek_put: puts the CEK that AMD signed into the chain of @info, whose own is not signed. Only the same key counts,
 * and only with an ASK's signature, which the service verifies; anything else is said in the journal and left alone.
 * @path: a file in any form that va_sev_bundle_add() takes, or a directory with cek.cert
 */
void va_cek_put (VaPlatformInfo *info, const char *path);

G_END_DECLS
