/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service-store.h"

VaConfig *
va_service_store_find (const char *path, const char **place, GError **error)
{
  g_autoptr(VaConfig) config = va_service_config_load (path != NULL ? path : VA_SERVICE_CONFIG, error);

  *place = config != NULL ? va_service_store_place (config, error) : NULL;
  return *place != NULL ? g_steal_pointer (&config) : NULL;
}

JsonObject *
va_service_store_entry (const char *what)
{
  JsonObject *entry = va_audit_entry (g_get_real_time () / 1000, what), *who = json_object_new ();

  json_object_set_string_member (who, "role", "service");
  json_object_set_string_member (who, "user", g_get_user_name ());
  json_object_set_object_member (entry, "who", who);
  json_object_set_string_member (entry, "result", "done");
  return entry;
}
