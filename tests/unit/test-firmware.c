/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/guid.h"
#include "sev-data.h"
#include "tee/sev/bytes.h"
#include "tee/sev/error.h"
#include "tee/sev/firmware.h"

#define GUID_FOOTER "96b582de-1fb2-45f7-baea-a366c55a082d"
#define GUID_SECRET "4c2eb361-7d9b-4cc3-8081-127c90d3d294"
#define GUID_HASHES "7255371f-3a3b-4b04-927b-1da6efa8d454"
#define GUID_RESET "00f771de-1a7e-4fcb-890e-68c77e2fb44e"
#define GUID_OTHER "dc886566-984a-4798-a75e-5585a7bf67cc"

/* An image in the making: entries are put where they stand in the file, the footer closes the table. */
static void
put_u32 (GByteArray *image, guint32 value)
{
  guint8 bytes[4];

  va_put_le32 (bytes, value);
  g_byte_array_append (image, bytes, 4);
}

static void
put_tail (GByteArray *image, guint length, const char *guid)
{
  guint8 bytes[2 + VA_GUID_SIZE];

  va_put_le16 (bytes, (guint16) length);
  g_assert_true (va_guid_parse (guid, bytes + 2, NULL));
  g_byte_array_append (image, bytes, sizeof bytes);
}

static void
put_area (GByteArray *image, const char *guid, guint32 base, guint32 size)
{
  put_u32 (image, base);
  put_u32 (image, size);
  put_tail (image, 26, guid);
}

static void
put_end (GByteArray *image, guint length)
{
  static const guint8 reset_vector[0x20] = { 0x90 };

  put_tail (image, length, GUID_FOOTER);
  g_byte_array_append (image, reset_vector, sizeof reset_vector);
}

static void
assert_good (GByteArray *image, VaFirmware *firmware)
{
  g_autoptr(GError) error = NULL;
  g_autofree guint8 *exact = g_memdup2 (image->data, image->len); /* so that AddressSanitizer sees its ends */

  g_assert_true (va_firmware_parse (firmware, exact, image->len, &error));
  g_assert_no_error (error);
}

static void
assert_bad (GByteArray *image)
{
  g_autoptr(GError) error = NULL;
  g_autofree guint8 *exact = g_memdup2 (image->data, image->len);
  VaFirmware firmware, zero = { 0 };

  g_assert_false (va_firmware_parse (&firmware, exact, image->len, &error));
  g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT);
  g_assert_cmpmem (&firmware, sizeof firmware, &zero, sizeof zero);
}

static void
test_reads_all (void)
{
  g_autoptr(GByteArray) image = g_byte_array_new ();
  VaFirmware firmware;

  g_byte_array_append (image, (const guint8 *) "code", 4);
  put_area (image, GUID_OTHER, 0x1000, 0x2000);
  put_u32 (image, 0x80b004);
  put_tail (image, 22, GUID_RESET);
  put_area (image, GUID_HASHES, 0x810c00, 0x400);
  put_area (image, GUID_SECRET, 0x810000, 0xc00);
  put_end (image, 18 + 3 * 26 + 22);
  assert_good (image, &firmware);
  g_assert_true (firmware.has_table);
  g_assert_cmpuint (firmware.size, ==, image->len);
  g_assert_cmpuint (firmware.secret_base, ==, 0x810000);
  g_assert_cmpuint (firmware.secret_size, ==, 0xc00);
  g_assert_cmpuint (firmware.hashes_base, ==, 0x810c00);
  g_assert_cmpuint (firmware.hashes_size, ==, 0x400);
  g_assert_cmpuint (firmware.ap_reset, ==, 0x80b004);
}

static void
test_no_table (void)
{
  g_autoptr(GByteArray) image = g_byte_array_new ();
  VaFirmware firmware;

  for (guint size = 1; size < 80; size++)
    {
      g_byte_array_append (image, (const guint8 *) "x", 1);
      assert_good (image, &firmware);
      g_assert_false (firmware.has_table);
      g_assert_cmpuint (firmware.size, ==, size);
      g_assert_cmpuint (firmware.secret_base, ==, 0);
    }
}

static void
test_empty_table (void)
{
  g_autoptr(GByteArray) image = g_byte_array_new ();
  VaFirmware firmware;

  put_end (image, 18);
  assert_good (image, &firmware);
  g_assert_true (firmware.has_table);
  g_assert_cmpuint (firmware.ap_reset, ==, 0);
}

/* QEMU 7.2 would inject at guest address 0 for an area without address. */
static void
test_no_address (void)
{
  g_autoptr(GByteArray) image = g_byte_array_new ();
  VaFirmware firmware;

  put_area (image, GUID_HASHES, 0, 0x400);
  put_area (image, GUID_SECRET, 0, 0xc00);
  put_end (image, 18 + 52);
  assert_good (image, &firmware);
  g_assert_cmpuint (firmware.secret_base, ==, 0);
  g_assert_cmpuint (firmware.secret_size, ==, 0);
  g_assert_cmpuint (firmware.hashes_base, ==, 0);
  g_assert_cmpuint (firmware.hashes_size, ==, 0);
}

static void
test_refuses_table_length (void)
{
  static const guint lengths[] = { 0, 1, 17, 19, 18 + 25, 18 + 27, 18 + 26 + 8, 255, 0x7fff, 0x8000, 0xffff };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr(GByteArray) image = g_byte_array_new ();

      g_byte_array_append (image, (const guint8 *) "12345678", 8);
      put_area (image, GUID_SECRET, 0x810000, 0xc00);
      put_end (image, lengths[i]);
      g_test_message ("table of %u bytes", lengths[i]);
      assert_bad (image);
    }
}

static void
test_refuses_entry_length (void)
{
  static const guint lengths[] = { 0, 1, 17, 27, 100, 0x7fff, 0x8000, 0xffff };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr(GByteArray) image = g_byte_array_new ();

      put_u32 (image, 1);
      put_u32 (image, 2);
      put_tail (image, lengths[i], GUID_OTHER);
      put_end (image, 18 + 26);
      assert_bad (image);
    }
}

static void
test_refuses_entries (void)
{
  static const char *const guids[] = { GUID_SECRET, GUID_HASHES, GUID_RESET };

  for (guint i = 0; i < G_N_ELEMENTS (guids); i++)
    {
      g_autoptr(GByteArray) twice = g_byte_array_new ();
      g_autoptr(GByteArray) empty = g_byte_array_new ();
      g_autoptr(GByteArray) longer = g_byte_array_new ();
      guint size = i == 2 ? 4 : 8;

      for (guint k = 0; k < 2; k++)
        {
          for (guint n = 0; n < size; n += 4)
            put_u32 (twice, 0x1000);
          put_tail (twice, size + 18, guids[i]);
        }
      put_end (twice, 18 + 2 * (size + 18));
      assert_bad (twice);
      put_tail (empty, 18, guids[i]);
      put_end (empty, 36);
      assert_bad (empty);
      for (guint n = 0; n < size + 4; n += 4)
        put_u32 (longer, 0x1000);
      put_tail (longer, size + 22, guids[i]);
      put_end (longer, 18 + size + 22);
      assert_bad (longer);
    }
}

static void
test_refuses_area_overflow (void)
{
  g_autoptr(GByteArray) image = g_byte_array_new ();
  g_autoptr(GByteArray) last = g_byte_array_new ();
  VaFirmware firmware;

  put_area (image, GUID_SECRET, 0xfffff000, 0x1000);
  put_end (image, 18 + 26);
  assert_bad (image);
  put_area (last, GUID_SECRET, 0xfffff000, 0xfff);
  put_end (last, 18 + 26);
  assert_good (last, &firmware);
}

static void
test_refuses_sizes (void)
{
  g_autofree guint8 *large = g_malloc0 (VA_FIRMWARE_MAX + 1);
  g_autoptr(GError) error = NULL;
  VaFirmware firmware;

  g_assert_false (va_firmware_parse (&firmware, large, 0, &error));
  g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT);
  g_clear_error (&error);
  g_assert_false (va_firmware_parse (&firmware, large, VA_FIRMWARE_MAX + 1, &error));
  g_assert_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT);
  g_clear_error (&error);
  g_assert_true (va_firmware_parse (&firmware, large, VA_FIRMWARE_MAX, &error));
}

/* Any byte of the table changed, or the image cut in front: a verdict, and no byte read outside. */
static void
test_survives_changes (void)
{
  g_autoptr(GByteArray) image = g_byte_array_new ();
  VaFirmware firmware;
  guint refused = 0;

  put_area (image, GUID_HASHES, 0x810c00, 0x400);
  put_area (image, GUID_SECRET, 0x810000, 0xc00);
  put_end (image, 18 + 52);
  for (guint i = 0; i < image->len; i++)
    for (guint value = 0; value < 256; value++)
      {
        g_autofree guint8 *exact = g_memdup2 (image->data, image->len);

        exact[i] = (guint8) value;
        refused += !va_firmware_parse (&firmware, exact, image->len, NULL);
      }
  g_assert_cmpuint (refused, >, 255 * 6 - 6);
  for (guint cut = 1; cut < 52; cut++)
    {
      g_autofree guint8 *exact = g_memdup2 (image->data + cut, image->len - cut);

      g_assert_false (va_firmware_parse (&firmware, exact, image->len - cut, NULL));
    }
}

static void
test_debian_ovmf (void)
{
  g_autoptr(GBytes) image = data_debian_ovmf ();
  g_autoptr(GError) error = NULL;
  VaFirmware firmware;

  if (image == NULL)
    return;
  g_assert_true (va_firmware_parse (&firmware, g_bytes_get_data (image, NULL), g_bytes_get_size (image), &error));
  g_assert_true (firmware.has_table);
  g_assert_cmpuint (firmware.size, ==, 2097152);
  g_assert_cmpuint (firmware.secret_base, ==, 0);
  g_assert_cmpuint (firmware.hashes_base, ==, 0);
  g_assert_cmpuint (firmware.ap_reset, !=, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sev/firmware/reads-all", test_reads_all);
  g_test_add_func ("/sev/firmware/no-table", test_no_table);
  g_test_add_func ("/sev/firmware/empty-table", test_empty_table);
  g_test_add_func ("/sev/firmware/no-address", test_no_address);
  g_test_add_func ("/sev/firmware/refuses-table-length", test_refuses_table_length);
  g_test_add_func ("/sev/firmware/refuses-entry-length", test_refuses_entry_length);
  g_test_add_func ("/sev/firmware/refuses-entries", test_refuses_entries);
  g_test_add_func ("/sev/firmware/refuses-area-overflow", test_refuses_area_overflow);
  g_test_add_func ("/sev/firmware/refuses-sizes", test_refuses_sizes);
  g_test_add_func ("/sev/firmware/survives-changes", test_survives_changes);
  g_test_add_func ("/sev/firmware/debian-ovmf", test_debian_ovmf);
  return g_test_run ();
}
