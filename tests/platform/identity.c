/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "platform/identity.h"

#include <string.h>

static gboolean
load_exact (const char *folder, const char *name, guint8 *out, gsize size, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *data = NULL;
  gsize found;

  if (!g_file_get_contents (path, &data, &found, error))
    return FALSE;
  if (found == size)
    {
      memcpy (out, data, size);
      return TRUE;
    }
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s has %zu bytes instead of %zu", path, found, size);
  return FALSE;
}

static gboolean
load_byte (GKeyFile *file, const char *key, guint8 *out, GError **error)
{
  g_autoptr(GError) local = NULL;
  int value = g_key_file_get_integer (file, "platform", key, &local);

  if (local == NULL && (value < 0 || value > 255))
    g_set_error (&local, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE, "%s is outside 0 to 255", key);
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  *out = (guint8) value;
  return TRUE;
}

static gboolean
load_profile (GKeyFile *file, gboolean *fpu_reset, GError **error)
{
  g_autofree char *value = g_key_file_get_string (file, "platform", "vmsa-fpu", error);

  if (value == NULL)
    return FALSE;
  *fpu_reset = strcmp (value, "reset") == 0;
  if (*fpu_reset || strcmp (value, "zero") == 0)
    return TRUE;
  g_set_error (error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE, "vmsa-fpu is neither zero nor reset");
  return FALSE;
}

gboolean
va_platform_load (VaPlatform *platform, const char *folder, GError **error)
{
  g_autoptr(GKeyFile) file = g_key_file_new ();
  g_autofree char *path = g_build_filename (folder, "platform.conf", NULL);

  memset (platform, 0, sizeof *platform);
  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, error)
      || !load_byte (file, "api-major", &platform->api_major, error)
      || !load_byte (file, "api-minor", &platform->api_minor, error)
      || !load_byte (file, "build", &platform->build, error) || !load_profile (file, &platform->vmsa_fpu_reset, error))
    {
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }
  return load_exact (folder, "cpu-id", platform->cpu_id, sizeof platform->cpu_id, error)
         && load_exact (folder, "pdh.cert", platform->pdh, sizeof platform->pdh, error)
         && load_exact (folder, "cert-chain", platform->chain, sizeof platform->chain, error)
         && load_exact (folder, "pdh.key", platform->pdh_key, sizeof platform->pdh_key, error);
}
