/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/firmware.h"

#include "cli/answer.h"
#include "core/i18n.h"

gboolean
va_firmware_file_upload (VaCall *call, const VaFirmwareFile *file, JsonObject **reply, GError **error)
{
  g_autofree char *name = g_path_get_basename (file->path);
  g_autofree char *label = g_strdup_printf (_("uploading %s"), name);

  return va_call_put (call, "/v1/artifact", g_bytes_get_data (file->image, NULL), g_bytes_get_size (file->image), label,
                      reply, error);
}

static gboolean
is_there (JsonObject *list, const char *hash)
{
  JsonArray *artifacts = va_answer_array (list, "artifacts");

  for (guint i = 0; i < va_answer_length (artifacts); i++)
    if (g_strcmp0 (va_answer_text (va_answer_element (artifacts, i), "hash"), hash) == 0)
      return TRUE;
  return FALSE;
}

gboolean
va_firmware_files_upload (VaCall *call, GPtrArray *files, GError **error)
{
  g_autoptr(JsonObject) list = NULL;

  if (files->len == 0)
    return TRUE;
  if (!va_call_ask (call, "GET", "/v1/artifact", NULL, &list, error))
    return FALSE;
  for (guint i = 0; i < files->len; i++)
    {
      const VaFirmwareFile *file = files->pdata[i];
      g_autofree char *hash = va_firmware_file_hash (file);

      if (!is_there (list, hash) && !va_firmware_file_upload (call, file, NULL, error))
        return FALSE;
    }
  return TRUE;
}
