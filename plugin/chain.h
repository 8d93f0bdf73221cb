/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "lock-driver.h"

G_BEGIN_DECLS

/**
 * va_chain_load: loads another lock driver (lockd, sanlock) from the folder that this one was loaded from, and starts
 * it. It stays loaded as long as the process lives.
 * @name: of the driver, without ".so"
 * @config_path: its own configuration file
 * @flags: as libvirt gave them to the gate
 * Returns: (transfer none): its table, complete, or %NULL with @error set
 * Errors: VA_CORE_ERROR_PARSE (no name for a driver), VA_CORE_ERROR_FAILED (it does not load, or does not want to
 * start)
 */
LockDriver *va_chain_load (const char *name, const char *config_path, unsigned int flags, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
