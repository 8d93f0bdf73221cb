/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/roots.h"

#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "service/log.h"

static gboolean
read_cert (const char *folder, const char *name, VaAmdCert *cert, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr(GBytes) bytes = va_file_read (path, VA_AMD_CERT_MAX, error);
  gsize size;
  gconstpointer data;

  if (bytes == NULL)
    return FALSE;
  data = g_bytes_get_data (bytes, &size);
  if (va_amd_cert_parse (cert, data, size, error))
    return TRUE;
  g_prefix_error (error, "%s: ", path);
  return FALSE;
}

static gboolean
add_generation (VaSevRoots *roots, const char *folder, const char *name, gboolean trust, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  guint8 hash[32];
  VaAmdCert ark, ask;

  if (!read_cert (path, "ark.cert", &ark, error) || !read_cert (path, "ask.cert", &ask, error))
    return FALSE;
  if (!va_sev_roots_add (roots, name, &ark, &ask, trust, error))
    {
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }
  va_amd_cert_key_hash (&ark, hash);
  if (trust && va_amd_ark_generation (hash) == NULL)
    va_log (VA_LOG_WARNING,
            _("%s is trusted and is NOT one of AMD's roots. If it is a software platform's, whoever runs that platform "
              "reads every secret that is released to it: it protects nothing, use it for tests only"), path);
  return TRUE;
}

/* Names of the folders in @folder, sorted; hidden ones and files are left out. */
static GPtrArray *
list_folders (const char *folder, GError **error)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GError) reason = NULL;
  GDir *dir = g_dir_open (folder, 0, &reason);
  const char *name;

  if (dir == NULL)
    {
      g_set_error_literal (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND, reason->message);
      return NULL;
    }
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (name[0] != '.' && g_file_test (path, G_FILE_TEST_IS_DIR))
        g_ptr_array_add (names, g_strdup (name));
    }
  g_dir_close (dir);
  return g_steal_pointer (&names);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(char *const *) a, *(char *const *) b);
}

static gboolean
add_folder (VaSevRoots *roots, const char *folder, gboolean trust, GError **error)
{
  g_autoptr(GPtrArray) names = list_folders (folder, error);

  if (names == NULL)
    return FALSE;
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    if (!add_generation (roots, folder, names->pdata[i], trust, error))
      return FALSE;
  return TRUE;
}

VaSevRoots *
va_roots_load (const char *folder, const char *trusted_folder, GError **error)
{
  g_autoptr(VaSevRoots) roots = va_sev_roots_new ();

  if (!add_folder (roots, folder, FALSE, error)
      || (trusted_folder != NULL && !add_folder (roots, trusted_folder, TRUE, error)))
    return NULL;
  if (va_sev_roots_count (roots) > 0)
    return g_steal_pointer (&roots);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND,
               _("%s has no roots: expected a folder for each generation with ark.cert and ask.cert"), folder);
  return NULL;
}
