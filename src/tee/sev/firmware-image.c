/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/firmware-image.h"

#include <inttypes.h>
#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "tee/sev/error.h"
#include "tee/sev/firmware-volume.h"

#define PAGE_SIZE_X86 4096
#define SHOWN_MAX 200 /* bytes of a name out of somebody's file */

/* What a file begins with that cannot be firmware, whatever its end looks like. */
static const struct {
  const char *magic;
  gsize size;
  const char *what;
} magics[] = {
  { "QFI\xfb", 4,
    N_("this is a qcow2 image: QEMU measures its contents, not the file itself; convert it with “qemu-img convert -O "
       "raw” and give the result") },
  { "\177ELF", 4, N_("this is an ELF file (a program or a kernel), not firmware") },
  { "\x1f\x8b", 2, N_("this is compressed with gzip: unpack it first") },
  { "\xfd"
    "7zXZ",
    5, N_("this is compressed with xz: unpack it first") },
  { "\x28\xb5\x2f\xfd", 4, N_("this is compressed with zstd: unpack it first") },
  { "BZh", 3, N_("this is compressed with bzip2: unpack it first") },
  { "\x04\x22\x4d\x18", 4, N_("this is compressed with lz4: unpack it first") },
  { "PK\x03\x04", 4, N_("this is a zip archive: unpack the image first") },
  { "!<arch>\n", 8, N_("this is a package or an archive: unpack the image first") },
  { "\xed\xab\xee\xdb", 4, N_("this is an RPM package: unpack the image first") },
};

/* Instructions that reset vectors have before their jump. */
static const struct {
  guint8 opcode[3];
  guint8 terms, length;
} before_jump[] = {
  { { 0x90 }, 1, 1 },             /* nop */
  { { 0xfa }, 1, 1 },             /* cli */
  { { 0xfc }, 1, 1 },             /* cld */
  { { 0x66 }, 1, 1 },             /* operand size */
  { { 0x67 }, 1, 1 },             /* address size */
  { { 0x0f, 0x09 }, 2, 2 },       /* wbinvd */
  { { 0x0f, 0x20, 0xc0 }, 3, 3 }, /* mov eax, cr0 */
  { { 0xa8 }, 1, 2 },             /* test al, imm8 */
  { { 0x74 }, 1, 2 },             /* jz */
  { { 0x75 }, 1, 2 },             /* jnz */
};

static gboolean
refuse_image (GError **error, const char *message)
{
  return va_error_set (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT, "%s", message);
}

/* The length of the instruction at @at, if it is one that may come before the jump; else 0. */
static gsize
skip_instruction (const guint8 *at, gsize left)
{
  for (gsize i = 0; i < G_N_ELEMENTS (before_jump); i++)
    if (before_jump[i].length < left && memcmp (at, before_jump[i].opcode, before_jump[i].terms) == 0)
      return before_jump[i].length;
  return 0;
}

/* Whether a processor that begins here, 16 bytes below the end, jumps to other code. */
static gboolean
is_reset_vector (const guint8 *tail, gsize size)
{
  gsize at = 0, length;

  if (size < VA_FIRMWARE_TAIL)
    return FALSE;
  while ((length = skip_instruction (tail + at, size - at)) > 0)
    at += length;
  /* jmp rel16/32, rel8, far */
  return (tail[at] == 0xe9 && at + 2 < size) || (tail[at] == 0xeb && at + 1 < size)
         || (tail[at] == 0xea && at + 4 < size);
}

/* The BIOS of a PC jumps to F000:xxxx, then has its date, MM/DD/YY. */
static gboolean
is_bios (const guint8 *tail, gsize size)
{
  return size >= VA_FIRMWARE_TAIL && tail[0] == 0xea && tail[3] == 0x00 && tail[4] == 0xf0 && tail[7] == '/'
         && tail[10] == '/';
}

/* UTF-8 without control characters; a character at the end may be cut off. */
static gboolean
head_is_text (const guint8 *head, gsize size)
{
  const char *end;

  for (gsize i = 0; i < size; i++)
    if (head[i] < 0x20 && head[i] != '\t' && head[i] != '\n' && head[i] != '\r' && head[i] != '\f')
      return FALSE;
  return size > 0
         && (g_utf8_validate ((const char *) head, (gssize) size, &end) || (const char *) head + size - end < 4);
}

/* The image that a firmware descriptor of QEMU names (mapping.executable.filename, or mapping.filename), or %NULL: the
   file is not read as JSON, since its name is only for a sentence. */
static char *
described_image (const char *text)
{
  const char *mapping = strstr (text, "\"mapping\"");
  const char *code = mapping != NULL ? strstr (mapping, "\"executable\"") : NULL;
  const char *name = mapping != NULL ? strstr (code != NULL ? code : mapping, "\"filename\"") : NULL;
  gsize length;

  if (name == NULL)
    return NULL;
  name += strlen ("\"filename\"");
  name += strspn (name, " \t\r\n:");
  length = *name == '"' ? strcspn (name + 1, "\"\\") : 0;
  return length > 0 && length <= SHOWN_MAX && name[1 + length] == '"'
             && g_utf8_validate (name + 1, (gssize) length, NULL)
           ? g_strndup (name + 1, length)
           : NULL;
}

static gboolean
refuse_text_image (const guint8 *head, gsize head_size, GError **error)
{
  g_autofree char *text = g_strndup ((const char *) head, head_size);
  g_autofree char *image = described_image (text);

  if (*g_strchug (text) != '{')
    return refuse_image (error, _("this is text, not a firmware image"));
  if (image == NULL)
    return refuse_image (error, _("this is JSON, not a firmware image"));
  g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
               _("this is a firmware descriptor, which only names the image: give “%s”"), image);
  return FALSE;
}

static gboolean
refuse_cut (const VaFirmwareVolume *volume, gsize size, GError **error)
{
  g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
               _("this is a truncated or damaged firmware image: its first volume has %" PRIu64
                 " bytes, and the file only %zu; download it again"),
               volume->size, size);
  return FALSE;
}

/* What a file without a reset vector is, as far as its beginning tells. */
static gboolean
refuse_other (const guint8 *head, gsize head_size, gsize size, GError **error)
{
  VaFirmwareVolume volume = { 0 };
  gboolean is_sound = va_firmware_volume_read (&volume, head, head_size);
  gboolean is_volume = va_firmware_is_volume (head, head_size);

  if (is_sound && volume.size > size)
    return refuse_cut (&volume, size, error);
  if (is_volume && !is_sound && volume.is_variables)
    return refuse_image (error,
                         _("this begins with a variable store (VARS) whose header is damaged, and does not end with a "
                           "reset vector: download the firmware again, and give its code, usually OVMF_CODE*.fd"));
  if (is_sound && volume.is_variables && volume.size < size)
    return refuse_image (error, _("this is a damaged or truncated firmware image: it begins with a variable store and "
                                  "continues after it, but it does not end with a reset vector; download it again"));
  if (is_sound && volume.is_variables)
    return refuse_image (error,
                         _("this is a variable store (VARS), which is not measured: give the firmware's code, usually "
                           "OVMF_CODE*.fd"));
  /* A64: an unconditional branch over what is free up to the first volume. */
  if (head_size >= 16 && head[3] == 0x14 && (head[4] == 0xff || head[4] == 0x00)
      && memcmp (head + 4, head + 5, 11) == 0)
    return refuse_image (error, _("this is firmware for AArch64: an SEV guest needs OVMF for x86"));
  if (head_size >= 2 && memcmp (head, "MZ", 2) == 0)
    return refuse_image (error, _("this is a UEFI program or a kernel (PE), not firmware"));
  if (head_size >= 2 && head[0] == 0x55 && head[1] == 0xaa)
    return refuse_image (error, _("this is an option ROM, not firmware that a guest can start from"));
  if (head_is_text (head, head_size))
    return refuse_text_image (head, head_size, error);
  if (size % PAGE_SIZE_X86 != 0)
    {
      g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
                   _("this is not x86 firmware: it does not end with a reset vector, and its %zu bytes are not whole "
                     "pages of %d; it may have been truncated"),
                   size, PAGE_SIZE_X86);
      return FALSE;
    }
  return refuse_image (error, is_volume ? _("this is not x86 firmware: it has no reset vector at its end; it is only "
                                            "part of a firmware image, or is for another processor")
                                        : _("this is not x86 firmware: it has no reset vector at its end"));
}

gboolean
va_firmware_recognise (const guint8 *head, gsize head_size, const guint8 *tail, gsize tail_size, gsize size,
                       GError **error)
{
  if (size == 0)
    return refuse_image (error, _("the firmware image is empty"));
  for (gsize i = 0; i < G_N_ELEMENTS (magics); i++)
    if (head_size >= magics[i].size && memcmp (head, magics[i].magic, magics[i].size) == 0)
      return refuse_image (error, _(magics[i].what));
  if (!is_reset_vector (tail, tail_size))
    return refuse_other (head, head_size, size, error);
  if (is_bios (tail, tail_size))
    return refuse_image (error,
                         _("this is the BIOS of a PC, such as SeaBIOS: an SEV guest needs UEFI firmware, such as OVMF, "
                           "that sets up encrypted memory"));
  if (size % PAGE_SIZE_X86 == 0)
    return TRUE;
  g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
               _("this is not a whole firmware image: its %zu bytes are not whole pages of %d"), size, PAGE_SIZE_X86);
  return FALSE;
}

static gboolean
check_whole (const guint8 *image, gsize size, GError **error)
{
  gsize hole = va_firmware_find_hole (image, size);

  if (hole == 0)
    return TRUE;
  g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
               _("this is a damaged firmware image: from byte %zu on there are zeros where a firmware volume should "
                 "begin; download it again"),
               hole);
  return FALSE;
}

gboolean
va_firmware_read (VaFirmware *firmware, gconstpointer image, gsize size, GError **error)
{
  const guint8 *bytes = image;
  gsize tail = MIN (size, VA_FIRMWARE_TAIL);

  memset (firmware, 0, sizeof *firmware);
  return va_firmware_recognise (bytes, MIN (size, VA_FIRMWARE_HEAD), size > 0 ? bytes + size - tail : bytes, tail, size,
                                error)
         && check_whole (bytes, size, error) && va_firmware_parse (firmware, image, size, error);
}
