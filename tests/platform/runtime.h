/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "platform/identity.h"
#include "platform/psp.h"

G_BEGIN_DECLS

/** What stands behind a file descriptor that this library made. */
typedef enum {
  VA_FAKE_NONE,
  VA_FAKE_SEV, /* /dev/sev */
  VA_FAKE_KVM, /* /dev/kvm */
  VA_FAKE_VM,
  VA_FAKE_VCPU,
} VaFakeKind;

#define VA_VCPU_RUN_SIZE (3 * 4096) /* kvm_run, the port data, the coalesced ring */
#define VA_VCPU_STORE_SIZE 16384
#define VA_VM_VCPUS_MAX 255

typedef struct {
  guint8 *run;                      /* kvm_run, shared with QEMU's own mapping of the descriptor */
  guint8 store[VA_VCPU_STORE_SIZE]; /* registers as last set, see vcpu.c */
  GHashTable *msrs;                 /* index to a guint64 */
} VaVcpu;

typedef struct {
  VaPsp *psp;
  VaVcpu *vcpus[VA_VM_VCPUS_MAX]; /* by vCPU id, some may be %NULL */
} VaVm;

/** va_runtime_folder: the platform's folder, or %NULL: this process plays nothing. */
const char *va_runtime_folder (void);
/** va_runtime_platform: loaded at the first call; %NULL (said on standard error) if it cannot be. */
const VaPlatform *va_runtime_platform (void);

/** va_fake_open: a new descriptor of @size readable bytes that plays @kind; -1 with errno set. */
int va_fake_open (VaFakeKind kind, gpointer object, gsize size);
VaFakeKind va_fake_kind (int fd);
gpointer va_fake_object (int fd);
/** va_fake_close: forgets @fd; what stood behind it lives on, for QEMU keeps vCPUs that it unplugs. */
void va_fake_close (int fd);

/* The ioctls of each kind: 0 or more, or a negative errno. */
int va_sev_device_ioctl (guint32 request, gpointer argument);
int va_kvm_device_ioctl (guint32 request, gpointer argument);
int va_vm_ioctl (VaVm *vm, guint32 request, gpointer argument);
int va_vcpu_ioctl (VaVcpu *vcpu, guint32 request, gpointer argument);

/** va_vm_memory_encrypt: KVM_MEMORY_ENCRYPT_OP; @argument is a struct kvm_sev_cmd or %NULL. */
int va_vm_memory_encrypt (VaVm *vm, gpointer argument);
/** va_vcpu_new: a vCPU and, in @fd, its descriptor; %NULL with errno set. */
VaVcpu *va_vcpu_new (guint id, int *fd);
/** va_vcpu_stored: what was set last by SET @request, e.g. KVM_SET_REGS. */
gconstpointer va_vcpu_stored (const VaVcpu *vcpu, guint32 request);

typedef struct {
  guint32 function, index, eax, ebx, ecx, edx;
} VaCpuid;

/** va_cpuid_table: the processor that is played, the same on every machine. */
const VaCpuid *va_cpuid_table (gsize *count);
/** va_cpuid_install: makes QEMU's host_cpuid() answer from the table, if this process has that function. */
void va_cpuid_install (void);

G_END_DECLS
