/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/error.h"

G_DEFINE_QUARK (va-core-error-quark, va_core_error)
