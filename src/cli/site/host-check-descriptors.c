/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/site/host-check.h"

#include <string.h>
#include "codec/json.h"
#include "core/file.h"
#include "core/i18n.h"

#define DESCRIPTOR_MAX 65536

/* What the firmware descriptors say to Nova, which goes through them in the order of their names. */
typedef struct {
  char *memory_first; /* one without a flash file that comes before any with one; else %NULL */
  gboolean flash;     /* there was one with a flash file */
  gboolean sev_flash; /* and one for SEV with a template for variables */
} Descriptors;

static gboolean
lists_text (JsonObject *object, const char *list, const char *text)
{
  JsonNode *node = json_object_get_member (object, list);
  JsonArray *array = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *one = json_array_get_element (array, i);

      if (json_node_get_value_type (one) == G_TYPE_STRING && g_str_equal (json_node_get_string (one), text))
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_for_pc (JsonObject *descriptor)
{
  JsonNode *node = json_object_get_member (descriptor, "targets");
  JsonArray *targets = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  for (guint i = 0; targets != NULL && i < json_array_get_length (targets); i++)
    {
      JsonNode *one = json_array_get_element (targets, i);
      JsonObject *target = JSON_NODE_HOLDS_OBJECT (one) ? json_node_get_object (one) : NULL;

      if (target != NULL
          && g_strcmp0 (json_object_get_string_member_with_default (target, "architecture", NULL), "x86_64") == 0)
        return lists_text (descriptor, "interface-types", "uefi");
    }
  return FALSE;
}

static void
note_descriptor (Descriptors *all, const char *name, JsonObject *descriptor)
{
  JsonNode *node = json_object_get_member (descriptor, "mapping");
  JsonObject *mapping = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const char *device = mapping != NULL ? json_object_get_string_member_with_default (mapping, "device", "") : "";

  if (!is_for_pc (descriptor))
    return;
  if (g_str_equal (device, "memory") && !all->flash && all->memory_first == NULL)
    all->memory_first = g_strdup (name);
  if (!g_str_equal (device, "flash"))
    return;
  all->flash = TRUE;
  if (lists_text (descriptor, "features", "amd-sev") && json_object_has_member (mapping, "nvram-template"))
    all->sev_flash = TRUE;
}

static gint
compare_files (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
read_descriptors (Descriptors *all, const char *folder)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".json"))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_files);
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (folder, names->pdata[i], NULL);
      g_autofree char *text = va_file_read_text (path, DESCRIPTOR_MAX, NULL);
      g_autoptr(JsonObject) descriptor = text != NULL ? va_json_parse (text, strlen (text), NULL) : NULL;

      if (descriptor != NULL)
        note_descriptor (all, names->pdata[i], descriptor);
    }
}

void
va_judge_descriptors (const char *folder, VaFinding *finding)
{
  Descriptors all = { NULL, FALSE, FALSE };

  read_descriptors (&all, folder);
  if (all.memory_first != NULL)
    va_finding_warn (finding,
                     _("Nova before version 33 can start no UEFI guest here, because the first firmware descriptor for "
                       "x86_64 in %s, %s, has no flash file: add one with a flash file and a name that comes before "
                       "it"),
                     folder, all.memory_first);
  else if (!all.sev_flash)
    va_finding_warn (finding,
                     _("no firmware descriptor in %s has a flash file with the feature amd-sev and an nvram-template, "
                       "from which Nova starts SEV guests: add one for the firmware that is registered"),
                     folder);
  else
    va_finding_ok (finding, _("Nova finds firmware for SEV in %s"), folder);
  g_free (all.memory_first);
}

void
va_check_descriptors (VaHostCheck *check, VaFinding *finding)
{
  if (va_check_needed (check, finding))
    va_judge_descriptors ("/usr/share/qemu/firmware", finding);
}
