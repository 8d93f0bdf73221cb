/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/registration-answer.h"

#include "api/limits.h"

static const VaMember replaced_members[] = {
  { "version", VA_REQUIRED, VA_MEMBER_NUMBER (VaReplacedRegistration, version), .max = VA_COUNT_MAX },
  { "created", VA_REQUIRED, VA_MEMBER_NUMBER (VaReplacedRegistration, created), .min = 1, .max = VA_TIME_MAX },
};
static const VaMessage replaced = { .size = sizeof (VaReplacedRegistration), VA_MESSAGE_MEMBERS (replaced_members) };

static const VaMember members[] = {
  { "id", VA_REQUIRED, VA_MEMBER_UUID (VaRegistrationAnswer, id) },
  { "created", VA_REQUIRED, VA_MEMBER_NUMBER (VaRegistrationAnswer, created), .min = 1, .max = VA_TIME_MAX },
  { "launches", VA_REQUIRED, VA_MEMBER_NUMBER (VaRegistrationAnswer, launches), .max = VA_COUNT_MAX },
  { "running", VA_REQUIRED, VA_MEMBER_NUMBER (VaRegistrationAnswer, running), .max = VA_COUNT_MAX },
  { "approved", VA_REQUIRED, VA_MEMBER_NUMBER (VaRegistrationAnswer, approved), .max = VA_COUNT_MAX },
  { "approved-until", VA_OPTIONAL, VA_MEMBER_NUMBER (VaRegistrationAnswer, approved_until), .min = 1,
    .max = VA_TIME_MAX },
  { "replaced", VA_OPTIONAL, VA_MEMBER_MESSAGE (VaRegistrationAnswer, replaced, VaReplacedRegistration, replaced) },
};

const VaMessage va_registration_answer_message = {
  .name = "registration-answer",
  .size = sizeof (VaRegistrationAnswer),
  .base = &va_registration_shown_message,
  VA_MESSAGE_MEMBERS (members),
};

JsonObject *
va_registration_answer_write (const VaRegistrationAnswer *answer)
{
  return va_message_write (&va_registration_answer_message, answer);
}
