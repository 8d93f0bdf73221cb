/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "platform/vmsa.h"

#include <linux/kvm.h>
#include <string.h>
#include "platform/session-keys.h"

#define EFER_SVME 0x1000
#define CR4_MCE 0x40
#define CR0_CACHE_OFF 0x60000000
#define MSR_PAT 0x277
#define PAT_DEFAULT 0x0007040600070406
#define XCR0_X87 1
#define MXCSR_RESET 0x1f80
#define FCW_RESET 0x037f

static void
put_u16 (guint8 *out, guint16 value)
{
  out[0] = (guint8) value;
  out[1] = (guint8) (value >> 8);
}

static void
put_u64 (guint8 *out, guint64 value)
{
  va_psp_put_u32 (out, (guint32) value);
  va_psp_put_u32 (out + 4, (guint32) (value >> 32));
}

/* The processor's packed form of the attributes. */
static guint16
attributes (const struct kvm_segment *segment)
{
  return (guint16) (segment->type | segment->s << 4 | segment->dpl << 5 | segment->present << 7 | segment->avl << 8
                    | segment->l << 9 | segment->db << 10 | segment->g << 11);
}

static void
put_segment (guint8 *out, const struct kvm_segment *segment)
{
  put_u16 (out, segment->selector);
  put_u16 (out + 2, attributes (segment));
  va_psp_put_u32 (out + 4, segment->limit);
  put_u64 (out + 8, segment->base);
}

static void
put_table (guint8 *out, const struct kvm_dtable *table)
{
  va_psp_put_u32 (out + 4, table->limit);
  put_u64 (out + 8, table->base);
}

static void
put_system (guint8 *out, const struct kvm_sregs *sregs)
{
  put_segment (out, &sregs->es);
  put_segment (out + 0x10, &sregs->cs);
  put_segment (out + 0x20, &sregs->ss);
  put_segment (out + 0x30, &sregs->ds);
  put_segment (out + 0x40, &sregs->fs);
  put_segment (out + 0x50, &sregs->gs);
  put_table (out + 0x60, &sregs->gdt);
  put_segment (out + 0x70, &sregs->ldt);
  put_table (out + 0x80, &sregs->idt);
  put_segment (out + 0x90, &sregs->tr);
  out[0xcb] = sregs->ss.dpl;
  put_u64 (out + 0xd0, sregs->efer | EFER_SVME);
  put_u64 (out + 0x148, sregs->cr4 | CR4_MCE);
  put_u64 (out + 0x150, sregs->cr3);
  put_u64 (out + 0x158, sregs->cr0 & ~(guint64) CR0_CACHE_OFF);
  put_u64 (out + 0x240, sregs->cr2);
}

static void
put_general (guint8 *out, const struct kvm_regs *regs)
{
  const guint64 upper[] = { regs->r8, regs->r9, regs->r10, regs->r11, regs->r12, regs->r13, regs->r14, regs->r15 };

  put_u64 (out + 0x170, regs->rflags);
  put_u64 (out + 0x178, regs->rip);
  put_u64 (out + 0x1d8, regs->rsp);
  put_u64 (out + 0x1f8, regs->rax);
  put_u64 (out + 0x308, regs->rcx);
  put_u64 (out + 0x310, regs->rdx);
  put_u64 (out + 0x318, regs->rbx);
  put_u64 (out + 0x328, regs->rbp);
  put_u64 (out + 0x330, regs->rsi);
  put_u64 (out + 0x338, regs->rdi);
  for (gsize i = 0; i < G_N_ELEMENTS (upper); i++)
    put_u64 (out + 0x340 + 8 * i, upper[i]);
}

void
va_vmsa_build (const VaVcpu *vcpu, gboolean fpu_reset, guint8 out[VA_PSP_VMSA_SIZE])
{
  struct kvm_debugregs debug;
  struct kvm_xcrs xcrs;
  const guint64 *pat = g_hash_table_lookup (vcpu->msrs, GUINT_TO_POINTER (MSR_PAT));

  memcpy (&debug, va_vcpu_stored (vcpu, KVM_SET_DEBUGREGS), sizeof debug);
  memcpy (&xcrs, va_vcpu_stored (vcpu, KVM_SET_XCRS), sizeof xcrs);
  memset (out, 0, VA_PSP_VMSA_SIZE);
  put_system (out, va_vcpu_stored (vcpu, KVM_SET_SREGS));
  put_general (out, va_vcpu_stored (vcpu, KVM_SET_REGS));
  put_u64 (out + 0x160, debug.dr7);
  put_u64 (out + 0x168, debug.dr6);
  put_u64 (out + 0x268, pat != NULL ? *pat : PAT_DEFAULT);
  put_u64 (out + 0x3e8, xcrs.nr_xcrs > 0 && xcrs.xcrs[0].value != 0 ? xcrs.xcrs[0].value : XCR0_X87);
  if (!fpu_reset)
    return;
  va_psp_put_u32 (out + 0x408, MXCSR_RESET);
  put_u16 (out + 0x410, FCW_RESET);
}
