/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/messages.h"

#include <string.h>
#include "codec/fields.h"
#include "core/i18n.h"
#include "tee/sev/firmware-error.h"

#define STEPS_MAX 32
#define STEP_NAME_MAX 64
#define STEP_MS_MAX G_GUINT64_CONSTANT (9007199254740991) /* 2^53 - 1: what every JSON reader keeps exact */

static const char *const state_names[] = { "running", "failed", "ended", NULL };

static void
outcome_step_free (gpointer data)
{
  VaStep *step = data;

  g_free (step->name);
  g_free (step);
}

/* QEMU's words go into a reason: cut it rather than have the service refuse the whole outcome. */
static char *
cut_to_reason (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  gsize length = strlen (valid);

  if (length > VA_REASON_MAX)
    length = (gsize) (g_utf8_find_prev_char (valid, valid + VA_REASON_MAX + 1) - valid);
  return g_strndup (valid, length);
}

VaOutcome *
va_outcome_new (VaOutcomeState state, const char *reason)
{
  VaOutcome *outcome = g_new0 (VaOutcome, 1);

  outcome->state = state;
  outcome->reason = reason != NULL && reason[0] != '\0' ? cut_to_reason (reason) : NULL;
  outcome->firmware_error = VA_FIRMWARE_ERROR_NONE;
  outcome->steps = g_ptr_array_new_with_free_func (outcome_step_free);
  return outcome;
}

void
va_outcome_add_step (VaOutcome *outcome, const char *name, guint64 ms)
{
  VaStep *step;

  if (outcome->steps->len >= STEPS_MAX)
    return;
  step = g_new0 (VaStep, 1);
  step->name = g_strdup (name);
  step->ms = MIN (ms, STEP_MS_MAX);
  g_ptr_array_add (outcome->steps, step);
}

static void
read_step (VaFields *fields, JsonNode *node, VaOutcome *outcome)
{
  VaFields one = VA_FIELDS_INIT (NULL, _("step"));
  g_autofree char *name = NULL;
  guint64 ms = 0;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      va_fields_fail (fields, "steps", _("element %u: expected an object"), outcome->steps->len + 1);
      return;
    }
  one.object = json_node_get_object (node);
  name = va_fields_text (&one, "name", VA_REQUIRED, STEP_NAME_MAX);
  va_fields_number (&one, "ms", VA_REQUIRED, 0, STEP_MS_MAX, &ms);
  va_fields_nested_end (fields, "steps", &one);
  va_outcome_add_step (outcome, name, ms);
}

VaOutcome *
va_outcome_read (JsonObject *object, GError **error)
{
  g_autoptr(VaOutcome) outcome = va_outcome_new (VA_OUTCOME_FAILED, NULL);
  VaFields fields = VA_FIELDS_INIT (object, _("outcome"));
  guint64 firmware_error;
  JsonArray *steps;
  int state = va_fields_choice (&fields, "state", VA_REQUIRED, state_names);

  if (state >= 0)
    outcome->state = (VaOutcomeState) state;
  outcome->reason = g_strdup (va_fields_string (&fields, "reason", VA_OPTIONAL, VA_REASON_MAX));
  if (va_fields_number (&fields, "firmware-error", VA_OPTIONAL, 0, VA_FIRMWARE_ERROR_MAX, &firmware_error))
    outcome->firmware_error = (int) firmware_error;
  steps = va_fields_array (&fields, "steps", VA_OPTIONAL, STEPS_MAX);
  for (guint i = 0; steps != NULL && i < json_array_get_length (steps); i++)
    read_step (&fields, json_array_get_element (steps, i), outcome);
  return va_fields_end (&fields, error) ? g_steal_pointer (&outcome) : NULL;
}

static JsonArray *
write_outcome_steps (GPtrArray *steps)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < steps->len; i++)
    {
      const VaStep *step = steps->pdata[i];
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "name", step->name);
      json_object_set_int_member (object, "ms", (gint64) step->ms);
      json_array_add_object_element (array, object);
    }
  return array;
}

JsonObject *
va_outcome_write (const VaOutcome *outcome)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "state", va_outcome_state_name (outcome->state));
  va_json_set_text (object, "reason", outcome->reason);
  if (outcome->firmware_error != VA_FIRMWARE_ERROR_NONE)
    json_object_set_int_member (object, "firmware-error", outcome->firmware_error);
  if (outcome->steps->len > 0)
    json_object_set_array_member (object, "steps", write_outcome_steps (outcome->steps));
  return object;
}

const char *
va_outcome_state_name (VaOutcomeState state)
{
  return state_names[state];
}

void
va_outcome_free (VaOutcome *outcome)
{
  if (outcome == NULL)
    return;
  g_free (outcome->reason);
  g_ptr_array_unref (outcome->steps);
  g_free (outcome);
}
