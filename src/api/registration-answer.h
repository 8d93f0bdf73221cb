/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/registration.h"

G_BEGIN_DECLS

/** The registration of the same id that was there before. */
typedef struct {
  guint64 version; /* as in the audit log */
  gint64 created;  /* seconds since 1970 UTC */
} VaReplacedRegistration;

/** GET /vm/{id}, and the answer to POST: a registration as the service gives it back. It is only written. */
typedef struct {
  VaRegistration registration; /* borrowed: a copy of the struct, whose members belong to another one */
  char *id;
  gint64 created;                      /* seconds since 1970 UTC */
  guint64 launches, running, approved; /* approved: launches to come that do not wait for a confirmation */
  gint64 approved_until;               /* seconds since 1970 UTC; 0 if approved is 0 */
  VaReplacedRegistration *replaced;    /* %NULL: none, or not an answer to POST */
} VaRegistrationAnswer;
extern const VaMessage va_registration_answer_message;
/** va_registration_answer_write: inline secrets without their data. Returns: (transfer full). */
JsonObject *va_registration_answer_write (const VaRegistrationAnswer *answer);

G_END_DECLS
