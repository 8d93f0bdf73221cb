/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/encoding.h"
#include "core/guid.h"
#include "sev-data.h"
#include "tee/sev/bytes.h"
#include "tee/sev/digest.h"
#include "tee/sev/error.h"

static void
assert_hash (const guint8 hash[VA_SHA256_SIZE], const char *expected)
{
  g_autofree char *hex = va_hex_encode (hash, VA_SHA256_SIZE);

  g_assert_cmpstr (hex, ==, expected);
}

static void
test_sha256 (void)
{
  guint8 hash[VA_SHA256_SIZE];

  va_sha256 ("abc", 3, hash); /* FIPS 180-4 example */
  assert_hash (hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  va_sha256 (NULL, 0, hash);
  assert_hash (hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void
test_cmdline (void)
{
  guint8 hash[VA_SHA256_SIZE], empty[VA_SHA256_SIZE], expected[VA_SHA256_SIZE];

  va_kernel_cmdline_hash (NULL, hash);
  assert_hash (hash, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"); /* of one zero byte */
  va_kernel_cmdline_hash ("", empty);
  g_assert_cmpmem (hash, sizeof hash, empty, sizeof empty);
  va_kernel_cmdline_hash ("quiet", hash);
  va_sha256 ("quiet", 6, expected);
  g_assert_cmpmem (hash, sizeof hash, expected, sizeof expected);
  va_sha256 ("quiet", 5, expected);
  g_assert_true (memcmp (hash, expected, sizeof expected) != 0);
}

static void
test_known_answers (void)
{
  g_autoptr(GBytes) image = data_debian_ovmf ();
  g_autoptr(GPtrArray) cases = NULL;
  guint plain = 0;

  if (image == NULL)
    return;
  cases = data_cases ();
  for (guint i = 0; i < cases->len; i++)
    {
      const Case *one = g_ptr_array_index (cases, i);
      guint8 digest[VA_SHA256_SIZE];

      va_launch_digest_finish (va_launch_digest_new (g_bytes_get_data (image, NULL), g_bytes_get_size (image)), digest);
      if (one->es)
        {
          g_assert_true (memcmp (digest, one->digest, sizeof digest) != 0); /* VMSA pages are missing */
          continue;
        }
      plain++;
      g_assert_cmpmem (digest, sizeof digest, one->digest, sizeof one->digest);
      g_assert_cmpmem (digest, sizeof digest, one->other_digest, sizeof one->other_digest);
    }
  g_assert_cmpuint (plain, ==, 2);
}

static void
hashes_of_inputs (VaKernelHashes *hashes)
{
  g_autoptr(GBytes) kernel = data_file ("inputs/kernel.bin");
  g_autoptr(GBytes) initrd = data_file ("inputs/initrd.bin");
  g_autoptr(GBytes) cmdline = data_file ("inputs/cmdline.txt");
  g_autofree char *text = g_strndup (g_bytes_get_data (cmdline, NULL), g_bytes_get_size (cmdline));

  va_sha256 (g_bytes_get_data (kernel, NULL), g_bytes_get_size (kernel), hashes->kernel);
  va_sha256 (g_bytes_get_data (initrd, NULL), g_bytes_get_size (initrd), hashes->initrd);
  va_kernel_cmdline_hash (text, hashes->cmdline);
}

static void
test_kernel_table (void)
{
  static const char *const guids[] = { "97d02dd8-bd20-4c94-aa78-e7714d36ab2a", "44baf731-3a2f-4bd7-9af1-41e29169781d",
                                       "4de79437-abd2-427f-b835-d5b172d2045b" };
  VaKernelHashes hashes;
  const guint8 *const values[] = { hashes.cmdline, hashes.initrd, hashes.kernel };
  guint8 table[VA_KERNEL_TABLE_SIZE], guid[VA_GUID_SIZE];

  hashes_of_inputs (&hashes);
  va_kernel_table (&hashes, table);
  g_assert_true (va_guid_parse ("9438d606-4f22-4cc9-b479-a793d411fd21", guid, NULL));
  g_assert_cmpmem (table, 16, guid, 16);
  g_assert_cmpuint (va_get_le16 (table + 16), ==, 168);
  for (guint i = 0; i < 3; i++)
    {
      const guint8 *entry = table + 18 + 50 * i;

      g_assert_true (va_guid_parse (guids[i], guid, NULL));
      g_assert_cmpmem (entry, 16, guid, 16);
      g_assert_cmpuint (va_get_le16 (entry + 16), ==, 50);
      g_assert_cmpmem (entry + 18, 32, values[i], 32);
    }
  g_assert_true (va_bytes_are_zero (table + 168, 8));
}

static const VaFirmware roomy = { .size = 5, .has_table = TRUE, .hashes_base = 0x810c00, .hashes_size = 0x400 };

static void
test_kernel_digest (void)
{
  g_autoptr(VaLaunchDigest) digest = va_launch_digest_new ("image", 5);
  g_autoptr(GError) error = NULL;
  VaKernelHashes hashes;
  guint8 all[5 + VA_KERNEL_TABLE_SIZE], expected[VA_SHA256_SIZE], found[VA_SHA256_SIZE];

  hashes_of_inputs (&hashes);
  g_assert_true (va_launch_digest_add_kernel (digest, &roomy, &hashes, &error));
  va_launch_digest_finish (g_steal_pointer (&digest), found);
  memcpy (all, "image", 5);
  va_kernel_table (&hashes, all + 5);
  va_sha256 (all, sizeof all, expected);
  g_assert_cmpmem (found, sizeof found, expected, sizeof expected);
}

static void
assert_no_room (const VaFirmware *firmware)
{
  g_autoptr(VaLaunchDigest) digest = va_launch_digest_new ("image", 5);
  g_autoptr(GError) error = NULL;
  VaKernelHashes hashes;
  guint8 found[VA_SHA256_SIZE], unchanged[VA_SHA256_SIZE];

  hashes_of_inputs (&hashes);
  g_assert_false (va_launch_digest_add_kernel (digest, firmware, &hashes, &error));
  g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FIRMWARE);
  va_launch_digest_finish (g_steal_pointer (&digest), found);
  va_sha256 ("image", 5, unchanged);
  g_assert_cmpmem (found, sizeof found, unchanged, sizeof unchanged);
}

static void
test_refuses_no_room (void)
{
  VaFirmware firmware = { .size = 5 };

  assert_no_room (&firmware);
  firmware = roomy;
  firmware.hashes_base = 0;
  assert_no_room (&firmware);
  firmware = roomy;
  firmware.hashes_size = VA_KERNEL_TABLE_SIZE - 1;
  assert_no_room (&firmware);
  firmware.hashes_size = 0;
  assert_no_room (&firmware);
}

static void
test_refuses_debian_ovmf (void)
{
  g_autoptr(GBytes) image = data_debian_ovmf ();
  VaFirmware firmware;

  if (image == NULL)
    return;
  g_assert_true (va_firmware_parse (&firmware, g_bytes_get_data (image, NULL), g_bytes_get_size (image), NULL));
  assert_no_room (&firmware);
}

static void
test_copy (void)
{
  g_autoptr(VaLaunchDigest) one = va_launch_digest_new ("ab", 2);
  g_autoptr(VaLaunchDigest) two = va_launch_digest_copy (one);
  guint8 found[VA_SHA256_SIZE], expected[VA_SHA256_SIZE];

  va_launch_digest_add (two, "c", 1);
  va_launch_digest_add (two, NULL, 0);
  va_launch_digest_finish (g_steal_pointer (&two), found);
  va_sha256 ("abc", 3, expected);
  g_assert_cmpmem (found, sizeof found, expected, sizeof expected);
  va_launch_digest_finish (g_steal_pointer (&one), found);
  va_sha256 ("ab", 2, expected);
  g_assert_cmpmem (found, sizeof found, expected, sizeof expected);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sev/digest/sha256", test_sha256);
  g_test_add_func ("/sev/digest/cmdline", test_cmdline);
  g_test_add_func ("/sev/digest/known-answers", test_known_answers);
  g_test_add_func ("/sev/digest/kernel-table", test_kernel_table);
  g_test_add_func ("/sev/digest/kernel-digest", test_kernel_digest);
  g_test_add_func ("/sev/digest/refuses-no-room", test_refuses_no_room);
  g_test_add_func ("/sev/digest/refuses-debian-ovmf", test_refuses_debian_ovmf);
  g_test_add_func ("/sev/digest/copy", test_copy);
  return g_test_run ();
}
