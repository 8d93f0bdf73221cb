/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <stdio.h>
#include "core/i18n.h"
#include "cli/print.h"
#include "cli/sev/launch.h"
#include "tee/sev/policy.h"

#define API_MAJOR_SHIFT 16
#define API_MINOR_SHIFT 24

static const struct {
  const char *set, *clear;
} bits[VA_POLICY_BITS] = {
  { N_("the host may not debug the guest"),
    N_("the host may read and change the guest's memory with debug commands: no secret is safe in it") },
  { N_("no other guest may share its keys"), N_("another guest may share its keys") },
  { N_("SEV-ES: the registers are encrypted and measured too"), N_("plain SEV: the host sees the registers") },
  { N_("it may not be sent to another machine"), N_("it may be sent to another machine") },
  { N_("it may be sent to machines of the same domain only"), N_("not bound to a domain") },
  { N_("it may be sent to SEV machines only"), N_("not bound to SEV machines") },
};

static VaExit
read_policy_operand (const VaCall *call, guint32 *policy)
{
  g_autofree char *joined = g_strjoinv (",", call->operands);
  g_autoptr(GError) error = NULL;

  return va_policy_parse (joined, policy, &error) ? VA_EXIT_YES : va_call_usage (call, "%s", error->message);
}

static void
print_policy_json (guint32 policy)
{
  g_autoptr(JsonObject) object = json_object_new ();

  json_object_set_int_member (object, "policy", policy);
  for (guint i = 0; i < VA_POLICY_BITS; i++)
    json_object_set_boolean_member (object, va_policy_bit_name (i), (policy & 1u << i) != 0);
  json_object_set_int_member (object, "api-major", policy >> API_MAJOR_SHIFT & 255);
  json_object_set_int_member (object, "api-minor", policy >> API_MINOR_SHIFT & 255);
  va_print_json (object);
}

static void
print_policy_text (guint32 policy)
{
  VaTable *table = va_table_new ((const char *[]){ "", "", "", NULL });
  g_autoptr(GError) error = NULL;

  printf ("0x%08x  %u\n", policy, policy);
  for (guint i = 0; i < VA_POLICY_BITS; i++)
    {
      gboolean set = (policy & 1u << i) != 0;

      va_table_add (table, g_ascii_strup (va_policy_bit_name (i), -1), g_strdup (set ? "1" : "0"),
                    g_strdup (set ? _(bits[i].set) : _(bits[i].clear)));
    }
  va_table_add (table, g_strdup ("API"),
                g_strdup_printf ("%u.%u", policy >> API_MAJOR_SHIFT & 255, policy >> API_MINOR_SHIFT & 255),
                g_strdup (_("the SEV firmware must be at least this")));
  if ((policy & VA_POLICY_RESERVED) != 0)
    va_table_add (table, g_strdup_printf ("0x%04x", policy & VA_POLICY_RESERVED), g_strdup ("1"),
                  g_strdup (_("reserved bits: SEV firmware refuses them")));
  va_table_print (table, "");
  if (!va_policy_check (policy, &error))
    printf (_("no: %s\n"), error->message);
}

VaExit
va_verb_sev_policy (VaCall *call)
{
  guint32 policy;
  VaExit code;

  if (!va_call_parse (call, NULL, 1, VA_POLICY_BITS + 1))
    return VA_EXIT_USAGE;
  code = read_policy_operand (call, &policy);
  if (code != VA_EXIT_YES)
    return code;
  if (call->json)
    print_policy_json (policy);
  else
    print_policy_text (policy);
  return va_policy_check (policy, NULL) ? VA_EXIT_YES : VA_EXIT_REFUSED;
}
