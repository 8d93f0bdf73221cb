/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "db/error.h"

typedef enum {
  VA_STORE_ERROR_FAILED = VA_DB_ERROR_FAILED,
  VA_STORE_ERROR_KEY = VA_DB_ERROR_REFERENCE,  /* the data key that it was sealed under is gone: seal it again */
  VA_STORE_ERROR_NOT_FOUND = VA_DB_ERROR_NEXT, /* no such object, or another owner's */
  VA_STORE_ERROR_AMBIGUOUS,        /* several owners have a registration of this id, and none of them was named */
  VA_STORE_ERROR_IN_USE,           /* a registration refers to it */
  VA_STORE_ERROR_SECRET_MISSING,   /* a registration names a secret that is not there */
  VA_STORE_ERROR_ARTIFACT_MISSING, /* a registration names a firmware that was not uploaded */
  VA_STORE_ERROR_CHANGED,          /* the registration was replaced or removed in between: read it again */
  VA_STORE_ERROR_PERMIT,           /* max-launches is reached */
  VA_STORE_ERROR_WAITING,          /* too many launches wait already */
  VA_STORE_ERROR_RUNNING,          /* max-running is reached */
  VA_STORE_ERROR_QUOTA,            /* the owner would have more than they may */
  VA_STORE_ERROR_AUDIT,            /* the stored audit log is not the one that the service has written */
} VaStoreError;

/** The same domain as the database's, so that what a statement fails with is the store's error as it is. */
#define VA_STORE_ERROR VA_DB_ERROR
