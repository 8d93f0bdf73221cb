/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "certificates/folder.h"

#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"

#define BASE64_SIZE(size) (((size) + 2) / 3 * 4)
#define LINE_ENDS(size) (2 * (BASE64_SIZE (size) / 64 + 2))

/* base64 without its line ends; %NULL when there is any other byte in it. */
static char *
as_base64 (const char *data, gsize size)
{
  g_autoptr(GString) text = g_string_sized_new (size);

  for (gsize i = 0; i < size; i++)
    if (g_ascii_isalnum (data[i]) || strchr ("+/=", data[i] != '\0' ? data[i] : ' ') != NULL)
      g_string_append_c (text, data[i]);
    else if (data[i] != '\n' && data[i] != '\r')
      return NULL;
  return g_string_free (g_steal_pointer (&text), FALSE);
}

GBytes *
va_sev_certificate_bytes (const char *path, gsize max, GError **error)
{
  g_autoptr(GBytes) file = va_file_read (path, BASE64_SIZE (max) + LINE_ENDS (max), error);
  g_autofree char *text = NULL;
  GBytes *decoded;

  if (file == NULL)
    return NULL;
  text = as_base64 (g_bytes_get_data (file, NULL), g_bytes_get_size (file));
  if (text == NULL)
    return g_steal_pointer (&file);
  decoded = va_base64_decode (text, max, error);
  if (decoded == NULL)
    g_prefix_error (error, "%s: ", path);
  return decoded;
}

/* Appends a file of certificates to @all. */
static gboolean
append (GByteArray *all, const char *folder, const char *name, gsize max, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr(GBytes) bytes = va_sev_certificate_bytes (path, max, error);
  gsize size = bytes != NULL ? g_bytes_get_size (bytes) : 0;

  if (bytes == NULL)
    return FALSE;
  g_byte_array_append (all, g_bytes_get_data (bytes, NULL), (guint) size);
  if (size == max)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, _("%s has %" G_GSIZE_FORMAT " bytes: expected %" G_GSIZE_FORMAT),
               path, size, max);
  return FALSE;
}

gboolean
va_sev_chain_read (VaSevChain *chain, const char *folder, GError **error)
{
  g_autofree char *whole = g_build_filename (folder, "cert-chain", NULL);
  g_autofree char *single = g_build_filename (folder, "pek.cert", NULL);
  g_autoptr(GByteArray) pdh = g_byte_array_new (), certs = g_byte_array_new ();

  if (!append (pdh, folder, "pdh.cert", VA_SEV_CERT_SIZE, error))
    return FALSE;
  if (!g_file_test (single, G_FILE_TEST_EXISTS) && g_file_test (whole, G_FILE_TEST_EXISTS))
    {
      if (!append (certs, folder, "cert-chain", 3 * VA_SEV_CERT_SIZE, error))
        return FALSE;
    }
  else if (!append (certs, folder, "pek.cert", VA_SEV_CERT_SIZE, error)
           || !append (certs, folder, "oca.cert", VA_SEV_CERT_SIZE, error)
           || !append (certs, folder, "cek.cert", VA_SEV_CERT_SIZE, error))
    return FALSE;
  if (va_sev_chain_parse (chain, pdh->data, pdh->len, certs->data, certs->len, error))
    return TRUE;
  g_prefix_error (error, "%s: ", folder);
  return FALSE;
}

static gboolean
read_amd (VaAmdCert *cert, const char *folder, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr(GBytes) bytes = va_sev_certificate_bytes (path, VA_AMD_CERT_MAX, error);

  if (bytes == NULL)
    return FALSE;
  if (va_amd_cert_parse (cert, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), error))
    return TRUE;
  g_prefix_error (error, "%s: ", path);
  return FALSE;
}

gboolean
va_sev_root_is_in (const char *folder)
{
  g_autofree char *ark = g_build_filename (folder, "ark.cert", NULL), *ask = g_build_filename (folder, "ask.cert", NULL);

  return g_file_test (ark, G_FILE_TEST_EXISTS) && g_file_test (ask, G_FILE_TEST_EXISTS);
}

gboolean
va_sev_root_read (VaSevRootPair *pair, const char *folder, GError **error)
{
  return read_amd (&pair->ark, folder, "ark.cert", error) && read_amd (&pair->ask, folder, "ask.cert", error);
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
