/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/owner/vm-text.h"

#include <inttypes.h>
#include "cli/answer.h"
#include "core/i18n.h"
#include "cli/print.h"
#include "tee/sev/policy.h"
#include "cli/owner/vm-words.h"

char *
va_vm_used (JsonObject *vm, const char *count, const char *limit)
{
  gint64 used = va_answer_number (vm, count);
  gint64 most = va_answer_number (va_answer_object (vm, "permit"), limit);

  return most > 0 ? g_strdup_printf (_("%" PRId64 " of %" PRId64), used, most) : g_strdup_printf ("%" PRId64, used);
}

static void
add_condition (GStrvBuilder *conditions, char *condition)
{
  g_strv_builder_add (conditions, condition);
  g_free (condition);
}

/* A secret, and what a launch must be besides to get it. */
static char *
named_text (const char *name, JsonObject *rule)
{
  JsonObject *policy = va_answer_object (rule, "policy"), *api = va_answer_object (rule, "min-api");
  g_autofree char *hosts = va_answer_list (rule, "hosts"), *chips = va_answer_list (rule, "chips");
  g_autofree char *required = va_policy_text (va_answer_number (policy, "required"));
  g_autofree char *forbidden = va_policy_text (va_answer_number (policy, "forbidden"));

  g_autoptr(GStrvBuilder) conditions = g_strv_builder_new ();
  g_auto(GStrv) list = NULL;
  g_autofree char *joined = NULL;

  if (rule == NULL)
    return g_strdup (name);
  if (policy != NULL)
    add_condition (conditions, g_strdup_printf (_("policy bits set: %s"), required));
  if (policy != NULL)
    add_condition (conditions, g_strdup_printf (_("policy bits clear: %s"), forbidden));
  if (api != NULL)
    add_condition (conditions, g_strdup_printf (_("API %d.%d or later"), (int) va_answer_number (api, "major"),
                                                (int) va_answer_number (api, "minor")));
  if (hosts != NULL)
    add_condition (conditions, g_strdup_printf (_("hosts: %s"), hosts));
  if (chips != NULL)
    add_condition (conditions, g_strdup_printf (_("chips: %s"), chips));
  list = g_strv_builder_end (conditions);
  joined = g_strjoinv ("; ", list);
  if (g_strcmp0 (va_answer_text (rule, "otherwise"), "omit") == 0)
    return g_strdup_printf (_("%s (left out unless %s)"), name, joined);
  return g_strdup_printf (_("%s (no launch unless %s)"), name, joined);
}

static char *
secrets_text (JsonObject *vm)
{
  JsonArray *secrets = va_answer_array (vm, "secrets");
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < va_answer_length (secrets); i++)
    {
      JsonObject *secret = va_answer_element (secrets, i);
      const char *name = va_answer_text (secret, "name");

      g_string_append (text, i > 0 ? ", " : "");
      if (name != NULL)
        {
          g_autofree char *named = named_text (name, va_answer_object (secret, "rule"));

          g_string_append (text, named);
        }
      else
        g_string_append_printf (text, _("%s (%" PRId64 " bytes)"), va_answer_text (secret, "guid"),
                                va_answer_number (secret, "size"));
    }
  if (text->len > 0)
    return g_string_free (text, FALSE);
  g_string_free (text, TRUE);
  return g_strdup (_("none"));
}

static char *
minimum_text (JsonObject *vm)
{
  JsonObject *api = va_answer_object (vm, "min-api");
  gint64 build = va_answer_number (vm, "min-build");

  if (api == NULL && build == 0)
    return NULL;
  return g_strdup_printf (_("API %d.%d, build %d"), (int) va_answer_number (api, "major"),
                          (int) va_answer_number (api, "minor"), (int) build);
}

/* Guests of which project, image and flavor of OpenStack; %NULL: of all. */
static char *
nova_text (JsonObject *vm)
{
  JsonObject *nova = va_answer_object (vm, "nova");
  const char *image = va_answer_text (nova, "image"), *flavor = va_answer_text (nova, "flavor");
  g_autoptr(GString) text = g_string_new (NULL);

  if (nova == NULL)
    return NULL;
  g_string_append_printf (text, _("project %s"), va_answer_text (nova, "project"));
  if (image != NULL)
    g_string_append_printf (text, _(", image %s"), image);
  if (flavor != NULL)
    g_string_append_printf (text, _(", flavor %s"), flavor);
  return g_strdup (text->str);
}

static char *
domains_text (JsonObject *vm)
{
  char *list = va_answer_true (vm, "any-domain") ? g_strdup (_("any")) : va_answer_list (vm, "domains");

  return list != NULL ? list : g_strdup (_("the one with this id"));
}

static char *
counts_text (JsonObject *vm)
{
  JsonArray *counts = va_answer_array (vm, "cpu-count");
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < va_answer_length (counts); i++)
    g_string_append_printf (text, "%s%" PRId64, i > 0 ? ", " : "", json_array_get_int_element (counts, i));
  if (counts != NULL)
    return g_string_free (text, FALSE);
  g_string_free (text, TRUE);
  return NULL;
}

static char *
confirm_text (JsonObject *vm)
{
  JsonObject *permit = va_answer_object (vm, "permit");
  gint64 after = va_answer_number (permit, "confirm-after");

  if (permit == NULL || !json_object_has_member (permit, "confirm-after"))
    return NULL;
  return after == 0 ? g_strdup (_("each launch waits until you approve it"))
                    : g_strdup_printf (ngettext ("after %" PRId64 " launch each one waits until you approve it",
                                                 "after %" PRId64 " launches each one waits until you approve it",
                                                 (gulong) after),
                                       after);
}

/* Launches to come that do not wait. */
static char *
approved_text (JsonObject *vm)
{
  gint64 approved = va_answer_number (vm, "approved");
  g_autofree char *until = approved > 0 ? va_print_time (va_answer_number (vm, "approved-until")) : NULL;

  return until != NULL ? g_strdup_printf (_("%" PRId64 " more, until %s"), approved, until) : NULL;
}

static char *
time_text (JsonObject *vm, const char *name)
{
  gint64 time = va_answer_number (va_answer_object (vm, "permit"), name);

  return time != 0 ? va_print_time (time) : NULL;
}

static char *
or_all (char *list)
{
  return list != NULL ? list : g_strdup (_("all"));
}

/* The exact policy, or what it must and must not have. */
static char *
policy_rule_text (JsonObject *vm)
{
  JsonObject *rule = va_answer_object (vm, "policy");
  g_autofree char *required = NULL, *forbidden = NULL;

  if (rule == NULL)
    return va_policy_text (va_answer_number (vm, "policy"));
  required = va_policy_text (va_answer_number (rule, "required"));
  forbidden = va_policy_text (va_answer_number (rule, "forbidden"));
  return g_strdup_printf (_("any with %s and without %s"), required, forbidden);
}

void
va_vm_print (JsonObject *vm)
{
  g_autoptr(GPtrArray) words = va_vm_words (vm);
  VaTable *table = va_table_new ((const char *[]){ "", "", NULL });

  va_table_field (table, _("id"), g_strdup (va_answer_text (vm, "id")));
  va_table_field (table, _("name"), g_strdup (va_answer_text (vm, "name")));
  va_table_field (table, _("scheme"), g_strdup (va_answer_text (vm, "scheme")));
  va_table_field (table, _("policy"), policy_rule_text (vm));
  if (json_object_get_boolean_member_with_default (vm, "allow-debug", FALSE))
    va_table_field (table, _("debugging"), g_strdup (_("ALLOWED: the host may read and change the guest's memory")));
  va_table_field (table, _("firmware"), va_answer_list (vm, "firmware-hashes"));
  va_table_field (table, _("kernel"), va_answer_list (vm, "kernel-hash"));
  va_table_field (table, _("initrd"), va_answer_list (vm, "initrd-hash"));
  va_table_field (table, _("command line"), va_answer_list (vm, "cmdline-hash"));
  va_table_field (table, _("launch digests"), va_answer_list (vm, "launch-digests"));
  va_table_field (table, _("vCPUs"), counts_text (vm));
  va_table_field (table, _("CPU model"), g_strdup (va_answer_text (vm, "cpu-model")));
  va_table_field (table, _("VMSA profile"), g_strdup (va_answer_text (vm, "vmsa-profile")));
  va_table_field (table, _("SEV firmware"), minimum_text (vm));
  va_table_field (table, _("hosts"), or_all (va_answer_list (vm, "hosts")));
  va_table_field (table, _("chips"), or_all (va_answer_list (vm, "chips")));
  va_table_field (table, _("domains"), domains_text (vm));
  va_table_field (table, _("OpenStack"), nova_text (vm));
  va_table_field (table, _("secrets"), secrets_text (vm));
  va_table_field (table, _("launches"), va_vm_used (vm, "launches", "max-launches"));
  va_table_field (table, _("running"), va_vm_used (vm, "running", "max-running"));
  va_table_field (table, _("confirmation"), confirm_text (vm));
  va_table_field (table, _("approved launches"), approved_text (vm));
  va_table_field (table, _("not before"), time_text (vm, "not-before"));
  va_table_field (table, _("not after"), time_text (vm, "not-after"));
  va_table_field (table, _("created"), va_print_time (va_answer_number (vm, "created")));
  va_table_print (table, "");
  va_print_line ("%s", "");
  va_print_line ("%s", _("In words:"));
  for (guint i = 0; i < words->len; i++)
    va_print_line ("  %s", (const char *) words->pdata[i]);
}
