/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "platform/runtime.h"

G_BEGIN_DECLS

/**
 * va_vmsa_build: the save area of @vcpu as KVM would hand it to the firmware: its registers as QEMU set them last.
 * @fpu_reset: with the FPU's reset values (mxcsr, x87 control word), as newer kernels do, else zero there
 * Spec: docs/SEV.md section 3; AMD 24593, table B-4
 */
void va_vmsa_build (const VaVcpu *vcpu, gboolean fpu_reset, guint8 out[VA_PSP_VMSA_SIZE]);

G_END_DECLS
