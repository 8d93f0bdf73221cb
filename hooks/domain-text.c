/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "domain-text.h"

#include <string.h>
#include "core/error.h"
#include "core/guid.h"
#include "core/i18n.h"
#include "core/number.h"

#define NAMESPACE "urn:virt-attest:launch:1"
#define UUID_LENGTH 36

/* libvirt writes < and > of attributes and text as entities, so the nearest of them before @at tells. */
static gboolean
stands_in_tag (const char *xml, const char *at)
{
  while (at > xml)
    {
      at--;
      if (*at == '<')
        return TRUE;
      if (*at == '>')
        return FALSE;
    }
  return FALSE;
}

gboolean
va_text_is_ours (const char *xml, gsize size)
{
  const char *end = xml + size, *from = xml, *at;

  while ((at = memmem (from, (gsize) (end - from), NAMESPACE, strlen (NAMESPACE))) != NULL)
    {
      if (stands_in_tag (xml, at))
        return TRUE;
      from = at + strlen (NAMESPACE);
    }
  return FALSE;
}

static gboolean
set_parse_error (GError **error, const char *what)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("libvirt's domain XML has no %s where it is expected"), what);
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
