/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "verbs.h"

#include "api/domain-xml.h"
#include "core/i18n.h"
#include "core/monitor-path.h"
#include "domain-files.h"
#include "domain-input.h"
#include "print.h"
#include "sev/policy.h"

/* What keeps a launch of the domain from being attested; %NULL when nothing does. @text: for what is made of pieces. */
static const char *
missing (const VaDomainXml *domain, char **text)
{
  g_autofree char *path = va_monitor_path (VA_RUNDIR, domain->uuid);
  g_autofree char *older = va_monitor_path_older (VA_RUNDIR, domain->uuid);
  g_autoptr(GError) error = NULL;

  if (domain->other_scheme != NULL)
    return domain->other_scheme;
  if (!domain->confidential)
    return _("it has no <launchSecurity type='sev'>");
  if (!domain->opted_in)
    return _("it has not opted in; “virt-attest domain prepare” adds the metadata");
  if (!domain->has_blobs)
    return _("the placeholders are missing; “virt-attest domain prepare” adds them");
  if (domain->monitor_path == NULL)
    return _("the second monitor is missing; “virt-attest domain prepare” adds it");
  if (!g_str_equal (domain->monitor_path, path) && !g_str_equal (domain->monitor_path, older))
    return _("its monitor is that of another domain; “virt-attest domain prepare” corrects it");
  if (!va_domain_name_check (domain, &error))
    return *text = g_strdup (error->message);
  return NULL;
}

static void
set_text (JsonObject *object, const char *name, const char *text)
{
  if (text != NULL)
    json_object_set_string_member (object, name, text);
}

static void
print_json (const VaDomainXml *domain, const char *problem)
{
  g_autoptr(JsonObject) object = json_object_new ();
  JsonArray *warnings = json_array_new ();

  set_text (object, "uuid", domain->uuid);
  set_text (object, "name", domain->name);
  json_object_set_boolean_member (object, "opted-in", domain->opted_in);
  set_text (object, "registration", domain->registration);
  set_text (object, "owner", domain->owner);
  json_object_set_boolean_member (object, "confidential", domain->confidential);
  if (domain->confidential)
    json_object_set_int_member (object, "policy", domain->policy);
  json_object_set_boolean_member (object, "kernel-hashes", domain->kernel_hashes);
  json_object_set_boolean_member (object, "placeholders", domain->has_blobs);
  set_text (object, "firmware", domain->loader);
  set_text (object, "monitor", domain->monitor_path);
  json_object_set_int_member (object, "vcpus", domain->vcpus);
  json_object_set_boolean_member (object, "ready", problem == NULL);
  set_text (object, "problem", problem);
  for (guint i = 0; i < domain->warnings->len; i++)
    json_array_add_string_element (warnings, domain->warnings->pdata[i]);
  json_object_set_array_member (object, "warnings", warnings);
  va_print_json (object);
}

/* The monitor's place; where that is the one of earlier versions, what is wrong with it. */
static char *
monitor_text (const VaDomainXml *domain)
{
  g_autofree char *older = domain->uuid != NULL ? va_monitor_path_older (VA_RUNDIR, domain->uuid) : NULL;

  if (domain->monitor_path == NULL || g_strcmp0 (domain->monitor_path, older) != 0)
    return g_strdup (domain->monitor_path);
  return g_strdup_printf (_("%s, where no AppArmor rule keeps other domains away; “virt-attest domain prepare” moves it"),
                          domain->monitor_path);
}

static char *
yes_or_no (gboolean yes)
{
  return g_strdup (yes ? _("yes") : _("no"));
}

static void
print_text (const VaDomainXml *domain, const char *problem)
{
  VaTable *table = va_table_new ((const char *[]){ "", "", NULL });

  va_table_field (table, _("domain"), g_strdup (domain->name));
  va_table_field (table, _("uuid"), g_strdup (domain->uuid));
  va_table_field (table, _("registration"), g_strdup (domain->registration));
  va_table_field (table, _("owner"), g_strdup (domain->owner));
  va_table_field (table, _("policy"), domain->confidential ? va_policy_text (domain->policy) : NULL);
  va_table_field (table, _("kernel hashes"), yes_or_no (domain->kernel_hashes));
  va_table_field (table, _("firmware"), g_strdup (domain->loader));
  va_table_field (table, _("vCPUs"), g_strdup_printf ("%u", domain->vcpus));
  va_table_field (table, _("monitor"), monitor_text (domain));
  for (guint i = 0; i < domain->warnings->len; i++)
    va_table_field (table, _("warning"), g_strdup (domain->warnings->pdata[i]));
  va_table_field (table, _("attested"),
                  problem != NULL ? g_strdup_printf (_("no: %s"), problem) : g_strdup (_("yes, at each start")));
  va_table_print (table, "");
}

VaExit
va_verb_domain_show (VaCall *call)
{
  g_autoptr(VaDomainXml) domain = NULL;
  g_autoptr(GBytes) xml = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;
  const char *problem;

  if (!va_call_parse (call, NULL, 0, 1))
    return VA_EXIT_USAGE;
  xml = va_domain_input (call->operands[0], &error);
  if (xml != NULL)
    domain = va_domain_xml_parse (g_bytes_get_data (xml, NULL), g_bytes_get_size (xml), &error);
  if (domain == NULL)
    return va_call_fail (error);
  problem = missing (domain, &text);
  va_domain_files_warn (domain);
  if (call->json)
    print_json (domain, problem);
  else
    print_text (domain, problem);
  return problem == NULL ? VA_EXIT_YES : VA_EXIT_REFUSED;
}
