/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

/*
 * read-message KIND FILE...: what the program itself says to each message: "yes WRITTEN-AGAIN" or "no SENTENCE", one
 * line each. For tests/docs/test-schemas.py, which asks the schemas the same. KIND "codes" lists the problem codes.
 */

#include <stdio.h>
#include <string.h>
#include "domain/xml.h"
#include "api/approval.h"
#include "api/host-features.h"
#include "api/launch-grant.h"
#include "api/launch-pending.h"
#include "api/launch-request.h"
#include "api/outcome.h"
#include "api/registration.h"
#include "api/validate-reply.h"
#include "api/validate-request.h"
#include "api/problem.h"
#include "core/file.h"

#define READER(kind, Type, with) \
  static JsonObject *again_##kind (JsonObject *object, GError **error) \
  { \
    g_autoptr(Type) message = va_##kind##_read (object, error); \
    return message != NULL ? va_##kind##_write (message with) : NULL; \
  }
#define COMMA_TRUE , TRUE
READER (registration, VaRegistration, COMMA_TRUE)
READER (launch_request, VaLaunchRequest, )
READER (launch_grant, VaLaunchGrant, )
READER (launch_pending, VaLaunchPending, )
READER (approval, VaApproval, )
READER (validate_request, VaValidateRequest, )
READER (validate_reply, VaValidateReply, )
READER (outcome, VaOutcome, )
READER (host_features, VaHostFeatures, )

static JsonObject *
again_registration_answer (JsonObject *object, GError **error)
{
  g_autoptr(VaRegistration) message = va_registration_read (object, error);

  return message != NULL ? va_registration_write (message, FALSE) : NULL;
}

static const struct {
  const char *kind;
  JsonObject *(*again) (JsonObject *object, GError **error);
} readers[] = {
  { "registration", again_registration },
  { "registration-answer", again_registration_answer },
  { "launch-request", again_launch_request },
  { "launch-grant", again_launch_grant },
  { "launch-pending", again_launch_pending },
  { "approval", again_approval },
  { "validate-request", again_validate_request },
  { "validate-reply", again_validate_reply },
  { "outcome", again_outcome },
  { "host-features", again_host_features },
};

static char *
read_message (const char *kind, const char *text, GError **error)
{
  g_autoptr(JsonObject) object = va_json_parse (text, strlen (text), error);
  g_autoptr(JsonObject) again = NULL;

  for (guint i = 0; object != NULL && again == NULL && i < G_N_ELEMENTS (readers); i++)
    if (g_str_equal (kind, readers[i].kind))
      {
        again = readers[i].again (object, error);
        return again != NULL ? va_json_print (again) : NULL;
      }
  if (object != NULL)
    g_error ("no such kind of message: %s", kind);
  return NULL;
}

static char *
read_domain (const char *text, GError **error)
{
  g_autoptr(VaDomainXml) domain = va_domain_xml_parse (text, strlen (text), error);

  return domain != NULL ? g_strdup (domain->opted_in ? "opted-in" : "not-ours") : NULL;
}

static void
list_codes (void)
{
  for (int code = VA_PROBLEM_BAD_REQUEST; code < (int) va_problem_count (); code++)
    printf ("%u %s\n", va_problem_status ((VaProblemCode) code), va_problem_name ((VaProblemCode) code));
}

int
main (int argc, char **argv)
{
  if (argc >= 2 && g_str_equal (argv[1], "codes"))
    list_codes ();
  for (int i = 2; i < argc; i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *text = va_file_read_text (argv[i], 1024 * 1024, &error);
      g_autofree char *again = NULL;

      if (text == NULL)
        g_error ("%s", error->message);
      again = g_str_equal (argv[1], "domain") ? read_domain (text, &error) : read_message (argv[1], text, &error);
      printf ("%s %s\n", again != NULL ? "yes" : "no", again != NULL ? again : error->message);
    }
  return argc >= 2 ? 0 : 2;
}
