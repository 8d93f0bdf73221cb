/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/site/ca-files.h"

#include <glib/gstdio.h>
#include <string.h>
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"

#define PEM_MAX 65536

char *
va_ca_folder (const char *dir)
{
  return dir != NULL ? g_strdup (dir) : g_build_filename (g_get_user_config_dir (), "virt-attest", "ca", NULL);
}

static char *
make_ca_path (const char *dir, const char *name, const char *suffix)
{
  g_autofree char *file = g_strconcat (name, suffix, NULL);

  return g_build_filename (dir, file, NULL);
}

VaCaPair *
va_ca_files_read (const char *dir, const char *name, GError **error)
{
  g_autofree char *certificate = make_ca_path (dir, name, ".pem");
  g_autofree char *key = make_ca_path (dir, name, ".key");
  g_autoptr(VaCaPair) pair = g_new0 (VaCaPair, 1);

  pair->certificate = va_file_read_text (certificate, PEM_MAX, error);
  if (pair->certificate == NULL)
    return NULL;
  pair->key = va_file_read_secret (key, PEM_MAX, error);
  return pair->key != NULL ? g_steal_pointer (&pair) : NULL;
}

static gboolean
is_free (const char *path, GError **error)
{
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_EXISTS, _("%s already exists: move it away first"), path);
  return FALSE;
}

gboolean
va_ca_files_write (const VaCaPair *pair, const char *dir, int mode, const char *name, GError **error)
{
  g_autofree char *certificate = make_ca_path (dir, name, ".pem");
  g_autofree char *key = make_ca_path (dir, name, ".key");
  const VaNewFile files[] = { { key, va_secret_data (pair->key), va_secret_size (pair->key), 0600 },
                              { certificate, pair->certificate, strlen (pair->certificate), 0644 } };
  gboolean made = !g_file_test (dir, G_FILE_TEST_EXISTS);

  if (!is_free (certificate, error) || !is_free (key, error) || !va_folder_make (dir, mode, error))
    return FALSE;
  if (va_files_create (files, G_N_ELEMENTS (files), error))
    return TRUE;
  if (made)
    g_rmdir (dir);
  return FALSE;
}
