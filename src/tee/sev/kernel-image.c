/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/kernel-image.h"

#include <string.h>
#include "core/i18n.h"
#include "tee/sev/bytes.h"

#define SETUP_MAGIC_AT 0x202 /* of Linux's boot protocol */
#define MULTIBOOT_MAGIC 0x1badb002u
#define MULTIBOOT_HEADER 48

static gboolean
is_multiboot (const guint8 *head, gsize size)
{
  for (gsize at = 0; at + MULTIBOOT_HEADER <= size; at += 4)
    if (va_get_le32 (head + at) == MULTIBOOT_MAGIC
        && va_get_le32 (head + at) + va_get_le32 (head + at + 4) + va_get_le32 (head + at + 8) == 0)
      return TRUE;
  return FALSE;
}

VaKernelKind
va_kernel_kind (const guint8 *head, gsize size)
{
  size = MIN (size, VA_KERNEL_HEAD);
  if (size >= SETUP_MAGIC_AT + 4 && memcmp (head + SETUP_MAGIC_AT, "HdrS", 4) == 0)
    return VA_KERNEL_HASHED;
  if (is_multiboot (head, size))
    return VA_KERNEL_MULTIBOOT;
  return size >= 4 && memcmp (head, "\177ELF", 4) == 0 ? VA_KERNEL_ELF : VA_KERNEL_HASHED;
}

const char *
va_kernel_kind_problem (VaKernelKind kind)
{
  switch (kind)
    {
    case VA_KERNEL_ELF:
      return _("this kernel is an ELF image (vmlinux), for which QEMU makes no kernel hashes: "
               "use the bzImage (vmlinuz)");
    case VA_KERNEL_MULTIBOOT:
      return _("this kernel is a multiboot image, for which QEMU makes no kernel hashes: "
               "use a Linux bzImage (vmlinuz)");
    case VA_KERNEL_HASHED:
    default:
      return NULL;
    }
}
