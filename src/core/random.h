/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * va_random_fill: @size bytes from getrandom(2), none of them fetched ahead of this call; aborts if the kernel gives
 * none.
 */
void va_random_fill (gpointer out, gsize size);

G_END_DECLS
