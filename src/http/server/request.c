/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/server/request.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "core/number.h"

#define JSON_TYPE "application/json"
#define RAW_TYPE "application/octet-stream"

static const char *
find_header (struct MHD_Connection *mhd, const char *name)
{
  return MHD_lookup_connection_value (mhd, MHD_HEADER_KIND, name);
}

static gboolean
has_media_type (struct MHD_Connection *mhd, const char *wanted)
{
  const char *value = find_header (mhd, MHD_HTTP_HEADER_CONTENT_TYPE);
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
va_request_check_body (struct MHD_Connection *mhd, const char *method, gsize max_body, gsize *announced, GError **error)
{
  const char *length = find_header (mhd, MHD_HTTP_HEADER_CONTENT_LENGTH);
  guint64 number = 0;

  *announced = 0;
  if (length != NULL && !va_number_parse (length, 0, G_MAXSIZE - 1, &number, NULL))
    {
      *announced = G_MAXSIZE;
      g_set_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_BAD_REQUEST, _("the length of the body is not clear"));
      return FALSE;
    }
  *announced = (gsize) number;
  if (number > max_body)
    return va_request_refuse_size (max_body, error);
  if (*announced == 0)
    return TRUE;
  if (strcmp (method, "PUT") == 0)
    return has_media_type (mhd, RAW_TYPE) || refuse_media_type (error, RAW_TYPE);
  return has_media_type (mhd, JSON_TYPE) || has_media_type (mhd, RAW_TYPE) || refuse_media_type (error, JSON_TYPE);
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
               _("the body is larger than the %" G_GSIZE_FORMAT " bytes that are taken here"), max_body);
  return FALSE;
}

typedef struct {
  GHashTable *seen;
  gboolean bad;
} Arguments;

static enum MHD_Result
on_argument (void *data, enum MHD_ValueKind kind, const char *key, size_t key_size, const char *value,
             size_t value_size)
{
  Arguments *arguments = data;

  if (!g_utf8_validate_len (key, key_size, NULL) || (value != NULL && !g_utf8_validate_len (value, value_size, NULL))
      || !g_hash_table_add (arguments->seen, (gpointer) key))
    arguments->bad = TRUE;
  return arguments->bad ? MHD_NO : MHD_YES;
}

gboolean
va_request_check_query (struct MHD_Connection *mhd, GError **error)
{
  g_autoptr(GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  Arguments arguments = { seen, FALSE };

  MHD_get_connection_values_n (mhd, MHD_GET_ARGUMENT_KIND, on_argument, &arguments);
  if (!arguments.bad)
    return TRUE;
  g_set_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_BAD_REQUEST,
               _("the query names an argument twice, or has one that is not UTF-8 text"));
  return FALSE;
}

const char *
va_request_query (const VaRequest *request, const char *name)
{
  return MHD_lookup_connection_value (request->connection, MHD_GET_ARGUMENT_KIND, name);
}

JsonObject *
va_request_json (const VaRequest *request, GError **error)
{
  g_autoptr(GError) reason = NULL;
  JsonObject *object;

  if (va_secret_size (request->body) > 0 && !has_media_type (request->connection, JSON_TYPE))
    {
      refuse_media_type (error, JSON_TYPE);
      return NULL;
    }
  object = va_json_parse ((const char *) va_secret_data (request->body), va_secret_size (request->body), &reason);
  if (object == NULL)
    g_set_error_literal (error, VA_PROBLEM_ERROR, VA_PROBLEM_BAD_REQUEST, reason->message);
  return object;
}
