/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/error.h"
#include "core/guid.h"
#include "fuzz.h"
#include "host/local/question.h"
#include "host/launch/record.h"

/* What hook and gate ask the agent, and what the agent keeps of a launch. */

static void
check_questions (const char *text, gsize size)
{
  g_autoptr(GError) error = NULL;
  VaHookQuestion hook;
  VaGateQuestion gate;

  if (!va_hook_question_parse (&hook, text, size, &error))
    g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE);
  else
    g_assert_true (hook.libvirtd > 0 && hook.xml >= text && hook.xml + hook.xml_size <= text + size);
  g_clear_error (&error);
  if (!va_gate_question_parse (&gate, text, size, &error))
    g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE);
  else
    g_assert_true (gate.pid > 0 && va_uuid_is_canonical (gate.uuid));
}

static void
check_record (const char *text, gsize size)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaLaunchRecord) record = va_launch_record_parse (text, size, &error), again = NULL;
  g_autofree char *one = NULL, *other = NULL;

  if (record == NULL)
    {
      g_assert_true (error != NULL && error->domain == VA_CORE_ERROR);
      return;
    }
  one = va_launch_record_print (record);
  again = va_launch_record_parse (one, strlen (one), &error);
  g_assert_no_error (error);
  other = va_launch_record_print (again);
  g_assert_cmpstr (one, ==, other);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *text = size > 0 ? (const char *) data : "";

  check_questions (text, size);
  check_record (text, size);
  return 0;
}
