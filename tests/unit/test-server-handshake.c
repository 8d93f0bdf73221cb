/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include "core/random.h"
#include "server-fixture.h"

static void
assert_refused (Site *site, const FixtureFiles *files, const char *priority)
{
  assert_no_answer (site, NULL, files, priority);
}

static void
assert_pair_refused (Site *site, const char *name, VaCaPair *pair)
{
  g_auto(FixtureFiles) files = fixture_write (site->fixture, name, pair);

  g_test_message ("%s", name);
  assert_refused (site, &files, TLS13);
}

static void
test_handshake_refuses (void)
{
  static const Odd odd[] = {
    { .uris = { "urn:virt-attest:owner:a", "urn:virt-attest:owner:b" },
      .purposes = { GNUTLS_KP_TLS_WWW_CLIENT },
      .usage = GNUTLS_KEY_DIGITAL_SIGNATURE },
    { .uris = { "urn:virt-attest:owner:a" },
      .purposes = { GNUTLS_KP_TLS_WWW_CLIENT, GNUTLS_KP_TLS_WWW_SERVER },
      .usage = GNUTLS_KEY_DIGITAL_SIGNATURE },
    { .uris = { "urn:virt-attest:owner:a" }, .usage = GNUTLS_KEY_DIGITAL_SIGNATURE },
    { .uris = { "urn:virt-attest:owner:a" }, .purposes = { GNUTLS_KP_TLS_WWW_CLIENT } },
    { .uris = { "urn:virt-attest:root:a" },
      .purposes = { GNUTLS_KP_TLS_WWW_CLIENT },
      .usage = GNUTLS_KEY_DIGITAL_SIGNATURE },
    { .dns = "owner.example", .purposes = { GNUTLS_KP_TLS_WWW_CLIENT }, .usage = GNUTLS_KEY_DIGITAL_SIGNATURE },
  };
  Site site;
  g_autoptr(VaCaPair) foreign = va_ca_create ("Test CA", VA_CA_P256, 1, NULL);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  VaCaRequest usual = { .role = VA_ROLE_OWNER, .name = "anna" };
  VaCaRequest expired = { .role = VA_ROLE_OWNER, .name = "anna", .not_before = now - 7200, .not_after = now - 60 };
  VaCaRequest early = { .role = VA_ROLE_OWNER, .name = "anna", .not_before = now + 600 };
  g_autofree char *answer = NULL;

  site_open (&site);
  assert_refused (&site, NULL, TLS13);
  assert_refused (&site, &site.fixture->server, TLS13);
  assert_refused (&site, &site.owner, TLS12);
  assert_pair_refused (&site, "foreign", va_ca_issue (foreign, &usual, NULL));
  assert_pair_refused (&site, "expired", va_ca_issue (site.fixture->ca, &expired, NULL));
  assert_pair_refused (&site, "early", va_ca_issue (site.fixture->ca, &early, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (odd); i++)
    {
      g_autofree char *name = g_strdup_printf ("odd-%u", i);

      assert_pair_refused (&site, name, fixture_odd (site.fixture, &odd[i]));
    }
  {
    /* Made the same way, but right: so the others were refused for what is odd about them. */
    static const Odd even = { .uris = { "urn:virt-attest:owner:a" },
                              .dns = "a.example",
                              .purposes = { GNUTLS_KP_TLS_WWW_CLIENT },
                              .usage = GNUTLS_KEY_DIGITAL_SIGNATURE };
    g_auto(FixtureFiles) files = fixture_write (site.fixture, "even", fixture_odd (site.fixture, &even));
    g_autofree char *good = ask_as (&site, &files, GET ("/v1/open"));

    assert_status (good, 204);
  }
  /* The CA's own certificate and key as a client's. */
  assert_pair_refused (&site, "ca", ({
    VaCaPair *copy = g_new0 (VaCaPair, 1);
    copy->certificate = g_strdup (site.fixture->ca->certificate);
    copy->key = va_secret_copy_in (va_secret_data (site.fixture->ca->key), va_secret_size (site.fixture->ca->key));
    copy;
  }));
  /* And after all that the server still serves. */
  answer = ask_as (&site, &site.owner, GET ("/v1/open"));
  assert_status (answer, 204);
  site_close (&site);
}

/* A certificate that ends while its connection is open ends with it. */
static void
test_expiry_on_open_connection (void)
{
  Site site;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  VaCaRequest soon = { .role = VA_ROLE_OWNER, .name = "anna", .not_after = now + 2 };
  g_auto(FixtureFiles) files = { 0 };
  g_autofree char *good = NULL, *refused = NULL;
  RawClient *client;

  site_open (&site);
  files = fixture_write (site.fixture, "soon", va_ca_issue (site.fixture->ca, &soon, NULL));
  client = raw_client_new (site.port, NULL, &files, TLS13);
  g_assert_nonnull (client);
  g_assert_true (raw_client_send (client, GET ("/v1/thing/x"), -1));
  good = raw_client_answer (client);
  assert_status (good, 200);
  g_usleep (2100 * 1000);
  g_assert_true (raw_client_send (client, GET ("/v1/thing/x"), -1));
  refused = raw_client_answer (client);
  assert_problem (refused, VA_PROBLEM_UNAUTHENTICATED);
  raw_client_free (client);
  site_close (&site);
}

static ssize_t
keep_sent (gnutls_transport_ptr_t sent, const void *data, size_t size)
{
  g_byte_array_append (sent, data, (guint) size);
  return (ssize_t) size;
}

static ssize_t
nothing_comes (gnutls_transport_ptr_t sent, void *data, size_t size)
{
  errno = EAGAIN;
  return -1;
}

/* What a client begins its handshake with. */
static GByteArray *
client_hello (void)
{
  GByteArray *sent = g_byte_array_new ();
  gnutls_session_t session;

  g_assert_cmpint (gnutls_init (&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK), ==, 0);
  g_assert_cmpint (gnutls_set_default_priority (session), ==, 0);
  gnutls_transport_set_ptr (session, sent);
  gnutls_transport_set_push_function (session, keep_sent);
  gnutls_transport_set_pull_function (session, nothing_comes);
  g_assert_cmpint (gnutls_handshake (session), ==, GNUTLS_E_AGAIN);
  gnutls_deinit (session);
  g_assert_cmpuint (sent->len, >, 100);
  return sent;
}

/* A key of which nobody knows the other half: what it signs is noise. */
static int
sign_with_noise (gnutls_privkey_t key, gnutls_sign_algorithm_t algorithm, void *bytes, unsigned flags,
                 const gnutls_datum_t *hash, gnutls_datum_t *signature)
{
  signature->size = (unsigned) GPOINTER_TO_SIZE (bytes);
  signature->data = gnutls_malloc (signature->size);
  va_random_fill (signature->data, signature->size);
  signature->data[0] = 0; /* less than the modulus */
  return 0;
}

static int
about_noise (gnutls_privkey_t key, unsigned flags, void *bytes)
{
  if (GNUTLS_FLAGS_TO_SIGN_ALGO (flags) != 0 && (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO) != 0)
    return GNUTLS_FLAGS_TO_SIGN_ALGO (flags) == GNUTLS_SIGN_RSA_PSS_RSAE_SHA256;
  if ((flags & GNUTLS_PRIVKEY_INFO_PK_ALGO) != 0)
    return GNUTLS_PK_RSA;
  return (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS) != 0 ? (int) (8 * GPOINTER_TO_SIZE (bytes)) : -1;
}

/* Returns: (transfer full): the data of @pem */
static char *
read_pem (const char *path, gnutls_datum_t *pem)
{
  char *text;
  gsize size;

  g_assert_true (g_file_get_contents (path, &text, &size, NULL));
  *pem = (gnutls_datum_t){ (guint8 *) text, (unsigned) size };
  return text;
}

/* A certificate that says of itself that it is good, with an RSA key of @bytes whose exponent is as long, or, with 0
   bytes, with a good key; and @padding bytes that mean nothing. */
static gnutls_x509_crt_t
costly_certificate (gsize bytes, gsize padding, const FixtureFiles *good)
{
  g_autofree guint8 *number = g_malloc (bytes + 1);
  g_autofree guint8 *nothing = g_malloc0 (padding + 1);
  gnutls_datum_t both = { number, (unsigned) bytes }, pem;
  gnutls_x509_crt_t certificate, issuer;
  gnutls_x509_privkey_t own;
  gnutls_pubkey_t public;
  g_autofree char *key = read_pem (good->key, &pem), *text = NULL;

  gnutls_x509_privkey_init (&own);
  g_assert_cmpint (gnutls_x509_privkey_import (own, &pem, GNUTLS_X509_FMT_PEM), ==, 0);
  gnutls_x509_crt_init (&certificate);
  gnutls_x509_crt_set_version (certificate, 3);
  gnutls_x509_crt_set_serial (certificate, "\1", 1);
  gnutls_x509_crt_set_activation_time (certificate, time (NULL) - 10);
  gnutls_x509_crt_set_expiration_time (certificate, time (NULL) + 3600);
  if (padding > 0)
    g_assert_cmpint (gnutls_x509_crt_set_extension_by_oid (certificate, "1.2.3.4", nothing, padding, 0), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_set_key (certificate, own), ==, 0);
  if (bytes > 0)
    {
      va_random_fill (number, bytes);
      number[0] |= 0x80;
      number[bytes - 1] |= 1;
      gnutls_pubkey_init (&public);
      g_assert_cmpint (gnutls_pubkey_import_rsa_raw (public, &both, &both), ==, 0);
      g_assert_cmpint (gnutls_x509_crt_set_pubkey (certificate, public), ==, 0);
      gnutls_pubkey_deinit (public);
    }
  text = read_pem (good->certificate, &pem);
  gnutls_x509_crt_init (&issuer);
  g_assert_cmpint (gnutls_x509_crt_import (issuer, &pem, GNUTLS_X509_FMT_PEM), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_sign2 (certificate, issuer, own, GNUTLS_DIG_SHA256, 0), ==, 0);
  gnutls_x509_crt_deinit (issuer);
  gnutls_x509_privkey_deinit (own);
  return certificate;
}

/* What the server computes for such a client, who gets no answer. */
static gint64
cost_of (Site *site, gsize bytes, gsize padding)
{
  gnutls_certificate_credentials_t credentials;
  gnutls_x509_crt_t certificate = costly_certificate (bytes, padding, &site->owner);
  gnutls_pcert_st shown;
  gnutls_privkey_t key;
  gnutls_session_t session;
  char c;
  int fd = raw_connect (site->port, NULL), status;
  gint64 busy;

  gnutls_privkey_init (&key);
  if (bytes > 0)
    g_assert_cmpint (gnutls_privkey_import_ext4 (key, GSIZE_TO_POINTER (bytes), NULL, sign_with_noise, NULL, NULL,
                                                 about_noise, 0),
                     ==, 0);
  else
    {
      gnutls_datum_t pem;
      g_autofree char *text = read_pem (site->owner.key, &pem);

      g_assert_cmpint (gnutls_privkey_import_x509_raw (key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0), ==, 0);
    }
  gnutls_certificate_allocate_credentials (&credentials);
  gnutls_certificate_set_flags (credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
  g_assert_cmpint (gnutls_pcert_import_x509 (&shown, certificate, 0), ==, 0);
  g_assert_cmpint (gnutls_certificate_set_key (credentials, NULL, 0, &shown, 1, key), >=, 0);
  gnutls_init (&session, GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT | GNUTLS_NO_SIGNAL);
  g_assert_cmpint (gnutls_priority_set_direct (session, TLS13, NULL), ==, 0);
  gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, credentials);
  gnutls_transport_set_int (session, fd);
  busy = cpu_ms ();
  do
    status = gnutls_handshake (session);
  while (status < 0 && !gnutls_error_is_fatal (status));
  g_assert_cmpint (status, ==, 0); /* this end has sent all of its own, the certificate too */
  g_assert_cmpint (gnutls_record_recv (session, &c, 1), <=, 0);
  busy = cpu_ms () - busy;
  gnutls_deinit (session);
  gnutls_certificate_free_credentials (credentials);
  gnutls_x509_crt_deinit (certificate);
  close (fd);
  return busy;
}

/* TLS 1.3 has a client's signature verified before it is known whose key that is. */
static void
test_costly_handshakes_are_refused (void)
{
  Site site;

  site_open (&site);
  g_assert_cmpint (cost_of (&site, 4096, 0), <, 1000); /* verified, it would cost some seconds */
  g_assert_cmpint (cost_of (&site, 6500, 0), <, 1000);
  g_assert_cmpint (cost_of (&site, 0, 30000), <, 1000);
  g_assert_null (raw_client_new (site.port, NULL, &site.owner,
                                 "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-FFDHE2048"));
  g_assert_null (raw_client_new (site.port, NULL, &site.owner,
                                 "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-FFDHE8192"));
  site_close (&site);
}

/* The server sleeps while a client that has begun its handshake does not go on. */
static void
test_stopped_handshakes_cost_nothing (void)
{
  g_autoptr(GByteArray) hello = client_hello ();
  gsize sizes[] = { 3, hello->len / 2, hello->len };
  Site site;
  VaServerSettings settings;

  site_init (&site);
  settings = usual_settings (site.fixture);
  settings.timeout_seconds = settings.request_seconds = 60;
  site_start (&site, &settings);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      int fd = raw_connect (site.port, NULL);
      gint64 busy;

      g_assert_cmpint (send (fd, hello->data, sizes[i], MSG_NOSIGNAL), ==, (gssize) sizes[i]);
      g_usleep (200 * 1000); /* its own answer costs something */
      busy = cpu_ms ();
      g_usleep (1000 * 1000);
      g_assert_cmpint (cpu_ms () - busy, <, 100);
      close (fd);
    }
  site_close (&site);
}

static gsize
resident_kib (void)
{
  g_autofree char *status = NULL;
  const char *line;

  g_assert_true (g_file_get_contents ("/proc/self/status", &status, NULL, NULL));
  line = strstr (status, "\nVmRSS:");
  g_assert_nonnull (line);
  return (gsize) g_ascii_strtoull (line + strlen ("\nVmRSS:"), NULL, 10);
}

static void
test_memory_stays_flat (void)
{
  Site site;
  gsize before = 0;

#ifdef VA_SANITIZERS
  g_test_skip ("the sanitizers keep freed memory");
  return;
#endif
  site_open (&site);
  for (guint i = 0; i < 400; i++)
    {
      if (i == 100)
        before = resident_kib ();
      assert_refused (&site, i % 2 == 0 ? NULL : &site.fixture->server, TLS13);
    }
  g_test_message ("%" G_GSIZE_FORMAT " KiB, then %" G_GSIZE_FORMAT " KiB", before, resident_kib ());
  g_assert_cmpuint (resident_kib (), <, before + 3 * 1024);
  site_close (&site);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/handshake-refuses", test_handshake_refuses);
  g_test_add_func ("/server/expiry-on-open-connection", test_expiry_on_open_connection);
  g_test_add_func ("/server/costly-handshakes-are-refused", test_costly_handshakes_are_refused);
  g_test_add_func ("/server/stopped-handshakes-cost-nothing", test_stopped_handshakes_cost_nothing);
  g_test_add_func ("/server/memory-stays-flat", test_memory_stays_flat);
  return g_test_run ();
}
