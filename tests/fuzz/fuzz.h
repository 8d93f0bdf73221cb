/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/**
 * LLVMFuzzerTestOneInput: what a fuzz target defines. It aborts (g_assert) when the code under test breaks a promise;
 * refusing the input is no fault. It must not keep state from one input to the next.
 * Returns: 0
 */
int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);
