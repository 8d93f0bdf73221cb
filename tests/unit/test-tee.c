/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "sev-data.h"
#include "tee/sev/error.h"
#include "tee/sev/packet.h"
#include "tee/sev/seam.h"
#include "tee/sev/session.h"

static const VaTee *const both[] = { &va_tee_sev, &va_tee_sev_es };

/* The launch's keys and the evidence of a known-answer case. */
static VaSecret *
case_keys (const Case *one)
{
  VaSecret *keys = va_secret_new (2 * VA_SEV_KEY_SIZE);

  memcpy (va_secret_data (keys), va_secret_data (one->tik), VA_SEV_KEY_SIZE);
  memcpy (va_secret_data (keys) + VA_SEV_KEY_SIZE, va_secret_data (one->tek), VA_SEV_KEY_SIZE);
  return keys;
}

static void
case_evidence (const Case *one, VaEvidence *evidence)
{
  const VaLaunchContext context = { one->api_major, one->api_minor, one->build_id, one->policy };
  guint8 measurement[VA_MEASUREMENT_SIZE];

  memcpy (measurement, one->measure, 32);
  memcpy (measurement + 32, one->mnonce, 16);
  va_sev_evidence_write (&context, measurement, evidence);
}

static void
test_find (void)
{
  g_assert_true (va_tee_find ("amd-sev") == &va_tee_sev);
  g_assert_true (va_tee_find ("amd-sev-es") == &va_tee_sev_es);
  g_assert_null (va_tee_find ("amd-sev-"));
  g_assert_null (va_tee_find (""));
  g_assert_null (va_tee_find ("AMD-SEV"));
  for (guint i = 0; i < G_N_ELEMENTS (both); i++)
    {
      g_assert_cmpint (both[i]->moment, ==, VA_TEE_BEFORE_START);
      g_assert_cmpuint (both[i]->digest_size, ==, VA_SHA256_SIZE);
    }
  g_assert_null (va_tee_sev.cpus);
  g_assert_nonnull (va_tee_sev_es.cpus);
}

static void
test_blobs (void)
{
  g_autoptr(VaBlobs) blobs = va_blobs_new ();

  g_assert_null (va_blobs_get (blobs, "a"));
  va_blobs_add_copy (blobs, "a", "12", 2);
  va_blobs_add (blobs, "b", g_bytes_new_static ("345", 3));
  g_assert_cmpmem (va_blobs_get_sized (blobs, "a", 2), 2, "12", 2);
  g_assert_cmpmem (va_blobs_get_sized (blobs, "b", 3), 3, "345", 3);
  g_assert_null (va_blobs_get_sized (blobs, "b", 2));
  g_assert_null (va_blobs_get_sized (blobs, "b", 4));
  g_assert_null (va_blobs_get (blobs, "c"));
}

static void
test_evidence_is_canonical (void)
{
  const VaLaunchContext context = { 1, 51, 3, 0x12345678 };
  const guint8 head[] = { 1, 51, 3, 0x78, 0x56, 0x34, 0x12 };
  guint8 measurement[VA_MEASUREMENT_SIZE], again[VA_MEASUREMENT_SIZE];
  g_auto(VaEvidence) evidence = { 0 };
  VaLaunchContext read;
  const guint8 *bytes;
  VaClaims claims;

  for (guint i = 0; i < sizeof measurement; i++)
    measurement[i] = (guint8) (0x80 + i);
  va_sev_evidence_write (&context, measurement, &evidence);
  g_assert_cmpstr (evidence.type, ==, "amd-sev-measurement");
  g_assert_cmpuint (g_bytes_get_size (evidence.bytes), ==, 55);
  bytes = g_bytes_get_data (evidence.bytes, NULL);
  g_assert_cmpmem (bytes, sizeof head, head, sizeof head);
  g_assert_cmpmem (bytes + sizeof head, 48, measurement, sizeof measurement);

  g_assert_true (va_sev_evidence_read (evidence.bytes, &read, again, NULL));
  g_assert_true (read.api_major == 1 && read.api_minor == 51 && read.build_id == 3 && read.policy == 0x12345678);
  g_assert_cmpmem (again, sizeof again, measurement, sizeof measurement);
  g_assert_true (va_evidence_read (&evidence, &claims, NULL));
  g_assert_true (claims.api_major == 1 && claims.api_minor == 51 && claims.build_id == 3);
  g_assert_cmpuint (claims.policy, ==, 0x12345678);
  g_assert_cmpmem (claims.measurement, sizeof claims.measurement, measurement, sizeof measurement);
}

static void
test_evidence_refused (void)
{
  const guint8 bytes[VA_SEV_EVIDENCE_SIZE + 1] = { 0 };
  const gsize sizes[] = { 0, 1, VA_MEASUREMENT_SIZE, VA_SEV_EVIDENCE_SIZE - 1, VA_SEV_EVIDENCE_SIZE + 1 };
  const char *const types[] = { "", "amd-sev", "amd-sev-measurement2", "AMD-SEV-MEASUREMENT" };
  g_autoptr(VaSecret) tik = va_secret_new (VA_SEV_KEY_SIZE);
  const VaReference reference = { .digest = { 0 } };
  VaClaims claims;
  guint which;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_auto(VaEvidence) evidence = { VA_SEV_EVIDENCE, g_bytes_new_static (bytes, sizes[i]) };
      g_autoptr(GError) error = NULL;

      g_assert_false (va_evidence_read (&evidence, &claims, &error));
      g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE);
      g_assert_cmpint (va_tee_sev.appraise (evidence.bytes, tik, &reference, 1, &which), ==, VA_TEE_UNREADABLE);
    }
  for (guint i = 0; i <= G_N_ELEMENTS (types); i++)
    {
      gboolean none = i == G_N_ELEMENTS (types); /* no bytes at all */
      g_auto(VaEvidence) evidence = { none ? VA_SEV_EVIDENCE : types[i],
                                      none ? NULL : g_bytes_new_static (bytes, VA_SEV_EVIDENCE_SIZE) };
      g_autoptr(GError) error = NULL;

      g_assert_false (va_evidence_read (&evidence, &claims, &error));
      g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE);
    }
}

/* The measurements that libvirt computed, among other references. */
static void
test_appraises (void)
{
  g_autoptr(GPtrArray) cases = data_cases ();

  for (guint i = 0; i < cases->len; i++)
    {
      const Case *one = g_ptr_array_index (cases, i);
      const VaTee *tee = one->es ? &va_tee_sev_es : &va_tee_sev;
      g_autoptr(VaSecret) keys = case_keys (one), key = tee->appraisal_key (keys), other = va_secret_new (16);
      VaReference references[3] = { { .digest = { 1 } }, { .digest = { 0 } }, { .digest = { 2 } } };
      g_auto(VaEvidence) evidence = { 0 };
      guint which = 9;

      case_evidence (one, &evidence);
      memcpy (references[1].digest, one->digest, VA_SHA256_SIZE);
      g_assert_true (va_secret_equal (key, one->tik));
      g_assert_cmpint (tee->appraise (evidence.bytes, key, references, 3, &which), ==, VA_TEE_MATCH);
      g_assert_cmpuint (which, ==, 1);
      g_assert_cmpint (tee->appraise (evidence.bytes, other, references, 3, &which), ==, VA_TEE_MISMATCH);
      g_assert_cmpint (tee->appraise (evidence.bytes, key, references, 0, &which), ==, VA_TEE_MISMATCH);
      references[1].digest[31] ^= 1;
      g_assert_cmpint (tee->appraise (evidence.bytes, key, references, 3, &which), ==, VA_TEE_MISMATCH);
    }
}

static void
test_keys_refused (void)
{
  const gsize sizes[] = { 0, 16, 31, 33 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr(VaSecret) keys = va_secret_new (sizes[i]), table = va_secret_new (16);
      g_autoptr(GPtrArray) cases = data_cases ();
      g_auto(VaEvidence) evidence = { 0 };

      case_evidence (g_ptr_array_index (cases, 0), &evidence);
      g_assert_null (va_tee_sev.appraisal_key (keys));
      g_assert_null (va_tee_sev.seal (keys, table, evidence.bytes));
    }
}

static VaTeePlatform *
read_naples (const VaTee *tee, gsize pdh, gsize rest, GError **error)
{
  guint8 certs[4][VA_SEV_CERT_SIZE];
  g_autoptr(VaBlobs) claim = va_blobs_new ();

  data_naples (certs);
  va_blobs_add_copy (claim, VA_SEV_CLAIM_PDH, certs[0], pdh);
  va_blobs_add_copy (claim, VA_SEV_CLAIM_CERT_CHAIN, certs[1], rest);
  return tee->read_platform (claim, error);
}

static void
test_platform (void)
{
  g_autoptr(VaSevRoots) roots = data_roots (), none = va_sev_roots_new ();
  const VaTeeRoots trusted = { roots }, nothing = { none };

  for (guint i = 0; i < G_N_ELEMENTS (both); i++)
    {
      g_autoptr(VaTeePlatform) platform = read_naples (both[i], VA_SEV_CERT_SIZE, 3 * VA_SEV_CERT_SIZE, NULL);
      g_autoptr(GError) error = NULL;
      guint8 certs[4][VA_SEV_CERT_SIZE], chip[32];
      g_autoptr(GBytes) owner = NULL, other = NULL, broken = NULL;
      VaSevCert cek;
      gboolean same;

      data_naples (certs);
      g_assert_true (platform->tee == both[i]);
      g_assert_true (va_sev_cert_parse (&cek, certs[3], VA_SEV_CERT_SIZE, NULL));
      va_sev_cert_key_hash (&cek, chip);
      g_assert_cmpmem (platform->chip, sizeof platform->chip, chip, sizeof chip);
      g_assert_false (both[i]->verify_platform (platform, &nothing, FALSE, &error));
      g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_SIGNATURE);
      g_assert_null (platform->generation);
      g_assert_true (both[i]->lacks_root_only (platform));
      g_assert_true (both[i]->verify_platform (platform, &trusted, FALSE, NULL));
      g_assert_cmpstr (platform->generation, ==, "naples");

      owner = g_bytes_new (certs[2], VA_SEV_CERT_SIZE);
      other = g_bytes_new (certs[1], VA_SEV_CERT_SIZE);
      broken = g_bytes_new (certs[2], VA_SEV_CERT_SIZE - 1);
      g_assert_true (both[i]->has_owner (platform, owner, &same, NULL) && same);
      g_assert_true (both[i]->has_owner (platform, other, &same, NULL) && !same);
      g_assert_false (both[i]->has_owner (platform, broken, &same, NULL));
      g_assert_true (both[i]->check_owner (owner, NULL));
      g_assert_false (both[i]->check_owner (other, NULL)); /* a PEK */
      g_assert_false (both[i]->check_owner (broken, NULL));
    }
}

static void
test_platform_refused (void)
{
  g_autoptr(VaBlobs) empty = va_blobs_new ();
  const gsize sizes[][2] = { { 0, 3 * VA_SEV_CERT_SIZE },
                             { VA_SEV_CERT_SIZE - 1, 3 * VA_SEV_CERT_SIZE },
                             { VA_SEV_CERT_SIZE, 0 },
                             { VA_SEV_CERT_SIZE, 3 * VA_SEV_CERT_SIZE - 1 } };

  g_assert_null (va_tee_sev.read_platform (empty, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (read_naples (&va_tee_sev, sizes[i][0], sizes[i][1], &error));
      g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT);
    }
}

static void
test_begins (void)
{
  g_autoptr(VaTeePlatform) platform = read_naples (&va_tee_sev, VA_SEV_CERT_SIZE, 3 * VA_SEV_CERT_SIZE, NULL);
  VaTeeLaunch launch = { .platform = platform, .policy = 1 };
  g_auto(VaTeeStart) start = { 0 }, next = { 0 }, wide = { 0 };
  g_autoptr(GError) error = NULL;

  g_assert_true (va_tee_sev.begin (&launch, &start, NULL));
  g_assert_nonnull (va_blobs_get_sized (start.handover, VA_SEV_START_SESSION, VA_SEV_SESSION_SIZE));
  g_assert_nonnull (va_blobs_get_sized (start.handover, VA_SEV_START_OWNER_CERT, VA_SEV_CERT_SIZE));
  g_assert_cmpuint (va_secret_size (start.keys), ==, 32);
  g_assert_true (va_tee_sev.begin (&launch, &next, NULL));
  g_assert_false (va_secret_equal (start.keys, next.keys));
  /* A policy of SNP must not lose its upper half. */
  launch.policy = G_GUINT64_CONSTANT (0x100000001);
  g_assert_false (va_tee_sev.begin (&launch, &wide, &error));
  g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT);
  g_assert_null (wide.keys);
}

static void
test_seals (void)
{
  g_autoptr(GPtrArray) cases = data_cases ();
  const Case *one = g_ptr_array_index (cases, 0);
  g_autoptr(VaSecret) keys = case_keys (one), table = va_secret_new (64);
  g_auto(VaEvidence) evidence = { 0 };
  g_autoptr(VaBlobs) packet = NULL;
  g_autoptr(GBytes) again = NULL;
  guint8 header[VA_PACKET_HEADER_SIZE];
  const guint8 *sealed;

  case_evidence (one, &evidence);
  packet = va_tee_sev.seal (keys, table, evidence.bytes);
  sealed = va_blobs_get_sized (packet, VA_SEV_PACKET_HEADER, VA_PACKET_HEADER_SIZE);
  /* The IV is fresh, and follows four bytes of flags. */
  again = va_packet_seal_with_iv (one->tik, one->tek, table, one->measure, sealed + 4, header);
  g_assert_cmpmem (sealed, VA_PACKET_HEADER_SIZE, header, sizeof header);
  g_assert_true (g_bytes_equal (again, va_blobs_get (packet, VA_SEV_PACKET_PAYLOAD)));
}

static void
test_image (void)
{
  const guint8 bytes[4096] = { 1, 2, 3 };
  const VaMeasuredParts alone = { 0 }, cpus = { .cpus = 1, .cpu_signature = 0x800f12 };
  g_autoptr(VaTeeImage) image = va_tee_sev.read_image (bytes, sizeof bytes);
  g_autoptr(VaTeeImage) copy = va_tee_image_copy (image);
  guint8 hash[VA_SHA256_SIZE], digest[VA_MEASURED_MAX];
  g_autoptr(GError) error = NULL;

  va_sha256 (bytes, sizeof bytes, hash);
  g_assert_cmpmem (image->hash, sizeof image->hash, hash, sizeof hash);
  for (guint i = 0; i < 2; i++) /* to compute does not use it up */
    {
      g_assert_true (va_tee_sev.compute_digest (copy, &alone, digest, NULL));
      g_assert_cmpmem (digest, VA_SHA256_SIZE, hash, sizeof hash);
    }
  /* It has no reset address. */
  g_assert_false (va_tee_sev_es.compute_digest (image, &cpus, digest, &error));
  g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FIRMWARE);
  g_assert_null (va_tee_sev.read_image (NULL, 0));
}

static void
test_profiles (void)
{
  const VaTeeCpus *cpus = va_tee_sev_es.cpus;
  guint profile;

  for (guint i = 0; i < cpus->profiles; i++)
    {
      g_assert_true (cpus->parse_profile (cpus->profile_name (i), &profile));
      g_assert_cmpuint (profile, ==, i);
      g_assert_true (cpus->allows_profile (cpus->profile_name (i), i));
      g_assert_true (cpus->allows_profile (NULL, i) == (i < cpus->usual_profiles));
    }
  g_assert_false (cpus->parse_profile ("none", &profile));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tee/find", test_find);
  g_test_add_func ("/tee/blobs", test_blobs);
  g_test_add_func ("/tee/sev/evidence-is-canonical", test_evidence_is_canonical);
  g_test_add_func ("/tee/sev/evidence-refused", test_evidence_refused);
  g_test_add_func ("/tee/sev/appraises", test_appraises);
  g_test_add_func ("/tee/sev/keys-refused", test_keys_refused);
  g_test_add_func ("/tee/sev/platform", test_platform);
  g_test_add_func ("/tee/sev/platform-refused", test_platform_refused);
  g_test_add_func ("/tee/sev/begins", test_begins);
  g_test_add_func ("/tee/sev/seals", test_seals);
  g_test_add_func ("/tee/sev/image", test_image);
  g_test_add_func ("/tee/sev/profiles", test_profiles);
  return g_test_run ();
}
