/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/server/tls-check.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "pki/x509.h"

#define SOON (30 * 24 * 3600)

/** All certificates of a file. */
typedef struct {
  gnutls_x509_crt_t *each; /* gnutls_free() */
  unsigned count;
} Certificates;

static void
certificates_clear (Certificates *certificates)
{
  for (unsigned i = 0; i < certificates->count; i++)
    gnutls_x509_crt_deinit (certificates->each[i]);
  gnutls_free (certificates->each);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Certificates, certificates_clear)

static gboolean
read_tls_certificates (const char *pem, const char *name, Certificates *all, GError **error)
{
  const gnutls_datum_t text = { (unsigned char *) pem, (unsigned) strlen (pem) };

  if (gnutls_x509_crt_list_import2 (&all->each, &all->count, &text, GNUTLS_X509_FMT_PEM, 0) >= 0 && all->count > 0)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
               _("%s: it contains no certificate in PEM form, or a damaged one"), name);
  return FALSE;
}

static char *
day_of (gint64 seconds)
{
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc (seconds);

  return time != NULL ? g_date_time_format (time, "%Y-%m-%d %H:%M UTC") : g_strdup ("?");
}

/* What is wrong with its time, or %NULL. */
static char *
describe_time (gnutls_x509_crt_t certificate, gint64 now)
{
  gint64 ends = gnutls_x509_crt_get_expiration_time (certificate);
  gint64 begins = gnutls_x509_crt_get_activation_time (certificate);
  g_autofree char *end = day_of (ends), *begin = day_of (begins);

  if (ends <= now)
    return g_strdup_printf (_("the certificate expired on %s: issue a new one"), end);
  if (begins > now)
    return g_strdup_printf (_("the certificate is not valid before %s: check this machine's clock"), begin);
  return NULL;
}

static char *
warn_of_end (gnutls_x509_crt_t certificate, const char *name, gint64 now)
{
  gint64 ends = gnutls_x509_crt_get_expiration_time (certificate);
  g_autofree char *end = day_of (ends);

  return ends - now < SOON ? g_strdup_printf (_("%s: the certificate expires on %s: issue a new one soon"), name, end)
                           : NULL;
}

gboolean
va_tls_check_server (const char *pem, const char *name, gint64 now, char **warning, GError **error)
{
  g_auto(Certificates) all = { NULL, 0 };
  g_autofree char *time = NULL;

  *warning = NULL;
  if (!read_tls_certificates (pem, name, &all, error))
    return FALSE;
  time = describe_time (all.each[0], now);
  if (time != NULL)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, "%s: %s", name, time);
      return FALSE;
    }
  if (!gnutls_x509_crt_check_key_purpose (all.each[0], GNUTLS_KP_TLS_WWW_SERVER, 0))
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                   _("%s: this is not a certificate for a server, and clients refuse it: issue one with “virt-attest "
                     "ca issue service HOSTNAME”"),
                   name);
      return FALSE;
    }
  *warning = warn_of_end (all.each[0], name, now);
  return TRUE;
}

/* @wrong: (out): what is wrong with the time of the last one that it is wrong with; %NULL: with none */
static gboolean
look_at_authorities (const Certificates *all, const char *name, gint64 now, unsigned *good, char **wrong,
                     GError **error)
{
  for (unsigned i = 0; i < all->count; i++)
    {
      char *time = describe_time (all->each[i], now);

      if (time == NULL)
        ++*good;
      else
        {
          g_free (*wrong);
          *wrong = time;
        }
      if (gnutls_x509_crt_get_ca_status (all->each[i], NULL) <= 0)
        {
          g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                       _("%s: certificate %u in it is not a CA's: expected ca.pem, which “virt-attest ca init” "
                         "creates"),
                       name, i + 1);
          return FALSE;
        }
    }
  return TRUE;
}

gboolean
va_tls_check_ca (const char *pem, const char *name, gint64 now, char **warning, GError **error)
{
  g_auto(Certificates) all = { NULL, 0 };
  g_autofree char *wrong = NULL;
  unsigned good = 0;

  *warning = NULL;
  if (!read_tls_certificates (pem, name, &all, error) || !look_at_authorities (&all, name, now, &good, &wrong, error))
    return FALSE;
  if (good == 0)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, "%s: %s", name, wrong);
      return FALSE;
    }
  if (wrong != NULL)
    *warning = g_strdup_printf (_("%s: one of its certificates: %s"), name, wrong);
  else if (all.count == 1)
    *warning = warn_of_end (all.each[0], name, now);
  return TRUE;
}

char *
va_tls_check_signer (const char *pem, const char *name, const char *ca, const char *ca_name)
{
  g_auto(Certificates) chain = { NULL, 0 }, authorities = { NULL, 0 };
  unsigned status = 0;

  if (!read_tls_certificates (pem, name, &chain, NULL) || !read_tls_certificates (ca, ca_name, &authorities, NULL)
      || gnutls_x509_crt_list_verify (chain.each, (int) chain.count, authorities.each, (int) authorities.count, NULL, 0,
                                      GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &status)
           < 0)
    return NULL;
  if (status == 0)
    return NULL;
  return g_strdup_printf (_("%s: the certificate is not signed by the CA in %s: clients that trust only that CA refuse "
                            "this service; issue it with “virt-attest ca issue service HOSTNAME”, or give the clients "
                            "its CA"),
                          name, ca_name);
}
