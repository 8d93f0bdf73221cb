/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/nova.h"

#include <string.h>
#include "core/error.h"
#include "core/guid.h"
#include "core/i18n.h"

#define ID_DIGITS 32

/* RFC 9562, section 6.6: names that are made of object identifiers, and other URNs. */
static const guint8 space[VA_GUID_SIZE] = { 0x6b, 0xa7, 0xb8, 0x12, 0x9d, 0xad, 0x11, 0xd1,
                                            0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8 };

gboolean
va_nova_is_project (const char *text)
{
  return strlen (text) == ID_DIGITS && strspn (text, "0123456789abcdef") == ID_DIGITS;
}

/* The digits of a UUID in lower case, whether it is written with dashes or without; %NULL: it is none. */
static char *
read_digits (const char *text)
{
  g_autofree char *uuid = va_uuid_canonical (text, NULL), *digits = NULL;
  g_auto(GStrv) parts = NULL;

  if (uuid != NULL)
    {
      parts = g_strsplit (uuid, "-", -1);
      return g_strjoinv ("", parts);
    }
  digits = g_ascii_strdown (text, -1);
  return va_nova_is_project (digits) ? g_steal_pointer (&digits) : NULL;
}

char *
va_nova_project (const char *text, GError **error)
{
  char *digits = read_digits (text);

  if (digits == NULL)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                 _("“%.64s” is not the id of a project: expected 32 hexadecimal digits, as “openstack project list” "
                   "prints them"),
                 text);
  return digits;
}

char *
va_nova_image (const char *text, GError **error)
{
  g_autofree char *digits = read_digits (text);

  if (digits != NULL)
    return g_strdup_printf ("%.8s-%.4s-%.4s-%.4s-%.12s", digits, digits + 8, digits + 12, digits + 16, digits + 20);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
               _("“%.64s” is not the id of an image: expected a UUID, as “openstack image list” prints it"), text);
  return NULL;
}

char *
va_nova_id_by_image (const char *project, const char *image)
{
  g_autofree char *name = g_strdup_printf ("urn:virt-attest:nova:%s:%s", project, image);

  return va_uuid_by_name (space, name);
}

char *
va_nova_id_by_flavor (const char *project, const char *flavor)
{
  g_autofree char *name = g_strdup_printf ("urn:virt-attest:nova-flavor:%s:%s", project, flavor);

  return va_uuid_by_name (space, name);
}
