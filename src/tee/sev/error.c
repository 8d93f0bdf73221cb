/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/error.h"

G_DEFINE_QUARK (va-sev-error-quark, va_sev_error)
