/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/server/request.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "core/number.h"

#define JSON_TYPE "application/json"
#define RAW_TYPE "application/octet-stream"

static gboolean
has_media_type (const VaHead *head, const char *wanted)
{
  const char *value = va_head_header (head, "Content-Type");
  gsize length = strlen (wanted);

  return value != NULL && g_ascii_strncasecmp (value, wanted, length) == 0
         && (value[length] == '\0' || value[length] == ';' || value[length] == ' ');
}

static gboolean
refuse_media_type (GError **error, const char *wanted)
{
  return va_error_set (error, VA_PROBLEM_ERROR, VA_PROBLEM_MEDIA_TYPE, _("the body must be sent as %s"), wanted);
}

gboolean
va_request_check_body (const VaHead *head, gsize max_body, gsize *announced, GError **error)
{
  const char *length = va_head_header (head, "Content-Length");
  guint64 number = 0;

  *announced = 0;
  if (length != NULL && !va_number_parse (length, 0, G_MAXSIZE - 1, &number, NULL))
    {
      *announced = G_MAXSIZE;
      g_set_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_BAD_REQUEST, _("the length of the body is unclear"));
      return FALSE;
    }
  *announced = (gsize) number;
  if (number > max_body)
    return va_request_refuse_size (max_body, error);
  if (*announced == 0)
    return TRUE;
  if (strcmp (head->method, "PUT") == 0)
    return has_media_type (head, RAW_TYPE) || refuse_media_type (error, RAW_TYPE);
  return has_media_type (head, JSON_TYPE) || has_media_type (head, RAW_TYPE) || refuse_media_type (error, JSON_TYPE);
}

gboolean
va_request_id_is_valid (const char *id)
{
  gsize size = strspn (id, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-");

  return id[size] == '\0' && size >= 8 && size <= 64;
}

gboolean
va_request_refuse_size (gsize max_body, GError **error)
{
  g_set_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_TOO_LARGE,
               _("the body is larger than the %zu bytes that are accepted here"), max_body);
  return FALSE;
}

static gboolean
argument_is_text (const VaHeadPart *argument)
{
  return g_utf8_validate_len (argument->name, argument->name_size, NULL)
         && (argument->value == NULL || g_utf8_validate_len (argument->value, argument->value_size, NULL));
}

gboolean
va_request_check_query (const VaHead *head, GError **error)
{
  g_autoptr(GHashTable) seen = head->arguments->len > 0 ? g_hash_table_new (g_str_hash, g_str_equal) : NULL;

  for (guint i = 0; i < head->arguments->len; i++)
    {
      const VaHeadPart *argument = &g_array_index (head->arguments, VaHeadPart, i);

      if (argument_is_text (argument) && g_hash_table_add (seen, (gpointer) argument->name))
        continue;
      g_set_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_BAD_REQUEST,
                   _("the query names an argument twice, or has one that is not UTF-8 text"));
      return FALSE;
    }
  return TRUE;
}

const char *
va_request_query (const VaRequest *request, const char *name)
{
  return va_head_argument (request->head, name);
}

JsonObject *
va_request_json (const VaRequest *request, GError **error)
{
  g_autoptr(GError) reason = NULL;
  JsonObject *object;

  if (va_secret_size (request->body) > 0 && !has_media_type (request->head, JSON_TYPE))
    {
      refuse_media_type (error, JSON_TYPE);
      return NULL;
    }
  object = va_json_parse ((const char *) va_secret_data (request->body), va_secret_size (request->body), &reason);
  if (object == NULL)
    g_set_error_literal (error, VA_PROBLEM_ERROR, VA_PROBLEM_BAD_REQUEST, reason->message);
  return object;
}
