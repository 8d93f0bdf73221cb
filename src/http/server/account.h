/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pki/identity.h"

G_BEGIN_DECLS

/**
 * What a server's requests hold in memory, in all and for each peer: bodies, answers, and lists that are being made.
 * One peer may have a part of it, and what is large leaves room for what is small, so that launches go on whoever
 * uploads, asks for lists or does not read their answers. From any thread.
 */
typedef struct _VaAccount VaAccount;

#define VA_LISTS_AT_ONCE 4 /* that are made for one peer */

/** va_account_new: @most: bytes */
VaAccount *va_account_new (gsize most);
void va_account_free (VaAccount *account);
/**
 * va_account_hold: a request of @peer holds @bytes in place of *@held, which is set to that.
 * @peer: %NULL: no peer's
 * Returns: FALSE: there is no room for that many; they count as held all the same
 */
gboolean va_account_hold (VaAccount *account, const VaIdentity *peer, gsize *held, gsize bytes);
/** va_account_begin_list: Returns: FALSE: @peer has as many lists made already as one may have; otherwise end it. */
gboolean va_account_begin_list (VaAccount *account, const VaIdentity *peer) G_GNUC_WARN_UNUSED_RESULT;
/** va_account_end_list: what va_account_begin_list() began. */
void va_account_end_list (VaAccount *account, const VaIdentity *peer);

G_END_DECLS
