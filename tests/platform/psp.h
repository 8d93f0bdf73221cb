/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "platform/identity.h"

G_BEGIN_DECLS

#define VA_PSP_MEASURE_SIZE 48
#define VA_PSP_PACKET_HEADER_SIZE 52
#define VA_PSP_SESSION_SIZE 128
#define VA_PSP_VMSA_SIZE 4096
#define VA_PSP_SECRET_MAX 16384

/** Guest states; as in GUEST_STATUS. */
typedef enum {
  VA_PSP_STATE_UNINIT,
  VA_PSP_STATE_LAUNCH_UPDATE,
  VA_PSP_STATE_LAUNCH_SECRET,
  VA_PSP_STATE_RUNNING,
} VaPspState;

/** Firmware errors that the software PSP gives; 0 is success. Spec: AMD 55766, status codes */
enum {
  VA_PSP_SUCCESS = 0,
  VA_PSP_INVALID_PLATFORM_STATE = 1,
  VA_PSP_INVALID_GUEST_STATE = 2,
  VA_PSP_INVALID_LENGTH = 4,
  VA_PSP_INVALID_CERTIFICATE = 6,
  VA_PSP_POLICY_FAILURE = 7,
  VA_PSP_BAD_MEASUREMENT = 11,
  VA_PSP_UNSUPPORTED = 21,
};

/**
 * VaPsp: the firmware's part of one guest. It is written against AMD's specification and shares no code with src/sev,
 * because each is the other's cross-check. Every call returns a firmware error, 0 for success.
 */
typedef struct _VaPsp VaPsp;

/** va_psp_new: a guest on @platform, which is copied. */
VaPsp *va_psp_new (const VaPlatform *platform);
void va_psp_free (VaPsp *psp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaPsp, va_psp_free)

/** va_psp_init: INIT, or ES_INIT with @es. */
int va_psp_init (VaPsp *psp, gboolean es);
/**
 * va_psp_launch_start: unwraps TEK and TIK with the PDH key and checks both MACs of the session; with neither
 * certificate nor session the PSP makes its own keys, which nobody else knows.
 * @godh: the owner's certificate, or %NULL; @session: the session buffer, or %NULL; sizes in bytes
 */
int va_psp_launch_start (VaPsp *psp, guint32 policy, const guint8 *godh, gsize godh_size, const guint8 *session,
                         gsize session_size);
/** va_psp_launch_update_data: measures @size bytes, a multiple of 16. */
int va_psp_launch_update_data (VaPsp *psp, const guint8 *data, gsize size);
/** va_psp_launch_update_vmsa: measures one vCPU's save area; SEV-ES guests only. */
int va_psp_launch_update_vmsa (VaPsp *psp, const guint8 vmsa[VA_PSP_VMSA_SIZE]);
/** va_psp_launch_measure: closes the measurement; @out: measure[32], then mnonce[16]. */
int va_psp_launch_measure (VaPsp *psp, guint8 out[VA_PSP_MEASURE_SIZE]);
/**
 * va_psp_launch_secret: checks the packet's MAC and decrypts it into @guest.
 * @guest: @guest_size bytes of guest memory, untouched unless the call succeeds
 */
int va_psp_launch_secret (VaPsp *psp, const guint8 *header, gsize header_size, const guint8 *packet, gsize packet_size,
                          guint8 *guest, gsize guest_size);
int va_psp_launch_finish (VaPsp *psp);

VaPspState va_psp_state (const VaPsp *psp);
guint32 va_psp_policy (const VaPsp *psp);

G_END_DECLS
