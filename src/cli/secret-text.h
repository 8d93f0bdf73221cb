/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/secret.h"

G_BEGIN_DECLS

/** VA_SECRET_STRIP: the option of every verb that reads a secret. @strip: gboolean * */
#define VA_SECRET_STRIP(strip) \
  { \
    "strip-newline", 0, 0, G_OPTION_ARG_NONE, (strip), N_("Remove one line break (LF or CRLF) at its end"), NULL \
  }

/**
 * va_secret_text_look: says on standard error what @secret has at its ends that its owner may not have meant: line
 * breaks, blanks, a byte order mark. Nothing of its content is said. What is not text is left alone, unless it is a
 * passphrase.
 * @secret: loses one line break at its end if @strip, and how much is left is said
 * @source: a file's name, for the message
 * @is_passphrase: one zero byte at its end is not part of it
 */
void va_secret_text_look (VaSecret *secret, const char *source, gboolean is_passphrase, gboolean strip);

G_END_DECLS
