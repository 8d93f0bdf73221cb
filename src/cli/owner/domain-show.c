/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include "domain/xml.h"
#include "core/i18n.h"
#include "core/monitor-path.h"
#include "cli/owner/domain-files.h"
#include "cli/owner/domain-input.h"
#include "cli/print.h"
#include "tee/sev/policy.h"

/* Why the domain would not be attested, as far as can be told on this machine. */
static GPtrArray *
find_reasons (const VaDomainXml *domain)
{
  GPtrArray *reasons = va_domain_xml_reasons (domain, VA_DOMAIN_KEPT, VA_RUNDIR);
  g_autoptr(GError) error = NULL;

  if (!va_domain_name_check (domain, &error))
    g_ptr_array_add (reasons, g_strdup (error->message));
  va_domain_files_warn (domain, reasons);
  return reasons;
}

static void
set_list (JsonObject *object, const char *name, const GPtrArray *sentences)
{
  JsonArray *list = json_array_new ();

  for (guint i = 0; i < sentences->len; i++)
    json_array_add_string_element (list, sentences->pdata[i]);
  json_object_set_array_member (object, name, list);
}

static void
set_optional_text (JsonObject *object, const char *name, const char *text)
{
  if (text != NULL)
    json_object_set_string_member (object, name, text);
}

static void
print_domain_json (const VaDomainXml *domain, const GPtrArray *reasons)
{
  g_autoptr(JsonObject) object = json_object_new ();

  set_optional_text (object, "uuid", domain->uuid);
  set_optional_text (object, "name", domain->name);
  json_object_set_boolean_member (object, "opted-in", domain->opted_in);
  set_optional_text (object, "registration", domain->registration);
  set_optional_text (object, "owner", domain->owner);
  json_object_set_boolean_member (object, "confidential", domain->confidential);
  if (domain->confidential)
    json_object_set_int_member (object, "policy", domain->policy);
  json_object_set_boolean_member (object, "kernel-hashes", domain->kernel_hashes);
  json_object_set_boolean_member (object, "placeholders", domain->has_blobs);
  set_optional_text (object, "firmware", domain->loader);
  set_optional_text (object, "kernel", domain->kernel);
  set_optional_text (object, "monitor", domain->monitor_path);
  json_object_set_int_member (object, "vcpus", domain->vcpus);
  json_object_set_boolean_member (object, "ready", reasons->len == 0);
  set_optional_text (object, "problem", reasons->len > 0 ? reasons->pdata[0] : NULL);
  set_list (object, "problems", reasons);
  set_list (object, "warnings", domain->warnings);
  va_print_json (object);
}

/* The monitor's place; where that is the one of earlier versions, what is wrong with it. */
static char *
monitor_text (const VaDomainXml *domain)
{
  g_autofree char *older = domain->uuid != NULL ? va_monitor_path_older (VA_RUNDIR, domain->uuid) : NULL;

  if (domain->monitor_path == NULL || g_strcmp0 (domain->monitor_path, older) != 0)
    return g_strdup (domain->monitor_path);
  return g_strdup_printf (_("%s, where no AppArmor rule keeps other domains out; “virt-attest domain prepare” moves "
                            "it"),
                          domain->monitor_path);
}

static char *
name_boolean (gboolean yes)
{
  return g_strdup (yes ? _("yes") : _("no"));
}

static void
print_domain_text (const VaDomainXml *domain, const GPtrArray *reasons)
{
  VaTable *table = va_table_new ((const char *[]){ "", "", NULL });

  va_table_field (table, _("domain"), g_strdup (domain->name));
  va_table_field (table, _("uuid"), g_strdup (domain->uuid));
  va_table_field (table, _("registration"), g_strdup (domain->registration));
  va_table_field (table, _("owner"), g_strdup (domain->owner));
  va_table_field (table, _("policy"), domain->confidential ? va_policy_text (domain->policy) : NULL);
  va_table_field (table, _("kernel hashes"), name_boolean (domain->kernel_hashes));
  va_table_field (table, _("firmware"), g_strdup (domain->loader));
  va_table_field (table, _("kernel"), g_strdup (domain->kernel));
  va_table_field (table, _("vCPUs"), g_strdup_printf ("%u", domain->vcpus));
  va_table_field (table, _("monitor"), monitor_text (domain));
  for (guint i = 0; i < domain->warnings->len; i++)
    va_table_field (table, _("warning"), g_strdup (domain->warnings->pdata[i]));
  for (guint i = 0; i < reasons->len; i++)
    va_table_field (table, i == 0 ? _("attested") : "",
                    g_strdup_printf (_("no: %s"), (const char *) reasons->pdata[i]));
  if (reasons->len == 0)
    va_table_field (table, _("attested"), g_strdup (_("yes, at each start")));
  va_table_print (table, "");
}

/* A verdict on another machine than the host's is about the XML alone. */
static void
note_unseen_files (const VaDomainXml *domain)
{
  const char *const paths[] = { domain->loader, domain->kernel };

  for (gsize i = 0; domain->confidential && i < G_N_ELEMENTS (paths); i++)
    if (paths[i] != NULL && !g_file_test (paths[i], G_FILE_TEST_EXISTS))
      va_print_error_line (_("virt-attest: note: %s is not on this machine, so it was not examined"), paths[i]);
}

VaExit
va_verb_domain_show (VaCall *call)
{
  g_autoptr(VaDomainXml) domain = NULL;
  g_autoptr(GBytes) xml = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) reasons = NULL;

  if (!va_call_parse (call, NULL, 0, 1))
    return VA_EXIT_USAGE;
  xml = va_domain_input (call->operands[0], &error);
  if (xml != NULL)
    domain = va_domain_xml_parse (g_bytes_get_data (xml, NULL), g_bytes_get_size (xml), &error);
  if (domain == NULL)
    return va_call_fail (error);
  reasons = find_reasons (domain);
  if (!call->json)
    note_unseen_files (domain);
  if (call->json)
    print_domain_json (domain, reasons);
  else
    print_domain_text (domain, reasons);
  return reasons->len == 0 ? VA_EXIT_YES : VA_EXIT_REFUSED;
}
