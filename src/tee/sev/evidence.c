/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/seam.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "tee/sev/bytes.h"

/* Where things are in it */
#define AT_POLICY 3
#define AT_MEASUREMENT 7
G_STATIC_ASSERT (AT_MEASUREMENT + VA_MEASUREMENT_SIZE == VA_SEV_EVIDENCE_SIZE);

void
va_sev_evidence_write (const VaLaunchContext *context, const guint8 measurement[VA_MEASUREMENT_SIZE],
                       VaEvidence *evidence)
{
  guint8 bytes[VA_SEV_EVIDENCE_SIZE] = { context->api_major, context->api_minor, context->build_id };

  va_put_le32 (bytes + AT_POLICY, context->policy);
  memcpy (bytes + AT_MEASUREMENT, measurement, VA_MEASUREMENT_SIZE);
  *evidence = (VaEvidence){ VA_SEV_EVIDENCE, g_bytes_new (bytes, sizeof bytes) };
}

gboolean
va_sev_evidence_read (GBytes *evidence, VaLaunchContext *context, guint8 measurement[VA_MEASUREMENT_SIZE],
                      GError **error)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (evidence, &size);

  if (size != VA_SEV_EVIDENCE_SIZE)
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("evidence of SEV has %d bytes; this has %zu"),
                         VA_SEV_EVIDENCE_SIZE, size);
  *context = (VaLaunchContext){
    .api_major = bytes[0], .api_minor = bytes[1], .build_id = bytes[2], .policy = va_get_le32 (bytes + AT_POLICY)
  };
  memcpy (measurement, bytes + AT_MEASUREMENT, VA_MEASUREMENT_SIZE);
  return TRUE;
}
