/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * The UEFI firmware volumes of an image (PI 1.7, volume 3, chapter 3), as far as they can be read without unpacking
 * them: an OVMF has its variables, one volume with everything else in compressed form, and a last one with its first
 * code (SEC).
 */
G_BEGIN_DECLS

/** As many bytes of an image's end as are looked at for its last volume. */
#define VA_FIRMWARE_END (512 * 1024)

/** PE machine types */
#define VA_MACHINE_IA32 0x014c
#define VA_MACHINE_X64 0x8664

/** What the header of a firmware volume says. */
typedef struct {
  guint64 size;          /* of the volume with its header, bytes */
  guint16 header_size;   /* bytes */
  gboolean is_variables; /* it is a variable store */
} VaFirmwareVolume;

/** va_firmware_is_volume: whether @bytes begin with what has the signature of a volume's header, sound or not. */
gboolean va_firmware_is_volume (const guint8 *bytes, gsize size);
/**
 * va_firmware_volume_read: @volume is what the header says, also of one that is damaged.
 * Returns: FALSE if @bytes do not begin with a firmware volume's header, its checksum right
 */
gboolean va_firmware_volume_read (VaFirmwareVolume *volume, const guint8 *bytes, gsize size);

/**
 * va_firmware_sec_machine: for which processor the first code of an image is, in its last volume.
 * @end: the image's last bytes, VA_FIRMWARE_END of them or all that it has
 * Returns: a PE machine type; 0: that cannot be told
 */
guint16 va_firmware_sec_machine (const guint8 *end, gsize size);

/**
 * va_firmware_find_hole: where zeros stand in place of a volume: an image that begins with a volume has one after the
 * other up to its end, at most with erased flash (0xff) between them.
 * @image: a whole image
 * Returns: the offset, or 0 if there is none or the image has another form
 */
gsize va_firmware_find_hole (const guint8 *image, gsize size);

G_END_DECLS
