/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * va_option_words: a sentence about members of a registration, as va_registration_read() or the service says it, with
 * the options of “vm register” in their place, for a registration that was made of options.
 * Returns: (transfer full)
 */
char *va_option_words (const char *message);
/** va_option_words_put: the same for what is in @error; nothing when that is %NULL. */
void va_option_words_put (GError **error);

G_END_DECLS
