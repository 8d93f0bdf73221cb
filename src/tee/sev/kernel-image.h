/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* How QEMU loads a kernel, since it makes kernel hashes on one of its ways only. */
G_BEGIN_DECLS

#define VA_KERNEL_HEAD 8192 /* bytes of a kernel's beginning that QEMU looks at */

typedef enum { VA_KERNEL_HASHED, VA_KERNEL_ELF, VA_KERNEL_MULTIBOOT } VaKernelKind;

/**
 * va_kernel_kind: what QEMU takes a kernel for: ELF and multiboot images are loaded without kernel hashes, even with
 * kernel-hashes=on; anything else is, as a bzImage or an EFI program.
 * @head: its first VA_KERNEL_HEAD bytes, or all that it has
 * Spec: QEMU, hw/i386/x86-common.c, x86_load_linux(), and hw/i386/multiboot.c
 */
VaKernelKind va_kernel_kind (const guint8 *head, gsize size);
/** va_kernel_kind_problem: what is wrong with such a kernel and what to do, translated; %NULL for VA_KERNEL_HASHED. */
const char *va_kernel_kind_problem (VaKernelKind kind);

G_END_DECLS
