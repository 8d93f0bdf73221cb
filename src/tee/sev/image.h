/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/sev/digest.h"
#include "tee/tee.h"

/*
 * A firmware image of SEV or SEV-ES. va_sev_image_read, va_sev_image_copy, va_sev_image_digest: the functions of VaTee
 * that are about it, as tee/tee.h describes them.
 */
G_BEGIN_DECLS

VaTeeImage *va_sev_image_read (const VaTee *tee, gconstpointer data, gsize size);
VaTeeImage *va_sev_image_copy (const VaTeeImage *image);
void va_sev_image_free (VaTeeImage *image);
gboolean va_sev_image_digest (const VaTeeImage *image, const VaMeasuredParts *parts, guint8 *digest, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/** va_sev_image_begun: the launch digest after the image alone. Returns: (transfer full) */
VaLaunchDigest *va_sev_image_begun (const VaTeeImage *image);

G_END_DECLS
