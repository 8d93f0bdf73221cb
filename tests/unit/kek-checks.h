/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "kek/kek.h"

/* What every kind of key-encryption key is held to. */
G_BEGIN_DECLS

/** open_kek: which must open. */
VaKek *open_kek (const VaKekSettings *settings);
/** assert_unwraps: @wrapped is @expected. */
void assert_unwraps (VaKek *kek, const VaSealLabel *label, GBytes *wrapped, VaSecret *expected);

G_END_DECLS
