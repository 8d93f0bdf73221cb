/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/decide/host-groups.h"

#include <string.h>
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "pki/identity.h"
#include "service/log.h"

#define FILE_MAX (1024 * 1024)

struct _VaHostGroups {
  char *path;
  GMutex mutex;
  VaFileState state;
  GHashTable *groups; /* name -> GHashTable, a set of hosts */
};

static gboolean
refuse_line (GError **error, const char *path, guint line)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
               _("%s: line %u: expected GROUP: HOST HOST…, names of a-z 0-9 . _ -, e.g. milan: node1 node2"), path,
               line);
  return FALSE;
}

static gboolean
take_group_line (GHashTable *groups, char *line)
{
  char *colon = strchr (line, ':');
  g_auto(GStrv) hosts = NULL;
  GHashTable *group;

  if (colon == NULL)
    return FALSE;
  *colon = '\0';
  g_strstrip (line);
  if (!va_identity_name_is_valid (line))
    return FALSE;
  group = g_hash_table_lookup (groups, line);
  if (group == NULL)
    {
      group = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      g_hash_table_insert (groups, g_strdup (line), group);
    }
  hosts = g_strsplit_set (colon + 1, " \t\r", -1);
  for (guint i = 0; hosts[i] != NULL; i++)
    {
      if (hosts[i][0] != '\0' && !va_identity_name_is_valid (hosts[i]))
        return FALSE;
      if (hosts[i][0] != '\0')
        g_hash_table_add (group, g_strdup (hosts[i]));
    }
  return TRUE;
}

static gboolean
load_groups (VaHostGroups *groups, GError **error)
{
  g_autofree char *text = va_file_read_text (groups->path, FILE_MAX, error);
  g_auto(GStrv) lines = text != NULL ? g_strsplit (text, "\n", -1) : NULL;
  g_autoptr(GHashTable) read =
    g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_hash_table_unref);

  if (text == NULL)
    return FALSE;
  for (guint i = 0; lines[i] != NULL; i++)
    {
      *strchrnul (lines[i], '#') = '\0';
      g_strstrip (lines[i]);
      if (lines[i][0] != '\0' && !take_group_line (read, lines[i]))
        return refuse_line (error, groups->path, i + 1);
    }
  g_clear_pointer (&groups->groups, g_hash_table_unref);
  groups->groups = g_steal_pointer (&read);
  return TRUE;
}

VaHostGroups *
va_host_groups_new (const char *path, GError **error)
{
  g_autoptr(VaHostGroups) groups = g_new0 (VaHostGroups, 1);

  g_mutex_init (&groups->mutex);
  groups->path = g_strdup (path);
  va_file_look (path, &groups->state);
  if (path == NULL)
    groups->groups = g_hash_table_new (g_str_hash, g_str_equal);
  else if (!load_groups (groups, error))
    return NULL;
  return g_steal_pointer (&groups);
}

void
va_host_groups_free (VaHostGroups *groups)
{
  if (groups == NULL)
    return;
  g_clear_pointer (&groups->groups, g_hash_table_unref);
  g_mutex_clear (&groups->mutex);
  g_free (groups->path);
  g_free (groups);
}

/* The caller has the lock. Returns: the group as the file has it now; borrowed, %NULL: there is none. */
static GHashTable *
find_group (VaHostGroups *groups, const char *group)
{
  g_autoptr(GError) error = NULL;
  VaFileState now;

  va_file_look (groups->path, &now);
  if (!va_file_state_equal (&now, &groups->state))
    {
      groups->state = now;
      if (load_groups (groups, &error))
        va_log (VA_LOG_INFO, "reloaded the host groups; groups: %u", g_hash_table_size (groups->groups));
      else
        va_log (VA_LOG_ERROR, "cannot reload the host groups, so the previous ones stay in use: %s", error->message);
    }
  return g_hash_table_lookup (groups->groups, group);
}

gboolean
va_host_groups_have (VaHostGroups *groups, const char *group, const char *host)
{
  g_autoptr(GMutexLocker) locker = groups != NULL ? g_mutex_locker_new (&groups->mutex) : NULL;
  GHashTable *hosts = groups != NULL ? find_group (groups, group) : NULL;

  return hosts != NULL && g_hash_table_contains (hosts, host);
}

gboolean
va_host_groups_know (VaHostGroups *groups, const char *group)
{
  g_autoptr(GMutexLocker) locker = groups != NULL ? g_mutex_locker_new (&groups->mutex) : NULL;

  return groups != NULL && find_group (groups, group) != NULL;
}
