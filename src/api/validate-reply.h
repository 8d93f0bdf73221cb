/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/message.h"
#include "tee/sev/packet.h"

G_BEGIN_DECLS

/** The answer to a validate request, 200. */
typedef struct {
  char *launch_id;
  gboolean has_secret; /* a registration without secrets gets none */
  guint8 header[VA_PACKET_HEADER_SIZE];
  GBytes *payload;
  guint32 secret_address; /* guest-physical; 0: the service does not know the firmware */
} VaValidateReply;
VA_MESSAGE_DECLARE (VaValidateReply, va_validate_reply)

G_END_DECLS
