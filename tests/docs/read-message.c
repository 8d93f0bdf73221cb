/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

/*
 * read-message KIND FILE...: what the program itself says to each message: "yes WRITTEN-AGAIN" or "no SENTENCE", one
 * line each. For tests/docs/test-schemas.py, which asks the schemas the same. KIND "codes" lists the problem codes,
 * "tables" the tables of all messages as JSON.
 */

#include <stdio.h>
#include <string.h>
#include "domain/xml.h"
#include "api/approval.h"
#include "api/host-features.h"
#include "api/launch-grant.h"
#include "api/launch-pending.h"
#include "api/launch-selection.h"
#include "api/outcome.h"
#include "api/registration-answer.h"
#include "api/validate-reply.h"
#include "api/validate-request.h"
#include "api/problem.h"
#include "core/file.h"

static const VaMessage *const messages[] = {
  &va_registration_message,     &va_registration_answer_message, &va_launch_request_message,
  &va_launch_grant_message,     &va_launch_pending_message,      &va_approval_message,
  &va_validate_request_message, &va_validate_reply_message,      &va_outcome_message,
  &va_host_features_message,    &va_launch_selection_message,
};

static const VaMessage *
find_message (const char *kind)
{
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    if (g_str_equal (kind, messages[i]->name))
      return messages[i];
  g_error ("no such kind of message: %s", kind);
}

static JsonObject *
read_again (const VaMessage *message, JsonObject *object, GError **error)
{
  gpointer data = va_message_read (message, object, error);
  JsonObject *again = data != NULL ? va_message_write (message, data) : NULL;

  va_message_free (message, data);
  return again;
}

/* The service writes an answer from what it has read as a registration. */
static JsonObject *
answer_registration (JsonObject *object, GError **error)
{
  g_autoptr(VaRegistration) registration = va_registration_read (object, error);

  return registration != NULL ? va_registration_write (registration, FALSE) : NULL;
}

static char *
read_message (const char *kind, const char *text, GError **error)
{
  g_autoptr(JsonObject) object = va_json_parse (text, strlen (text), error);
  g_autoptr(JsonObject) again = NULL;

  if (object == NULL)
    return NULL;
  if (g_str_equal (kind, va_registration_answer_message.name))
    again = answer_registration (object, error);
  else
    again = read_again (find_message (kind), object, error);
  return again != NULL ? va_json_print (again) : NULL;
}

static JsonArray *describe_members (const VaMessage *message);

static JsonArray *
describe_choices (const char *const *choices)
{
  JsonArray *array = json_array_new ();

  for (; *choices != NULL; choices++)
    json_array_add_string_element (array, *choices);
  return array;
}

static JsonArray *
describe_elements (const VaMessage *const *elements)
{
  JsonArray *array = json_array_new ();

  for (; *elements != NULL; elements++)
    json_array_add_array_element (array, describe_members (*elements));
  return array;
}

/* A line of a table. No limit is beyond 2^53, up to which every reader keeps numbers exact. */
static JsonObject *
describe_member (const VaMember *member)
{
  static const char *const kinds[] = { "text",    "string",         "uuid",  "number",  "boolean",
                                       "choice",  "base64",         "hex",   "bytes",   "secret",
                                       "strings", "one-or-several", "group", "message", "messages" };
  JsonObject *line = json_object_new ();

  json_object_set_string_member (line, "name", member->name);
  json_object_set_string_member (line, "kind",
                                 member->kind == VA_KIND_CUSTOM ? member->custom->kind : kinds[member->kind]);
  json_object_set_boolean_member (line, "required", member->presence == VA_REQUIRED);
  json_object_set_int_member (line, "min", (gint64) member->min);
  json_object_set_int_member (line, "max", (gint64) member->max);
  json_object_set_int_member (line, "size", (gint64) member->size);
  json_object_set_int_member (line, "elements", member->elements);
  if (member->choices != NULL)
    json_object_set_array_member (line, "choices", describe_choices (member->choices));
  if (member->message != NULL)
    json_object_set_array_member (line, "members", describe_members (member->message));
  if (member->kind == VA_KIND_CUSTOM && member->custom->elements != NULL)
    json_object_set_array_member (line, "each", describe_elements (member->custom->elements));
  return line;
}

static void
add_members (JsonArray *array, const VaMessage *message)
{
  if (message->base != NULL)
    add_members (array, message->base);
  for (guint i = 0; i < message->length; i++)
    json_array_add_object_element (array, describe_member (&message->members[i]));
}

static JsonArray *
describe_members (const VaMessage *message)
{
  JsonArray *array = json_array_new ();

  add_members (array, message);
  return array;
}

static void
print_tables (void)
{
  g_autoptr(JsonObject) tables = json_object_new ();
  g_autofree char *text = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    json_object_set_array_member (tables, messages[i]->name, describe_members (messages[i]));
  text = va_json_print (tables);
  printf ("%s\n", text);
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
  if (argc >= 2 && g_str_equal (argv[1], "tables"))
    print_tables ();
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
