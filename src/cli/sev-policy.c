/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "verbs.h"

#include <stdio.h>
#include <string.h>
#include "core/i18n.h"
#include "core/number.h"
#include "print.h"
#include "sev-launch.h"
#include "sev/policy.h"

#define API_MAJOR_SHIFT 16
#define API_MINOR_SHIFT 24
#define BITS 6
#define RESERVED 0x0000ffc0u

static const struct { const char *name, *set, *clear; } bits[BITS] = {
  { "nodbg", N_("the host may not debug the guest"), N_("the host may read and change the guest's memory by debug "
                                                        "commands: no secret is safe in it") },
  { "noks", N_("no other guest may share its keys"), N_("another guest may share its keys") },
  { "es", N_("SEV-ES: the registers are encrypted and measured too"), N_("plain SEV: the host sees the registers") },
  { "nosend", N_("it may not be sent to another machine"), N_("it may be sent to another machine") },
  { "domain", N_("it may be sent to machines of the same domain only"), N_("not bound to a domain") },
  { "sev", N_("it may be sent to SEV machines only"), N_("not bound to SEV machines") },
};

static gboolean
add_bit (const char *name, guint32 *policy)
{
  for (guint i = 0; i < BITS; i++)
    if (g_ascii_strcasecmp (name, bits[i].name) == 0)
      {
        *policy |= 1u << i;
        return TRUE;
      }
  return FALSE;
}

/* "api=1.51": the least SEV API version. */
static gboolean
add_api (const char *name, guint32 *policy)
{
  g_auto(GStrv) parts = NULL;
  guint64 major, minor;

  if (!g_str_has_prefix (name, "api="))
    return FALSE;
  parts = g_strsplit (name + strlen ("api="), ".", 3);
  if (g_strv_length (parts) != 2 || !va_number_parse (parts[0], 0, 255, &major, NULL)
      || !va_number_parse (parts[1], 0, 255, &minor, NULL))
    return FALSE;
  *policy |= (guint32) major << API_MAJOR_SHIFT | (guint32) minor << API_MINOR_SHIFT;
  return TRUE;
}

static VaExit
read_policy (const VaCall *call, guint32 *policy)
{
  guint64 number;

  *policy = 0;
  if (call->n_operands == 1 && g_ascii_isdigit (call->operands[0][0]))
    {
      g_autoptr(GError) error = NULL;

      if (!va_number_parse (call->operands[0], 0, G_MAXUINT32, &number, &error))
        return va_call_usage (call, "%s", error->message);
      *policy = (guint32) number;
      return VA_EXIT_YES;
    }
  for (guint i = 0; i < call->n_operands; i++)
    {
      g_auto(GStrv) names = g_strsplit (call->operands[i], ",", -1);

      for (guint j = 0; j == 0 || names[j] != NULL; j++)
        if (names[j] == NULL || (!add_bit (names[j], policy) && !add_api (names[j], policy)))
          return va_call_usage (call, _("“%s” is none of: nodbg, noks, es, nosend, domain, sev, api=MAJOR.MINOR"),
                                names[j] != NULL ? names[j] : "");
    }
  return VA_EXIT_YES;
}

static void
print_json (guint32 policy)
{
  g_autoptr(JsonObject) object = json_object_new ();

  json_object_set_int_member (object, "policy", policy);
  for (guint i = 0; i < BITS; i++)
    json_object_set_boolean_member (object, bits[i].name, (policy & 1u << i) != 0);
  json_object_set_int_member (object, "api-major", policy >> API_MAJOR_SHIFT & 255);
  json_object_set_int_member (object, "api-minor", policy >> API_MINOR_SHIFT & 255);
  va_print_json (object);
}

static void
print_text (guint32 policy)
{
  VaTable *table = va_table_new ((const char *[]){ "", "", "", NULL });

  printf ("0x%08x  %u\n", policy, policy);
  for (guint i = 0; i < BITS; i++)
    {
      gboolean set = (policy & 1u << i) != 0;

      va_table_add (table, g_ascii_strup (bits[i].name, -1), g_strdup (set ? "1" : "0"),
                    g_strdup (set ? _(bits[i].set) : _(bits[i].clear)));
    }
  va_table_add (table, g_strdup ("API"),
                g_strdup_printf ("%u.%u", policy >> API_MAJOR_SHIFT & 255, policy >> API_MINOR_SHIFT & 255),
                g_strdup (_("the SEV firmware must be at least this")));
  if ((policy & RESERVED) != 0)
    va_table_add (table, g_strdup_printf ("0x%04x", policy & RESERVED), g_strdup ("1"),
                  g_strdup (_("reserved bits: SEV firmware refuses them")));
  va_table_print (table, "");
}

VaExit
va_verb_sev_policy (VaCall *call)
{
  guint32 policy;
  VaExit code;

  if (!va_call_parse (call, NULL, 1, BITS + 1))
    return VA_EXIT_USAGE;
  code = read_policy (call, &policy);
  if (code != VA_EXIT_YES)
    return code;
  if (call->json)
    print_json (policy);
  else
    print_text (policy);
  return VA_EXIT_YES;
}
