/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/explain-private.h"

#include <stdarg.h>
#include "core/i18n.h"

gboolean
va_explain_found (VaExplain *explain, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_string_append_vprintf (explain->found, format, arguments);
  va_end (arguments);
  return TRUE;
}

gboolean
va_explain_afford (VaExplain *explain, gsize bytes)
{
  if (explain->limit - explain->spent < bytes)
    explain->cut = TRUE;
  if (!explain->cut)
    explain->spent += bytes;
  return !explain->cut;
}

VaLaunchDigest *
va_explain_begin (VaExplain *explain, const VaExplainImage *image, const VaExplainKernel *kernel)
{
  g_autoptr(VaLaunchDigest) digest = NULL;

  if (!va_explain_afford (explain, VA_KERNEL_TABLE_SIZE))
    return NULL;
  digest = va_launch_digest_copy (image->begun);
  return !kernel->on || va_launch_digest_add_kernel (digest, &image->footer, &kernel->hashes, NULL)
           ? g_steal_pointer (&digest)
           : NULL;
}

gboolean
va_explain_rest (VaExplain *explain, const VaExplainImage *image, const VaExplainCpus *cpus)
{
  const VaSevMismatch *m = explain->mismatch;

  if (cpus->cpus > 0 && m->vmsa[0] == NULL)
    va_explain_found (explain,
                      m->profiles[cpus->profile] ? _(" (VMSA profile “%s”)")
                                                 : _(" (VMSA profile “%s”, which is not expected)"),
                      va_vmsa_profile_name (cpus->profile));
  /* Which of several expected ones it is. */
  return m->expected_count < 2 || image->index >= m->expected_count
         || va_explain_found (explain, _(" (firmware %s)"), m->firmware_name (image->index, m->user_data));
}
