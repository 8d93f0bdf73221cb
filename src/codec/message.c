/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "codec/message.h"

#include "codec/member-kinds.h"
#include "core/i18n.h"

static gboolean message_has_value (const VaMessage *message, gconstpointer data);

/* The members of @object, the value of @member, into @data. */
static void
read_nested (VaFields *fields, const VaMember *member, JsonObject *object, gpointer data)
{
  VaFields nested = VA_FIELDS_INIT (object, _(member->message->where));

  nested.secret = member->message->secret;
  va_message_read_members (member->message, &nested, data);
  va_fields_nested_end (fields, member->name, &nested);
}

static gboolean
read_group_member (VaFields *fields, const VaMember *member, gpointer field)
{
  JsonObject *object = va_fields_object (fields, member->name, member->presence);

  if (object != NULL)
    read_nested (fields, member, object, field);
  return object != NULL;
}

static void
write_group_member (JsonObject *object, const VaMember *member, gconstpointer field)
{
  json_object_set_object_member (object, member->name, va_message_write (member->message, field));
}

static gboolean
group_has_value (const VaMember *member, gconstpointer field)
{
  return message_has_value (member->message, field);
}

static void
clear_group_member (const VaMember *member, gpointer field)
{
  va_message_clear (member->message, field);
}

static gboolean
read_message_member (VaFields *fields, const VaMember *member, gpointer field)
{
  JsonObject *object = va_fields_object (fields, member->name, member->presence);

  if (object == NULL)
    return FALSE;
  *(gpointer *) field = g_malloc0 (member->message->size);
  read_nested (fields, member, object, *(gpointer *) field);
  return TRUE;
}

static void
write_message_member (JsonObject *object, const VaMember *member, gconstpointer field)
{
  write_group_member (object, member, *(const gconstpointer *) field);
}

static void
clear_message_member (const VaMember *member, gpointer field)
{
  va_message_free (member->message, *(gpointer *) field);
  *(gpointer *) field = NULL;
}

static void
read_element (VaFields *fields, const VaMember *member, JsonNode *node, GPtrArray *list)
{
  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      va_fields_fail (fields, member->name, _("element %u: expected an object"), list->len + 1);
      return;
    }
  g_ptr_array_add (list, g_malloc0 (member->message->size));
  read_nested (fields, member, json_node_get_object (node), list->pdata[list->len - 1]);
}

static gboolean
read_messages_member (VaFields *fields, const VaMember *member, gpointer field)
{
  JsonArray *array = va_fields_array (fields, member->name, member->presence, member->elements);
  GPtrArray *list = g_ptr_array_new_with_free_func (member->message->free);

  *(GPtrArray **) field = list;
  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    read_element (fields, member, json_array_get_element (array, i), list);
  return list->len > 0;
}

static void
write_messages_member (JsonObject *object, const VaMember *member, gconstpointer field)
{
  GPtrArray *list = *(GPtrArray *const *) field;
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < list->len; i++)
    json_array_add_object_element (array, va_message_write (member->message, list->pdata[i]));
  json_object_set_array_member (object, member->name, array);
}

static gboolean
messages_have_value (const VaMember *member, gconstpointer field)
{
  (void) member;
  return (*(GPtrArray *const *) field)->len > 0;
}

static void
clear_messages_member (const VaMember *member, gpointer field)
{
  (void) member;
  g_clear_pointer ((GPtrArray **) field, g_ptr_array_unref);
}

/* Those of the kinds that have members themselves are here, so that the others need not know of messages. */
static const VaMemberFunctions *
find_member_functions (const VaMember *member)
{
  static const VaMemberFunctions group = { read_group_member, write_group_member, group_has_value, clear_group_member };
  static const VaMemberFunctions one = { read_message_member, write_message_member, va_member_points,
                                         clear_message_member };
  static const VaMemberFunctions several = { read_messages_member, write_messages_member, messages_have_value,
                                             clear_messages_member };

  switch (member->kind)
    {
    case VA_KIND_GROUP:
      return &group;
    case VA_KIND_MESSAGE:
      return &one;
    case VA_KIND_MESSAGES:
      return &several;
    default:
      return va_member_functions (member);
    }
}

static void
note_presence (const VaMember *member, gpointer data, gboolean is_present)
{
  if (member->flag != 0)
    *(gboolean *) G_STRUCT_MEMBER_P (data, member->flag - 1) = is_present;
}

static void
read_one_member (const VaMember *member, VaFields *fields, gpointer data)
{
  gpointer field = G_STRUCT_MEMBER_P (data, member->offset);
  gboolean is_present;

  if (member->kind == VA_KIND_CUSTOM)
    {
      member->custom->read (fields, member, data);
      return;
    }
  is_present = find_member_functions (member)->read (fields, member, field);
  note_presence (member, data, is_present);
  if (!is_present && member->absent != 0)
    va_member_set_number (member, field, (guint64) member->absent);
}

void
va_message_read_members (const VaMessage *message, VaFields *fields, gpointer data)
{
  if (message->base != NULL)
    va_message_read_members (message->base, fields, data);
  for (guint i = 0; i < message->length; i++)
    read_one_member (&message->members[i], fields, data);
  if (message->check != NULL && fields->error == NULL)
    message->check (fields, data);
}

gpointer
va_message_read (const VaMessage *message, JsonObject *object, GError **error)
{
  VaFields fields = VA_FIELDS_INIT (object, _(message->where));
  gpointer data = g_malloc0 (message->size);

  fields.secret = message->secret;
  va_message_read_members (message, &fields, data);
  if (va_fields_end (&fields, error))
    return data;
  va_message_free (message, data);
  return NULL;
}

static gboolean
member_has_value (const VaMember *member, gconstpointer data)
{
  gconstpointer field = (const guint8 *) data + member->offset;

  if (member->kind == VA_KIND_CUSTOM) /* its writer knows */
    return TRUE;
  if (member->flag != 0)
    return G_STRUCT_MEMBER (gboolean, data, member->flag - 1);
  return find_member_functions (member)->has_value (member, field);
}

static gboolean
message_has_value (const VaMessage *message, gconstpointer data)
{
  for (guint i = 0; i < message->length; i++)
    if (member_has_value (&message->members[i], data))
      return TRUE;
  return FALSE;
}

static void
write_one_member (const VaMember *member, JsonObject *object, gconstpointer data)
{
  if (member->presence != VA_REQUIRED && !member->always && !member_has_value (member, data))
    return;
  if (member->kind == VA_KIND_CUSTOM)
    member->custom->write (object, member, data);
  else
    find_member_functions (member)->write (object, member, (const guint8 *) data + member->offset);
}

void
va_message_write_members (const VaMessage *message, JsonObject *object, gconstpointer data)
{
  if (message->base != NULL)
    va_message_write_members (message->base, object, data);
  for (guint i = 0; i < message->length; i++)
    write_one_member (&message->members[i], object, data);
}

JsonObject *
va_message_write (const VaMessage *message, gconstpointer data)
{
  JsonObject *object = json_object_new ();

  va_message_write_members (message, object, data);
  return object;
}

void
va_message_clear (const VaMessage *message, gpointer data)
{
  if (message->base != NULL)
    va_message_clear (message->base, data);
  for (guint i = 0; i < message->length; i++)
    {
      const VaMember *member = &message->members[i];

      if (member->kind == VA_KIND_CUSTOM && member->custom->clear != NULL)
        member->custom->clear (data);
      else if (member->kind != VA_KIND_CUSTOM && find_member_functions (member)->clear != NULL)
        find_member_functions (member)->clear (member, G_STRUCT_MEMBER_P (data, member->offset));
    }
}

void
va_message_free (const VaMessage *message, gpointer data)
{
  if (data == NULL)
    return;
  va_message_clear (message, data);
  g_free (data);
}
