/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /dev/kvm and the VM behind it: enough of KVM that QEMU builds its machine. No vCPU ever executes. */
#include "config.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include "platform/runtime.h"

#define GSIS 4096
#define MCE_CAPABILITIES (1 << 24 | 1 << 8 | 32) /* recovery, control register, banks */

static int
check_extension (guint32 capability)
{
  switch (capability)
    {
    case KVM_CAP_NR_VCPUS:
    case KVM_CAP_MAX_VCPUS:
    case KVM_CAP_MAX_VCPU_ID:
      return VA_VM_VCPUS_MAX;
    case KVM_CAP_NR_MEMSLOTS:
      return 509;
    case KVM_CAP_MULTI_ADDRESS_SPACE:
      return 2;
    case KVM_CAP_IRQ_ROUTING:
      return GSIS;
    case KVM_CAP_MCE:
      return 32;
    case KVM_CAP_IRQCHIP:
    case KVM_CAP_HLT:
    case KVM_CAP_USER_MEMORY:
    case KVM_CAP_SET_TSS_ADDR:
    case KVM_CAP_VAPIC:
    case KVM_CAP_EXT_CPUID:
    case KVM_CAP_NOP_IO_DELAY:
    case KVM_CAP_MP_STATE:
    case KVM_CAP_SYNC_MMU:
    case KVM_CAP_DESTROY_MEMORY_REGION_WORKS:
    case KVM_CAP_USER_NMI:
    case KVM_CAP_REINJECT_CONTROL:
    case KVM_CAP_IRQ_INJECT_STATUS:
    case KVM_CAP_JOIN_MEMORY_REGIONS_WORKS:
    case KVM_CAP_IRQFD:
    case KVM_CAP_PIT2:
    case KVM_CAP_SET_BOOT_CPU_ID:
    case KVM_CAP_PIT_STATE2:
    case KVM_CAP_IOEVENTFD:
    case KVM_CAP_IOEVENTFD_ANY_LENGTH:
    case KVM_CAP_SET_IDENTITY_MAP_ADDR:
    case KVM_CAP_ADJUST_CLOCK:
    case KVM_CAP_VCPU_EVENTS:
    case KVM_CAP_DEBUGREGS:
    case KVM_CAP_X86_ROBUST_SINGLESTEP:
    case KVM_CAP_XSAVE:
    case KVM_CAP_XCRS:
    case KVM_CAP_SIGNAL_MSI:
    case KVM_CAP_READONLY_MEM:
    case KVM_CAP_CHECK_EXTENSION_VM:
    case KVM_CAP_X86_SMM:
    case KVM_CAP_SPLIT_IRQCHIP:
    case KVM_CAP_IMMEDIATE_EXIT:
    case KVM_CAP_INTERNAL_ERROR_DATA: /* required by QEMU 10 and later */
      return 1;
    default:
      return 0;
    }
}

static int
supported_cpuid (struct kvm_cpuid2 *out)
{
  gsize count;
  const VaCpuid *table = va_cpuid_table (&count);

  if (out->nent < count)
    return -E2BIG;
  out->nent = (guint32) count;
  for (gsize i = 0; i < count; i++)
    out->entries[i] = (struct kvm_cpuid_entry2){
      .function = table[i].function,
      .index = table[i].index,
      .flags = table[i].function == 0xd || table[i].function == 0x7 ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0,
      .eax = table[i].eax,
      .ebx = table[i].ebx,
      .ecx = table[i].ecx,
      .edx = table[i].edx,
    };
  return 0;
}

static int
msr_list (struct kvm_msr_list *out, guint32 only)
{
  gboolean room = out->nmsrs >= 1;

  out->nmsrs = 1;
  if (!room)
    return -E2BIG;
  out->indices[0] = only;
  return 0;
}

static int
feature_msrs (struct kvm_msrs *msrs)
{
  for (guint32 i = 0; i < msrs->nmsrs; i++)
    msrs->entries[i].data = 0;
  return (int) msrs->nmsrs;
}

static int
create_vm (void)
{
  VaVm *vm = g_new0 (VaVm, 1);
  int fd = va_fake_open (VA_FAKE_VM, vm, 0);

  if (fd < 0)
    {
      g_free (vm);
      return -errno;
    }
  vm->psp = va_psp_new (va_runtime_platform ());
  return fd;
}

int
va_kvm_device_ioctl (guint32 request, gpointer argument)
{
  switch (request)
    {
    case KVM_GET_API_VERSION:
      return KVM_API_VERSION;
    case KVM_CHECK_EXTENSION:
      return check_extension ((guint32) (guintptr) argument);
    case KVM_CREATE_VM:
      return create_vm ();
    case KVM_GET_VCPU_MMAP_SIZE:
      return VA_VCPU_RUN_SIZE;
    case KVM_GET_SUPPORTED_CPUID:
      return supported_cpuid (argument);
    case KVM_GET_MSR_INDEX_LIST:
      return msr_list (argument, 0x10); /* the time stamp counter */
    case KVM_GET_MSR_FEATURE_INDEX_LIST:
      return msr_list (argument, 0xc0011029); /* DE_CFG */
    case KVM_GET_MSRS:
      return feature_msrs (argument);
    case KVM_X86_GET_MCE_CAP_SUPPORTED:
      *(guint64 *) argument = MCE_CAPABILITIES;
      return 0;
    default:
      return -EINVAL;
    }
}

static int
create_vcpu (VaVm *vm, guint64 id)
{
  VaVcpu *vcpu;
  int fd;

  if (id >= VA_VM_VCPUS_MAX)
    return -EINVAL;
  if (vm->vcpus[id] != NULL)
    return -EEXIST;
  vcpu = va_vcpu_new ((guint) id, &fd);
  if (vcpu == NULL)
    return -errno;
  vm->vcpus[id] = vcpu;
  return fd;
}

int
va_vm_ioctl (VaVm *vm, guint32 request, gpointer argument)
{
  switch (request)
    {
    case KVM_CHECK_EXTENSION:
      return check_extension ((guint32) (guintptr) argument);
    case KVM_CREATE_VCPU:
      return create_vcpu (vm, (guint64) (guintptr) argument);
    case KVM_MEMORY_ENCRYPT_OP:
      return va_vm_memory_encrypt (vm, argument);
    case KVM_GET_CLOCK:
      memset (argument, 0, sizeof (struct kvm_clock_data));
      return 0;
    case KVM_GET_IRQCHIP: /* the chip's number stays */
      memset (&((struct kvm_irqchip *) argument)->chip, 0, sizeof ((struct kvm_irqchip *) argument)->chip);
      return 0;
    case KVM_GET_PIT2:
      memset (argument, 0, sizeof (struct kvm_pit_state2));
      return 0;
    case KVM_IRQ_LINE_STATUS:
      ((struct kvm_irq_level *) argument)->status = 1;
      return 0;
    case KVM_SIGNAL_MSI:
      return 1;
    case KVM_MEMORY_ENCRYPT_REG_REGION:
    case KVM_MEMORY_ENCRYPT_UNREG_REGION:
    case KVM_SET_TSS_ADDR:
    case KVM_SET_IDENTITY_MAP_ADDR:
    case KVM_SET_USER_MEMORY_REGION:
    case KVM_SET_BOOT_CPU_ID:
    case KVM_CREATE_IRQCHIP:
    case KVM_SET_IRQCHIP:
    case KVM_CREATE_PIT2:
    case KVM_SET_PIT2:
    case KVM_REINJECT_CONTROL:
    case KVM_SET_GSI_ROUTING:
    case KVM_SET_CLOCK:
    case KVM_IRQ_LINE:
    case KVM_IRQFD:
    case KVM_IOEVENTFD:
    case KVM_ENABLE_CAP:
      return 0;
    default:
      return -EINVAL;
    }
}
