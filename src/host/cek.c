/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/cek.h"

#include <string.h>
#include "core/file.h"
#include "core/i18n.h"
#include "tee/sev/bundle.h"

#define AT_CEK (2 * VA_SEV_CERT_SIZE) /* behind PEK and OCA */

static gboolean
read_cek_file (VaSevBundle *bundle, const char *path, GError **error)
{
  g_autofree char *inside = g_file_test (path, G_FILE_TEST_IS_DIR) ? g_build_filename (path, "cek.cert", NULL) : NULL;
  const char *name = inside != NULL ? inside : path;
  g_autoptr(GBytes) bytes = va_file_read (name, VA_SEV_BUNDLE_FILE_MAX, error);
  g_autofree guint8 *data = NULL;
  gsize size;

  if (bytes == NULL)
    return FALSE;
  data = g_bytes_unref_to_data (g_steal_pointer (&bytes), &size);
  return va_sev_bundle_add (bundle, data, size, name, error);
}

void
va_cek_put (VaPlatformInfo *info, const char *path)
{
  VaSevBundle bundle = { .has_pdh = FALSE };
  g_autoptr(GError) error = NULL;
  VaSevCert own;

  if (!va_sev_cert_parse (&own, info->cert_chain + AT_CEK, VA_SEV_CERT_SIZE, NULL) || va_sev_cek_is_signed (&own))
    return;
  /* The platform's own first: what is read then must be the same key, and counts if it is signed. */
  bundle.chain.cek = own;
  bundle.has_cek = TRUE;
  if (!read_cek_file (&bundle, path, &error))
    g_message (_("the platform's CEK is not signed, and the signed one cannot be used: %s"), error->message);
  else if (!va_sev_cek_is_signed (&bundle.chain.cek))
    g_message (_("%s contains no CEK signed by AMD"), path);
  else
    memcpy (info->cert_chain + AT_CEK, bundle.chain.cek.raw, VA_SEV_CERT_SIZE);
}
