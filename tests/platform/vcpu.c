/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A vCPU that keeps its registers and never executes. */
#include "config.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "platform/runtime.h"

#define RUN_POLL_NANOSECONDS (5 * 1000 * 1000)

/* State that is given back as it was set, one behind the other in the store. */
static const struct {
  guint32 get, set;
  gsize size;
} states[] = {
  { KVM_GET_REGS, KVM_SET_REGS, sizeof (struct kvm_regs) },
  { KVM_GET_SREGS, KVM_SET_SREGS, sizeof (struct kvm_sregs) },
  { KVM_GET_FPU, KVM_SET_FPU, sizeof (struct kvm_fpu) },
  { KVM_GET_XSAVE, KVM_SET_XSAVE, sizeof (struct kvm_xsave) },
  { KVM_GET_XCRS, KVM_SET_XCRS, sizeof (struct kvm_xcrs) },
  { KVM_GET_LAPIC, KVM_SET_LAPIC, sizeof (struct kvm_lapic_state) },
  { KVM_GET_MP_STATE, KVM_SET_MP_STATE, sizeof (struct kvm_mp_state) },
  { KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS, sizeof (struct kvm_vcpu_events) },
  { KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS, sizeof (struct kvm_debugregs) },
};

/* Where the state of @request lies, or G_MAXSIZE; which one it is in @which. */
static gsize
find_state (guint32 request, gsize *which)
{
  gsize offset = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (states); i++)
    {
      *which = i;
      if (states[i].get == request || states[i].set == request)
        return offset;
      offset += states[i].size;
    }
  return G_MAXSIZE;
}

gconstpointer
va_vcpu_stored (const VaVcpu *vcpu, guint32 request)
{
  gsize which, offset = find_state (request, &which);

  g_return_val_if_fail (offset != G_MAXSIZE, NULL);
  return vcpu->store + offset;
}

VaVcpu *
va_vcpu_new (guint id, int *fd)
{
  VaVcpu *vcpu = g_new0 (VaVcpu, 1);
  gpointer run;

  *fd = va_fake_open (VA_FAKE_VCPU, vcpu, VA_VCPU_RUN_SIZE);
  run = *fd < 0 ? MAP_FAILED : mmap (NULL, VA_VCPU_RUN_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
  if (run == MAP_FAILED)
    {
      if (*fd >= 0)
        close (*fd);
      g_free (vcpu);
      return NULL;
    }
  vcpu->run = run;
  vcpu->msrs = g_hash_table_new_full (g_direct_hash, g_direct_equal, NULL, g_free);
  return vcpu;
}

static int
set_msrs (VaVcpu *vcpu, const struct kvm_msrs *msrs)
{
  for (guint32 i = 0; i < msrs->nmsrs; i++)
    g_hash_table_insert (vcpu->msrs, GUINT_TO_POINTER (msrs->entries[i].index),
                         g_memdup2 (&msrs->entries[i].data, sizeof (guint64)));
  return (int) msrs->nmsrs;
}

static int
get_msrs (VaVcpu *vcpu, struct kvm_msrs *msrs)
{
  for (guint32 i = 0; i < msrs->nmsrs; i++)
    {
      const guint64 *found = g_hash_table_lookup (vcpu->msrs, GUINT_TO_POINTER (msrs->entries[i].index));

      msrs->entries[i].data = found != NULL ? *found : 0;
    }
  return (int) msrs->nmsrs;
}

/* Waits, as a halted processor would, until QEMU wants its thread back. */
static int
run (VaVcpu *vcpu)
{
  struct kvm_run *shared = (struct kvm_run *) (gpointer) vcpu->run;
  const struct kvm_sregs *sregs = va_vcpu_stored (vcpu, KVM_SET_SREGS);
  const struct timespec pause = { 0, RUN_POLL_NANOSECONDS };

  shared->apic_base = sregs->apic_base;
  shared->cr8 = sregs->cr8;
  while (__atomic_load_n (&shared->immediate_exit, __ATOMIC_SEQ_CST) == 0)
    if (nanosleep (&pause, NULL) != 0)
      break;
  shared->exit_reason = KVM_EXIT_INTR;
  return -EINTR;
}

int
va_vcpu_ioctl (VaVcpu *vcpu, guint32 request, gpointer argument)
{
  gsize which, offset = find_state (request, &which);

  if (offset != G_MAXSIZE && request == states[which].set)
    memcpy (vcpu->store + offset, argument, states[which].size);
  else if (offset != G_MAXSIZE)
    memcpy (argument, vcpu->store + offset, states[which].size);
  if (offset != G_MAXSIZE)
    return 0;
  switch (request)
    {
    case KVM_RUN:
      return run (vcpu);
    case KVM_GET_MSRS:
      return get_msrs (vcpu, argument);
    case KVM_SET_MSRS:
      return set_msrs (vcpu, argument);
    case KVM_GET_TSC_KHZ:
      return 2000000;
    case KVM_SET_TSC_KHZ:
    case KVM_SET_CPUID2:
    case KVM_SET_SIGNAL_MASK:
    case KVM_TPR_ACCESS_REPORTING:
    case KVM_SET_VAPIC_ADDR:
    case KVM_X86_SETUP_MCE:
    case KVM_KVMCLOCK_CTRL:
    case KVM_INTERRUPT:
    case KVM_NMI:
    case KVM_SMI:
    case KVM_ENABLE_CAP:
      return 0;
    default:
      return -EINVAL;
    }
}

G_STATIC_ASSERT (sizeof (struct kvm_regs) + sizeof (struct kvm_sregs) + sizeof (struct kvm_fpu)
                   + sizeof (struct kvm_xsave) + sizeof (struct kvm_xcrs) + sizeof (struct kvm_lapic_state)
                   + sizeof (struct kvm_mp_state) + sizeof (struct kvm_vcpu_events) + sizeof (struct kvm_debugregs)
                 <= VA_VCPU_STORE_SIZE);
