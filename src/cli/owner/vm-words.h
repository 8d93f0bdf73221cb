/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * va_vm_words: what the registration @vm, as the service answers it, allows; a sentence an element. Returns: of char *.
 */
GPtrArray *va_vm_words (JsonObject *vm);

G_END_DECLS
