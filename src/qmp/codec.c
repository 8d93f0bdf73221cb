/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp/codec.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"

struct _VaQmpReader {
  GByteArray *buffer;
  gsize searched; /* bytes at the beginning of the buffer that hold no line end */
};

void
va_qmp_message_free (VaQmpMessage *message)
{
  g_clear_pointer (&message->value, json_object_unref);
  g_free (message->error_class);
  g_free (message->description);
  g_free (message->event);
  g_free (message);
}

static gboolean
refuse_message (GError **error, const char *sentence)
{
  return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("QEMU's monitor: %s"), sentence);
}

static JsonObject *
member_object (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static const char *
member_string (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

static gboolean
read_id (VaQmpMessage *message, JsonObject *object, GError **error)
{
  JsonNode *node = json_object_get_member (object, "id");

  if (node == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64 || json_node_get_int (node) < 0)
    return refuse_message (error, _("an answer's id matches no command that was sent"));
  message->has_id = TRUE;
  message->id = (guint64) json_node_get_int (node);
  return TRUE;
}

static gboolean
read_return (VaQmpMessage *message, JsonObject *object, GError **error)
{
  JsonObject *value = member_object (object, "return");

  if (value == NULL)
    return refuse_message (error, _("an answer is not an object"));
  message->kind = VA_QMP_RETURN;
  message->value = json_object_ref (value);
  return read_id (message, object, error);
}

static gboolean
read_refusal (VaQmpMessage *message, JsonObject *object, GError **error)
{
  JsonObject *reason = member_object (object, "error");
  const char *name = reason != NULL ? member_string (reason, "class") : NULL;
  const char *description = reason != NULL ? member_string (reason, "desc") : NULL;

  if (name == NULL || description == NULL)
    return refuse_message (error, _("an error has no class or no description"));
  message->kind = VA_QMP_REFUSAL;
  message->error_class = g_strdup (name);
  message->description = g_strdup (description);
  return read_id (message, object, error);
}

static gboolean
read_event (VaQmpMessage *message, JsonObject *object, GError **error)
{
  message->kind = VA_QMP_EVENT;
  message->event = g_strdup (member_string (object, "event"));
  return message->event != NULL || refuse_message (error, _("an event has no name"));
}

static gboolean
read_greeting (VaQmpMessage *message, JsonObject *object, GError **error)
{
  message->kind = VA_QMP_GREETING;
  return member_object (object, "QMP") != NULL || refuse_message (error, _("the greeting is not an object"));
}

VaQmpMessage *
va_qmp_message_parse (const char *line, gsize size, GError **error)
{
  static const struct {
    const char *member;
    gboolean (*read) (VaQmpMessage *, JsonObject *, GError **);
  } kinds[] = {
    { "return", read_return }, { "error", read_refusal }, { "event", read_event }, { "QMP", read_greeting }
  };
  g_autoptr(VaQmpMessage) message = g_new0 (VaQmpMessage, 1);
  g_autoptr(JsonObject) object = va_json_parse (line, size, error);
  gboolean (*read) (VaQmpMessage *, JsonObject *, GError **) = NULL;

  if (object == NULL)
    {
      g_prefix_error_literal (error, _("QEMU's monitor: "));
      return NULL;
    }
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      if (!json_object_has_member (object, kinds[i].member))
        continue;
      if (read != NULL && !refuse_message (error, _("a message is of two kinds")))
        return NULL;
      read = kinds[i].read;
    }
  if (read == NULL && !refuse_message (error, _("a message is not a greeting, answer, error or event")))
    return NULL;
  return read (message, object, error) ? g_steal_pointer (&message) : NULL;
}

char *
va_qmp_command (const char *name, JsonObject *arguments, guint64 id)
{
  g_autoptr(JsonObject) command = json_object_new ();
  g_autofree char *text = NULL;

  json_object_set_string_member (command, "execute", name);
  if (arguments != NULL)
    json_object_set_object_member (command, "arguments", json_object_ref (arguments));
  json_object_set_int_member (command, "id", (gint64) id);
  text = va_json_print (command);
  return g_strconcat (text, "\n", NULL);
}

VaQmpReader *
va_qmp_reader_new (void)
{
  VaQmpReader *reader = g_new0 (VaQmpReader, 1);

  reader->buffer = g_byte_array_new ();
  return reader;
}

void
va_qmp_reader_free (VaQmpReader *reader)
{
  g_byte_array_unref (reader->buffer);
  g_free (reader);
}

static guint8 *
find_line_end (const VaQmpReader *reader)
{
  gsize rest = reader->buffer->len - reader->searched;

  return rest > 0 ? memchr (reader->buffer->data + reader->searched, '\n', rest) : NULL;
}

static gboolean
too_long (GError **error)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, _("QEMU's monitor: a line is longer than %d bytes"),
               VA_QMP_LINE_MAX);
  return FALSE;
}

gboolean
va_qmp_reader_feed (VaQmpReader *reader, gconstpointer data, gsize size, GError **error)
{
  if (size <= VA_QMP_LINE_MAX && reader->buffer->len <= VA_QMP_LINE_MAX)
    {
      g_byte_array_append (reader->buffer, data, (guint) size);
      if (reader->buffer->len <= VA_QMP_LINE_MAX || find_line_end (reader) != NULL)
        return TRUE;
    }
  return too_long (error);
}

gboolean
va_qmp_reader_next (VaQmpReader *reader, VaQmpMessage **message, GError **error)
{
  *message = NULL;
  for (;;)
    {
      guint8 *end = find_line_end (reader);
      gsize length;

      if (end == NULL)
        {
          reader->searched = reader->buffer->len;
          return TRUE;
        }
      length = (gsize) (end - reader->buffer->data);
      if (length >= VA_QMP_LINE_MAX)
        return too_long (error);
      if (length > 0 && reader->buffer->data[length - 1] == '\r')
        length--;
      if (length > 0)
        *message = va_qmp_message_parse ((const char *) reader->buffer->data, length, error);
      g_byte_array_remove_range (reader->buffer, 0, (guint) (end - reader->buffer->data) + 1);
      reader->searched = 0;
      if (length > 0)
        return *message != NULL;
    }
}
