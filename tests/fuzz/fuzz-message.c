/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "api/host-features.h"
#include "api/launch-grant.h"
#include "api/launch-selection.h"
#include "api/outcome.h"
#include "api/registration.h"
#include "api/validate-reply.h"
#include "api/validate-request.h"
#include "api/problem.h"
#include "core/error.h"
#include "codec/json.h"
#include "fuzz.h"

/* The first byte chooses the reader, the rest is what it reads. What a reader takes can be written, read again, and is
   written the same. */

#define ROUND_TRIP(type, stem) \
  static JsonObject *again_##stem (JsonObject *object, GError **error) \
  { \
    g_autoptr(type) message = va_##stem##_read (object, error); \
\
    return message != NULL ? va_##stem##_write (message) : NULL; \
  }

ROUND_TRIP (VaLaunchRequest, launch_request)
ROUND_TRIP (VaLaunchGrant, launch_grant)
ROUND_TRIP (VaValidateRequest, validate_request)
ROUND_TRIP (VaValidateReply, validate_reply)
ROUND_TRIP (VaOutcome, outcome)
ROUND_TRIP (VaHostFeatures, host_features)
ROUND_TRIP (VaLaunchSelection, launch_selection)

static JsonObject *
again_registration (JsonObject *object, GError **error)
{
  g_autoptr(VaRegistration) registration = va_registration_read (object, error);
  g_autoptr(JsonObject) answer = registration != NULL ? va_registration_write (registration, FALSE) : NULL;

  return registration != NULL ? va_registration_write (registration, TRUE) : NULL;
}

static JsonObject *(*const readers[]) (JsonObject *object, GError **error) = {
  again_registration, again_launch_request, again_launch_grant,   again_validate_request, again_validate_reply,
  again_outcome,      again_host_features,  NULL /* a problem */, again_launch_selection,
};

static void
check_message (guint reader, const char *text, gsize size)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonObject) object = va_json_parse (text, size, NULL);
  g_autoptr(JsonObject) first = object != NULL ? readers[reader](object, &error) : NULL;
  g_autoptr(JsonObject) second = NULL;
  g_autofree char *one = NULL, *other = NULL;

  if (first == NULL)
    {
      g_assert_true (object == NULL || (error != NULL && error->domain == VA_CORE_ERROR));
      return;
    }
  second = readers[reader](first, &error);
  g_assert_no_error (error);
  one = va_json_print (first);
  other = va_json_print (second);
  g_assert_cmpstr (one, ==, other);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr(GError) problem = NULL;
  guint reader;

  if (size == 0)
    return 0;
  reader = data[0] % G_N_ELEMENTS (readers);
  if (readers[reader] != NULL)
    {
      check_message (reader, (const char *) data + 1, size - 1);
      return 0;
    }
  problem = va_problem_read (403, (const char *) data + 1, size - 1);
  g_assert_true (problem->domain == VA_PROBLEM_ERROR);
  g_assert_nonnull (va_problem_name ((VaProblemCode) problem->code));
  g_assert_true (g_utf8_validate (problem->message, -1, NULL));
  return 0;
}
