/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/tee.h"

/* The structs that cross the seam. */

void
va_evidence_clear (VaEvidence *evidence)
{
  g_clear_pointer (&evidence->bytes, g_bytes_unref);
}

void
va_tee_platform_free (VaTeePlatform *platform)
{
  if (platform != NULL)
    platform->tee->free_platform (platform);
}

VaTeeImage *
va_tee_image_copy (const VaTeeImage *image)
{
  return image->tee->copy_image (image);
}

void
va_tee_image_free (VaTeeImage *image)
{
  if (image != NULL)
    image->tee->free_image (image);
}

void
va_tee_start_clear (VaTeeStart *start)
{
  g_clear_pointer (&start->handover, va_blobs_free);
  g_clear_pointer (&start->keys, va_secret_free);
}
