/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/validate-reply.h"

#include "core/i18n.h"

#define PAYLOAD_BLOCK 16
#define PAYLOAD_SIZE N_("expected a multiple of 16 bytes, at least 16")

static const VaMember members[] = {
  { "launch-id", VA_REQUIRED, VA_MEMBER_UUID (VaValidateReply, launch_id) },
  { "secret-header", VA_OPTIONAL, VA_MEMBER_BASE64 (VaValidateReply, header),
    .flag = VA_MEMBER_FLAG (VaValidateReply, has_secret) },
  { "secret-payload", VA_OPTIONAL, VA_MEMBER_BYTES (VaValidateReply, payload), .min = PAYLOAD_BLOCK,
    .max = VA_SECRET_TABLE_MAX, .expected = PAYLOAD_SIZE },
  { "secret-address", VA_OPTIONAL, VA_MEMBER_NUMBER (VaValidateReply, secret_address), .min = 1, .max = G_MAXUINT32 },
};

/* Header and payload come together or not at all; the address only with them. */
static void
check_sealed_secret (VaFields *fields, gconstpointer message)
{
  const VaValidateReply *reply = message;

  if (reply->has_secret != (reply->payload != NULL))
    va_fields_fail (fields, "secret-payload", _("must come together with secret-header"));
  if (reply->secret_address != 0 && !reply->has_secret)
    va_fields_fail (fields, "secret-address", _("is allowed only with secret-header"));
  if (reply->payload != NULL && g_bytes_get_size (reply->payload) % PAYLOAD_BLOCK != 0)
    va_fields_fail (fields, "secret-payload", "%s", _(PAYLOAD_SIZE));
}

VA_MESSAGE_DEFINE (VaValidateReply, va_validate_reply) = {
  .name = "validate-reply",
  .where = N_("validate reply"),
  .size = sizeof (VaValidateReply),
  VA_MESSAGE_MEMBERS (members),
  .check = check_sealed_secret,
};
