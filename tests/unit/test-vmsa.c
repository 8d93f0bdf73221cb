/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "sev-data.h"
#include "tee/sev/bytes.h"
#include "tee/sev/error.h"
#include "tee/sev/vmsa.h"

static void
test_signature (void)
{
  guint32 signature;

  g_assert_cmphex (va_cpu_signature (23, 1, 2), ==, 0x00800f12);
  g_assert_cmphex (va_cpu_signature (25, 1, 1), ==, 0x00a00f11);
  g_assert_cmphex (va_cpu_signature (23, 49, 0), ==, 0x00830f10);
  g_assert_cmphex (va_cpu_signature (6, 158, 10), ==, 0x000906ea);
  for (guint version = 0; version < 5; version++)
    {
      static const char *const names[] = { "EPYC", "EPYC-v1", "EPYC-v4", "EPYC-IBPB", "23/1/2" };

      g_assert_true (va_cpu_parse (names[version], &signature, NULL));
      g_assert_cmphex (signature, ==, 0x00800f12);
    }
  g_assert_true (va_cpu_parse ("EPYC-Milan-v2", &signature, NULL));
  g_assert_cmphex (signature, ==, 0x00a00f11);
}

static void
test_bad_models (void)
{
  static const char *const bad[] = { "",      "epyc",     "EPYC-",   "EPYC-v",   "EPYC-vx", "EPYC-Milan-",
                                     "23/1",  "23/1/2/3", "23/1/16", "23/256/1", "271/1/1", "-1/1/1",
                                     "23//2", "v1",       "-v1" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;
      guint32 signature;

      if (va_cpu_parse (bad[i], &signature, &error))
        g_error ("taken: %s", bad[i]);
      g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT);
      g_assert_nonnull (strstr (error->message, "EPYC-Genoa"));
    }
}

/* The host's own processor has numbers that only the host knows. */
static void
test_host_models (void)
{
  static const char *const host[] = { "host", "host-passthrough", "host-model", "max" };

  for (guint i = 0; i < G_N_ELEMENTS (host); i++)
    {
      g_autoptr(GError) error = NULL;
      guint32 signature;

      g_assert_false (va_cpu_parse (host[i], &signature, &error));
      g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT);
      g_assert_nonnull (strstr (error->message, "/proc/cpuinfo"));
    }
}

static void
test_describe (void)
{
  g_autofree char *known = va_cpu_describe (0x00830f10), *other = va_cpu_describe (0x000906ea);

  g_assert_cmpstr (known, ==, "23/49/0 (EPYC-Rome)");
  g_assert_cmpstr (other, ==, "6/158/10");
}

static void
test_profiles (void)
{
  VaVmsaProfile profile;

  g_assert_true (va_vmsa_profile_parse ("zero", &profile) && profile == VA_VMSA_ZERO);
  g_assert_true (va_vmsa_profile_parse ("fpu", &profile) && profile == VA_VMSA_FPU);
  g_assert_true (va_vmsa_profile_parse ("fpu-debug-swap", &profile) && profile == VA_VMSA_FPU_DEBUG_SWAP);
  g_assert_false (va_vmsa_profile_parse ("either", &profile));
  for (guint i = 0; i < VA_VMSA_PROFILES; i++)
    {
      gboolean swap = va_vmsa_profile_features ((VaVmsaProfile) i) != 0;

      g_assert_true (va_vmsa_profile_allowed (NULL, (VaVmsaProfile) i) == !swap);
      g_assert_true (va_vmsa_profile_allowed ("either", (VaVmsaProfile) i) == !swap);
      g_assert_true (va_vmsa_profile_allowed ("debug-swap", (VaVmsaProfile) i) == swap);
      g_assert_true (va_vmsa_profile_allowed ("any", (VaVmsaProfile) i));
      g_assert_true (va_vmsa_profile_allowed ("fpu", (VaVmsaProfile) i) == (i == VA_VMSA_FPU));
    }
  g_assert_cmpstr (va_vmsa_profile_name (VA_VMSA_ZERO), ==, "zero");
  g_assert_cmpstr (va_vmsa_profile_name (VA_VMSA_FPU), ==, "fpu");
}

/* The two digests of the known case are those of the two profiles, one each. */
static void
test_known_answer (void)
{
  g_autoptr(GBytes) image = data_debian_ovmf ();
  g_autoptr(GPtrArray) cases = data_cases ();
  VaFirmware firmware;
  guint found = 0;

  if (image == NULL)
    return;
  g_assert_true (va_firmware_parse (&firmware, g_bytes_get_data (image, NULL), g_bytes_get_size (image), NULL));
  for (guint i = 0; i < cases->len; i++)
    {
      const Case *one = g_ptr_array_index (cases, i);
      gboolean libvirt = FALSE, other = FALSE;

      for (guint profile = 0; one->es && profile < VA_VMSA_PROFILES; profile++)
        {
          VaLaunchDigest *digest = va_launch_digest_new (g_bytes_get_data (image, NULL), g_bytes_get_size (image));
          guint8 out[VA_SHA256_SIZE];

          g_assert_true (va_launch_digest_add_cpus (digest, &firmware, 1, va_cpu_signature (23, 1, 2),
                                                    (VaVmsaProfile) profile, NULL));
          va_launch_digest_finish (digest, out);
          libvirt |= memcmp (out, one->digest, sizeof out) == 0;
          other |= memcmp (out, one->other_digest, sizeof out) == 0;
          found++;
        }
      g_assert_true (!one->es || (libvirt && other));
    }
  g_assert_cmpuint (found, ==, VA_VMSA_PROFILES);
}

static void
test_other_cpus (void)
{
  guint8 first[VA_VMSA_SIZE], next[VA_VMSA_SIZE], fpu[VA_VMSA_SIZE];

  va_sev_vmsa_build (VA_VMSA_FIRST_RESET, 0x00800f12, VA_VMSA_ZERO, first);
  va_sev_vmsa_build (0x0080b004, 0x00800f12, VA_VMSA_ZERO, next);
  va_sev_vmsa_build (0x0080b004, 0x00800f12, VA_VMSA_FPU, fpu);
  g_assert_cmphex (va_get_le32 (first + 0x18), ==, 0xffff0000);
  g_assert_cmphex (va_get_le32 (first + 0x178), ==, 0xfff0);
  g_assert_cmphex (va_get_le32 (next + 0x18), ==, 0x00800000);
  g_assert_cmphex (va_get_le32 (next + 0x178), ==, 0xb004);
  g_assert_cmphex (va_get_le32 (next + 0x310), ==, 0x00800f12);
  g_assert_cmphex (va_get_le32 (fpu + 0x408), ==, 0x1f80);
  g_assert_cmphex (va_get_le16 (fpu + 0x410), ==, 0x37f);
  memset (fpu + 0x408, 0, 4);
  memset (fpu + 0x410, 0, 2);
  g_assert_cmpmem (fpu, sizeof fpu, next, sizeof next);
}

static void
test_refused (void)
{
  VaFirmware without = { .size = 4096, .has_table = TRUE }, with = { .size = 4096, .ap_reset = 0x80b004 };
  g_autoptr(VaLaunchDigest) digest = va_launch_digest_new ("", 1);
  g_autoptr(GError) no_reset = NULL;
  g_autoptr(GError) none = NULL;
  g_autoptr(GError) many = NULL;

  g_assert_false (va_launch_digest_add_cpus (digest, &without, 1, 0, VA_VMSA_ZERO, &no_reset));
  g_assert_error (no_reset, VA_SEV_ERROR, VA_SEV_ERROR_FIRMWARE);
  g_assert_false (va_launch_digest_add_cpus (digest, &with, 0, 0, VA_VMSA_ZERO, &none));
  g_assert_error (none, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT);
  g_assert_false (va_launch_digest_add_cpus (digest, &with, VA_VMSA_CPUS_MAX + 1, 0, VA_VMSA_ZERO, &many));
  g_assert_error (many, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT);
}

/* The fields are all that is in a page, and reading finds what it was built from. */
static void
test_read (void)
{
  for (guint profile = 0; profile < VA_VMSA_PROFILES; profile++)
    {
      guint8 page[VA_VMSA_SIZE];
      VaVmsa vmsa;
      gsize count;
      const VaVmsaField *fields = va_vmsa_fields (&count);

      va_sev_vmsa_build (0x80b004, 0x00a00f11, (VaVmsaProfile) profile, page);
      va_sev_vmsa_read (page, &vmsa);
      g_assert_cmphex (vmsa.reset, ==, 0x80b004);
      g_assert_cmphex (vmsa.signature, ==, 0x00a00f11);
      g_assert_cmpuint (vmsa.profile, ==, profile);
      g_assert_cmpuint (vmsa.differing, ==, 0);
      page[0xfff] = 1;
      page[0x3b0] = 1;
      va_sev_vmsa_read (page, &vmsa);
      g_assert_cmpuint (vmsa.differing, ==, 2);
      g_assert_cmphex (vmsa.first_differing, ==, 0x3b0);
      page[0xfff] = page[0x3b0] = 0;
      for (gsize i = 0; i < count; i++)
        {
          g_assert_true (i == 0 || fields[i].offset >= fields[i - 1].offset + fields[i - 1].size);
          memset (page + fields[i].offset, 0, fields[i].size);
        }
      g_assert_true (va_bytes_are_zero (page, sizeof page));
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vmsa/signature", test_signature);
  g_test_add_func ("/vmsa/bad-models", test_bad_models);
  g_test_add_func ("/vmsa/host-models", test_host_models);
  g_test_add_func ("/vmsa/describe", test_describe);
  g_test_add_func ("/vmsa/profiles", test_profiles);
  g_test_add_func ("/vmsa/known-answer", test_known_answer);
  g_test_add_func ("/vmsa/other-cpus", test_other_cpus);
  g_test_add_func ("/vmsa/read", test_read);
  g_test_add_func ("/vmsa/refused", test_refused);
  return g_test_run ();
}
