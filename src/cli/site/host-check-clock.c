/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <gnutls/x509.h>
#include <string.h>
#include "core/file.h"
#include "core/i18n.h"
#include "cli/site/host-check.h"
#include "cli/print.h"

#define PEM_MAX 65536

static gboolean
read_validity (const char *path, gint64 *begins, gint64 *ends)
{
  g_autofree char *pem = va_file_read_text (path, PEM_MAX, NULL);
  gnutls_datum_t data = { (unsigned char *) pem, pem != NULL ? (unsigned) strlen (pem) : 0 };
  gnutls_x509_crt_t certificate;
  gboolean ok;

  if (pem == NULL || gnutls_x509_crt_init (&certificate) < 0)
    return FALSE;
  ok = gnutls_x509_crt_import (certificate, &data, GNUTLS_X509_FMT_PEM) == 0;
  if (ok)
    {
      *begins = gnutls_x509_crt_get_activation_time (certificate);
      *ends = gnutls_x509_crt_get_expiration_time (certificate);
    }
  gnutls_x509_crt_deinit (certificate);
  return ok;
}

/* A clock that is far off shows in certificates that are not valid yet, or no more. */
void
va_check_clock (VaHostCheck *check, VaFinding *finding)
{
  static const char *const keys[] = { "ca", "certificate" };
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_autofree char *clock = va_print_time (now);

  va_finding_ok (finding, _("%s is within the certificates' validity"), clock);
  if (check->config == NULL)
    va_finding_fix (finding, _("not checked, because the configuration cannot be read"));
  for (guint i = 0; check->config != NULL && i < G_N_ELEMENTS (keys); i++)
    {
      const char *path = va_config_string (check->config, "service", keys[i]);
      gint64 begins = 0, ends = 0;
      g_autofree char *from = NULL;
      g_autofree char *to = NULL;

      if (!read_validity (path, &begins, &ends))
        {
          va_finding_fix (finding, _("%s cannot be read as a certificate"), path);
          return;
        }
      from = va_print_time (begins);
      to = va_print_time (ends);
      if (now < begins || now > ends)
        va_finding_fix (finding,
                        _("it is %s here, but %s is valid from %s to %s: set the clock, or issue a new certificate"),
                        clock, path, from, to);
    }
}
