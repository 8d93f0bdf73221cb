/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "domain-text.h"

#include <string.h>
#include "core/error.h"
#include "core/guid.h"
#include "core/i18n.h"
#include "core/monitor-path.h"
#include "core/number.h"

#define UUID_LENGTH 36

static gboolean
set_parse_error (GError **error, const char *what)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("libvirt's domain XML has no %s where it is expected"),
               what);
  return FALSE;
}

/* The value of attribute id in the tag that begins at @tag. */
static char *
tag_id (const char *tag)
{
  const char *at = tag + strlen ("<domain");

  while (*at == ' ')
    {
      gsize name = strcspn (at + 1, "= <>\"'");
      const char *quote = at + 1 + name + 1, *end;

      if (name == 0 || quote[-1] != '=' || (*quote != '\'' && *quote != '"'))
        return NULL;
      end = strchr (quote + 1, *quote);
      if (end == NULL)
        return NULL;
      if (name == 2 && strncmp (at + 1, "id", 2) == 0)
        return g_strndup (quote + 1, (gsize) (end - quote - 1));
      at = end + 1;
    }
  return NULL;
}

gboolean
va_text_identify (const char *xml, guint *id, char **uuid, GError **error)
{
  const char *metadata = strstr (xml, "<metadata"), *element = strstr (xml, "<uuid>");
  g_autofree char *digits = NULL, *text = NULL;
  guint64 number;

  if (!g_str_has_prefix (xml, "<domain "))
    return set_parse_error (error, "<domain>");
  digits = tag_id (xml);
  if (digits == NULL || strspn (digits, "0123456789") != strlen (digits)
      || !va_number_parse (digits, 1, G_MAXINT, &number, NULL))
    return set_parse_error (error, "<domain id=>");
  /* Whatever is in the metadata, libvirt writes the domain's own UUID before it. */
  if (element == NULL || (metadata != NULL && metadata < element))
    return set_parse_error (error, "<uuid>");
  element += strlen ("<uuid>");
  text = g_strndup (element, UUID_LENGTH);
  if (!va_uuid_is_canonical (text) || !g_str_has_prefix (element + UUID_LENGTH, "</uuid>"))
    return set_parse_error (error, "<uuid>");
  *id = (guint) number;
  *uuid = g_steal_pointer (&text);
  return TRUE;
}

/* The path has no character that XML would write otherwise. Where it is found by chance, a folder is made in vain. */
gboolean
va_text_has_older_monitor (const char *xml, const char *uuid)
{
  g_autofree char *path = va_monitor_path_older (VA_RUNDIR, uuid);

  return strstr (xml, path) != NULL;
}
