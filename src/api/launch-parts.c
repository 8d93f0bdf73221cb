/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/launch-parts.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "tee/sev/seam.h"

const VaTee *
va_registration_tee (const VaRegistration *registration)
{
  return registration->scheme == VA_SCHEME_SEV_ES ? &va_tee_sev_es : &va_tee_sev;
}

VaBlobs *
va_launch_request_claim (const VaLaunchRequest *request)
{
  VaBlobs *claim = va_blobs_new ();

  va_blobs_add (claim, VA_SEV_CLAIM_PDH, g_bytes_new_static (request->pdh, sizeof request->pdh));
  va_blobs_add (claim, VA_SEV_CLAIM_CERT_CHAIN, g_bytes_new_static (request->cert_chain, sizeof request->cert_chain));
  return claim;
}

static void
copy_part (const VaBlobs *blobs, const char *name, guint8 *out, gsize size)
{
  const guint8 *data = va_blobs_get_sized (blobs, name, size);

  g_return_if_fail (data != NULL);
  memcpy (out, data, size);
}

void
va_launch_grant_set_start (VaLaunchGrant *grant, const VaBlobs *handover)
{
  copy_part (handover, VA_SEV_START_SESSION, grant->session, sizeof grant->session);
  copy_part (handover, VA_SEV_START_OWNER_CERT, grant->owner_cert, sizeof grant->owner_cert);
}

void
va_validate_request_evidence (const VaValidateRequest *request, VaEvidence *evidence)
{
  va_sev_evidence_write (&request->context, request->measurement, evidence);
}

gboolean
va_validate_request_set_evidence (VaValidateRequest *request, const VaEvidence *evidence, GError **error)
{
  if (!g_str_equal (evidence->type, VA_SEV_EVIDENCE))
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                         _("evidence of this type cannot be sent to the attestation service"));
  return va_sev_evidence_read (evidence->bytes, &request->context, request->measurement, error);
}

void
va_validate_reply_set_packet (VaValidateReply *reply, const VaBlobs *packet)
{
  copy_part (packet, VA_SEV_PACKET_HEADER, reply->header, sizeof reply->header);
  reply->payload = g_bytes_ref (va_blobs_get (packet, VA_SEV_PACKET_PAYLOAD));
  reply->has_secret = TRUE;
}

VaBlobs *
va_validate_reply_packet (const VaValidateReply *reply)
{
  VaBlobs *packet = va_blobs_new ();

  va_blobs_add_copy (packet, VA_SEV_PACKET_HEADER, reply->header, sizeof reply->header);
  va_blobs_add (packet, VA_SEV_PACKET_PAYLOAD, g_bytes_ref (reply->payload));
  return packet;
}
