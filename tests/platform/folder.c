/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "platform/folder.h"

#include <string.h>
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"

#define ROOT_HEADER_SIZE 64

gsize
va_platform_rsa_size (VaPlatformGeneration generation)
{
  return generation == VA_PLATFORM_MILAN ? 512 : 256;
}

static gboolean
load_root (const char *path, const char *name, guint8 *out, gsize size, GError **error)
{
  g_autofree char *file = g_build_filename (path, name, NULL);
  g_autoptr(GBytes) bytes = va_file_read (file, VA_PLATFORM_ROOT_MAX, error);

  if (bytes == NULL)
    return FALSE;
  if (g_bytes_get_size (bytes) == size)
    {
      memcpy (out, g_bytes_get_data (bytes, NULL), size);
      return TRUE;
    }
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("%s has %zu bytes, but a root of this generation has %zu"),
               file, g_bytes_get_size (bytes), size);
  return FALSE;
}

gboolean
va_platform_folder_load (VaPlatformFolder *folder, const char *path, GError **error)
{
  g_autoptr(GKeyFile) file = g_key_file_new ();
  g_autofree char *conf = g_build_filename (path, "platform.conf", NULL);
  g_autofree char *generation = NULL;

  memset (folder, 0, sizeof *folder);
  if (!va_platform_load (&folder->platform, path, error)
      || !g_key_file_load_from_file (file, conf, G_KEY_FILE_NONE, error))
    return FALSE;
  generation = g_key_file_get_string (file, "platform", "generation", error);
  if (generation == NULL)
    return FALSE;
  folder->generation = strcmp (generation, "milan") == 0 ? VA_PLATFORM_MILAN : VA_PLATFORM_NAPLES;
  folder->root_size = ROOT_HEADER_SIZE + 3 * va_platform_rsa_size (folder->generation);
  return load_root (path, "ark.cert", folder->ark, folder->root_size, error)
         && load_root (path, "ask.cert", folder->ask, folder->root_size, error);
}

static gboolean
save (const char *path, const char *name, gconstpointer data, gsize size, GError **error)
{
  g_autofree char *file = g_build_filename (path, name, NULL);

  return va_file_create (file, data, size, 0644, error);
}

static gboolean
save_conf (const VaPlatformFolder *folder, const char *path, GError **error)
{
  g_autofree char *text =
    g_strdup_printf ("# A software platform for tests. It protects nothing: its keys lie beside this file.\n"
                     "[platform]\ngeneration=%s\napi-major=%u\napi-minor=%u\nbuild=%u\nvmsa-fpu=%s\n",
                     folder->generation == VA_PLATFORM_MILAN ? "milan" : "naples", folder->platform.api_major,
                     folder->platform.api_minor, folder->platform.build,
                     folder->platform.vmsa_fpu_reset ? "reset" : "zero");

  return save (path, "platform.conf", text, strlen (text), error);
}

static gboolean
save_roots (const VaPlatformFolder *folder, const char *path, GError **error)
{
  return save (path, "ark.cert", folder->ark, folder->root_size, error)
         && save (path, "ask.cert", folder->ask, folder->root_size, error);
}

gboolean
va_platform_folder_save (const VaPlatformFolder *folder, const char *path, GError **error)
{
  const VaPlatform *platform = &folder->platform;
  g_autofree char *roots = g_build_filename (path, "roots", "software", NULL);

  return va_folder_make (path, 0755, error) && save_conf (folder, path, error) && va_folder_make (roots, 0755, error)
         && save_roots (folder, path, error) && save_roots (folder, roots, error)
         && save (path, "cpu-id", platform->cpu_id, sizeof platform->cpu_id, error)
         && save (path, "pdh.key", platform->pdh_key, sizeof platform->pdh_key, error)
         && save (path, "pdh.cert", platform->pdh, sizeof platform->pdh, error)
         && save (path, "pek.cert", VA_PLATFORM_PEK (folder), VA_PLATFORM_CERT_SIZE, error)
         && save (path, "oca.cert", VA_PLATFORM_OCA (folder), VA_PLATFORM_CERT_SIZE, error)
         && save (path, "cek.cert", VA_PLATFORM_CEK (folder), VA_PLATFORM_CERT_SIZE, error)
         && save (path, "cert-chain", platform->chain, sizeof platform->chain, error);
}
