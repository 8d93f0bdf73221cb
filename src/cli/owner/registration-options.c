/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/owner/registration-options.h"

#include <string.h>
#include "codec/fields.h"
#include "core/encoding.h"
#include "core/error.h"
#include "core/i18n.h"
#include "cli/print.h"
#include "core/number.h"
#include "cli/file-hash.h"
#include "cli/firmware.h"
#include "cli/firmware-modules.h"
#include "cli/given-input.h"
#include "cli/owner/option-words.h"
#include "tee/sev/policy.h"

#define CPUS_MAX 4096

void
va_registration_options_entries (VaRegistrationOptions *o, GOptionEntry entries[VA_REGISTRATION_ENTRIES])
{
  const GOptionEntry all[] = {
    { "file", 0, 0, G_OPTION_ARG_FILENAME, &o->file,
      N_("Read the whole registration from a JSON file, as “vm show --json” prints it, or - for standard input; only "
         "--firmware may be added, and is uploaded"),
      N_("JSON") },
    { "name", 0, 0, G_OPTION_ARG_STRING, &o->name, N_("A name that people see"), N_("TEXT") },
    { "policy", 0, 0, G_OPTION_ARG_STRING, &o->policy,
      N_("SEV guest policy, e.g. 0x1 or “nodbg,es”; bit 2 (es) means SEV-ES"), N_("POLICY") },
    { "policy-required", 0, 0, G_OPTION_ARG_STRING, &o->policy_required,
      N_("Instead of --policy: bits that must be set"), N_("POLICY") },
    { "policy-forbidden", 0, 0, G_OPTION_ARG_STRING, &o->policy_forbidden,
      N_("Instead of --policy: bits that must be clear"), N_("POLICY") },
    { "allow-debug", 0, 0, G_OPTION_ARG_NONE, &o->allow_debug, N_("Let the host read the guest's memory (no NODBG)"),
      NULL },
    { "firmware", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->firmware,
      N_("Firmware image, uploaded if necessary; may be repeated"), N_("FILE") },
    { "kernel", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->kernels,
      N_("Kernel that the firmware may boot; may be repeated"), N_("FILE") },
    { "initrd", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->initrds, N_("Its initrd, “” for none; may be repeated"),
      N_("FILE") },
    { "cmdline", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->cmdlines, N_("Its command line, “” for none; may be repeated"),
      N_("TEXT") },
    { "launch-digest", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->launch_digests,
      N_("Expected digest instead of --firmware; may be repeated"), N_("HEX") },
    { "cpu-count", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->cpu_counts, N_("SEV-ES: number of vCPUs; may be repeated"),
      N_("N") },
    { "cpu-model", 0, 0, G_OPTION_ARG_STRING, &o->cpu_model, N_("SEV-ES: CPU model, e.g. EPYC-Milan"),
      N_("NAME|F/M/S") },
    { "vmsa-profile", 0, 0, G_OPTION_ARG_STRING, &o->vmsa_profile,
      N_("SEV-ES: how hosts initialize the FPU state and sev_features: zero, fpu, either; debug-swap; any … [either]"),
      N_("NAME") },
    { "secret", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->secrets, N_("A stored secret for the guest; may be repeated"),
      N_("NAME") },
    { "max-launches", 0, 0, G_OPTION_ARG_STRING, &o->max_launches, N_("At most N launches, ever"), N_("N") },
    { "max-running", 0, 0, G_OPTION_ARG_STRING, &o->max_running, N_("At most N running at the same time"), N_("N") },
    { "confirm-after", 0, 0, G_OPTION_ARG_STRING, &o->confirm_after,
      N_("After N launches, each one waits for your approval [never]"), N_("N") },
    { "not-before", 0, 0, G_OPTION_ARG_STRING, &o->not_before, N_("No launch before DATE[THH:MM:SS]"), N_("DATE") },
    { "not-after", 0, 0, G_OPTION_ARG_STRING, &o->not_after, N_("No launch after DATE[THH:MM:SS]"), N_("DATE") },
    { "host", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->hosts, N_("A host that it may run on [all]; may be repeated"),
      N_("NAME") },
    { "chip", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->chips,
      N_("A processor that it may run on, as “sev chain” names it, or a file with its CEK [all]; may be repeated"),
      N_("HEX") },
    { "two-persons", 0, 0, G_OPTION_ARG_NONE, &o->two_persons, N_("Changes and approvals require two of your people"),
      NULL },
    { "domain", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->domains, N_("A domain that may use it [ID]; may be repeated"),
      N_("UUID") },
    { "nova-project", 0, 0, G_OPTION_ARG_STRING, &o->nova_project,
      N_("Only guests that OpenStack makes for this project; without ID, the ID is made of it and the next two"),
      N_("ID") },
    { "nova-image", 0, 0, G_OPTION_ARG_STRING, &o->nova_image, N_("Only those of this image"), N_("ID") },
    { "nova-flavor", 0, 0, G_OPTION_ARG_STRING, &o->nova_flavor, N_("Only those of this flavor"), N_("NAME") },
    { "any-domain", 0, 0, G_OPTION_ARG_NONE, &o->any_domain, N_("Any domain may use it"), NULL },
    { "min-api", 0, 0, G_OPTION_ARG_STRING, &o->min_api, N_("Lowest SEV API version"), N_("MAJOR.MINOR") },
    { "min-build", 0, 0, G_OPTION_ARG_STRING, &o->min_build, N_("Lowest SEV firmware build"), N_("N") },
    { "cloud-cert", 0, 0, G_OPTION_ARG_FILENAME, &o->cloud_cert,
      N_("OCA certificate that must sign the PEK, in any form"), N_("FILE") },
    { NULL },
  };

  G_STATIC_ASSERT (G_N_ELEMENTS (all) == VA_REGISTRATION_ENTRIES);
  memcpy (entries, all, sizeof all);
}

/* Whether the option was on the command line: a flag, a text or a list; there are no others, since a number has no
   value that says "not given". */
static gboolean
is_given (const GOptionEntry *entry)
{
  if (entry->arg == G_OPTION_ARG_NONE)
    return *(const gboolean *) entry->arg_data;
  g_assert (entry->arg == G_OPTION_ARG_STRING || entry->arg == G_OPTION_ARG_FILENAME
            || entry->arg == G_OPTION_ARG_STRING_ARRAY || entry->arg == G_OPTION_ARG_FILENAME_ARRAY);
  return *(gpointer *) entry->arg_data != NULL;
}

const char *
va_registration_options_beside_file (const GOptionEntry *entries)
{
  for (; entries->long_name != NULL; entries++)
    if (!g_str_equal (entries->long_name, "file") && !g_str_equal (entries->long_name, "firmware")
        && is_given (entries))
      return entries->long_name;
  return NULL;
}

void
va_registration_options_clear (VaRegistrationOptions *o)
{
  char **const texts[] = {
    &o->file,         &o->name,        &o->policy,        &o->policy_required, &o->policy_forbidden, &o->cpu_model,
    &o->vmsa_profile, &o->min_api,     &o->min_build,     &o->cloud_cert,      &o->not_before,       &o->not_after,
    &o->max_launches, &o->max_running, &o->confirm_after, &o->nova_project,    &o->nova_image,       &o->nova_flavor
  };
  char ***const lists[] = { &o->firmware,   &o->kernels, &o->initrds, &o->cmdlines, &o->launch_digests,
                            &o->cpu_counts, &o->hosts,   &o->chips,   &o->domains,  &o->secrets };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (*texts[i]);
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    g_strfreev (*lists[i]);
}

static gboolean
set_number (JsonObject *object, const char *name, const char *option, const char *text, guint64 min, guint64 max,
            GError **error)
{
  guint64 number;

  if (text == NULL)
    return TRUE;
  if (!va_number_parse (text, min, max, &number, error))
    {
      g_prefix_error (error, "%s: ", option);
      return FALSE;
    }
  json_object_set_int_member (object, name, (gint64) number);
  return TRUE;
}

static gboolean
set_time (JsonObject *object, const char *name, const char *text, GError **error)
{
  g_autofree char *full = text != NULL && strchr (text, 'T') == NULL ? g_strconcat (text, "T00:00:00", NULL)
                                                                     : g_strdup (text);
  g_autoptr(GTimeZone) zone = g_time_zone_new_local ();
  g_autoptr(GDateTime) time = full != NULL ? g_date_time_new_from_iso8601 (full, zone) : NULL;

  if (time != NULL && g_date_time_to_unix (time) < 1)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, _("--%s: “%s” is too early: expected a date after 1970"),
                   name, text);
      return FALSE;
    }
  if (time != NULL)
    json_object_set_int_member (object, name, g_date_time_to_unix (time));
  if (time != NULL || text == NULL)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("--%s: “%s” is not a time: expected YYYY-MM-DD[THH:MM:SS]"),
               name, text);
  return FALSE;
}

/* A policy or bits of one, as a number or by names. */
static gboolean
set_policy_bits (JsonObject *object, const char *name, const char *option, const char *text, GError **error)
{
  guint32 policy;

  if (text == NULL)
    return TRUE;
  if (!va_policy_parse (text, &policy, error) || !va_policy_check (policy, error))
    {
      g_prefix_error (error, "%s: ", option);
      return FALSE;
    }
  json_object_set_int_member (object, name, policy);
  return TRUE;
}

/* Exact, or as a rule. @es: (out): whether SEV-ES is demanded */
static gboolean
set_policy (JsonObject *object, const VaRegistrationOptions *o, gboolean *es, GError **error)
{
  JsonObject *rule;

  if (o->allow_debug)
    json_object_set_boolean_member (object, "allow-debug", TRUE);
  if (o->policy != NULL)
    {
      if (!set_policy_bits (object, "policy", "--policy", o->policy, error))
        return FALSE;
      *es = (json_object_get_int_member_with_default (object, "policy", 0) & VA_POLICY_ES) != 0;
      return TRUE;
    }
  rule = json_object_new ();
  json_object_set_object_member (object, "policy", rule);
  if (!set_policy_bits (rule, "required", "--policy-required", o->policy_required, error)
      || !set_policy_bits (rule, "forbidden", "--policy-forbidden", o->policy_forbidden, error))
    return FALSE;
  *es = (json_object_get_int_member_with_default (rule, "required", 0) & VA_POLICY_ES) != 0;
  return TRUE;
}

/* The hash of a kernel that QEMU makes hashes for. */
static char *
hash_kernel (const char *path, GError **error)
{
  VaKernelKind kind;
  g_autofree char *hash = va_kernel_file_hash (path, &kind, error);
  const char *problem = hash != NULL ? va_kernel_kind_problem (kind) : NULL;

  if (problem == NULL)
    return g_steal_pointer (&hash);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, "%s: %s", path, problem);
  return NULL;
}

/* Hashes of files; "" stands for no file, whose hash is that of nothing. */
static gboolean
set_file_hashes (JsonObject *object, const char *name, char **paths,
                 char *(*hash_file) (const char *path, GError **error), GError **error)
{
  g_autoptr(GPtrArray) hashes = g_ptr_array_new_with_free_func (g_free);

  if (paths == NULL)
    return TRUE;
  for (; *paths != NULL; paths++)
    {
      char *hash = (*paths)[0] != '\0' ? hash_file (*paths, error)
                                       : g_compute_checksum_for_string (G_CHECKSUM_SHA256, "", 0);

      if (hash == NULL)
        return FALSE;
      g_ptr_array_add (hashes, hash);
    }
  g_ptr_array_add (hashes, NULL);
  va_json_set_strings (object, name, (char **) hashes->pdata);
  return TRUE;
}

/* The command lines themselves, so that a refusal can name a blank too many. */
static void
set_cmdlines (JsonObject *object, char **cmdlines)
{
  JsonArray *texts = json_array_new ();

  for (guint i = 0; cmdlines != NULL && cmdlines[i] != NULL; i++)
    if (cmdlines[i][0] != '\0' && strlen (cmdlines[i]) <= VA_CMDLINE_MAX && g_utf8_validate (cmdlines[i], -1, NULL))
      json_array_add_string_element (texts, cmdlines[i]);
  if (json_array_get_length (texts) > 0)
    json_object_set_array_member (object, "cmdline", texts);
  else
    json_array_unref (texts);
}

static gboolean
set_kernels (JsonObject *object, const VaRegistrationOptions *o, GError **error)
{
  g_autoptr(GPtrArray) cmdlines = g_ptr_array_new_with_free_func (g_free);

  /* With the zero byte at its end. */
  for (guint i = 0; o->cmdlines != NULL && o->cmdlines[i] != NULL; i++)
    g_ptr_array_add (cmdlines, g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) o->cmdlines[i],
                                                            strlen (o->cmdlines[i]) + 1));
  g_ptr_array_add (cmdlines, NULL);
  if (o->cmdlines != NULL)
    va_json_set_strings (object, "cmdline-hash", (char **) cmdlines->pdata);
  set_cmdlines (object, o->cmdlines);
  return set_file_hashes (object, "kernel-hash", o->kernels, hash_kernel, error)
         && set_file_hashes (object, "initrd-hash", o->initrds, va_file_hash, error);
}

static gboolean
set_cpus (JsonObject *object, const VaRegistrationOptions *o, GError **error)
{
  JsonArray *counts = o->cpu_counts != NULL ? json_array_new () : NULL;

  if (o->cpu_model != NULL)
    json_object_set_string_member (object, "cpu-model", o->cpu_model);
  if (o->vmsa_profile != NULL)
    json_object_set_string_member (object, "vmsa-profile", o->vmsa_profile);
  if (counts == NULL)
    return TRUE;
  json_object_set_array_member (object, "cpu-count", counts);
  for (guint i = 0; o->cpu_counts[i] != NULL; i++)
    {
      guint64 count;

      if (!va_number_parse (o->cpu_counts[i], 1, CPUS_MAX, &count, error))
        {
          g_prefix_error (error, "--cpu-count: ");
          return FALSE;
        }
      json_array_add_int_element (counts, (gint64) count);
    }
  return TRUE;
}

static gboolean
set_minimum (JsonObject *object, const VaRegistrationOptions *o, GError **error)
{
  g_auto(GStrv) parts = o->min_api != NULL ? g_strsplit (o->min_api, ".", 2) : NULL;
  JsonObject *api;

  if (!set_number (object, "min-build", "--min-build", o->min_build, 0, 255, error))
    return FALSE;
  if (parts == NULL)
    return TRUE;
  if (g_strv_length (parts) != 2)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("--min-api: “%s”: expected MAJOR.MINOR"), o->min_api);
      return FALSE;
    }
  api = json_object_new ();
  json_object_set_object_member (object, "min-api", api);
  return set_number (api, "major", "--min-api", parts[0], 0, 255, error)
         && set_number (api, "minor", "--min-api", parts[1], 0, 255, error);
}

/* Each as the service has it: hex in lower case. */
static gboolean
set_launch_digests (JsonObject *object, char **texts, GError **error)
{
  g_autoptr(GPtrArray) digests = g_ptr_array_new_with_free_func (g_free);

  if (texts == NULL)
    return TRUE;
  for (; *texts != NULL; texts++)
    {
      guint8 digest[VA_SHA256_SIZE];

      if (!va_input_text (VA_GIVEN_DIGEST, "--launch-digest", *texts, digest, error))
        return FALSE;
      g_ptr_array_add (digests, va_hex_encode (digest, sizeof digest));
    }
  g_ptr_array_add (digests, NULL);
  va_json_set_strings (object, "launch-digests", (char **) digests->pdata);
  return TRUE;
}

static gboolean
set_permit (JsonObject *object, const VaRegistrationOptions *o, GError **error)
{
  JsonObject *permit = json_object_new ();

  json_object_set_object_member (object, "permit", permit);
  return set_number (permit, "max-launches", "--max-launches", o->max_launches, 1, G_MAXUINT32, error)
         && set_number (permit, "max-running", "--max-running", o->max_running, 1, G_MAXUINT32, error)
         && set_number (permit, "confirm-after", "--confirm-after", o->confirm_after, 0, G_MAXUINT32, error)
         && set_time (permit, "not-before", o->not_before, error)
         && set_time (permit, "not-after", o->not_after, error);
}

static void
set_secrets (JsonObject *object, char **names)
{
  JsonArray *array;

  if (names == NULL)
    return;
  array = json_array_new ();
  for (guint i = 0; names[i] != NULL; i++)
    {
      JsonObject *secret = json_object_new ();

      json_object_set_string_member (secret, "name", names[i]);
      json_array_add_object_element (array, secret);
    }
  json_object_set_array_member (object, "secrets", array);
}

static void
set_plain (JsonObject *object, const VaRegistrationOptions *o, GPtrArray *firmware)
{
  g_autoptr(GPtrArray) hashes = g_ptr_array_new_with_free_func (g_free);

  if (o->name != NULL)
    json_object_set_string_member (object, "name", o->name);
  for (guint i = 0; i < firmware->len; i++)
    g_ptr_array_add (hashes, va_firmware_file_hash (firmware->pdata[i]));
  g_ptr_array_add (hashes, NULL);
  if (firmware->len > 0)
    va_json_set_strings (object, "firmware-hashes", (char **) hashes->pdata);
  if (o->two_persons)
    json_object_set_boolean_member (object, "two-persons", TRUE);
  if (o->any_domain)
    json_object_set_boolean_member (object, "any-domain", TRUE);
  set_secrets (object, o->secrets);
}

/* The area alone is not enough: the guest would start, and never see its secrets. */
static void
warn_of_secret_module (const VaFirmwareFile *file)
{
  if (va_firmware_secret_module (g_bytes_get_data (file->image, NULL), g_bytes_get_size (file->image))
      == VA_SECRET_MODULE_MISSING)
    va_print_error_line (_("virt-attest: warning: %s has space for secrets, but not the module that gives them to the "
                           "guest (SecretDxe); use firmware built for SEV, such as Debian's ovmf-amdsev"),
                         file->path);
}

gboolean
va_registration_check_firmware (const VaRegistration *registration, GPtrArray *firmware, GError **error)
{
  for (guint i = 0; i < firmware->len; i++)
    {
      const VaFirmwareFile *file = firmware->pdata[i];
      const char *lacks = NULL;

      if (registration->kernel_hashes != NULL && file->footer.hashes_base == 0)
        lacks = _("it has no space for kernel hashes, so it would boot any kernel; use firmware built for SEV, such as "
                  "Debian's ovmf-amdsev");
      else if (registration->secrets->len > 0 && file->footer.secret_base == 0)
        lacks = _("it has no space for secrets; use firmware built for SEV, such as Debian's ovmf-amdsev");
      else if (registration->scheme == VA_SCHEME_SEV_ES && file->footer.ap_reset == 0)
        lacks = _("it has no reset address for SEV-ES; use firmware that supports SEV-ES, or a policy without bit 2");
      if (lacks == NULL)
        {
          g_autofree char *doubt = registration->scheme == VA_SCHEME_SEV_ES ? va_firmware_file_es_doubt (file) : NULL;

          if (registration->secrets->len > 0)
            warn_of_secret_module (file);
          if (doubt != NULL)
            va_print_error_line (_("virt-attest: warning: %s"), doubt);
          continue;
        }
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, "%s: %s", file->path, lacks);
      return FALSE;
    }
  return TRUE;
}

VaRegistration *
va_registration_from_options (const VaRegistrationOptions *o, GPtrArray *firmware, GError **error)
{
  g_autoptr(JsonObject) object = json_object_new ();
  g_autoptr(VaRegistration) registration = NULL;
  gboolean es;

  set_plain (object, o, firmware);
  if (!set_policy (object, o, &es, error) || !set_kernels (object, o, error) || !set_cpus (object, o, error)
      || !set_minimum (object, o, error) || !set_launch_digests (object, o->launch_digests, error)
      || !va_registration_options_places (object, o, error) || !va_registration_options_nova (object, o, error)
      || !set_permit (object, o, error))
    return NULL;
  json_object_set_string_member (object, "scheme", es ? "amd-sev-es" : "amd-sev");
  registration = va_registration_read (object, error);
  if (registration == NULL)
    va_option_words_put (error);
  return g_steal_pointer (&registration);
}
