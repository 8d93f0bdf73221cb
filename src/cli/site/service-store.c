/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/site/service-store.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/error.h"
#include "core/i18n.h"

VaConfig *
va_service_store_find (const char *path, const char **place, GError **error)
{
  g_autoptr(VaConfig) config = va_service_config_load (path != NULL ? path : VA_SERVICE_CONFIG, error);

  *place = config != NULL ? va_service_store_place (config, error) : NULL;
  return *place != NULL ? g_steal_pointer (&config) : NULL;
}

gboolean
va_service_store_user (const char *place, const char *verb, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (place);
  struct stat info;
  const struct passwd *user;

  /* A database on a server has no directory here. */
  if (geteuid () != 0 || !g_path_is_absolute (place) || stat (folder, &info) != 0 || info.st_uid == 0)
    return TRUE;
  user = getpwuid (info.st_uid);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION,
               _("the store in %s belongs to user %s, not to root: run this as that user, with files that the user can "
                 "read: runuser -u %s -- virt-attest %s"),
               folder, user != NULL ? user->pw_name : "?", user != NULL ? user->pw_name : "USER", verb);
  return FALSE;
}

char *
va_service_config_help (void)
{
  return g_strdup_printf (_("The service's configuration [%s]"), VA_SERVICE_CONFIG);
}

VaAuditEntry *
va_service_store_entry (const char *what)
{
  const VaAuditPeer who = { .role = "service", .user = g_get_user_name () };
  VaAuditEntry *entry = va_audit_entry_new (g_get_real_time () / 1000, what, &who);

  va_audit_entry_decide (entry, VA_AUDIT_VERDICT_DONE);
  return entry;
}
