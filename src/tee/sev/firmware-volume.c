/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/firmware-volume.h"

#include <string.h>
#include "tee/sev/bytes.h"

#define VOLUME_STEP 4096 /* volumes of flash begin at whole blocks */

/* EFI_FIRMWARE_VOLUME_HEADER */
#define GUID_AT 0x10
#define SIZE_AT 0x20
#define SIGNATURE_AT 0x28
#define HEADER_SIZE_AT 0x30
#define HEADER_MIN 0x38
#define HEADER_MAX 0x1000

/* EFI_FFS_FILE_HEADER, EFI_COMMON_SECTION_HEADER */
#define FILE_TYPE_AT 0x12
#define FILE_SIZE_AT 0x14
#define FILE_HEADER 0x18
#define FILE_ALIGNMENT 8
#define FILE_SEC 0x03
#define SECTION_HEADER 4
#define SECTION_ALIGNMENT 4
#define SECTION_PE32 0x10
#define SECTION_TE 0x12

/* gEfiSystemNvDataFvGuid, fff12b8d-7696-4c8b-a985-2747075b4f50 */
static const guint8 guid_variables[16] = { 0x8d, 0x2b, 0xf1, 0xff, 0x96, 0x76, 0x8b, 0x4c,
                                           0xa9, 0x85, 0x27, 0x47, 0x07, 0x5b, 0x4f, 0x50 };

static gsize
align_up (gsize value, gsize to)
{
  return (value + to - 1) / to * to;
}

static guint32
get_le24 (const guint8 *bytes)
{
  return bytes[0] | (guint32) bytes[1] << 8 | (guint32) bytes[2] << 16;
}

gboolean
va_firmware_is_volume (const guint8 *bytes, gsize size)
{
  return size >= HEADER_MIN && memcmp (bytes + SIGNATURE_AT, "_FVH", 4) == 0;
}

gboolean
va_firmware_volume_read (VaFirmwareVolume *volume, const guint8 *bytes, gsize size)
{
  guint16 sum = 0;

  if (!va_firmware_is_volume (bytes, size))
    return FALSE;
  volume->size = va_get_le32 (bytes + SIZE_AT) | (guint64) va_get_le32 (bytes + SIZE_AT + 4) << 32;
  volume->header_size = va_get_le16 (bytes + HEADER_SIZE_AT);
  volume->is_variables = memcmp (bytes + GUID_AT, guid_variables, sizeof guid_variables) == 0;
  if (volume->header_size < HEADER_MIN || volume->header_size > MIN (size, HEADER_MAX) || volume->header_size % 2 != 0
      || volume->size < volume->header_size)
    return FALSE;
  for (gsize i = 0; i < volume->header_size; i += 2)
    sum = (guint16) (sum + va_get_le16 (bytes + i));
  return sum == 0;
}

/* The machine of a PE32 section's or a TE section's content; 0 if it is neither. */
static guint16
machine_of (guint8 kind, const guint8 *data, gsize size)
{
  gsize at;

  if (kind == SECTION_TE)
    return size >= 4 && memcmp (data, "VZ", 2) == 0 ? va_get_le16 (data + 2) : 0;
  if (kind != SECTION_PE32 || size < 0x40 || memcmp (data, "MZ", 2) != 0)
    return 0;
  at = va_get_le32 (data + 0x3c);
  return at <= size - 6 && memcmp (data + at, "PE\0\0", 4) == 0 ? va_get_le16 (data + at + 4) : 0;
}

/* @file: its sections, without its header */
static guint16
machine_in_file (const guint8 *file, gsize size)
{
  for (gsize at = 0; at + SECTION_HEADER <= size;)
    {
      gsize length = get_le24 (file + at);
      guint16 machine;

      if (length < SECTION_HEADER || length > size - at)
        return 0;
      machine = machine_of (file[at + 3], file + at + SECTION_HEADER, length - SECTION_HEADER);
      if (machine != 0)
        return machine;
      at += align_up (length, SECTION_ALIGNMENT);
    }
  return 0;
}

/* @files: a volume without its header, whose size @before is */
static guint16
machine_in_volume (const guint8 *files, gsize size, gsize before)
{
  for (gsize at = align_up (before, FILE_ALIGNMENT) - before; at + FILE_HEADER <= size;)
    {
      gsize length = get_le24 (files + at + FILE_SIZE_AT);

      if (length < FILE_HEADER || length > size - at)
        return 0;
      if (files[at + FILE_TYPE_AT] == FILE_SEC)
        return machine_in_file (files + at + FILE_HEADER, length - FILE_HEADER);
      at = align_up (before + at + length, FILE_ALIGNMENT) - before;
    }
  return 0;
}

guint16
va_firmware_sec_machine (const guint8 *end, gsize size)
{
  for (gsize back = VOLUME_STEP; back <= size; back += VOLUME_STEP)
    {
      const guint8 *at = end + size - back;
      VaFirmwareVolume volume;

      if (va_firmware_volume_read (&volume, at, back) && volume.size == back)
        return machine_in_volume (at + volume.header_size, back - volume.header_size, volume.header_size);
    }
  return 0;
}

static gboolean
is_all (const guint8 *bytes, gsize size, guint8 value)
{
  return size > 0 && bytes[0] == value && memcmp (bytes, bytes + 1, size - 1) == 0;
}

gsize
va_firmware_find_hole (const guint8 *image, gsize size)
{
  VaFirmwareVolume volume;
  gsize at = 0;

  while (at < size)
    {
      const gsize left = size - at, step = MIN (left, VOLUME_STEP);

      if (va_firmware_volume_read (&volume, image + at, left) && volume.size <= left)
        at += volume.size;
      else if (at > 0 && is_all (image + at, step, 0))
        return at;
      else if (at > 0 && is_all (image + at, step, 0xff))
        at += step;
      else
        return 0;
    }
  return 0;
}
