/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/outcome.h"

#include <string.h>
#include "api/limits.h"
#include "core/i18n.h"
#include "tee/sev/firmware-error.h"

#define STEPS_MAX 32
#define STEP_NAME_MAX 64

static const char *const state_names[] = { "running", "failed", "ended", NULL };

static void outcome_step_free (gpointer data);

static const VaMember step_members[] = {
  { "name", VA_REQUIRED, VA_MEMBER_TEXT (VaStep, name), .max = STEP_NAME_MAX },
  { "ms", VA_REQUIRED, VA_MEMBER_NUMBER (VaStep, ms), .max = VA_COUNT_MAX },
};
static const VaMessage step = {
  .where = N_("step"), .size = sizeof (VaStep), VA_MESSAGE_MEMBERS (step_members), .free = outcome_step_free
};

static const VaMember members[] = {
  { "state", VA_REQUIRED, VA_MEMBER_CHOICE (VaOutcome, state, state_names) },
  { "reason", VA_OPTIONAL, VA_MEMBER_STRING (VaOutcome, reason), .max = VA_REASON_MAX },
  { "firmware-error", VA_OPTIONAL, VA_MEMBER_NUMBER (VaOutcome, firmware_error), .max = VA_FIRMWARE_ERROR_MAX,
    .absent = VA_FIRMWARE_ERROR_NONE },
  { "steps", VA_OPTIONAL, VA_MEMBER_MESSAGES (VaOutcome, steps, step), .elements = STEPS_MAX },
};

VA_MESSAGE_DEFINE (VaOutcome, va_outcome) = {
  .name = "outcome",
  .where = N_("outcome"),
  .size = sizeof (VaOutcome),
  VA_MESSAGE_MEMBERS (members),
};

static void
outcome_step_free (gpointer data)
{
  va_message_free (&step, data);
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
  VaStep *added;

  if (outcome->steps->len >= STEPS_MAX)
    return;
  added = g_new0 (VaStep, 1);
  added->name = g_strdup (name);
  added->ms = MIN (ms, VA_COUNT_MAX);
  g_ptr_array_add (outcome->steps, added);
}

const char *
va_outcome_state_name (VaOutcomeState state)
{
  return state_names[state];
}
