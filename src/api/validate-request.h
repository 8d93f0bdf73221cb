/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/message.h"
#include "tee/sev/measurement.h"

G_BEGIN_DECLS

/** POST /vm/{id}/validate: what the platform measured. */
typedef struct {
  char *launch_id;
  VaLaunchContext context; /* api-major, api-minor, build-id, policy: the host's claims */
  guint8 measurement[VA_MEASUREMENT_SIZE];
  gboolean has_firmware_hash;
  guint8 firmware_hash[VA_SHA256_SIZE];
  guint32 cpu_count; /* 0: not said */
} VaValidateRequest;
VA_MESSAGE_DECLARE (VaValidateRequest, va_validate_request)

G_END_DECLS
