/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/policy.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "core/number.h"

#define API_MAJOR_SHIFT 16
#define API_MINOR_SHIFT 24
#define API_MAJOR_OF_SNP 2 /* SEV firmware has 0 and 1; in SNP's policies this is the bit that is always set */

static const char *const names[VA_POLICY_BITS] = { "nodbg", "noks", "es", "nosend", "domain", "sev" };

const char *
va_policy_bit_name (guint bit)
{
  return names[bit];
}

static gboolean
add_bit (const char *name, guint32 *policy)
{
  for (guint i = 0; i < VA_POLICY_BITS; i++)
    if (g_ascii_strcasecmp (name, names[i]) == 0)
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

gboolean
va_policy_parse (const char *text, guint32 *policy, GError **error)
{
  g_auto(GStrv) parts = NULL;
  guint64 number;

  *policy = 0;
  if (g_ascii_isdigit (text[0]))
    {
      if (!va_number_parse (text, 0, G_MAXUINT32, &number, error))
        return FALSE;
      *policy = (guint32) number;
      return TRUE;
    }
  parts = g_strsplit (text, ",", -1);
  for (guint i = 0; i == 0 || parts[i] != NULL; i++)
    if (parts[i] == NULL || (!add_bit (parts[i], policy) && !add_api (parts[i], policy)))
      {
        g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                     _("“%s” is neither a number nor one of: nodbg, noks, es, nosend, domain, sev, api=MAJOR.MINOR"),
                     parts[i] != NULL ? parts[i] : "");
        return FALSE;
      }
  return TRUE;
}

gboolean
va_policy_check (guint32 policy, GError **error)
{
  if ((policy >> API_MAJOR_SHIFT & 255) >= API_MAJOR_OF_SNP && (policy & 1u << 17) != 0)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE,
                 _("0x%x is a policy of SEV-SNP (its bit 17 is set), which is another scheme; policies of SEV and "
                   "SEV-ES "
                   "have bits 0 to 5, for instance 0x1 or 0x5"),
                 policy);
  else if ((policy & VA_POLICY_RESERVED) != 0)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE,
                 _("0x%x has the reserved bits 0x%x set, which SEV firmware refuses; policies of SEV and SEV-ES have "
                   "bits "
                   "0 to 5"),
                 policy, policy & VA_POLICY_RESERVED);
  else
    return TRUE;
  return FALSE;
}

char *
va_policy_text (gint64 policy)
{
  g_autoptr(GString) text = g_string_new (NULL);

  for (guint i = 0; i < VA_POLICY_BITS; i++)
    if ((policy & G_GINT64_CONSTANT (1) << i) != 0)
      {
        g_autofree char *name = g_ascii_strup (names[i], -1);

        g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", name);
      }
  return text->len > 0 ? g_strdup_printf ("0x%08x (%s)", (guint) policy, text->str)
                       : g_strdup_printf ("0x%08x", (guint) policy);
}
