/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define VA_FIRMWARE_MAX (16 * 1024 * 1024)

/** What a firmware image's footer table says; an address of 0 means there is none. */
typedef struct {
  gsize size; /* of the whole image, bytes */
  gboolean has_table;
  guint32 secret_base, secret_size; /* guest-physical address, bytes */
  guint32 hashes_base, hashes_size;
  guint32 ap_reset; /* SEV-ES: where the other vCPUs begin; 0: no SEV-ES */
  guint16 machine;  /* of its first code, see va_firmware_sec_machine(); 0: not known */
} VaFirmware;

G_END_DECLS
