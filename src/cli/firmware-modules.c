/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/firmware-modules.h"

#include <string.h>
#ifdef VA_LZMA
#include <lzma.h>
#endif

#ifdef VA_LZMA

/* EFI_GUID_DEFINED_SECTION: length (24 bits), type, GUID, offset of its data (16 bits) from its beginning */
#define GUID_AT 4
#define OFFSET_AT 20
#define HEADER_MIN 24

#define UNPACKED_MAX (64 * 1024 * 1024) /* OVMF has 16 MiB */
#define LZMA_MEMORY (128 * 1024 * 1024)
#define SECTIONS_MAX 8
#define PIECE (64 * 1024)

/* gLzmaCustomDecompressGuid, ee4e5898-3914-4259-9d6e-dc7bd79403cf */
static const guint8 guid_lzma[16] = { 0x98, 0x58, 0x4e, 0xee, 0x14, 0x39, 0x59, 0x42,
                                      0x9d, 0x6e, 0xdc, 0x7b, 0xd7, 0x94, 0x03, 0xcf };
/* SecretDxe's file, 6e2b9619-8810-4e9d-a177-d432bb9abeda */
static const guint8 guid_secret_dxe[16] = { 0x19, 0x96, 0x2b, 0x6e, 0x10, 0x88, 0x9d, 0x4e,
                                            0xa1, 0x77, 0xd4, 0x32, 0xbb, 0x9a, 0xbe, 0xda };

/* What is compressed at @data, as the whole that an LZMA header announces; NULL: it is something else, or too large. */
static GByteArray *
unpack_lzma (const guint8 *data, gsize size)
{
  lzma_stream stream = LZMA_STREAM_INIT;
  g_autoptr(GByteArray) unpacked = g_byte_array_new ();
  guint8 piece[PIECE];
  lzma_ret result;

  if (lzma_alone_decoder (&stream, LZMA_MEMORY) != LZMA_OK)
    return NULL;
  stream.next_in = data;
  stream.avail_in = size;
  do
    {
      stream.next_out = piece;
      stream.avail_out = sizeof piece;
      result = lzma_code (&stream, LZMA_RUN);
      g_byte_array_append (unpacked, piece, (guint) (sizeof piece - stream.avail_out));
    }
  while (result == LZMA_OK && unpacked->len <= UNPACKED_MAX);
  lzma_end (&stream);
  return result == LZMA_STREAM_END ? g_steal_pointer (&unpacked) : NULL;
}

VaSecretModule
va_firmware_secret_module (const guint8 *image, gsize size)
{
  VaSecretModule found = VA_SECRET_MODULE_UNKNOWN;
  const guint8 *end = image + size, *at = image;

  for (guint i = 0; i < SECTIONS_MAX && found != VA_SECRET_MODULE_FOUND; i++)
    {
      const guint8 *guid = memmem (at, (gsize) (end - at), guid_lzma, sizeof guid_lzma), *section;
      g_autoptr(GByteArray) unpacked = NULL;
      gsize offset;

      if (guid == NULL)
        break;
      at = guid + sizeof guid_lzma;
      if (guid - image < GUID_AT || end - guid < HEADER_MIN - GUID_AT)
        continue;
      section = guid - GUID_AT;
      offset = section[OFFSET_AT] | (gsize) section[OFFSET_AT + 1] << 8;
      if (offset < HEADER_MIN || offset >= (gsize) (end - section))
        continue;
      unpacked = unpack_lzma (section + offset, (gsize) (end - section) - offset);
      if (unpacked == NULL)
        continue;
      found = memmem (unpacked->data, unpacked->len, guid_secret_dxe, sizeof guid_secret_dxe) != NULL
                ? VA_SECRET_MODULE_FOUND
                : VA_SECRET_MODULE_MISSING;
    }
  return found;
}

#else

VaSecretModule
va_firmware_secret_module (const guint8 *image, gsize size)
{
  return VA_SECRET_MODULE_UNKNOWN;
}

#endif
