/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/firmware.h"

#include <string.h>
#include "core/guid.h"
#include "core/error.h"
#include "core/i18n.h"
#include "tee/sev/bytes.h"
#include "tee/sev/error.h"
#include "tee/sev/firmware-volume.h"

#define RESET_VECTOR_SIZE 0x20       /* bytes behind the table */
#define TAIL_SIZE (2 + VA_GUID_SIZE) /* an entry ends with its length and GUID */

/* GUIDs as the firmware stores them */
static const guint8 guid_footer[VA_GUID_SIZE] = {
  /* 96b582de-1fb2-45f7-baea-a366c55a082d */
  0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45, 0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d
};
static const guint8 guid_secret[VA_GUID_SIZE] = {
  /* 4c2eb361-7d9b-4cc3-8081-127c90d3d294 */
  0x61, 0xb3, 0x2e, 0x4c, 0x9b, 0x7d, 0xc3, 0x4c, 0x80, 0x81, 0x12, 0x7c, 0x90, 0xd3, 0xd2, 0x94
};
static const guint8 guid_hashes[VA_GUID_SIZE] = {
  /* 7255371f-3a3b-4b04-927b-1da6efa8d454 */
  0x1f, 0x37, 0x55, 0x72, 0x3b, 0x3a, 0x04, 0x4b, 0x92, 0x7b, 0x1d, 0xa6, 0xef, 0xa8, 0xd4, 0x54
};
static const guint8 guid_reset[VA_GUID_SIZE] = {
  /* 00f771de-1a7e-4fcb-890e-68c77e2fb44e */
  0xde, 0x71, 0xf7, 0x00, 0x7e, 0x1a, 0xcb, 0x4f, 0x89, 0x0e, 0x68, 0xc7, 0x7e, 0x2f, 0xb4, 0x4e
};

typedef struct {
  gboolean secret, hashes, reset;
} Seen;

static gboolean
refuse_firmware (GError **error, const char *message)
{
  return va_error_set (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT, "%s", message);
}

/* One entry that matters: there once only, and as long as it must be. */
static gboolean
check_entry (gboolean *seen, gsize length, gsize expected, GError **error)
{
  if (*seen)
    return refuse_firmware (error, _("the firmware's table has an entry twice"));
  *seen = TRUE;
  if (length == expected)
    return TRUE;
  g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
               _("an entry of the firmware's table has %zu bytes; expected %zu"), length, expected);
  return FALSE;
}

static gboolean
take_area (const guint8 *data, guint32 *base, guint32 *size, GError **error)
{
  guint32 at = va_get_le32 (data), length = va_get_le32 (data + 4);

  if (at == 0)
    return TRUE;
  if (length > G_MAXUINT32 - at)
    return refuse_firmware (error, _("an area of the firmware's table ends beyond 4 GiB"));
  *base = at;
  *size = length;
  return TRUE;
}

static gboolean
take_entry (VaFirmware *firmware, Seen *seen, const guint8 *guid, const guint8 *data, gsize length, GError **error)
{
  if (memcmp (guid, guid_secret, VA_GUID_SIZE) == 0)
    return check_entry (&seen->secret, length, 8, error)
           && take_area (data, &firmware->secret_base, &firmware->secret_size, error);
  if (memcmp (guid, guid_hashes, VA_GUID_SIZE) == 0)
    return check_entry (&seen->hashes, length, 8, error)
           && take_area (data, &firmware->hashes_base, &firmware->hashes_size, error);
  if (memcmp (guid, guid_reset, VA_GUID_SIZE) == 0)
    {
      if (!check_entry (&seen->reset, length, 4, error))
        return FALSE;
      firmware->ap_reset = va_get_le32 (data);
    }
  return TRUE;
}

/* @table: @left bytes of entries, read from their end */
static gboolean
walk_table (VaFirmware *firmware, const guint8 *table, gsize left, GError **error)
{
  Seen seen = { FALSE, FALSE, FALSE };

  while (left > 0)
    {
      const guint8 *guid;
      gsize length;

      if (left < TAIL_SIZE)
        return refuse_firmware (error, _("the firmware's table ends within an entry"));
      guid = table + left - VA_GUID_SIZE;
      length = va_get_le16 (table + left - TAIL_SIZE);
      if (length < TAIL_SIZE || length > left)
        return refuse_firmware (error, _("the firmware's table has an entry whose length does not fit"));
      left -= length;
      if (!take_entry (firmware, &seen, guid, table + left, length - TAIL_SIZE, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
va_firmware_parse (VaFirmware *firmware, gconstpointer image, gsize size, GError **error)
{
  const guint8 *bytes = image;
  VaFirmware found = { .size = size };
  gsize end, length;

  memset (firmware, 0, sizeof *firmware);
  if (size == 0)
    return refuse_firmware (error, _("the firmware image is empty"));
  if (size > VA_FIRMWARE_MAX)
    {
      g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
                   _("a firmware image has at most %d bytes; this one has %zu"), VA_FIRMWARE_MAX, size);
      return FALSE;
    }
  if (size >= RESET_VECTOR_SIZE + TAIL_SIZE
      && memcmp (bytes + size - RESET_VECTOR_SIZE - VA_GUID_SIZE, guid_footer, VA_GUID_SIZE) == 0)
    {
      end = size - RESET_VECTOR_SIZE;
      length = va_get_le16 (bytes + end - TAIL_SIZE);
      if (length < TAIL_SIZE || length > end)
        return refuse_firmware (error, _("the firmware's table has a length that does not fit"));
      if (!walk_table (&found, bytes + end - length, length - TAIL_SIZE, error))
        return FALSE;
      found.has_table = TRUE;
    }
  found.machine = va_firmware_sec_machine (bytes + size - MIN (size, VA_FIRMWARE_END), MIN (size, VA_FIRMWARE_END));
  *firmware = found;
  return TRUE;
}
