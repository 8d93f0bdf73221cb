/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "api/problem.h"
#include "tls-fixture.h"

#define CLIENT GNUTLS_KP_TLS_WWW_CLIENT
#define SERVER GNUTLS_KP_TLS_WWW_SERVER
#define SIGNS GNUTLS_KEY_DIGITAL_SIGNATURE
#define LONG_NAME "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* 64 */

static void
test_names (void)
{
  static const char *const good[] = { "a", "0", "a.b-c_d", "-", LONG_NAME };
  static const char *const bad[] = { "", "A", "a b", "a/b", "a:b", "a\n", "ä", "a*", "a@b", LONG_NAME "a" };
  VaRole role;

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (va_identity_name_is_valid (good[i]));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (va_identity_name_is_valid (bad[i]));
  for (VaRole r = VA_ROLE_OWNER; r < VA_ROLES; r++)
    {
      g_assert_true (va_role_parse (va_role_name (r), &role));
      g_assert_cmpint (role, ==, r);
    }
  g_assert_false (va_role_parse ("Owner", &role));
  g_assert_false (va_role_parse ("root", &role));
  g_assert_false (va_role_parse ("", &role));
}

static void
test_takes (void)
{
  static const Odd odd[] = {
    { .uris = { "urn:virt-attest:host:node-1" }, .purposes = { CLIENT }, .usage = SIGNS },
    { .uris = { "urn:virt-attest:auditor:" LONG_NAME },
      .dns = "a.example",
      .purposes = { CLIENT },
      .usage = SIGNS | GNUTLS_KEY_KEY_AGREEMENT },
    { .uris = { "urn:virt-attest:owner:" LONG_NAME ":" LONG_NAME }, .purposes = { CLIENT }, .usage = SIGNS },
  };
  static const VaIdentity expected[] = { { VA_ROLE_HOST, "node-1", "" },
                                         { VA_ROLE_AUDITOR, LONG_NAME, "" },
                                         { VA_ROLE_OWNER, LONG_NAME, LONG_NAME } };
  g_autoptr(Fixture) fixture = fixture_new ();

  for (guint i = 0; i < G_N_ELEMENTS (odd); i++)
    {
      g_autoptr(VaCaPair) pair = fixture_odd (fixture, &odd[i]);
      gnutls_x509_crt_t certificate = fixture_import (pair);
      g_autoptr(GError) error = NULL;
      VaIdentity identity;

      g_assert_true (va_identity_from_certificate (certificate, &identity, &error));
      g_assert_no_error (error);
      g_assert_cmpint (identity.role, ==, expected[i].role);
      g_assert_cmpstr (identity.name, ==, expected[i].name);
      g_assert_cmpstr (identity.person, ==, expected[i].person);
      gnutls_x509_crt_deinit (certificate);
    }
}

static void
test_refuses (void)
{
  static const struct {
    Odd odd;
    const char *says;
  } cases[] = {
    { { .purposes = { CLIENT }, .usage = SIGNS }, "no URI name" },
    { { .dns = "urn.example", .purposes = { CLIENT }, .usage = SIGNS }, "no URI name" },
    { { .uris = { "urn:virt-attest:owner:a", "urn:virt-attest:owner:a" }, .purposes = { CLIENT }, .usage = SIGNS },
      "more than one" },
    { { .uris = { "urn:virt-attest:owner:a", "https://a.example" }, .purposes = { CLIENT }, .usage = SIGNS },
      "more than one" },
    { { .uris = { "https://a.example" }, .purposes = { CLIENT }, .usage = SIGNS }, "not urn:virt-attest" },
    { { .uris = { "urn:virt-attest:owner" }, .purposes = { CLIENT }, .usage = SIGNS }, "not urn:virt-attest" },
    { { .uris = { "urn:virt-attest:owner:" }, .purposes = { CLIENT }, .usage = SIGNS }, "not urn:virt-attest" },
    { { .uris = { "urn:virt-attest::a" }, .purposes = { CLIENT }, .usage = SIGNS }, "not urn:virt-attest" },
    { { .uris = { "urn:virt-attest:host:a:b" }, .purposes = { CLIENT }, .usage = SIGNS }, "not urn:virt-attest" },
    { { .uris = { "urn:virt-attest:owner:a:b:c" }, .purposes = { CLIENT }, .usage = SIGNS }, "not urn:virt-attest" },
    { { .uris = { "urn:virt-attest:owner:a:" }, .purposes = { CLIENT }, .usage = SIGNS }, "not urn:virt-attest" },
    { { .uris = { "urn:virt-attest:owner:a:B" }, .purposes = { CLIENT }, .usage = SIGNS }, "not urn:virt-attest" },
    { { .uris = { "urn:virt-attest:owner:a:" LONG_NAME "a" }, .purposes = { CLIENT }, .usage = SIGNS }, "urn" },
    { { .uris = { "urn:virt-attest:owner:A" }, .purposes = { CLIENT }, .usage = SIGNS }, "not urn:virt-attest" },
    { { .uris = { "urn:virt-attest:owner:a " }, .purposes = { CLIENT }, .usage = SIGNS }, "not urn:virt-attest" },
    { { .uris = { "URN:virt-attest:owner:a" }, .purposes = { CLIENT }, .usage = SIGNS }, "not urn:virt-attest" },
    { { .uris = { " urn:virt-attest:owner:a" }, .purposes = { CLIENT }, .usage = SIGNS }, "not urn:virt-attest" },
    { { .uris = { "urn:virt-attest:admin:a" }, .purposes = { CLIENT }, .usage = SIGNS }, "not urn:virt-attest" },
    { { .uris = { "urn:virt-attest:owner:" LONG_NAME "a" }, .purposes = { CLIENT }, .usage = SIGNS }, "urn" },
    { { .uris = { "urn:virt-attest:owner:" LONG_NAME LONG_NAME LONG_NAME }, .purposes = { CLIENT }, .usage = SIGNS },
      "too long" },
    { { .uris = { "urn:virt-attest:owner:a" }, .usage = SIGNS }, "clientAuth" },
    { { .uris = { "urn:virt-attest:owner:a" }, .purposes = { SERVER }, .usage = SIGNS }, "purposes other than" },
    { { .uris = { "urn:virt-attest:owner:a" }, .purposes = { CLIENT, SERVER }, .usage = SIGNS },
      "purposes other than" },
    { { .uris = { "urn:virt-attest:owner:a" }, .purposes = { GNUTLS_KP_ANY }, .usage = SIGNS }, "purposes other than" },
    { { .uris = { "urn:virt-attest:owner:a" }, .purposes = { CLIENT } }, "digitalSignature" },
    { { .uris = { "urn:virt-attest:owner:a" }, .purposes = { CLIENT }, .usage = GNUTLS_KEY_KEY_AGREEMENT },
      "digitalSignature" },
    { { .uris = { "urn:virt-attest:owner:a" }, .purposes = { CLIENT }, .usage = SIGNS, .ca = TRUE }, "CA" },
  };
  g_autoptr(Fixture) fixture = fixture_new ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(VaCaPair) pair = fixture_odd (fixture, &cases[i].odd);
      gnutls_x509_crt_t certificate = fixture_import (pair);
      g_autoptr(GError) error = NULL;
      VaIdentity identity = { VA_ROLE_OPERATOR, "left from before" };

      g_test_message ("case %u", i);
      g_assert_false (va_identity_from_certificate (certificate, &identity, &error));
      g_assert_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_UNAUTHENTICATED);
      g_assert_nonnull (strstr (error->message, cases[i].says));
      g_assert_cmpstr (identity.name, ==, "");
      gnutls_x509_crt_deinit (certificate);
    }
}

/* A zero byte must not hide what stands behind it. */
static void
test_zero_byte (void)
{
  /* A sequence with one URI name, 35 bytes. */
  static const char names[] = "\x30\x25\x86\x23"
                              "urn:virt-attest:owner:anna\0.example";
  g_autoptr(GBytes) raw = g_bytes_new_static (names, sizeof names - 1);
  Odd odd = { .raw_names = raw, .purposes = { CLIENT }, .usage = SIGNS };
  g_autoptr(Fixture) fixture = fixture_new ();
  g_autoptr(VaCaPair) pair = fixture_odd (fixture, &odd);
  gnutls_x509_crt_t certificate = fixture_import (pair);
  g_autoptr(GError) error = NULL;
  VaIdentity identity;

  g_assert_false (va_identity_from_certificate (certificate, &identity, &error));
  g_assert_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_UNAUTHENTICATED);
  g_test_message ("%s", error->message);
  g_assert_null (strstr (error->message, "no URI name"));
  gnutls_x509_crt_deinit (certificate);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/identity/names", test_names);
  g_test_add_func ("/identity/takes", test_takes);
  g_test_add_func ("/identity/refuses", test_refuses);
  g_test_add_func ("/identity/zero-byte", test_zero_byte);
  return g_test_run ();
}
