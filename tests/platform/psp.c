/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "platform/psp.h"

#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <string.h>
#include <sys/random.h>
#include "platform/session-keys.h"

#define POLICY_ES (1u << 2)

struct _VaPsp {
  VaPlatform platform;
  VaSessionKeys keys;
  struct sha256_ctx digest;
  guint8 measure[32];
  guint32 policy;
  VaPspState state;
  gboolean ready, es;
};

static void
fill_random (guint8 *out, gsize size)
{
  if (getrandom (out, size, 0) != (ssize_t) size)
    g_error ("getrandom gave fewer bytes than asked for");
}

VaPsp *
va_psp_new (const VaPlatform *platform)
{
  VaPsp *psp = g_new0 (VaPsp, 1);

  psp->platform = *platform;
  return psp;
}

void
va_psp_free (VaPsp *psp)
{
  if (psp == NULL)
    return;
  explicit_bzero (psp, sizeof *psp);
  g_free (psp);
}

int
va_psp_init (VaPsp *psp, gboolean es)
{
  if (psp->ready)
    return VA_PSP_INVALID_PLATFORM_STATE;
  psp->ready = TRUE;
  psp->es = es;
  return VA_PSP_SUCCESS;
}

static gboolean
old_enough (const VaPsp *psp, guint32 policy)
{
  guint major = (policy >> 16) & 0xff, minor = policy >> 24;

  return psp->platform.api_major > major || (psp->platform.api_major == major && psp->platform.api_minor >= minor);
}

int
va_psp_launch_start (VaPsp *psp, guint32 policy, const guint8 *godh, gsize godh_size, const guint8 *session,
                     gsize session_size)
{
  int result = VA_PSP_SUCCESS;

  if (!psp->ready)
    return VA_PSP_INVALID_PLATFORM_STATE;
  if (psp->state != VA_PSP_STATE_UNINIT)
    return VA_PSP_INVALID_GUEST_STATE;
  if (!old_enough (psp, policy) || ((policy & POLICY_ES) != 0) != psp->es)
    return VA_PSP_POLICY_FAILURE;
  if (godh == NULL && session == NULL)
    fill_random ((guint8 *) &psp->keys, sizeof psp->keys);
  else if (godh == NULL || session == NULL || godh_size != VA_PLATFORM_CERT_SIZE || session_size != VA_PSP_SESSION_SIZE)
    result = VA_PSP_INVALID_LENGTH;
  else
    result = va_session_keys_unwrap (&psp->keys, &psp->platform, policy, godh, session);
  if (result != VA_PSP_SUCCESS)
    return result;
  psp->policy = policy;
  psp->state = VA_PSP_STATE_LAUNCH_UPDATE;
  sha256_init (&psp->digest);
  return VA_PSP_SUCCESS;
}

int
va_psp_launch_update_data (VaPsp *psp, const guint8 *data, gsize size)
{
  if (psp->state != VA_PSP_STATE_LAUNCH_UPDATE)
    return VA_PSP_INVALID_GUEST_STATE;
  if (size == 0 || size % 16 != 0)
    return VA_PSP_INVALID_LENGTH;
  sha256_update (&psp->digest, size, data);
  return VA_PSP_SUCCESS;
}

int
va_psp_launch_update_vmsa (VaPsp *psp, const guint8 vmsa[VA_PSP_VMSA_SIZE])
{
  if (psp->state != VA_PSP_STATE_LAUNCH_UPDATE)
    return VA_PSP_INVALID_GUEST_STATE;
  if (!psp->es)
    return VA_PSP_UNSUPPORTED;
  sha256_update (&psp->digest, VA_PSP_VMSA_SIZE, vmsa);
  return VA_PSP_SUCCESS;
}

int
va_psp_launch_measure (VaPsp *psp, guint8 out[VA_PSP_MEASURE_SIZE])
{
  struct {
    guint8 context, api_major, api_minor, build, policy[4], digest[32], mnonce[16];
  } message = { 0x04, psp->platform.api_major, psp->platform.api_minor, psp->platform.build };

  if (psp->state != VA_PSP_STATE_LAUNCH_UPDATE)
    return VA_PSP_INVALID_GUEST_STATE;
  va_psp_put_u32 (message.policy, psp->policy);
  sha256_digest (&psp->digest, sizeof message.digest, message.digest);
  fill_random (message.mnonce, sizeof message.mnonce);
  va_psp_hmac (psp->keys.tik, sizeof psp->keys.tik, (const guint8 *) &message, sizeof message, psp->measure);
  memcpy (out, psp->measure, 32);
  memcpy (out + 32, message.mnonce, 16);
  psp->state = VA_PSP_STATE_LAUNCH_SECRET;
  return VA_PSP_SUCCESS;
}

static void
packet_mac (const VaPsp *psp, const guint8 *header, const guint8 *packet, gsize size, gsize guest_size, guint8 out[32])
{
  struct hmac_sha256_ctx hmac;
  const guint8 context = 0x01;
  guint8 lengths[8];

  va_psp_put_u32 (lengths, (guint32) guest_size);
  va_psp_put_u32 (lengths + 4, (guint32) size);
  hmac_sha256_set_key (&hmac, sizeof psp->keys.tik, psp->keys.tik);
  hmac_sha256_update (&hmac, 1, &context);
  hmac_sha256_update (&hmac, 20, header); /* flags and IV */
  hmac_sha256_update (&hmac, sizeof lengths, lengths);
  hmac_sha256_update (&hmac, size, packet);
  hmac_sha256_update (&hmac, sizeof psp->measure, psp->measure);
  hmac_sha256_digest (&hmac, 32, out);
  explicit_bzero (&hmac, sizeof hmac);
}

int
va_psp_launch_secret (VaPsp *psp, const guint8 *header, gsize header_size, const guint8 *packet, gsize packet_size,
                      guint8 *guest, gsize guest_size)
{
  guint8 mac[32];

  if (psp->state != VA_PSP_STATE_LAUNCH_SECRET)
    return VA_PSP_INVALID_GUEST_STATE;
  if (header_size != VA_PSP_PACKET_HEADER_SIZE || packet_size == 0 || packet_size > VA_PSP_SECRET_MAX
      || packet_size % 16 != 0 || guest_size != packet_size)
    return VA_PSP_INVALID_LENGTH;
  if (va_psp_get_u32 (header) != 0) /* compressed packets */
    return VA_PSP_UNSUPPORTED;
  packet_mac (psp, header, packet, packet_size, guest_size, mac);
  if (!memeql_sec (mac, header + 20, sizeof mac))
    return VA_PSP_BAD_MEASUREMENT;
  va_psp_ctr (psp->keys.tek, header + 4, packet, guest, packet_size);
  return VA_PSP_SUCCESS;
}

int
va_psp_launch_finish (VaPsp *psp)
{
  if (psp->state != VA_PSP_STATE_LAUNCH_SECRET)
    return VA_PSP_INVALID_GUEST_STATE;
  explicit_bzero (&psp->keys, sizeof psp->keys);
  psp->state = VA_PSP_STATE_RUNNING;
  return VA_PSP_SUCCESS;
}

VaPspState
va_psp_state (const VaPsp *psp)
{
  return psp->state;
}

guint32
va_psp_policy (const VaPsp *psp)
{
  return psp->policy;
}
