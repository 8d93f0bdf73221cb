/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/launch/record.h"

#include <glib/gstdio.h>
#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "tee/sev/digest.h"

#define RECORD_MAX 65536
#define OWED_MAX 8

static const char *const state_names[] = { "pending", "attested", "failed", NULL };

static void
record_step_free (gpointer data)
{
  VaStep *step = data;

  g_free (step->name);
  g_free (step);
}

VaLaunchRecord *
va_launch_record_new (void)
{
  VaLaunchRecord *record = g_new0 (VaLaunchRecord, 1);

  record->steps = g_ptr_array_new_with_free_func (record_step_free);
  record->owed = g_ptr_array_new_with_free_func ((GDestroyNotify) va_outcome_free);
  return record;
}

void
va_launch_record_free (VaLaunchRecord *record)
{
  if (record == NULL)
    return;
  g_free (record->launch_id);
  g_free (record->registration);
  g_free (record->domain_uuid);
  g_free (record->domain_name);
  g_free (record->firmware_hash);
  g_free (record->boot_id);
  g_free (record->reason);
  g_ptr_array_unref (record->steps);
  g_ptr_array_unref (record->owed);
  g_free (record);
}

static JsonArray *
write_record_steps (const GPtrArray *steps)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < steps->len; i++)
    {
      const VaStep *step = g_ptr_array_index (steps, i);
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "name", step->name);
      json_object_set_int_member (object, "ms", (gint64) step->ms);
      json_array_add_object_element (array, object);
    }
  return array;
}

static JsonArray *
write_owed (const GPtrArray *owed)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < owed->len; i++)
    json_array_add_object_element (array, va_outcome_write (g_ptr_array_index (owed, i)));
  return array;
}

char *
va_launch_record_print (const VaLaunchRecord *record)
{
  g_autoptr(JsonObject) object = json_object_new ();

  json_object_set_string_member (object, "launch-id", record->launch_id);
  json_object_set_string_member (object, "registration", record->registration);
  json_object_set_string_member (object, "domain-uuid", record->domain_uuid);
  json_object_set_string_member (object, "domain-name", record->domain_name);
  json_object_set_int_member (object, "policy", (gint64) record->policy);
  json_object_set_int_member (object, "cpu-count", record->vcpus);
  if (record->firmware_hash != NULL)
    json_object_set_string_member (object, "firmware-hash", record->firmware_hash);
  json_object_set_int_member (object, "secret-address", record->secret_address);
  json_object_set_int_member (object, "secret-size", record->secret_size);
  json_object_set_string_member (object, "boot-id", record->boot_id);
  json_object_set_int_member (object, "asked", record->asked);
  json_object_set_string_member (object, "state", state_names[record->state]);
  json_object_set_boolean_member (object, "gone", record->gone);
  json_object_set_int_member (object, "pid", record->pid);
  json_object_set_int_member (object, "start", (gint64) record->start);
  if (record->has_measurement)
    {
      g_autofree char *hex = va_hex_encode (record->measurement, sizeof record->measurement);

      json_object_set_string_member (object, "measurement", hex);
    }
  if (record->reason != NULL)
    json_object_set_string_member (object, "reason", record->reason);
  json_object_set_array_member (object, "steps", write_record_steps (record->steps));
  json_object_set_array_member (object, "owed", write_owed (record->owed));
  return va_json_print (object);
}

static void
read_steps (VaLaunchRecord *record, VaFields *fields)
{
  JsonArray *array = va_fields_array (fields, "steps", VA_REQUIRED, VA_LAUNCH_STEPS_MAX);

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      VaFields one = VA_FIELDS_INIT (JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL, "step");
      g_autoptr(GError) error = NULL;
      VaStep step = { 0 };

      if (one.object == NULL)
        {
          va_fields_fail (fields, "steps", _("expected %s"), _("an object"));
          return;
        }
      step.name = g_strdup (va_fields_string (&one, "name", VA_REQUIRED, 32));
      va_fields_number (&one, "ms", VA_REQUIRED, 0, G_MAXINT64, &step.ms);
      if (!va_fields_end (&one, &error))
        {
          g_free (step.name);
          va_fields_fail (fields, "steps", "%s", error->message);
          return;
        }
      g_ptr_array_add (record->steps, g_memdup2 (&step, sizeof step));
    }
}

static void
read_owed (VaLaunchRecord *record, VaFields *fields)
{
  JsonArray *array = va_fields_array (fields, "owed", VA_REQUIRED, OWED_MAX);

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      g_autoptr(GError) error = NULL;
      VaOutcome *outcome = NULL;

      if (JSON_NODE_HOLDS_OBJECT (node))
        outcome = va_outcome_read (json_node_get_object (node), &error);
      if (outcome == NULL)
        {
          va_fields_fail (fields, "owed", "%s", error != NULL ? error->message : _("an object"));
          return;
        }
      g_ptr_array_add (record->owed, outcome);
    }
}

static void
read_numbers (VaLaunchRecord *record, VaFields *fields)
{
  guint64 policy = 0, vcpus = 0, address = 0, size = 0, asked = 0, pid = 0;

  va_fields_number (fields, "policy", VA_REQUIRED, 0, G_MAXUINT32, &policy);
  va_fields_number (fields, "cpu-count", VA_REQUIRED, 0, G_MAXUINT32, &vcpus);
  va_fields_number (fields, "secret-address", VA_REQUIRED, 0, G_MAXUINT32, &address);
  va_fields_number (fields, "secret-size", VA_REQUIRED, 0, G_MAXUINT32, &size);
  va_fields_number (fields, "asked", VA_REQUIRED, 0, G_MAXINT64, &asked);
  va_fields_number (fields, "pid", VA_REQUIRED, 0, G_MAXINT, &pid);
  va_fields_number (fields, "start", VA_REQUIRED, 0, G_MAXINT64, &record->start);
  record->policy = policy;
  record->vcpus = (guint32) vcpus;
  record->secret_address = (guint32) address;
  record->secret_size = (guint32) size;
  record->asked = (gint64) asked;
  record->pid = (pid_t) pid;
}

VaLaunchRecord *
va_launch_record_parse (const char *text, gsize size, GError **error)
{
  g_autoptr(VaLaunchRecord) record = va_launch_record_new ();
  g_autoptr(JsonObject) object = va_json_parse (text, size, error);
  VaFields fields = VA_FIELDS_INIT (object, "launch record");
  guint8 hash[VA_SHA256_SIZE];
  int state;

  if (object == NULL)
    return NULL;
  record->launch_id = va_fields_uuid (&fields, "launch-id", VA_REQUIRED);
  record->registration = va_fields_uuid (&fields, "registration", VA_REQUIRED);
  record->domain_uuid = va_fields_uuid (&fields, "domain-uuid", VA_REQUIRED);
  record->domain_name = g_strdup (va_fields_string (&fields, "domain-name", VA_REQUIRED, 1024));
  if (va_fields_hex (&fields, "firmware-hash", VA_OPTIONAL, hash, sizeof hash))
    record->firmware_hash = g_strdup (json_object_get_string_member (object, "firmware-hash"));
  record->has_measurement =
    va_fields_hex (&fields, "measurement", VA_OPTIONAL, record->measurement, sizeof record->measurement);
  record->boot_id = va_fields_uuid (&fields, "boot-id", VA_REQUIRED);
  state = va_fields_choice (&fields, "state", VA_REQUIRED, state_names);
  record->state = state >= 0 ? (VaHostLaunchState) state : VA_HOST_LAUNCH_FAILED;
  record->gone = va_fields_boolean (&fields, "gone", FALSE);
  record->reason = g_strdup (va_fields_string (&fields, "reason", VA_OPTIONAL, VA_REASON_MAX));
  read_numbers (record, &fields);
  read_steps (record, &fields);
  read_owed (record, &fields);
  return va_fields_end (&fields, error) ? g_steal_pointer (&record) : NULL;
}

static char *
record_path (const char *launch_id, const char *state_dir)
{
  g_autofree char *name = g_strconcat (launch_id, ".json", NULL);

  return g_build_filename (state_dir, "launches", name, NULL);
}

gboolean
va_launch_record_save (const VaLaunchRecord *record, const char *state_dir, GError **error)
{
  g_autofree char *path = record_path (record->launch_id, state_dir);
  g_autofree char *text = va_launch_record_print (record);

  return va_file_write (path, text, strlen (text), 0600, error);
}

void
va_launch_record_remove (const char *launch_id, const char *state_dir)
{
  g_autofree char *path = record_path (launch_id, state_dir);

  g_unlink (path);
}

static VaLaunchRecord *
load_one (const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *broken = g_strconcat (path, ".broken", NULL);
  g_autofree char *text = va_file_read_text (path, RECORD_MAX, &error);
  VaLaunchRecord *record = text != NULL ? va_launch_record_parse (text, strlen (text), &error) : NULL;

  if (record != NULL)
    return record;
  g_message (_("%s: %s; the file was set aside"), path, error->message);
  g_rename (path, broken);
  return NULL;
}

GPtrArray *
va_launch_records_load (const char *state_dir)
{
  GPtrArray *records = g_ptr_array_new_with_free_func ((GDestroyNotify) va_launch_record_free);
  g_autofree char *path = g_build_filename (state_dir, "launches", NULL);
  g_autoptr(GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);
      VaLaunchRecord *record = g_str_has_suffix (name, ".json") ? load_one (file) : NULL;

      if (record != NULL)
        g_ptr_array_add (records, record);
    }
  return records;
}

char *
va_boot_id (void)
{
  g_autofree char *text = va_file_read_text ("/proc/sys/kernel/random/boot_id", 64, NULL);

  return g_strdup (text != NULL ? g_strstrip (text) : "00000000-0000-0000-0000-000000000000");
}
