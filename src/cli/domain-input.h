/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/** va_domain_input: a domain's XML from @path, or from standard input when it is %NULL or "-". */
GBytes *va_domain_input (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
