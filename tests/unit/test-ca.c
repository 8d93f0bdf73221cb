/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/error.h"
#include "tls-fixture.h"

#define HOUR 3600
#define DAY 86400

static gint64
now (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

static gboolean
verifies (const VaCaPair *ca, const VaCaPair *leaf, const char *purpose)
{
  gnutls_typed_vdata_st data = { GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *) purpose, 0 };
  gnutls_x509_crt_t authority = fixture_import (ca), certificate = fixture_import (leaf);
  gnutls_x509_trust_list_t list;
  unsigned status = 0;

  gnutls_x509_trust_list_init (&list, 0);
  g_assert_cmpint (gnutls_x509_trust_list_add_cas (list, &authority, 1, 0), ==, 1);
  g_assert_cmpint (gnutls_x509_trust_list_verify_crt2 (list, &certificate, 1, &data, 1, 0, &status, NULL), >=, 0);
  gnutls_x509_trust_list_deinit (list, 1);
  gnutls_x509_crt_deinit (certificate);
  return status == 0;
}

static guint
usage_of (gnutls_x509_crt_t certificate)
{
  guint usage = 0;

  g_assert_cmpint (gnutls_x509_crt_get_key_usage (certificate, &usage, NULL), >=, 0);
  return usage;
}

static void
test_ca (void)
{
  static const VaCaCurve curves[] = { VA_CA_P256, VA_CA_P384 };
  static const gnutls_sign_algorithm_t algorithms[] = { GNUTLS_SIGN_ECDSA_SHA256, GNUTLS_SIGN_ECDSA_SHA384 };

  for (guint i = 0; i < G_N_ELEMENTS (curves); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(VaCaPair) ca = va_ca_create ("Site", curves[i], VA_CA_DAYS, &error);
      gnutls_x509_crt_t certificate;
      gint64 ends;

      g_assert_no_error (error);
      certificate = fixture_import (ca);
      g_assert_cmpint (gnutls_x509_crt_get_ca_status (certificate, NULL), ==, 1);
      g_assert_cmpuint (usage_of (certificate), ==, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
      g_assert_cmpint (gnutls_x509_crt_get_signature_algorithm (certificate), ==, algorithms[i]);
      g_assert_true (va_ca_certificate_ends (ca->certificate, &ends, &error));
      g_assert_cmpint (ends, >, now () + 3650 * (gint64) DAY);
      g_assert_cmpint (ends, <, now () + 3655 * (gint64) DAY);
      g_assert_cmpint (gnutls_x509_crt_get_activation_time (certificate), <=, now () - HOUR + 5);
      gnutls_x509_crt_deinit (certificate);
    }
}

static void
test_issue (void)
{
  static const char *const hosts[] = { "service.example", "192.0.2.1", "2001:db8::1", NULL };
  g_autoptr(VaCaPair) ca = va_ca_create ("Site", VA_CA_P384, 1000, NULL);
  VaCaRequest as_host = { .role = VA_ROLE_HOST, .name = "node-1", .curve = VA_CA_P384 };
  VaCaRequest as_server = { .server = TRUE, .hosts = hosts };
  g_autoptr(VaCaPair) client = va_ca_issue (ca, &as_host, NULL);
  g_autoptr(VaCaPair) again = va_ca_issue (ca, &as_host, NULL);
  g_autoptr(VaCaPair) server = va_ca_issue (ca, &as_server, NULL);
  gnutls_x509_crt_t c = fixture_import (client), s = fixture_import (server), a = fixture_import (again);
  guint8 serials[2][32] = { { 0 } };
  size_t sizes[2] = { 32, 32 };
  VaIdentity identity;

  g_assert_true (va_identity_from_certificate (c, &identity, NULL));
  g_assert_cmpint (identity.role, ==, VA_ROLE_HOST);
  g_assert_cmpstr (identity.name, ==, "node-1");
  g_assert_true (verifies (ca, client, GNUTLS_KP_TLS_WWW_CLIENT));
  g_assert_false (verifies (ca, client, GNUTLS_KP_TLS_WWW_SERVER));
  g_assert_cmpuint (gnutls_x509_crt_check_hostname (c, "node-1"), ==, 0);
  g_assert_true (verifies (ca, server, GNUTLS_KP_TLS_WWW_SERVER));
  g_assert_false (verifies (ca, server, GNUTLS_KP_TLS_WWW_CLIENT));
  g_assert_false (va_identity_from_certificate (s, &identity, NULL));
  for (guint i = 0; hosts[i] != NULL; i++)
    g_assert_cmpuint (gnutls_x509_crt_check_hostname (s, hosts[i]), !=, 0);
  g_assert_cmpuint (gnutls_x509_crt_check_hostname (s, "192.0.2.2"), ==, 0);
  g_assert_cmpuint (gnutls_x509_crt_check_hostname (s, "x.service.example"), ==, 0);
  g_assert_cmpuint (usage_of (s), ==, GNUTLS_KEY_DIGITAL_SIGNATURE);
  g_assert_cmpuint (usage_of (c), ==, GNUTLS_KEY_DIGITAL_SIGNATURE);
  g_assert_cmpint (gnutls_x509_crt_get_ca_status (s, NULL), ==, 0);
  gnutls_x509_crt_get_serial (c, serials[0], &sizes[0]);
  gnutls_x509_crt_get_serial (a, serials[1], &sizes[1]);
  g_assert_cmpuint (sizes[0], ==, 16);
  g_assert_cmpint (memcmp (serials[0], serials[1], 16), !=, 0);
  g_assert_false (va_secret_equal (client->key, again->key));
  g_assert_true (g_str_has_prefix ((char *) va_secret_data (client->key), "-----BEGIN PRIVATE KEY-----"));
  gnutls_x509_crt_deinit (c);
  gnutls_x509_crt_deinit (s);
  gnutls_x509_crt_deinit (a);
}

static void
test_times (void)
{
  g_autoptr(VaCaPair) ca = va_ca_create ("Site", VA_CA_P256, 30, NULL);
  VaCaRequest usual = { .role = VA_ROLE_OWNER, .name = "a" };
  VaCaRequest shorter = { .role = VA_ROLE_OWNER, .name = "a", .not_after = now () + 7 * DAY };
  g_autoptr(VaCaPair) cut = va_ca_issue (ca, &usual, NULL);
  g_autoptr(VaCaPair) week = va_ca_issue (ca, &shorter, NULL);
  gint64 ca_ends, cut_ends, week_ends, none;

  g_assert_true (va_ca_certificate_ends (ca->certificate, &ca_ends, NULL));
  g_assert_true (va_ca_certificate_ends (cut->certificate, &cut_ends, NULL));
  g_assert_true (va_ca_certificate_ends (week->certificate, &week_ends, NULL));
  g_assert_cmpint (cut_ends, ==, ca_ends);
  g_assert_cmpint (week_ends, ==, shorter.not_after);
  g_assert_false (va_ca_certificate_ends ("no certificate", &none, NULL));
}

static void
assert_not_issued (const VaCaPair *ca, const VaCaRequest *request, VaCoreError code)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (va_ca_issue (ca, request, &error));
  g_assert_error (error, VA_CORE_ERROR, (int) code);
}

static void
test_refuses (void)
{
  static const char *const no_hosts[] = { NULL };
  static const char *const bad_hosts[] = {
    "", "a b", "*.example", "a..b", ".a", "a.", "a/b", "ü.example", "1.2.3.4:5"
  };
  static const char *const bad_names[] = { "", "A", "a:b", "a b" };
  g_autoptr(VaCaPair) ca = va_ca_create ("Site", VA_CA_P256, 30, NULL);
  g_autoptr(VaCaPair) other = va_ca_create ("Site", VA_CA_P256, 30, NULL);
  VaCaRequest good = { .role = VA_ROLE_OWNER, .name = "a" };
  VaCaRequest nobody = { .role = VA_ROLE_OWNER };
  VaCaRequest nowhere = { .server = TRUE, .hosts = no_hosts };
  VaCaRequest backwards = { .role = VA_ROLE_OWNER, .name = "a", .not_before = now (), .not_after = now () - 1 };
  VaCaRequest after_ca = { .role = VA_ROLE_OWNER, .name = "a", .not_before = now () + 31 * DAY };
  g_autoptr(VaCaPair) leaf = va_ca_issue (ca, &good, NULL);
  VaCaPair mixed = { ca->certificate, other->key };
  VaCaPair swapped = { (char *) "garbage", ca->key };
  VaCaPair no_key = { ca->certificate, NULL };
  g_autoptr(VaSecret) garbage = va_secret_copy_in ("garbage", 7);
  g_autofree char *long_name = g_strnfill (65, 'n');

  for (guint i = 0; i < G_N_ELEMENTS (bad_hosts); i++)
    {
      const char *hosts[] = { "good.example", bad_hosts[i], NULL };
      VaCaRequest request = { .server = TRUE, .hosts = hosts };

      assert_not_issued (ca, &request, VA_CORE_ERROR_PARSE);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad_names); i++)
    {
      VaCaRequest request = { .role = VA_ROLE_HOST, .name = bad_names[i] };

      assert_not_issued (ca, &request, VA_CORE_ERROR_PARSE);
    }
  no_key.key = garbage;
  assert_not_issued (ca, &nobody, VA_CORE_ERROR_PARSE);
  assert_not_issued (ca, &nowhere, VA_CORE_ERROR_PARSE);
  assert_not_issued (ca, &backwards, VA_CORE_ERROR_RANGE);
  assert_not_issued (ca, &after_ca, VA_CORE_ERROR_RANGE);
  assert_not_issued (leaf, &good, VA_CORE_ERROR_PARSE);
  assert_not_issued (&mixed, &good, VA_CORE_ERROR_PARSE);
  assert_not_issued (&swapped, &good, VA_CORE_ERROR_PARSE);
  assert_not_issued (&no_key, &good, VA_CORE_ERROR_PARSE);
  g_assert_null (va_ca_create ("", VA_CA_P256, 30, NULL));
  g_assert_null (va_ca_create (long_name, VA_CA_P256, 30, NULL));
  g_assert_null (va_ca_create ("\xff", VA_CA_P256, 30, NULL));
  g_assert_null (va_ca_create ("Site", VA_CA_P256, 0, NULL));
  g_assert_null (va_ca_create ("Site", VA_CA_P256, 36501, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ca/create", test_ca);
  g_test_add_func ("/ca/issue", test_issue);
  g_test_add_func ("/ca/times", test_times);
  g_test_add_func ("/ca/refuses", test_refuses);
  return g_test_run ();
}
