/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef enum {
  VA_SEV_ERROR_FORMAT,    /* wrong length, version, usage or algorithm */
  VA_SEV_ERROR_KEY,       /* no point of the curve, or no usable RSA key */
  VA_SEV_ERROR_SIGNATURE, /* a signature of the chain does not verify */
  VA_SEV_ERROR_UNTRUSTED, /* the chain verifies, but under a root that is not trusted */
  VA_SEV_ERROR_FIRMWARE,  /* the firmware has no room for what is asked of it */
  VA_SEV_ERROR_TOO_LARGE, /* the secret table is larger than its area or than one injection */
} VaSevError;

#define VA_SEV_ERROR (va_sev_error_quark ())
GQuark va_sev_error_quark (void);
