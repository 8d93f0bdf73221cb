/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* KVM_MEMORY_ENCRYPT_OP: KVM's commands on one guest, handed to the software PSP. */
#include "config.h"

#include <errno.h>
#include <linux/kvm.h>
#include "platform/runtime.h"
#include "platform/trace.h"
#include "platform/vmsa.h"

#define HANDLE 1

static gpointer
at (guint64 address)
{
  return (gpointer) (guintptr) address;
}

static int
launch_start (VaVm *vm, struct kvm_sev_launch_start *start)
{
  int result = va_psp_launch_start (vm->psp, start->policy, at (start->dh_uaddr), start->dh_len,
                                    at (start->session_uaddr), start->session_len);

  if (result == VA_PSP_SUCCESS)
    start->handle = HANDLE;
  return result;
}

static int
launch_measure (VaVm *vm, struct kvm_sev_launch_measure *measure)
{
  gboolean room = measure->uaddr != 0 && measure->len >= VA_PSP_MEASURE_SIZE;

  measure->len = VA_PSP_MEASURE_SIZE;
  return room ? va_psp_launch_measure (vm->psp, at (measure->uaddr)) : VA_PSP_INVALID_LENGTH;
}

static int
launch_secret (VaVm *vm, const struct kvm_sev_launch_secret *secret)
{
  return va_psp_launch_secret (vm->psp, at (secret->hdr_uaddr), secret->hdr_len, at (secret->trans_uaddr),
                               secret->trans_len, at (secret->guest_uaddr), secret->guest_len);
}

static int
guest_status (VaVm *vm, struct kvm_sev_guest_status *status)
{
  status->handle = HANDLE;
  status->policy = va_psp_policy (vm->psp);
  status->state = va_psp_state (vm->psp);
  return VA_PSP_SUCCESS;
}

static int
launch_update_data (VaVm *vm, const struct kvm_sev_launch_update_data *update)
{
  return va_psp_launch_update_data (vm->psp, at (update->uaddr), update->len);
}

/* One call measures every vCPU of the guest, in the order of their ids. */
static int
launch_update_vmsa (VaVm *vm)
{
  guint8 page[VA_PSP_VMSA_SIZE];
  int result = VA_PSP_SUCCESS;

  for (guint i = 0; i < VA_VM_VCPUS_MAX && result == VA_PSP_SUCCESS; i++)
    if (vm->vcpus[i] != NULL)
      {
        va_vmsa_build (vm->vcpus[i], va_runtime_platform ()->vmsa_fpu_reset, page);
        result = va_psp_launch_update_vmsa (vm->psp, page);
      }
  return result;
}

static const char *
command_name (guint32 id)
{
  switch (id)
    {
    case KVM_SEV_INIT:
      return "INIT";
    case KVM_SEV_ES_INIT:
      return "ES_INIT";
    case KVM_SEV_LAUNCH_START:
      return "LAUNCH_START";
    case KVM_SEV_LAUNCH_UPDATE_DATA:
      return "LAUNCH_UPDATE_DATA";
    case KVM_SEV_LAUNCH_UPDATE_VMSA:
      return "LAUNCH_UPDATE_VMSA";
    case KVM_SEV_LAUNCH_MEASURE:
      return "LAUNCH_MEASURE";
    case KVM_SEV_LAUNCH_SECRET:
      return "LAUNCH_SECRET";
    case KVM_SEV_LAUNCH_FINISH:
      return "LAUNCH_FINISH";
    case KVM_SEV_GUEST_STATUS:
      return "GUEST_STATUS";
    default:
      return NULL;
    }
}

static gboolean
needs_data (guint32 id)
{
  return id != KVM_SEV_INIT && id != KVM_SEV_ES_INIT && id != KVM_SEV_LAUNCH_UPDATE_VMSA && id != KVM_SEV_LAUNCH_FINISH;
}

static int
run_command (VaVm *vm, guint32 id, gpointer data)
{
  switch (id)
    {
    case KVM_SEV_INIT:
    case KVM_SEV_ES_INIT:
      return va_psp_init (vm->psp, id == KVM_SEV_ES_INIT);
    case KVM_SEV_LAUNCH_START:
      return launch_start (vm, data);
    case KVM_SEV_LAUNCH_UPDATE_DATA:
      return launch_update_data (vm, data);
    case KVM_SEV_LAUNCH_UPDATE_VMSA:
      return launch_update_vmsa (vm);
    case KVM_SEV_LAUNCH_MEASURE:
      return launch_measure (vm, data);
    case KVM_SEV_LAUNCH_SECRET:
      return launch_secret (vm, data);
    case KVM_SEV_LAUNCH_FINISH:
      return va_psp_launch_finish (vm->psp);
    case KVM_SEV_GUEST_STATUS:
      return guest_status (vm, data);
    default:
      return VA_PSP_UNSUPPORTED;
    }
}

/* LAUNCH_MEASURE with no room asks for the length; no fault is meant for that. */
static gboolean
asks_length (guint32 id, const struct kvm_sev_launch_measure *measure)
{
  return id == KVM_SEV_LAUNCH_MEASURE && measure->len < VA_PSP_MEASURE_SIZE;
}

int
va_vm_memory_encrypt (VaVm *vm, gpointer argument)
{
  static GMutex lock;
  struct kvm_sev_cmd *command = argument;
  const char *name;
  int result = 0;

  if (command == NULL) /* the capability probe */
    return 0;
  name = command_name (command->id);
  if (name == NULL)
    return -EINVAL;
  if (va_fake_kind ((int) command->sev_fd) != VA_FAKE_SEV)
    return -EBADF;
  if (needs_data (command->id) && command->data == 0)
    return -EFAULT;
  g_mutex_lock (&lock);
  if (needs_data (command->id) && asks_length (command->id, at (command->data)))
    result = run_command (vm, command->id, at (command->data));
  else
    {
      result = va_fault_next (va_runtime_folder (), name);
      if (result == 0)
        result = run_command (vm, command->id, at (command->data));
      va_trace (va_runtime_folder (), name, result);
    }
  g_mutex_unlock (&lock);
  command->error = (guint32) result;
  return result == 0 ? 0 : -EIO;
}
