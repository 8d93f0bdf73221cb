/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "tee/sev/explain.h"

/* What service and toolbox cannot easily bring about: many vCPUs, several images, images that cannot be read. The
   mistakes one by one are in test-cli-sev.py and test-service.py. */

#define IMAGES 3

typedef struct {
  VaSevMismatch mismatch;
  VaSecret *tik;
  guint8 measurement[VA_MEASUREMENT_SIZE];
  guint opened;
} Case;

static const char *const names[IMAGES] = { "first", "second", "third" };

static const char *
name_of (guint index, gpointer user_data)
{
  (void) user_data;
  return names[index];
}

/* The second image is not to be had. */
static gboolean
open_image (guint index, VaLaunchDigest **begun, VaFirmware *footer, gpointer user_data)
{
  Case *c = user_data;

  c->opened++;
  memset (footer, 0, sizeof *footer);
  footer->ap_reset = 0x80b004;
  if (index == 1)
    return FALSE;
  *begun = va_launch_digest_new (names[index], strlen (names[index]));
  return TRUE;
}

static void
set_up (Case *c, gconstpointer data)
{
  (void) data;
  memset (c, 0, sizeof *c);
  c->tik = va_secret_copy_in ("0123456789abcdef", 16);
  c->mismatch = (VaSevMismatch){ .tik = c->tik,
                                 .context = { 1, 51, 3, 5 },
                                 .measurement = c->measurement,
                                 .profiles = { TRUE, FALSE },
                                 .cpu_signature = 0x00a00f11,
                                 .firmware_count = IMAGES,
                                 .expected_count = IMAGES,
                                 .firmware_name = name_of,
                                 .open_firmware = open_image,
                                 .user_data = c };
}

static void
tear_down (Case *c, gconstpointer data)
{
  (void) data;
  va_secret_free (c->tik);
}

static void
measure (Case *c, const char *image, guint cpus)
{
  VaLaunchDigest *digest = va_launch_digest_new (image, strlen (image));
  VaFirmware footer = { .ap_reset = 0x80b004 };
  guint8 hash[VA_SHA256_SIZE];

  if (cpus > 0)
    g_assert_true (va_launch_digest_add_cpus (digest, &footer, cpus, 0x00a00f11, VA_VMSA_ZERO, NULL));
  va_launch_digest_finish (digest, hash);
  va_measurement_compute (c->tik, &c->mismatch.context, hash, c->measurement + 32, c->measurement);
}

static void
test_several_images (Case *c, gconstpointer data)
{
  static const guint32 expected[] = { 1, 2 };
  g_autoptr(GPtrArray) ruled_out = g_ptr_array_new ();
  g_autofree char *change = NULL;

  (void) data;
  c->mismatch.cpus = expected;
  c->mismatch.cpus_length = 2;
  measure (c, "third", 5);
  change = va_sev_mismatch_explain (&c->mismatch, ruled_out);
  g_assert_cmpstr (change, ==, "the guest's number of vCPUs is 5, not 1 or 2 (VMSA profile “zero”) (firmware third)");
  g_assert_cmpuint (ruled_out->len, ==,
                    2); /* plain SEV, kernel hashes; no digest is given that policies could be tried with */
}

static void
test_other_image (Case *c, gconstpointer data)
{
  g_autoptr(GPtrArray) ruled_out = g_ptr_array_new ();
  g_autofree char *change = NULL;

  (void) data;
  c->mismatch.expected_count = 0;
  measure (c, "third", 0);
  change = va_sev_mismatch_explain (&c->mismatch, ruled_out);
  g_assert_cmpstr (change, ==, "the guest was started with firmware third");
  g_assert_cmpuint (c->opened, ==, IMAGES);
}

/* The search ends where it was told to, and says so. */
static void
test_budget (Case *c, gconstpointer data)
{
  static const guint32 expected[] = { 4096 };
  g_autoptr(GPtrArray) ruled_out = g_ptr_array_new (), all = g_ptr_array_new ();
  g_autofree char *change = NULL, *none = NULL;

  (void) data;
  c->mismatch.cpus = expected;
  c->mismatch.cpus_length = 1;
  c->mismatch.expected_count = 1;
  c->mismatch.firmware_count = 1;
  measure (c, "first", 3);
  c->mismatch.budget = 1;
  g_assert_null (va_sev_mismatch_explain (&c->mismatch, all));
  g_assert_cmpuint (all->len, ==, 1);
  c->mismatch.budget = VA_VMSA_SIZE;
  none = va_sev_mismatch_explain (&c->mismatch, ruled_out);
  g_assert_null (none);
  g_assert_nonnull (strstr (ruled_out->pdata[ruled_out->len - 1], "not everything was tried"));
  for (guint i = 0; i + 1 < ruled_out->len; i++)
    g_assert_null (strstr (ruled_out->pdata[i], "vCPU"));
  c->mismatch.budget = 0;
  change = va_sev_mismatch_explain (&c->mismatch, all);
  g_assert_nonnull (strstr (change, "vCPUs is 3, not 4096"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/explain/several-images", Case, NULL, set_up, test_several_images, tear_down);
  g_test_add ("/explain/other-image", Case, NULL, set_up, test_other_image, tear_down);
  g_test_add ("/explain/budget", Case, NULL, set_up, test_budget, tear_down);
  return g_test_run ();
}
