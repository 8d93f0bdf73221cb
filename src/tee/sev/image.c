/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/image.h"

#include "tee/sev/vmsa.h"

typedef struct {
  VaTeeImage parent;
  VaLaunchDigest *begun;
} SevImage;

/* The digest after the image alone is the image's SHA-256, so that to have both costs no second pass. */
VaTeeImage *
va_sev_image_read (const VaTee *tee, gconstpointer data, gsize size)
{
  SevImage *image = g_new0 (SevImage, 1);

  image->parent.tee = tee;
  image->begun = va_launch_digest_new (data, size);
  va_launch_digest_finish (va_launch_digest_copy (image->begun), image->parent.hash);
  if (va_firmware_parse (&image->parent.firmware, data, size, NULL))
    return &image->parent;
  va_sev_image_free (&image->parent);
  return NULL;
}

VaTeeImage *
va_sev_image_copy (const VaTeeImage *image)
{
  SevImage *copy = g_new0 (SevImage, 1);

  copy->parent = *image;
  copy->begun = va_sev_image_begun (image);
  return &copy->parent;
}

void
va_sev_image_free (VaTeeImage *image)
{
  va_launch_digest_free (((SevImage *) image)->begun);
  g_free (image);
}

VaLaunchDigest *
va_sev_image_begun (const VaTeeImage *image)
{
  return va_launch_digest_copy (((const SevImage *) image)->begun);
}

gboolean
va_sev_image_digest (const VaTeeImage *image, const VaMeasuredParts *parts, guint8 *out, GError **error)
{
  g_autoptr(VaLaunchDigest) digest = va_sev_image_begun (image);

  if ((parts->kernel != NULL && !va_launch_digest_add_kernel (digest, &image->firmware, parts->kernel, error))
      || (parts->cpus > 0
          && !va_launch_digest_add_cpus (digest, &image->firmware, parts->cpus, parts->cpu_signature,
                                         (VaVmsaProfile) parts->profile, error)))
    return FALSE;
  va_launch_digest_finish (g_steal_pointer (&digest), out);
  return TRUE;
}
