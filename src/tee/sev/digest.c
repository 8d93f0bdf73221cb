/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/digest.h"

#include <nettle/sha2.h>
#include <string.h>
#include "core/guid.h"
#include "core/i18n.h"
#include "tee/sev/bytes.h"
#include "tee/sev/error.h"

#define TABLE_HEAD_SIZE (VA_GUID_SIZE + 2)
#define TABLE_ENTRY_SIZE (VA_GUID_SIZE + 2 + VA_SHA256_SIZE)
#define TABLE_SIZE (TABLE_HEAD_SIZE + 3 * TABLE_ENTRY_SIZE)
G_STATIC_ASSERT (VA_KERNEL_TABLE_SIZE == (TABLE_SIZE + 15) / 16 * 16);

/* GUIDs as the firmware reads them */
static const guint8 guid_table[VA_GUID_SIZE] = {
  /* 9438d606-4f22-4cc9-b479-a793d411fd21 */
  0x06, 0xd6, 0x38, 0x94, 0x22, 0x4f, 0xc9, 0x4c, 0xb4, 0x79, 0xa7, 0x93, 0xd4, 0x11, 0xfd, 0x21
};
static const guint8 guid_cmdline[VA_GUID_SIZE] = {
  /* 97d02dd8-bd20-4c94-aa78-e7714d36ab2a */
  0xd8, 0x2d, 0xd0, 0x97, 0x20, 0xbd, 0x94, 0x4c, 0xaa, 0x78, 0xe7, 0x71, 0x4d, 0x36, 0xab, 0x2a
};
static const guint8 guid_initrd[VA_GUID_SIZE] = {
  /* 44baf731-3a2f-4bd7-9af1-41e29169781d */
  0x31, 0xf7, 0xba, 0x44, 0x2f, 0x3a, 0xd7, 0x4b, 0x9a, 0xf1, 0x41, 0xe2, 0x91, 0x69, 0x78, 0x1d
};
static const guint8 guid_kernel[VA_GUID_SIZE] = {
  /* 4de79437-abd2-427f-b835-d5b172d2045b */
  0x37, 0x94, 0xe7, 0x4d, 0xd2, 0xab, 0x7f, 0x42, 0xb8, 0x35, 0xd5, 0xb1, 0x72, 0xd2, 0x04, 0x5b
};

struct _VaLaunchDigest {
  struct sha256_ctx context;
};

static guint8 *
put_entry (guint8 *at, const guint8 guid[VA_GUID_SIZE], const guint8 hash[VA_SHA256_SIZE])
{
  memcpy (at, guid, VA_GUID_SIZE);
  va_put_le16 (at + VA_GUID_SIZE, TABLE_ENTRY_SIZE);
  memcpy (at + VA_GUID_SIZE + 2, hash, VA_SHA256_SIZE);
  return at + TABLE_ENTRY_SIZE;
}

void
va_kernel_table (const VaKernelHashes *hashes, guint8 out[VA_KERNEL_TABLE_SIZE])
{
  guint8 *at = out + TABLE_HEAD_SIZE;

  memset (out, 0, VA_KERNEL_TABLE_SIZE);
  memcpy (out, guid_table, VA_GUID_SIZE);
  va_put_le16 (out + VA_GUID_SIZE, TABLE_SIZE);
  at = put_entry (at, guid_cmdline, hashes->cmdline);
  at = put_entry (at, guid_initrd, hashes->initrd);
  put_entry (at, guid_kernel, hashes->kernel);
}

VaLaunchDigest *
va_launch_digest_new (gconstpointer image, gsize size)
{
  VaLaunchDigest *digest = g_new0 (VaLaunchDigest, 1);

  sha256_init (&digest->context);
  va_launch_digest_add (digest, image, size);
  return digest;
}

VaLaunchDigest *
va_launch_digest_copy (const VaLaunchDigest *digest)
{
  VaLaunchDigest *copy = g_new0 (VaLaunchDigest, 1);

  *copy = *digest;
  return copy;
}

gboolean
va_launch_digest_add_kernel (VaLaunchDigest *digest, const VaFirmware *firmware, const VaKernelHashes *hashes,
                             GError **error)
{
  guint8 table[VA_KERNEL_TABLE_SIZE];

  if (firmware->hashes_base == 0)
    {
      g_set_error_literal (error, VA_SEV_ERROR, VA_SEV_ERROR_FIRMWARE,
                           _("this firmware has no space for kernel hashes; use one built for them, such as OVMF's "
                             "AmdSev package, or start without kernel hashes"));
      return FALSE;
    }
  if (firmware->hashes_size < VA_KERNEL_TABLE_SIZE)
    {
      g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FIRMWARE,
                   _("this firmware has %u bytes for the hashes of kernel, initrd and command line; they need %d"),
                   firmware->hashes_size, VA_KERNEL_TABLE_SIZE);
      return FALSE;
    }
  va_kernel_table (hashes, table);
  va_launch_digest_add (digest, table, sizeof table);
  return TRUE;
}

void
va_launch_digest_add (VaLaunchDigest *digest, gconstpointer data, gsize size)
{
  if (size > 0)
    sha256_update (&digest->context, size, data);
}

void
va_launch_digest_finish (VaLaunchDigest *digest, guint8 out[VA_SHA256_SIZE])
{
  sha256_digest (&digest->context, VA_SHA256_SIZE, out);
  va_launch_digest_free (digest);
}

void
va_launch_digest_free (VaLaunchDigest *digest)
{
  g_free (digest);
}
