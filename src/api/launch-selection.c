/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/launch-selection.h"

#include "api/limits.h"
#include "core/i18n.h"

static const VaMember candidate_members[] = {
  { "id", VA_REQUIRED, VA_MEMBER_UUID (VaLaunchCandidate, id) },
  { "selector", VA_REQUIRED, VA_MEMBER_TEXT (VaLaunchCandidate, selector), .max = VA_SELECTOR_MAX },
};

VA_MESSAGE_DEFINE (VaLaunchCandidate, va_launch_candidate) = {
  .where = N_("candidate"),
  .size = sizeof (VaLaunchCandidate),
  VA_MESSAGE_MEMBERS (candidate_members),
  .free = (GDestroyNotify) va_launch_candidate_free,
};

static const VaMember members[] = {
  { "candidates", VA_REQUIRED, VA_MEMBER_MESSAGES (VaLaunchSelection, candidates, va_launch_candidate_message),
    .elements = VA_CANDIDATES_MAX },
};

static void
check_selection (VaFields *fields, gconstpointer message)
{
  const VaLaunchSelection *selection = message;

  if (selection->candidates->len == 0)
    va_fields_fail (fields, "candidates", _("is an empty list: name at least one"));
}

VA_MESSAGE_DEFINE (VaLaunchSelection, va_launch_selection) = {
  .name = "launch-selection",
  .where = N_("launch request"),
  .size = sizeof (VaLaunchSelection),
  .base = &va_launch_request_message,
  VA_MESSAGE_MEMBERS (members),
  .check = check_selection,
};

gboolean
va_launch_selection_has (const VaLaunchSelection *selection, const char *id)
{
  for (guint i = 0; i < selection->candidates->len; i++)
    if (g_str_equal (((const VaLaunchCandidate *) selection->candidates->pdata[i])->id, id))
      return TRUE;
  return FALSE;
}

char *
va_launch_selection_text (const VaLaunchSelection *selection)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < selection->candidates->len; i++)
    {
      const VaLaunchCandidate *candidate = selection->candidates->pdata[i];

      g_string_append_printf (text, "%s%s (%s)", i > 0 ? ", " : "", candidate->id, candidate->selector);
    }
  return g_string_free (text, FALSE);
}
