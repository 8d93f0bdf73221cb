/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "certificates/folder.h"

#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"

/* How files of certificates are called, by us, QEMU and libvirt, by sev-tool, by sevctl. */
static const char *const chain_names[] = { "pdh.cert",   "pek.cert",   "oca.cert",        "cek.cert",
                                           "cert-chain", "cert_chain", "cert-chain.cert", "cert_chain.cert",
                                           "sev.chain",  "full.chain" };
static const char *const root_names[] = { "ark.cert", "ask.cert" };

static gboolean
add_certificate_file (VaSevBundle *bundle, const char *path, GError **error)
{
  g_autoptr(GBytes) bytes = va_file_read (path, VA_SEV_BUNDLE_FILE_MAX, error);
  g_autofree guint8 *copy = NULL;
  gsize size;

  if (bytes == NULL)
    return FALSE;
  copy = g_bytes_unref_to_data (g_steal_pointer (&bytes), &size);
  return va_sev_bundle_add (bundle, copy, size, path, error);
}

/* Reads @name in @folder, if it is there. */
static gboolean
read_member (VaSevBundle *bundle, const char *folder, const char *name, guint *count, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  (*count)++;
  return add_certificate_file (bundle, path, error);
}

static gboolean
is_published_root (const char *name)
{
  return g_str_has_prefix (name, "ask_ark") || g_str_has_prefix (name, "ask-ark");
}

static gboolean
read_folder (VaSevBundle *bundle, const char *folder, GError **error)
{
  guint count = 0, roots = 0;

  for (guint i = 0; i < G_N_ELEMENTS (chain_names); i++)
    if (!read_member (bundle, folder, chain_names[i], &count, error))
      return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (root_names); i++)
    if (!read_member (bundle, folder, root_names[i], &roots, error))
      return FALSE;
  if (count > 0)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND,
               _("%s contains no platform certificates: expected cert-chain (or cert_chain.cert), or pdh.cert, "
                 "pek.cert, oca.cert and cek.cert"),
               folder);
  return FALSE;
}

gboolean
va_sev_bundle_read (VaSevBundle *bundle, const char *path, GError **error)
{
  return g_file_test (path, G_FILE_TEST_IS_DIR) ? read_folder (bundle, path, error)
                                                : add_certificate_file (bundle, path, error);
}

/* Adds the pair that is in @bundle, whose files are @what. */
static gboolean
add_pair (GArray *pairs, const VaSevBundle *bundle, const char *what, GError **error)
{
  const VaSevRootPair pair = { bundle->ark, bundle->ask };

  if (bundle->has_ark && bundle->has_ask)
    {
      g_array_append_val (pairs, pair);
      return TRUE;
    }
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND, _("%s does not contain %s: a root is an ARK and its ASK"),
               what, bundle->has_ark ? "ASK" : "ARK");
  return FALSE;
}

static gboolean
add_published (GArray *pairs, const char *folder, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  VaSevBundle bundle = { .has_pdh = FALSE };

  return add_certificate_file (&bundle, path, error) && add_pair (pairs, &bundle, path, error);
}

gboolean
va_sev_root_pairs (GArray *pairs, const char *folder, GError **error)
{
  g_autoptr(GPtrArray) names = va_folder_names (folder, error);
  VaSevBundle bundle = { .has_pdh = FALSE };
  guint count = 0;

  if (names == NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (root_names); i++)
    if (!read_member (&bundle, folder, root_names[i], &count, error))
      return FALSE;
  if (count > 0 && !add_pair (pairs, &bundle, folder, error))
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    if (is_published_root (names->pdata[i]) && !add_published (pairs, folder, names->pdata[i], error))
      return FALSE;
  return TRUE;
}

gboolean
va_sev_root_read (VaSevRootPair *pair, const char *folder, GError **error)
{
  g_autoptr(GArray) pairs = g_array_new (FALSE, FALSE, sizeof (VaSevRootPair));

  if (!va_sev_root_pairs (pairs, folder, error))
    return FALSE;
  if (pairs->len > 0)
    {
      *pair = g_array_index (pairs, VaSevRootPair, 0);
      return TRUE;
    }
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND,
               _("%s contains no root: expected ark.cert and ask.cert, or AMD's ask_ark file"), folder);
  return FALSE;
}

GPtrArray *
va_sev_root_folders (const char *folder, GError **error)
{
  g_autoptr(GPtrArray) names = va_folder_names (folder, error);
  g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);

  if (names == NULL)
    return NULL;
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = names->pdata[i];
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (name[0] != '.' && g_file_test (path, G_FILE_TEST_IS_DIR))
        g_ptr_array_add (paths, g_steal_pointer (&path));
    }
  return g_steal_pointer (&paths);
}
