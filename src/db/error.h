/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef enum {
  VA_DB_ERROR_FAILED,    /* the database does not answer or cannot be used; the message says why */
  VA_DB_ERROR_REFERENCE, /* a row refers to one that is gone */
  VA_DB_ERROR_NEXT,      /* those who know the tables have their own codes from here on, in the same domain */
} VaDbError;

#define VA_DB_ERROR (va_db_error_quark ())
GQuark va_db_error_quark (void);
