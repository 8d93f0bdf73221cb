/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The software PSP against src/sev: two implementations of one specification that share no code. */
#include "config.h"

#include <string.h>
#include "core/random.h"
#include "platform/generate.h"
#include "platform/keys.h"
#include "platform/psp.h"
#include "tee/sev/chain.h"
#include "tee/sev/digest.h"
#include "tee/sev/error.h"
#include "tee/sev/measurement.h"
#include "tee/sev/packet.h"
#include "tee/sev/session.h"

#define POLICY 0x00000001u
#define POLICY_ES 0x00000005u

/* A platform, made once, and one launch on it. */
static VaPlatformFolder made;

typedef struct {
  VaPsp *psp;
  VaSevSession *session;
  guint8 measure[VA_PSP_MEASURE_SIZE];
} Launch;

static VaSevCert
pdh_of (const VaPlatformFolder *folder)
{
  VaSevCert cert;

  g_assert_true (va_sev_cert_parse (&cert, folder->platform.pdh, VA_SEV_CERT_SIZE, NULL));
  return cert;
}

static int
start (Launch *launch, guint32 policy)
{
  return va_psp_launch_start (launch->psp, policy, launch->session->godh_cert, VA_SEV_CERT_SIZE,
                              launch->session->session, VA_SEV_SESSION_SIZE);
}

static void
launch_init (Launch *launch, guint32 policy)
{
  VaSevCert pdh = pdh_of (&made);

  launch->psp = va_psp_new (&made.platform);
  launch->session = va_sev_session_new (&pdh, policy, NULL);
  g_assert_nonnull (launch->session);
  g_assert_cmpint (va_psp_init (launch->psp, (policy & 4) != 0), ==, VA_PSP_SUCCESS);
}

static void
launch_clear (Launch *launch)
{
  va_sev_session_free (launch->session);
  va_psp_free (launch->psp);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Launch, launch_clear)

/* A launch up to its measurement; the firmware is @size bytes of @data. */
static void
launch_measured (Launch *launch, const guint8 *data, gsize size)
{
  launch_init (launch, POLICY);
  g_assert_cmpint (start (launch, POLICY), ==, VA_PSP_SUCCESS);
  g_assert_cmpint (va_psp_launch_update_data (launch->psp, data, size), ==, VA_PSP_SUCCESS);
  g_assert_cmpint (va_psp_launch_measure (launch->psp, launch->measure), ==, VA_PSP_SUCCESS);
}

static const VaLaunchContext context = { 0, 24, 15, POLICY };

static gboolean
measurement_fits (Launch *launch, const guint8 *data, gsize size, const VaLaunchContext *claimed)
{
  guint8 digest[VA_SHA256_SIZE];

  va_sha256 (data, size, digest);
  return va_measurement_matches (launch->session->tik, claimed, digest, launch->measure);
}

static void
test_measurement (void)
{
  guint8 image[4096];
  VaLaunchContext other = context;
  g_auto(Launch) launch = { 0 };

  va_random_fill (image, sizeof image);
  launch_measured (&launch, image, sizeof image);
  g_assert_true (measurement_fits (&launch, image, sizeof image, &context));
  g_assert_false (measurement_fits (&launch, image, sizeof image - 16, &context));
  other.build_id++;
  g_assert_false (measurement_fits (&launch, image, sizeof image, &other));
  other = context;
  other.api_minor--;
  g_assert_false (measurement_fits (&launch, image, sizeof image, &other));
  other = context;
  other.policy |= 0x100;
  g_assert_false (measurement_fits (&launch, image, sizeof image, &other));
  image[0] ^= 1;
  g_assert_false (measurement_fits (&launch, image, sizeof image, &context));
}

/* The MACs cover every byte: whichever is turned, the session is refused. */
static void
test_session_refused (void)
{
  g_auto(Launch) launch = { 0 };

  launch_init (&launch, POLICY);
  for (gsize i = 0; i < VA_SEV_SESSION_SIZE; i++)
    {
      launch.session->session[i] ^= 0x80;
      g_assert_cmpint (start (&launch, POLICY), ==, VA_PSP_BAD_MEASUREMENT);
      launch.session->session[i] ^= 0x80;
    }
  for (guint bit = 0; bit < 16; bit++)
    if (bit != 2) /* SEV-ES, which the guest was not made for */
      g_assert_cmpint (start (&launch, POLICY ^ (1u << bit)), ==, VA_PSP_BAD_MEASUREMENT);
  g_assert_cmpint (start (&launch, POLICY_ES), ==, VA_PSP_POLICY_FAILURE);
  g_assert_cmpint (start (&launch, POLICY | 0x00010000), ==, VA_PSP_POLICY_FAILURE);
  g_assert_cmpint (start (&launch, POLICY | 0x19000000), ==, VA_PSP_POLICY_FAILURE);
  g_assert_cmpint (va_psp_state (launch.psp), ==, VA_PSP_STATE_UNINIT);
  g_assert_cmpint (start (&launch, POLICY), ==, VA_PSP_SUCCESS);
}

static void
test_godh_refused (void)
{
  static const gsize places[] = { 0, 8, 12, 16, 20, 67, 68, 92, 139, 163 };
  g_auto(Launch) launch = { 0 };

  launch_init (&launch, POLICY);
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    {
      launch.session->godh_cert[places[i]] ^= 1;
      g_assert_cmpint (start (&launch, POLICY), ==, VA_PSP_INVALID_CERTIFICATE);
      launch.session->godh_cert[places[i]] ^= 1;
    }
  g_assert_cmpint (va_psp_launch_start (launch.psp, POLICY, NULL, 0, launch.session->session, 128), ==,
                   VA_PSP_INVALID_LENGTH);
  g_assert_cmpint (va_psp_launch_start (launch.psp, POLICY, launch.session->godh_cert, 2084, NULL, 0), ==,
                   VA_PSP_INVALID_LENGTH);
  g_assert_cmpint (va_psp_launch_start (launch.psp, POLICY, launch.session->godh_cert, 2083, launch.session->session,
                                        128),
                   ==, VA_PSP_INVALID_LENGTH);
  g_assert_cmpint (va_psp_launch_start (launch.psp, POLICY, launch.session->godh_cert, 2084, launch.session->session,
                                        127),
                   ==, VA_PSP_INVALID_LENGTH);
}

static void
test_packet (void)
{
  const guint8 image[16] = { 1 };
  guint8 header[VA_PACKET_HEADER_SIZE], guest[64] = { 0 };
  const guint8 zero[64] = { 0 };
  g_auto(Launch) launch = { 0 };
  g_autoptr(VaSecret) table = va_secret_new (sizeof guest);
  g_autoptr(GBytes) payload = NULL;
  guint8 *bytes;

  launch_measured (&launch, image, sizeof image);
  va_random_fill (va_secret_data (table), sizeof guest);
  payload = va_packet_seal (launch.session->tik, launch.session->tek, table, launch.measure, header);
  bytes = g_memdup2 (g_bytes_get_data (payload, NULL), sizeof guest);
  for (gsize i = 4; i < sizeof header; i++)
    {
      header[i] ^= 1;
      g_assert_cmpint (va_psp_launch_secret (launch.psp, header, sizeof header, bytes, 64, guest, 64), ==,
                       VA_PSP_BAD_MEASUREMENT);
      header[i] ^= 1;
    }
  for (gsize i = 0; i < sizeof guest; i++)
    {
      bytes[i] ^= 1;
      g_assert_cmpint (va_psp_launch_secret (launch.psp, header, sizeof header, bytes, 64, guest, 64), ==,
                       VA_PSP_BAD_MEASUREMENT);
      bytes[i] ^= 1;
    }
  header[0] = 1;
  g_assert_cmpint (va_psp_launch_secret (launch.psp, header, 52, bytes, 64, guest, 64), ==, VA_PSP_UNSUPPORTED);
  header[0] = 0;
  g_assert_cmpint (va_psp_launch_secret (launch.psp, header, 52, bytes, 48, guest, 48), ==, VA_PSP_BAD_MEASUREMENT);
  g_assert_cmpint (va_psp_launch_secret (launch.psp, header, 51, bytes, 64, guest, 64), ==, VA_PSP_INVALID_LENGTH);
  g_assert_cmpint (va_psp_launch_secret (launch.psp, header, 52, bytes, 0, guest, 0), ==, VA_PSP_INVALID_LENGTH);
  g_assert_cmpint (va_psp_launch_secret (launch.psp, header, 52, bytes, 63, guest, 63), ==, VA_PSP_INVALID_LENGTH);
  g_assert_cmpint (va_psp_launch_secret (launch.psp, header, 52, bytes, 64, guest, 48), ==, VA_PSP_INVALID_LENGTH);
  g_assert_cmpmem (guest, sizeof guest, zero, sizeof zero);
  g_assert_cmpint (va_psp_launch_secret (launch.psp, header, 52, bytes, 64, guest, 64), ==, VA_PSP_SUCCESS);
  g_assert_cmpmem (guest, sizeof guest, va_secret_data (table), va_secret_size (table));
  g_free (bytes);
}

/* Each command in each state; what is out of order is refused. */
static void
test_states (void)
{
  const guint8 image[16] = { 1 };
  guint8 out[VA_PSP_MEASURE_SIZE], header[VA_PSP_PACKET_HEADER_SIZE] = { 0 }, guest[16];
  g_autoptr(VaPsp) psp = va_psp_new (&made.platform);

  g_assert_cmpint (va_psp_launch_start (psp, POLICY, NULL, 0, NULL, 0), ==, VA_PSP_INVALID_PLATFORM_STATE);
  g_assert_cmpint (va_psp_init (psp, FALSE), ==, VA_PSP_SUCCESS);
  g_assert_cmpint (va_psp_init (psp, FALSE), ==, VA_PSP_INVALID_PLATFORM_STATE);
  g_assert_cmpint (va_psp_launch_update_data (psp, image, 16), ==, VA_PSP_INVALID_GUEST_STATE);
  g_assert_cmpint (va_psp_launch_measure (psp, out), ==, VA_PSP_INVALID_GUEST_STATE);
  g_assert_cmpint (va_psp_launch_finish (psp), ==, VA_PSP_INVALID_GUEST_STATE);

  g_assert_cmpint (va_psp_launch_start (psp, POLICY, NULL, 0, NULL, 0), ==, VA_PSP_SUCCESS);
  g_assert_cmpint (va_psp_launch_start (psp, POLICY, NULL, 0, NULL, 0), ==, VA_PSP_INVALID_GUEST_STATE);
  g_assert_cmpint (va_psp_state (psp), ==, VA_PSP_STATE_LAUNCH_UPDATE);
  g_assert_cmpuint (va_psp_policy (psp), ==, POLICY);
  g_assert_cmpint (va_psp_launch_update_data (psp, image, 15), ==, VA_PSP_INVALID_LENGTH);
  g_assert_cmpint (va_psp_launch_update_data (psp, image, 0), ==, VA_PSP_INVALID_LENGTH);
  g_assert_cmpint (va_psp_launch_secret (psp, header, 52, image, 16, guest, 16), ==, VA_PSP_INVALID_GUEST_STATE);
  g_assert_cmpint (va_psp_launch_finish (psp), ==, VA_PSP_INVALID_GUEST_STATE);

  g_assert_cmpint (va_psp_launch_measure (psp, out), ==, VA_PSP_SUCCESS);
  g_assert_cmpint (va_psp_launch_measure (psp, out), ==, VA_PSP_INVALID_GUEST_STATE);
  g_assert_cmpint (va_psp_launch_update_data (psp, image, 16), ==, VA_PSP_INVALID_GUEST_STATE);
  g_assert_cmpint (va_psp_launch_finish (psp), ==, VA_PSP_SUCCESS);
  g_assert_cmpint (va_psp_state (psp), ==, VA_PSP_STATE_RUNNING);
  g_assert_cmpint (va_psp_launch_secret (psp, header, 52, image, 16, guest, 16), ==, VA_PSP_INVALID_GUEST_STATE);
  g_assert_cmpint (va_psp_launch_finish (psp), ==, VA_PSP_INVALID_GUEST_STATE);
}

static void
test_es (void)
{
  guint8 pages[2][VA_PSP_VMSA_SIZE];
  VaLaunchContext es = context;
  g_auto(Launch) launch = { 0 };

  es.policy = POLICY_ES;
  va_random_fill (pages, sizeof pages);
  launch_init (&launch, POLICY_ES);
  g_assert_cmpint (va_psp_launch_update_vmsa (launch.psp, pages[0]), ==, VA_PSP_INVALID_GUEST_STATE);
  g_assert_cmpint (start (&launch, POLICY_ES), ==, VA_PSP_SUCCESS);
  g_assert_cmpint (va_psp_launch_update_vmsa (launch.psp, pages[0]), ==, VA_PSP_SUCCESS);
  g_assert_cmpint (va_psp_launch_update_vmsa (launch.psp, pages[1]), ==, VA_PSP_SUCCESS);
  g_assert_cmpint (va_psp_launch_measure (launch.psp, launch.measure), ==, VA_PSP_SUCCESS);
  g_assert_true (measurement_fits (&launch, pages[0], sizeof pages, &es));
  g_assert_false (measurement_fits (&launch, pages[0], sizeof pages[0], &es));
}

static void
test_es_refused (void)
{
  const guint8 page[VA_PSP_VMSA_SIZE] = { 0 };
  g_auto(Launch) launch = { 0 };

  launch_init (&launch, POLICY);
  g_assert_cmpint (start (&launch, POLICY), ==, VA_PSP_SUCCESS);
  g_assert_cmpint (va_psp_launch_update_vmsa (launch.psp, page), ==, VA_PSP_UNSUPPORTED);
}

/* Whether @folder's chain verifies under the roots of @trusted, which are trusted or just known. */
static gboolean
chain_verifies (const VaPlatformFolder *folder, const VaPlatformFolder *trusted, gboolean trust, GError **error)
{
  g_autoptr(VaSevRoots) roots = va_sev_roots_new ();
  const char *generation = NULL;
  VaAmdCert ark, ask;
  VaSevChain chain;

  g_assert_true (va_amd_cert_parse (&ark, trusted->ark, trusted->root_size, NULL));
  g_assert_true (va_amd_cert_parse (&ask, trusted->ask, trusted->root_size, NULL));
  g_assert_true (va_sev_chain_parse (&chain, folder->platform.pdh, VA_PLATFORM_CERT_SIZE, folder->platform.chain,
                                     VA_PLATFORM_CHAIN_SIZE, NULL));
  if (!va_sev_roots_add (roots, "software", &ark, &ask, trust, error)
      || !va_sev_chain_verify (&chain, roots, &generation, error))
    return FALSE;
  g_assert_cmpstr (generation, ==, "software");
  return TRUE;
}

static void
test_chain (void)
{
  g_autoptr(GError) error = NULL;
  VaPlatformFolder milan = { .generation = VA_PLATFORM_MILAN };

  g_assert_true (chain_verifies (&made, &made, TRUE, &error));
  g_assert_no_error (error);
  g_assert_false (chain_verifies (&made, &made, FALSE, &error));
  g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_UNTRUSTED);
  g_clear_error (&error);
  va_platform_generate (&milan);
  g_assert_true (chain_verifies (&milan, &milan, TRUE, &error));
  g_assert_false (chain_verifies (&milan, &made, TRUE, &error));
  g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_SIGNATURE);
}

/* All but the CPU id, which no signature covers, break the chain under the first platform's roots. */
static void
test_tampered (void)
{
  guint count = 0;

  for (const char *const *what = va_platform_tamper_names (); *what != NULL; what++)
    {
      g_autoptr(GError) error = NULL;
      VaPlatformFolder tampered = made;
      gboolean roots = g_str_equal (*what, "ark") || g_str_equal (*what, "ask");

      g_assert_true (va_platform_tamper (&tampered, *what, NULL));
      if (g_str_equal (*what, "cpu-id"))
        {
          g_assert_true (chain_verifies (&tampered, &made, TRUE, NULL));
          continue;
        }
      g_assert_false (chain_verifies (&tampered, roots ? &tampered : &made, TRUE, &error));
      g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_SIGNATURE);
      count++;
    }
  g_assert_cmpuint (count, ==, 10);
}

static void
test_tamper_unknown (void)
{
  g_autoptr(GError) error = NULL;
  VaPlatformFolder folder = made;

  g_assert_false (va_platform_tamper (&folder, "moon", &error));
  g_assert_nonnull (error);
  g_assert_cmpmem (&folder, sizeof folder, &made, sizeof made);
}

/* A session for one platform is worthless on another, were it only another PDH key. */
static void
test_other_platform (void)
{
  VaPlatformFolder other = made;
  VaSevCert pdh = pdh_of (&made);
  g_autoptr(VaSevSession) session = va_sev_session_new (&pdh, POLICY, NULL);
  g_autoptr(VaPsp) psp = NULL;

  g_assert_nonnull (session);
  g_assert_true (va_platform_tamper (&other, "pdh-key", NULL));
  psp = va_psp_new (&other.platform);
  g_assert_cmpint (va_psp_init (psp, FALSE), ==, VA_PSP_SUCCESS);
  g_assert_cmpint (va_psp_launch_start (psp, POLICY, session->godh_cert, VA_SEV_CERT_SIZE, session->session,
                                        VA_SEV_SESSION_SIZE),
                   ==, VA_PSP_BAD_MEASUREMENT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  made.platform.api_minor = context.api_minor;
  made.platform.build = context.build_id;
  va_platform_generate (&made);
  g_test_add_func ("/psp/measurement", test_measurement);
  g_test_add_func ("/psp/session/refused", test_session_refused);
  g_test_add_func ("/psp/session/certificate-refused", test_godh_refused);
  g_test_add_func ("/psp/session/other-platform", test_other_platform);
  g_test_add_func ("/psp/packet", test_packet);
  g_test_add_func ("/psp/states", test_states);
  g_test_add_func ("/psp/es", test_es);
  g_test_add_func ("/psp/es/refused", test_es_refused);
  g_test_add_func ("/platform/chain", test_chain);
  g_test_add_func ("/platform/tampered", test_tampered);
  g_test_add_func ("/platform/tampered/unknown", test_tamper_unknown);
  return g_test_run ();
}
