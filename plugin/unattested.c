/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "unattested.h"

#include "core/config-file.h"
#include "core/error.h"
#include "core/i18n.h"

#define POLICY VA_SYSCONFDIR "/gate.conf"

static const VaConfigKey keys[] = {
  { "", "refuse-unattested", VA_CONFIG_BOOLEAN, "no" },
  { NULL },
};

gboolean
va_unattested_may_run (GError **error)
{
  g_autoptr(GError) reason = NULL;
  g_autoptr(VaConfig) config = va_config_load_optional (POLICY, keys, &reason);

  if (config == NULL)
    return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION,
                         _("cannot tell whether this host runs SEV guests that are not attested: %s; correct that "
                           "file, and start the domain again"),
                         reason->message);
  if (!va_config_boolean (config, "", "refuse-unattested"))
    return TRUE;
  return va_error_set (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION,
                       _("no launch was started for this SEV guest, and this host runs no SEV guest that is not "
                         "attested (refuse-unattested in %s): run “virt-attest host check” there"),
                       POLICY);
}
