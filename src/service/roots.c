/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/roots.h"

#include "certificates/folder.h"
#include "core/error.h"
#include "core/i18n.h"
#include "service/log.h"

/* One generation, whose name is that of its folder. */
static gboolean
add_generation (VaSevRoots *roots, const char *path, gboolean trust, GError **error)
{
  g_autofree char *name = g_path_get_basename (path);
  VaSevRootPair pair;
  guint8 hash[32];

  if (!va_sev_root_read (&pair, path, error))
    return FALSE;
  if (!va_sev_roots_add (roots, name, &pair.ark, &pair.ask, trust, error))
    {
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }
  va_amd_cert_key_hash (&pair.ark, hash);
  if (trust && va_amd_ark_generation (hash) == NULL)
    va_log (VA_LOG_WARNING,
            _("%s is trusted and is NOT one of AMD's roots. If it is a software platform's, anyone who runs that "
              "platform can read every secret released to it: it protects nothing, so use it for tests only"),
            path);
  return TRUE;
}

static gboolean
refuse_empty (const char *folder, GError **error)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND,
               _("%s contains no roots: expected a directory for each generation with ark.cert and ask.cert"), folder);
  return FALSE;
}

static gboolean
add_folder (VaSevRoots *roots, const char *folder, gboolean trust, GError **error)
{
  g_autoptr(GPtrArray) paths = va_sev_root_folders (folder, error);

  if (paths == NULL)
    return FALSE;
  /* The other directory may be empty where all roots are of one's own. */
  if (trust && paths->len == 0)
    return refuse_empty (folder, error);
  for (guint i = 0; i < paths->len; i++)
    if (!add_generation (roots, paths->pdata[i], trust, error))
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
  refuse_empty (folder, error);
  return NULL;
}
