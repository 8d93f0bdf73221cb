/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include "host/cek.h"
#include "sev-data.h"
#include "tee/sev/bundle.h"

/* The agent's chain with the CEK that AMD signed, which the administrator put beside it. */

static void
test_cek (void)
{
  guint8 certs[4][VA_SEV_CERT_SIZE], bare[VA_SEV_CERT_SIZE];
  g_autofree char *folder = g_dir_make_tmp ("cek-XXXXXX", NULL), *path = g_build_filename (folder, "cek.cert", NULL);
  VaPlatformInfo info = { .cbitpos = 51 }, before;
  VaSevCert cek, pek;

  data_naples (certs);
  g_assert_true (va_sev_cert_parse (&cek, certs[3], VA_SEV_CERT_SIZE, NULL));
  g_assert_true (va_sev_cert_parse (&pek, certs[1], VA_SEV_CERT_SIZE, NULL));
  va_sev_cert_build (bare, cek.api_major, cek.api_minor, VA_SEV_USAGE_CEK, (VaSevAlgo) cek.algo, &cek.key);
  memcpy (info.cert_chain, certs[1], VA_SEV_CERT_SIZE);
  memcpy (info.cert_chain + VA_SEV_CERT_SIZE, certs[2], VA_SEV_CERT_SIZE);
  memcpy (info.cert_chain + 2 * VA_SEV_CERT_SIZE, bare, VA_SEV_CERT_SIZE);
  before = info;
  va_cek_put (&info, folder); /* nothing there yet */
  g_assert_cmpmem (&info, sizeof info, &before, sizeof before);
  g_assert_true (g_file_set_contents (path, (const char *) bare, sizeof bare, NULL));
  va_cek_put (&info, folder); /* not signed either */
  g_assert_cmpmem (&info, sizeof info, &before, sizeof before);
  va_sev_cert_build (bare, cek.api_major, cek.api_minor, VA_SEV_USAGE_CEK, (VaSevAlgo) cek.algo, &pek.key);
  g_assert_true (g_file_set_contents (path, (const char *) bare, sizeof bare, NULL));
  va_cek_put (&info, path); /* that of another processor */
  g_assert_cmpmem (&info, sizeof info, &before, sizeof before);
  g_assert_true (g_file_set_contents (path, (const char *) certs[3], VA_SEV_CERT_SIZE, NULL));
  va_cek_put (&info, folder);
  g_assert_cmpmem (info.cert_chain + 2 * VA_SEV_CERT_SIZE, VA_SEV_CERT_SIZE, certs[3], VA_SEV_CERT_SIZE);
  g_assert_cmpmem (info.cert_chain, 2 * VA_SEV_CERT_SIZE, before.cert_chain, 2 * VA_SEV_CERT_SIZE);
  g_assert_cmpuint (info.cbitpos, ==, 51);
  g_unlink (path);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cek/put", test_cek);
  return g_test_run ();
}
