/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/messages.h"

#include <string.h>
#include "api/members.h"
#include "api/registration-secrets.h"
#include "core/encoding.h"
#include "core/i18n.h"
#include "tee/sev/policy.h"

#define TIME_MAX G_GINT64_CONSTANT (253402300799) /* the year 9999 */
#define CPUS_MAX 4096
#define POLICY_BITS 0x3f /* those that rules speak of: bits 6 to 15 are reserved, the rest is a least API version */

static const char *const scheme_names[] = { "amd-sev", "amd-sev-es", NULL };

/* What stands for an initrd and a command line that a launch has not: SHA-256 of nothing, and of one zero byte. */
static char no_initrd[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static char no_cmdline[] = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";

static gboolean
is_hash (const char *text)
{
  return va_is_hex (text, 2 * VA_SHA256_SIZE);
}

/* What the scheme says of the policy by itself. */
static guint64
scheme_required (const VaRegistration *registration)
{
  return registration->scheme == VA_SCHEME_SEV_ES ? VA_POLICY_ES : 0;
}

static guint64
scheme_forbidden (const VaRegistration *registration)
{
  return registration->scheme == VA_SCHEME_SEV_ES ? 0 : VA_POLICY_ES;
}

void
va_registration_policy_bits (const VaRegistration *registration, guint64 *required, guint64 *forbidden)
{
  *required = registration->policy | scheme_required (registration);
  *forbidden = registration->policy_forbidden | scheme_forbidden (registration);
}

gboolean
va_registration_allows_policy (const VaRegistration *registration, guint64 policy)
{
  guint64 required, forbidden;

  if (!registration->policy_is_rule)
    return policy == registration->policy;
  va_registration_policy_bits (registration, &required, &forbidden);
  return (policy & required) == required && (policy & forbidden) == 0;
}

static void
read_policy_rule (VaFields *fields, JsonObject *rule, VaRegistration *registration)
{
  VaFields nested = VA_FIELDS_INIT (rule, _("policy"));
  guint64 required = 0, forbidden = 0;

  va_fields_number (&nested, "required", VA_OPTIONAL, 0, POLICY_BITS, &required);
  va_fields_number (&nested, "forbidden", VA_OPTIONAL, 0, POLICY_BITS, &forbidden);
  if (required == 0 && forbidden == 0)
    va_fields_fail (&nested, "required", _("demands nothing, and nothing is forbidden: name at least one bit"));
  if ((required & forbidden) != 0)
    va_fields_fail (&nested, "forbidden", _("forbids bits that are required: 0x%x"), (guint) (required & forbidden));
  va_fields_nested_end (fields, "policy", &nested);
  registration->policy_is_rule = TRUE;
  registration->policy = required;
  registration->policy_forbidden = forbidden;
}

/* Not of what is stored already: a rule that came later must not keep an owner from what they have. */
static void
check_policy_rules (VaFields *fields, const VaRegistration *registration)
{
  g_autoptr(GError) reason = NULL;
  gboolean rule = registration->policy_is_rule;
  guint64 never = rule ? registration->policy_forbidden : ~registration->policy;
  gboolean debug = (registration->policy & VA_POLICY_NODBG) == 0;

  if (!rule && !va_policy_check ((guint32) registration->policy, &reason))
    va_fields_fail (fields, "policy", "%s", reason->message);
  if ((scheme_required (registration) & never) != 0)
    va_fields_fail (fields, "policy", _("amd-sev-es demands bit 2 (ES)"));
  if ((registration->policy & scheme_forbidden (registration)) != 0)
    va_fields_fail (fields, "policy", _("amd-sev forbids bit 2 (ES)"));
  if (debug && !registration->allow_debug)
    va_fields_fail (fields, "policy",
                    rule
                      ? _("does not require bit 0 (NODBG), so the host may read the guest's memory; require it, or say "
                          "allow-debug if that is meant")
                      : _("lacks bit 0 (NODBG), so the host may read the guest's memory; set it, or say allow-debug if "
                          "that is meant"));
  if (!debug && registration->allow_debug)
    va_fields_fail (fields, "allow-debug", _("goes with a policy without bit 0 (NODBG) only"));
}

gboolean
va_registration_check_policy (const VaRegistration *registration, GError **error)
{
  VaFields fields = VA_FIELDS_INIT (NULL, _("registration"));

  check_policy_rules (&fields, registration);
  if (fields.error == NULL)
    return TRUE;
  g_propagate_error (error, fields.error);
  return FALSE;
}

static void
read_scheme (VaFields *fields, VaRegistration *registration)
{
  JsonNode *policy = json_object_get_member (fields->object, "policy");
  guint64 number = 0;

  registration->scheme = va_fields_choice (fields, "scheme", VA_REQUIRED, scheme_names) == 1 ? VA_SCHEME_SEV_ES
                                                                                             : VA_SCHEME_SEV;
  registration->allow_debug = va_fields_boolean (fields, "allow-debug", FALSE);
  if (policy != NULL && JSON_NODE_HOLDS_OBJECT (policy))
    {
      JsonObject *rule = va_fields_object (fields, "policy", VA_REQUIRED);

      if (rule != NULL) /* not after a first mistake */
        read_policy_rule (fields, rule, registration);
    }
  else if (va_fields_number (fields, "policy", VA_REQUIRED, 0, G_MAXUINT32, &number))
    registration->policy = number;
}

static void
write_policy (JsonObject *object, const VaRegistration *registration)
{
  JsonObject *rule;

  if (registration->allow_debug)
    json_object_set_boolean_member (object, "allow-debug", TRUE);
  if (!registration->policy_is_rule)
    {
      json_object_set_int_member (object, "policy", (gint64) registration->policy);
      return;
    }
  rule = json_object_new ();
  va_json_set_positive (rule, "required", registration->policy);
  va_json_set_positive (rule, "forbidden", registration->policy_forbidden);
  json_object_set_object_member (object, "policy", rule);
}

static char **
read_hashes (VaFields *fields, const char *name)
{
  char **hashes = va_fields_one_or_several (fields, name, VA_OPTIONAL, VA_KERNELS_MAX, 64);

  va_fields_check_each (fields, name, hashes, is_hash, _("64 lower-case hexadecimal digits"));
  return hashes;
}

/* The texts behind hashes, as far as the owner gives them. */
static void
read_registered_cmdlines (VaFields *fields, VaRegistration *registration)
{
  const char *const *hashes = (const char *const *) registration->cmdline_hashes;

  registration->cmdlines = va_fields_one_or_several (fields, "cmdline", VA_OPTIONAL, VA_KERNELS_MAX, VA_CMDLINE_MAX);
  for (guint i = 0; registration->cmdlines != NULL && registration->cmdlines[i] != NULL; i++)
    {
      const char *text = registration->cmdlines[i];
      g_autofree char *hex = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) text, strlen (text) + 1);

      if (hashes == NULL || !g_strv_contains (hashes, hex))
        va_fields_fail (fields, "cmdline", _("element %u: its hash is not in cmdline-hash"), i + 1);
    }
}

static void
read_kernels (VaFields *fields, VaRegistration *registration)
{
  registration->kernel_hashes = read_hashes (fields, "kernel-hash");
  registration->initrd_hashes = read_hashes (fields, "initrd-hash");
  registration->cmdline_hashes = read_hashes (fields, "cmdline-hash");
  if (registration->kernel_hashes == NULL
      && (registration->initrd_hashes != NULL || registration->cmdline_hashes != NULL))
    va_fields_fail (fields, registration->initrd_hashes != NULL ? "initrd-hash" : "cmdline-hash",
                    _("goes with kernel-hash only"));
  read_registered_cmdlines (fields, registration);
}

static void
read_references (VaFields *fields, VaRegistration *registration)
{
  registration->firmware_hashes = va_fields_strings (fields, "firmware-hashes", VA_OPTIONAL, VA_REFERENCES_MAX, 64);
  registration->launch_digests = va_fields_strings (fields, "launch-digests", VA_OPTIONAL, VA_REFERENCES_MAX, 64);
  va_fields_check_each (fields, "firmware-hashes", registration->firmware_hashes, is_hash,
                        _("64 lower-case hexadecimal digits"));
  va_fields_check_each (fields, "launch-digests", registration->launch_digests, is_hash,
                        _("64 lower-case hexadecimal digits"));
  read_kernels (fields, registration);
  if ((registration->firmware_hashes != NULL) == (registration->launch_digests != NULL))
    va_fields_fail (fields, "firmware-hashes", _("give either it or launch-digests"));
  if (registration->kernel_hashes != NULL && registration->launch_digests != NULL)
    va_fields_fail (fields, "kernel-hash", _("goes with firmware-hashes only: launch digests have it in them"));
}

static void
read_cpu_counts (VaFields *fields, VaRegistration *registration, VaPresence presence)
{
  JsonArray *array = va_fields_array (fields, "cpu-count", presence, G_N_ELEMENTS (registration->cpu_counts));

  if (array == NULL)
    return;
  if (json_array_get_length (array) == 0)
    va_fields_fail (fields, "cpu-count", _("is an empty list: leave it out or name at least one"));
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      gint64 count = 0;

      if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64)
        count = json_node_get_int (node);
      if (count < 1 || count > CPUS_MAX)
        va_fields_fail (fields, "cpu-count", _("element %u: expected a whole number from 1 to %d"), i + 1, CPUS_MAX);
      registration->cpu_counts[i] = (guint32) count;
    }
  registration->cpu_counts_length = json_array_get_length (array);
}

static void
read_vmsa_profile (VaFields *fields, VaRegistration *registration)
{
  static const char *const names[] = { "either",         "zero",       "fpu", "zero-debug-swap",
                                       "fpu-debug-swap", "debug-swap", "any", NULL };
  int choice = va_fields_choice (fields, "vmsa-profile", VA_OPTIONAL, names);

  if (choice > 0)
    registration->vmsa_profile = g_strdup (names[choice]);
  if (choice >= 0 && registration->scheme != VA_SCHEME_SEV_ES)
    va_fields_fail (fields, "vmsa-profile", _("goes with amd-sev-es only"));
}

/* With SEV-ES the measurement covers each vCPU's state, so a firmware alone does not make a digest. */
static void
read_registered_cpus (VaFields *fields, VaRegistration *registration)
{
  gboolean es = registration->scheme == VA_SCHEME_SEV_ES;
  VaPresence presence = es && registration->firmware_hashes != NULL ? VA_REQUIRED : VA_OPTIONAL;

  read_cpu_counts (fields, registration, presence);
  registration->cpu_model = va_fields_text (fields, "cpu-model", presence, VA_NAME_MAX);
  read_vmsa_profile (fields, registration);
  if (!es && registration->cpu_counts_length > 0)
    va_fields_fail (fields, "cpu-count", _("goes with amd-sev-es only"));
  if (!es && registration->cpu_model != NULL)
    va_fields_fail (fields, "cpu-model", _("goes with amd-sev-es only"));
}

static void
read_minimum (VaFields *fields, VaRegistration *registration)
{
  guint64 build = 0;

  va_fields_api (fields, "min-api", &registration->min_api_major, &registration->min_api_minor);
  va_fields_number (fields, "min-build", VA_OPTIONAL, 0, 255, &build);
  registration->min_build = (guint8) build;
}

static void
read_places (VaFields *fields, VaRegistration *registration)
{
  guint8 cert[VA_SEV_CERT_SIZE];

  va_fields_places (fields, &registration->hosts, &registration->chips);
  registration->domains = va_fields_strings (fields, "domains", VA_OPTIONAL, VA_REFERENCES_MAX, 36);
  va_fields_check_each (fields, "domains", registration->domains, va_uuid_is_canonical, _("a UUID in lower case"));
  registration->any_domain = va_fields_boolean (fields, "any-domain", FALSE);
  if (registration->any_domain && registration->domains != NULL)
    va_fields_fail (fields, "domains", _("goes with any-domain false only"));
  if (va_fields_base64_exact (fields, "cloud-cert", VA_OPTIONAL, cert, sizeof cert))
    registration->cloud_cert = g_bytes_new (cert, sizeof cert);
}

static void
read_permit (VaFields *fields, VaRegistration *registration)
{
  VaFields nested = VA_FIELDS_INIT (va_fields_object (fields, "permit", VA_OPTIONAL), _("permit"));
  guint64 not_before = 0, not_after = 0;

  if (nested.object == NULL)
    return;
  va_fields_number (&nested, "max-launches", VA_OPTIONAL, 1, G_MAXUINT32, &registration->max_launches);
  va_fields_number (&nested, "max-running", VA_OPTIONAL, 1, G_MAXUINT32, &registration->max_running);
  registration->confirms =
    va_fields_number (&nested, "confirm-after", VA_OPTIONAL, 0, G_MAXUINT32, &registration->confirm_after);
  va_fields_number (&nested, "not-before", VA_OPTIONAL, 1, TIME_MAX, &not_before);
  va_fields_number (&nested, "not-after", VA_OPTIONAL, 1, TIME_MAX, &not_after);
  if (not_before != 0 && not_after != 0 && not_after <= not_before)
    va_fields_fail (&nested, "not-after", _("must be later than not-before"));
  va_fields_nested_end (fields, "permit", &nested);
  registration->not_before = (gint64) not_before;
  registration->not_after = (gint64) not_after;
}

/* One person alone could let another registration have a secret that is stored by name. */
static void
read_persons (VaFields *fields, VaRegistration *registration)
{
  registration->two_persons = va_fields_boolean (fields, "two-persons", FALSE);
  for (guint i = 0; registration->two_persons && i < registration->secrets->len; i++)
    if (((VaSecretRef *) registration->secrets->pdata[i])->name != NULL)
      va_fields_fail (fields, "secrets",
                      _("with two-persons secrets are given inline, not by name: one person alone could "
                        "let another registration have those"));
}

static VaRegistration *
read_registration_members (JsonObject *object, gboolean is_stored, GError **error)
{
  g_autoptr(VaRegistration) registration = g_new0 (VaRegistration, 1);
  VaFields fields = VA_FIELDS_INIT (object, _("registration"));

  registration->name = va_fields_text (&fields, "name", VA_OPTIONAL, VA_NAME_MAX);
  read_scheme (&fields, registration);
  if (!is_stored)
    check_policy_rules (&fields, registration);
  read_references (&fields, registration);
  read_registered_cpus (&fields, registration);
  read_minimum (&fields, registration);
  read_places (&fields, registration);
  read_permit (&fields, registration);
  registration->secrets = va_registration_secrets_read (&fields);
  read_persons (&fields, registration);
  return va_fields_end (&fields, error) ? g_steal_pointer (&registration) : NULL;
}

VaRegistration *
va_registration_read (JsonObject *object, GError **error)
{
  return read_registration_members (object, FALSE, error);
}

VaRegistration *
va_registration_read_stored (JsonObject *object, GError **error)
{
  return read_registration_members (object, TRUE, error);
}

static void
write_references (JsonObject *object, const VaRegistration *registration)
{
  JsonArray *counts;

  va_json_set_strings (object, "firmware-hashes", registration->firmware_hashes);
  va_json_set_one_or_several (object, "kernel-hash", registration->kernel_hashes);
  va_json_set_one_or_several (object, "initrd-hash", registration->initrd_hashes);
  va_json_set_one_or_several (object, "cmdline-hash", registration->cmdline_hashes);
  va_json_set_one_or_several (object, "cmdline", registration->cmdlines);
  va_json_set_strings (object, "launch-digests", registration->launch_digests);
  va_json_set_text (object, "cpu-model", registration->cpu_model);
  va_json_set_text (object, "vmsa-profile", registration->vmsa_profile);
  if (registration->cpu_counts_length == 0)
    return;
  counts = json_array_new ();
  for (guint i = 0; i < registration->cpu_counts_length; i++)
    json_array_add_int_element (counts, registration->cpu_counts[i]);
  json_object_set_array_member (object, "cpu-count", counts);
}

static void
write_minimum (JsonObject *object, const VaRegistration *registration)
{
  va_json_set_api (object, "min-api", registration->min_api_major, registration->min_api_minor);
  va_json_set_positive (object, "min-build", registration->min_build);
}

static void
write_permit (JsonObject *object, const VaRegistration *registration)
{
  g_autoptr(JsonObject) permit = json_object_new ();

  va_json_set_positive (permit, "max-launches", registration->max_launches);
  va_json_set_positive (permit, "max-running", registration->max_running);
  if (registration->confirms)
    json_object_set_int_member (permit, "confirm-after", (gint64) registration->confirm_after);
  va_json_set_positive (permit, "not-before", (guint64) registration->not_before);
  va_json_set_positive (permit, "not-after", (guint64) registration->not_after);
  if (json_object_get_size (permit) > 0)
    json_object_set_object_member (object, "permit", g_steal_pointer (&permit));
}

JsonObject *
va_registration_write (const VaRegistration *registration, gboolean with_data)
{
  JsonObject *object = json_object_new ();

  va_json_set_text (object, "name", registration->name);
  json_object_set_string_member (object, "scheme", scheme_names[registration->scheme]);
  write_policy (object, registration);
  write_references (object, registration);
  write_minimum (object, registration);
  va_json_set_strings (object, "hosts", registration->hosts);
  va_json_set_strings (object, "chips", registration->chips);
  va_json_set_strings (object, "domains", registration->domains);
  if (registration->two_persons)
    json_object_set_boolean_member (object, "two-persons", TRUE);
  if (registration->any_domain)
    json_object_set_boolean_member (object, "any-domain", TRUE);
  if (registration->cloud_cert != NULL)
    va_json_set_base64 (object, "cloud-cert", g_bytes_get_data (registration->cloud_cert, NULL),
                        g_bytes_get_size (registration->cloud_cert));
  write_permit (object, registration);
  va_registration_secrets_write (object, registration->secrets, with_data);
  return object;
}

static void
decode_hash (const char *hex, guint8 out[VA_SHA256_SIZE])
{
  if (!va_hex_decode (hex, out, VA_SHA256_SIZE, NULL))
    g_assert_not_reached ();
}

GArray *
va_registration_kernels (const VaRegistration *registration)
{
  static char *none[] = { no_initrd, NULL }, *empty[] = { no_cmdline, NULL };
  GArray *kernels = g_array_new (FALSE, FALSE, sizeof (VaKernelHashes));
  char **initrds = registration->initrd_hashes != NULL ? registration->initrd_hashes : none;
  char **cmdlines = registration->cmdline_hashes != NULL ? registration->cmdline_hashes : empty;

  for (guint i = 0; registration->kernel_hashes != NULL && registration->kernel_hashes[i] != NULL; i++)
    for (guint j = 0; initrds[j] != NULL; j++)
      for (guint k = 0; cmdlines[k] != NULL; k++)
        {
          VaKernelHashes hashes;

          decode_hash (registration->kernel_hashes[i], hashes.kernel);
          decode_hash (initrds[j], hashes.initrd);
          decode_hash (cmdlines[k], hashes.cmdline);
          g_array_append_val (kernels, hashes);
        }
  return kernels;
}

void
va_registration_free (VaRegistration *registration)
{
  if (registration == NULL)
    return;
  g_free (registration->name);
  g_strfreev (registration->firmware_hashes);
  g_strfreev (registration->kernel_hashes);
  g_strfreev (registration->initrd_hashes);
  g_strfreev (registration->cmdline_hashes);
  g_strfreev (registration->cmdlines);
  g_strfreev (registration->launch_digests);
  g_free (registration->cpu_model);
  g_free (registration->vmsa_profile);
  g_strfreev (registration->hosts);
  g_strfreev (registration->chips);
  g_strfreev (registration->domains);
  g_clear_pointer (&registration->cloud_cert, g_bytes_unref);
  g_clear_pointer (&registration->secrets, g_ptr_array_unref);
  g_free (registration);
}
