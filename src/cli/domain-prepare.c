/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "verbs.h"

#include <stdio.h>
#include <string.h>
#include "api/domain-xml.h"
#include "core/file.h"
#include "core/guid.h"
#include "core/i18n.h"
#include "domain-input.h"

static VaExit
prepare (const char *input, const char *id, const char *output)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) xml = va_domain_input (input, &error);
  g_autofree char *result = NULL;

  if (xml != NULL)
    result = va_domain_xml_prepare (g_bytes_get_data (xml, NULL), g_bytes_get_size (xml), id, &error);
  if (result == NULL)
    return va_call_fail (error);
  if (output == NULL || g_str_equal (output, "-"))
    fputs (result, stdout);
  else if (!va_file_write (output, result, strlen (result), 0600, &error))
    return va_call_fail (error);
  return VA_EXIT_YES;
}

VaExit
va_verb_domain_prepare (VaCall *call)
{
  g_autofree char *id = NULL;
  g_autofree char *output = NULL;
  const GOptionEntry options[] = {
    { "id", 0, 0, G_OPTION_ARG_STRING, &id, N_("The registration [what is there, else the domain's UUID]"),
      N_("UUID") },
    { "output", 0, 0, G_OPTION_ARG_FILENAME, &output, N_("Write to FILE (mode 0600) instead of standard output"),
      N_("FILE") },
    { NULL },
  };
  g_autofree char *canonical = NULL;

  if (!va_call_parse (call, options, 0, 1))
    return VA_EXIT_USAGE;
  canonical = id != NULL ? va_uuid_canonical (id, NULL) : NULL;
  if (id != NULL && canonical == NULL)
    return va_call_usage (call, _("“%s” is no UUID"), id);
  return prepare (call->operands[0], canonical, output);
}
