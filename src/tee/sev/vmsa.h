/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/sev/digest.h"

/* SEV-ES: the save areas (VMSA) of a guest's virtual processors, as they are measured before the first instruction. */
G_BEGIN_DECLS

#define VA_VMSA_SIZE 4096
#define VA_VMSA_CPUS_MAX 4096
#define VA_VMSA_FIRST_RESET 0xfffffff0u /* where the first vCPU begins */

/**
 * Hosts differ in what the FPU's part holds: zeros, or mxcsr 0x1f80 and x87 control word 0x37f; and in sev_features,
 * where KVM's parameter debug_swap sets bit 5.
 */
typedef enum {
  VA_VMSA_ZERO,
  VA_VMSA_FPU,
  VA_VMSA_ZERO_DEBUG_SWAP,
  VA_VMSA_FPU_DEBUG_SWAP,
  VA_VMSA_PROFILES
} VaVmsaProfile;
#define VA_VMSA_USUAL_PROFILES 2     /* the first ones, which are expected by default */
#define VA_VMSA_DEBUG_SWAP (1u << 5) /* in sev_features */

/** va_vmsa_profile_name: "zero", "fpu", "zero-debug-swap" or "fpu-debug-swap". */
const char *va_vmsa_profile_name (VaVmsaProfile profile);
/** va_vmsa_profile_parse: FALSE when @name is none of them. */
gboolean va_vmsa_profile_parse (const char *name, VaVmsaProfile *profile) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_vmsa_profile_allowed: whether @choice is or includes @profile: a profile's name, %NULL or "either" for zero and
 * fpu, "debug-swap" for the two with it, "any" for all.
 */
gboolean va_vmsa_profile_allowed (const char *choice, VaVmsaProfile profile);
/** va_vmsa_profile_has_fpu: whether mxcsr and control word are set. */
gboolean va_vmsa_profile_has_fpu (VaVmsaProfile profile);
/** va_vmsa_profile_features: its sev_features. */
guint32 va_vmsa_profile_features (VaVmsaProfile profile);

/** A CPU model that QEMU knows by name. */
typedef struct {
  const char *name;
  guint16 family;
  guint8 model, stepping;
} VaCpuModel;
/** va_cpu_models: the known models. @count: (out) */
const VaCpuModel *va_cpu_models (gsize *count);
/** va_cpu_signature: EAX of CPUID function 1, which a vCPU has in its rdx at the beginning. @family: 0 to 270 */
guint32 va_cpu_signature (guint family, guint8 model, guint8 stepping);
/** va_cpu_describe: FAMILY/MODEL/STEPPING, and the first model of that signature. Returns: (transfer full). */
char *va_cpu_describe (guint32 signature);
/**
 * va_cpu_parse: the signature of a model's name, e.g. "EPYC-Milan" or "EPYC-v4", or of FAMILY/MODEL/STEPPING in
 * decimal, e.g. "25/1/1", which is the only way for host-passthrough and host-model.
 * Errors: VA_SEV_ERROR_FORMAT, naming the known models
 */
gboolean va_cpu_parse (const char *text, guint32 *signature, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_sev_vmsa_build: the save area of a vCPU that begins at @reset, a guest-physical address.
 * Spec: docs/SEV.md section 3; AMD 24593, table B-4
 */
void va_sev_vmsa_build (guint32 reset, guint32 signature, VaVmsaProfile profile, guint8 out[VA_VMSA_SIZE]);
/** One field of a save area: little-endian, at @offset, @size bytes (2, 4 or 8). */
typedef struct {
  const char *name; /* as in AMD 24593, table B-4 */
  guint16 offset;
  guint8 size;
} VaVmsaField;
/** va_vmsa_fields: those that va_sev_vmsa_build() sets, in their order. @count: (out) */
const VaVmsaField *va_vmsa_fields (gsize *count);
/** va_vmsa_field_get: its value in @page; the fields are little-endian, of up to 8 bytes. */
guint64 va_vmsa_field_get (const VaVmsaField *field, const guint8 page[VA_VMSA_SIZE]);
/**
 * va_vmsa_features_text: the names of the bits of @features that are set, e.g. "DebugSwap". Returns: (transfer full).
 */
char *va_vmsa_features_text (guint64 features);
/** What a save area says of its vCPU. */
typedef struct {
  guint64 reset;     /* where it begins: base of cs, and rip */
  guint32 signature; /* of the CPU: the lower half of rdx */
  VaVmsaProfile profile;
  guint64 features;      /* sev_features; bits other than VA_VMSA_DEBUG_SWAP count as differing */
  guint differing;       /* bytes that va_sev_vmsa_build() would have given another value */
  guint first_differing; /* offset of the first of them, if there is one */
} VaVmsa;
/** va_sev_vmsa_read: any page has a meaning; whether it is a usual one is for @out->differing to tell. */
void va_sev_vmsa_read (const guint8 page[VA_VMSA_SIZE], VaVmsa *out);
/**
 * va_launch_digest_add_cpus: the save areas of @cpus vCPUs (1 to VA_VMSA_CPUS_MAX) of a guest that boots @firmware.
 * Errors: VA_SEV_ERROR_FIRMWARE when @firmware has no reset address for SEV-ES; VA_SEV_ERROR_FORMAT (@cpus)
 */
gboolean va_launch_digest_add_cpus (VaLaunchDigest *digest, const VaFirmware *firmware, guint cpus, guint32 signature,
                                    VaVmsaProfile profile, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
