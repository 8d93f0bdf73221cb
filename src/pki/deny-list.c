/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "pki/deny-list.h"

#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"

#define FILE_MAX (16 * 1024 * 1024)
#define FINGERPRINT_DIGITS 64

struct _VaDenyList {
  GHashTable *lines; /* as va_deny_list_has() puts them together */
};

/* As openssl prints it, too: in capitals, with colons between the bytes. */
static gboolean
take_fingerprint (const char *text, GHashTable *lines)
{
  g_auto(GStrv) parts = g_strsplit (text, ":", -1);
  g_autofree char *joined = g_strjoinv ("", parts), *digits = g_ascii_strdown (joined, -1);

  if (!va_is_hex (digits, FINGERPRINT_DIGITS))
    return FALSE;
  g_hash_table_add (lines, g_strconcat ("sha256:", digits, NULL));
  return TRUE;
}

static gboolean
take_denied_line (const char *line, GHashTable *lines)
{
  g_auto(GStrv) parts = NULL;
  guint count;
  VaRole role;

  if (g_str_has_prefix (line, "sha256:"))
    return take_fingerprint (line + strlen ("sha256:"), lines);
  parts = g_strsplit (line, ":", -1);
  count = g_strv_length (parts);
  if (count < 2 || count > 3 || !va_role_parse (parts[0], &role) || !va_identity_name_is_valid (parts[1])
      || (count == 3 && (role != VA_ROLE_OWNER || !va_identity_name_is_valid (parts[2]))))
    return FALSE;
  g_hash_table_add (lines, g_strdup (line));
  return TRUE;
}

/* @bad: how many lines are, @first: the first of them, from 1 */
static char *
describe_bad_lines (const char *path, guint first, guint bad)
{
  const char *expected = _("expected ROLE:NAME, owner:NAME:PERSON or sha256:FINGERPRINT, e.g. host:node1");

  if (bad == 0)
    return NULL;
  return bad == 1 ? g_strdup_printf (_("%s: line %u: %s"), path, first, expected)
                  : g_strdup_printf (_("%s: line %u, and %u more: %s"), path, first, bad - 1, expected);
}

VaDenyList *
va_deny_list_read (const char *path, char **problem, GError **error)
{
  g_autofree char *text = va_file_read_text (path, FILE_MAX, error);
  g_auto(GStrv) lines = text != NULL ? g_strsplit (text, "\n", -1) : NULL;
  guint first = 0, bad = 0;
  VaDenyList *list;

  *problem = NULL;
  if (text == NULL)
    return NULL;
  list = g_new0 (VaDenyList, 1);
  list->lines = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      *strchrnul (lines[i], '#') = '\0';
      g_strstrip (lines[i]);
      if (lines[i][0] == '\0' || take_denied_line (lines[i], list->lines))
        continue;
      first = bad++ == 0 ? i + 1 : first;
    }
  *problem = describe_bad_lines (path, first, bad);
  return list;
}

void
va_deny_list_free (VaDenyList *list)
{
  if (list == NULL)
    return;
  g_hash_table_unref (list->lines);
  g_free (list);
}

static gboolean
list_has (const VaDenyList *list, const char *kind, const char *name, const char *person)
{
  g_autofree char *line = person != NULL && person[0] != '\0' ? g_strconcat (kind, ":", name, ":", person, NULL)
                                                              : g_strconcat (kind, ":", name, NULL);

  return g_hash_table_contains (list->lines, line);
}

gboolean
va_deny_list_has (const VaDenyList *list, const VaIdentity *identity, const char *fingerprint)
{
  const char *role = va_role_name (identity->role);

  return list_has (list, role, identity->name, NULL) || list_has (list, role, identity->name, identity->person)
         || list_has (list, "sha256", fingerprint, NULL);
}

guint
va_deny_list_size (const VaDenyList *list)
{
  return g_hash_table_size (list->lines);
}
