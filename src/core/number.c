/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/number.h"

#include <inttypes.h>
#include "core/error.h"
#include "core/i18n.h"

gboolean
va_number_parse (const char *text, guint64 min, guint64 max, guint64 *out, GError **error)
{
  gboolean hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  g_autoptr(GError) reason = NULL;

  if (g_ascii_string_to_unsigned (hex ? text + 2 : text, hex ? 16 : 10, min, max, out, &reason))
    return TRUE;
  if (g_error_matches (reason, G_NUMBER_PARSER_ERROR, G_NUMBER_PARSER_ERROR_OUT_OF_BOUNDS))
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, _("“%s” is not between %" PRIu64 " and %" PRIu64), text,
                 min, max);
  else
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("“%s” is not a number"), text);
  return FALSE;
}
