/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/tee.h"

#include "core/error.h"
#include "core/i18n.h"

static const VaTee *const technologies[] = { &va_tee_sev, &va_tee_sev_es };

const VaTee *
va_tee_find (const char *scheme)
{
  for (guint i = 0; i < G_N_ELEMENTS (technologies); i++)
    if (g_str_equal (technologies[i]->scheme, scheme))
      return technologies[i];
  return NULL;
}

gboolean
va_evidence_read (const VaEvidence *evidence, VaClaims *claims, GError **error)
{
  for (guint i = 0; evidence->bytes != NULL && i < G_N_ELEMENTS (technologies); i++)
    if (g_str_equal (technologies[i]->evidence_type, evidence->type))
      return technologies[i]->read_evidence (evidence->bytes, claims, error);
  return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("evidence of this type is not known"));
}
