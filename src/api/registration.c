/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/registration.h"

#include "api/members.h"
#include "api/nova.h"
#include "api/registration-check.h"
#include "api/registration-policy.h"
#include "core/encoding.h"
#include "core/i18n.h"
#include "tee/sev/certificate.h"

#define CPUS_MAX 4096

static const char *const scheme_names[] = { "amd-sev", "amd-sev-es", NULL };
static const char *const profile_names[] = { "either",         "zero",       "fpu", "zero-debug-swap",
                                             "fpu-debug-swap", "debug-swap", "any", NULL };

/* What stands for an initrd and a command line that a launch has not: SHA-256 of nothing, and of one zero byte. */
static char no_initrd[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static char no_cmdline[] = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";

static void
read_cpu_counts (VaFields *fields, const VaMember *member, gpointer message)
{
  VaRegistration *registration = message;
  JsonArray *array = va_fields_array (fields, member->name, member->presence, member->elements);

  if (array == NULL)
    return;
  if (json_array_get_length (array) == 0)
    va_fields_fail (fields, member->name, _("is an empty list: leave it out or name at least one"));
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      gint64 count = 0;

      if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64)
        count = json_node_get_int (node);
      if (count < 1 || count > CPUS_MAX)
        va_fields_fail (fields, member->name, _("element %u: expected a whole number from 1 to %d"), i + 1, CPUS_MAX);
      registration->cpu_counts[i] = (guint32) count;
    }
  registration->cpu_counts_length = json_array_get_length (array);
}

static void
write_cpu_counts (JsonObject *object, const VaMember *member, gconstpointer message)
{
  const VaRegistration *registration = message;
  JsonArray *counts;

  if (registration->cpu_counts_length == 0)
    return;
  counts = json_array_new ();
  for (guint i = 0; i < registration->cpu_counts_length; i++)
    json_array_add_int_element (counts, registration->cpu_counts[i]);
  json_object_set_array_member (object, member->name, counts);
}

/* The first one, "either", is what an absent profile means, too. */
static void
read_vmsa_profile (VaFields *fields, const VaMember *member, gpointer message)
{
  VaRegistration *registration = message;
  int choice = va_fields_choice (fields, member->name, member->presence, member->choices);

  if (choice > 0)
    registration->vmsa_profile = g_strdup (member->choices[choice]);
  if (choice >= 0 && registration->scheme != VA_SCHEME_SEV_ES)
    va_fields_fail (fields, member->name, _("is allowed only with amd-sev-es"));
}

static void
write_vmsa_profile (JsonObject *object, const VaMember *member, gconstpointer message)
{
  va_json_set_text (object, member->name, ((const VaRegistration *) message)->vmsa_profile);
}

static void
clear_vmsa_profile (gpointer message)
{
  g_clear_pointer (&((VaRegistration *) message)->vmsa_profile, g_free);
}

static const VaCustomMember cpu_counts = { "numbers", read_cpu_counts, write_cpu_counts, .clear = NULL };
static const VaCustomMember vmsa_profile = { "choice", read_vmsa_profile, write_vmsa_profile,
                                             .clear = clear_vmsa_profile };

static const VaMember minimum_members[] = {
  VA_MEMBER_API_BYTE ("major", VaRegistration, min_api_major),
  VA_MEMBER_API_BYTE ("minor", VaRegistration, min_api_minor),
};
static const VaMessage minimum_api = { .where = "min-api", VA_MESSAGE_MEMBERS (minimum_members) };

static const VaMember permit_members[] = {
  { "max-launches", VA_OPTIONAL, VA_MEMBER_NUMBER (VaRegistration, max_launches), .min = 1, .max = G_MAXUINT32 },
  { "max-running", VA_OPTIONAL, VA_MEMBER_NUMBER (VaRegistration, max_running), .min = 1, .max = G_MAXUINT32 },
  { "confirm-after", VA_OPTIONAL, VA_MEMBER_NUMBER (VaRegistration, confirm_after), .max = G_MAXUINT32,
    .flag = VA_MEMBER_FLAG (VaRegistration, confirms) },
  { "not-before", VA_OPTIONAL, VA_MEMBER_NUMBER (VaRegistration, not_before), .min = 1, .max = VA_TIME_MAX },
  { "not-after", VA_OPTIONAL, VA_MEMBER_NUMBER (VaRegistration, not_after), .min = 1, .max = VA_TIME_MAX },
};

static void
check_permit (VaFields *fields, gconstpointer message)
{
  const VaRegistration *registration = message;

  if (registration->not_before != 0 && registration->not_after != 0
      && registration->not_after <= registration->not_before)
    va_fields_fail (fields, "not-after", _("must be later than not-before"));
}

static const VaMessage permit = { .where = N_("permit"), VA_MESSAGE_MEMBERS (permit_members), .check = check_permit };

static const VaMember nova_members[] = {
  { "project", VA_REQUIRED, VA_MEMBER_TEXT (VaRegistration, nova_project), .min = 32, .max = 32,
    .valid = va_nova_is_project, .expected = VA_NOVA_PROJECT_EXPECTED },
  { "image", VA_OPTIONAL, VA_MEMBER_UUID (VaRegistration, nova_image) },
  { "flavor", VA_OPTIONAL, VA_MEMBER_TEXT (VaRegistration, nova_flavor), .max = VA_NOVA_NAME_MAX },
};
static const VaMessage nova = { .where = "nova", VA_MESSAGE_MEMBERS (nova_members) };

#define LIST_OF_HASHES \
  .elements = VA_REFERENCES_MAX, .max = VA_HASH_LENGTH, .valid = va_is_sha256, .expected = VA_SHA256_EXPECTED
#define HASHES_OF_KERNELS \
  .elements = VA_KERNELS_MAX, .max = VA_HASH_LENGTH, .valid = va_is_sha256, .expected = VA_SHA256_EXPECTED

/* All but the secrets. */
static const VaMember members[] = {
  { "name", VA_OPTIONAL, VA_MEMBER_TEXT (VaRegistration, name), .max = VA_NAME_MAX },
  { "scheme", VA_REQUIRED, VA_MEMBER_CHOICE (VaRegistration, scheme, scheme_names) },
  { "allow-debug", VA_OPTIONAL, VA_MEMBER_BOOLEAN (VaRegistration, allow_debug) },
  { "policy", VA_REQUIRED, VA_MEMBER_CUSTOM (va_registration_policy), .max = G_MAXUINT32,
    .message = &va_registration_policy_rule },
  { "firmware-hashes", VA_OPTIONAL, VA_MEMBER_STRINGS (VaRegistration, firmware_hashes), LIST_OF_HASHES },
  { "kernel-hash", VA_OPTIONAL, VA_MEMBER_ONE_OR_SEVERAL (VaRegistration, kernel_hashes), HASHES_OF_KERNELS },
  { "initrd-hash", VA_OPTIONAL, VA_MEMBER_ONE_OR_SEVERAL (VaRegistration, initrd_hashes), HASHES_OF_KERNELS },
  { "cmdline-hash", VA_OPTIONAL, VA_MEMBER_ONE_OR_SEVERAL (VaRegistration, cmdline_hashes), HASHES_OF_KERNELS },
  { "cmdline", VA_OPTIONAL, VA_MEMBER_ONE_OR_SEVERAL (VaRegistration, cmdlines), .elements = VA_KERNELS_MAX,
    .max = VA_CMDLINE_MAX },
  { "launch-digests", VA_OPTIONAL, VA_MEMBER_STRINGS (VaRegistration, launch_digests), LIST_OF_HASHES },
  { "cpu-model", VA_OPTIONAL, VA_MEMBER_TEXT (VaRegistration, cpu_model), .max = VA_NAME_MAX },
  { "vmsa-profile", VA_OPTIONAL, VA_MEMBER_CUSTOM (vmsa_profile), .choices = profile_names },
  { "cpu-count", VA_OPTIONAL, VA_MEMBER_CUSTOM (cpu_counts), .min = 1, .max = CPUS_MAX,
    .elements = G_N_ELEMENTS (((VaRegistration *) 0)->cpu_counts) },
  { "min-api", VA_OPTIONAL, VA_MEMBER_GROUP (minimum_api) },
  { "min-build", VA_OPTIONAL, VA_MEMBER_NUMBER (VaRegistration, min_build), .max = G_MAXUINT8 },
  VA_MEMBER_HOSTS (VaRegistration, hosts),
  VA_MEMBER_CHIPS (VaRegistration, chips),
  { "domains", VA_OPTIONAL, VA_MEMBER_STRINGS (VaRegistration, domains), .elements = VA_REFERENCES_MAX, .max = 36,
    .valid = va_uuid_is_canonical, .expected = N_("a UUID in lower case") },
  { "two-persons", VA_OPTIONAL, VA_MEMBER_BOOLEAN (VaRegistration, two_persons) },
  { "any-domain", VA_OPTIONAL, VA_MEMBER_BOOLEAN (VaRegistration, any_domain) },
  { "nova", VA_OPTIONAL, VA_MEMBER_GROUP (nova), .flag = VA_MEMBER_FLAG (VaRegistration, for_nova) },
  { "cloud-cert", VA_OPTIONAL, VA_MEMBER_BYTES (VaRegistration, cloud_cert), .min = VA_SEV_CERT_SIZE,
    .max = VA_SEV_CERT_SIZE },
  { "permit", VA_OPTIONAL, VA_MEMBER_GROUP (permit) },
};
static const VaMessage shared = { VA_MESSAGE_MEMBERS (members) };

static const VaMember secrets[] = {
  { "secrets", VA_OPTIONAL, VA_MEMBER_CUSTOM (va_registration_secrets), .elements = VA_SECRETS_MAX },
};
static const VaMember secret_sizes[] = {
  { "secrets", VA_OPTIONAL, VA_MEMBER_CUSTOM (va_registration_secret_sizes), .elements = VA_SECRETS_MAX },
};

const VaMessage va_registration_message = {
  .name = "registration",
  .where = N_("registration"),
  .size = sizeof (VaRegistration),
  .base = &shared,
  VA_MESSAGE_MEMBERS (secrets),
  .check = va_registration_check_new,
};

/* A rule for policies that came later must not keep an owner from what they have. */
static const VaMessage stored = {
  .where = N_("registration"),
  .size = sizeof (VaRegistration),
  .base = &shared,
  VA_MESSAGE_MEMBERS (secrets),
  .check = va_registration_check_stored,
};

const VaMessage va_registration_shown_message = { .base = &shared, VA_MESSAGE_MEMBERS (secret_sizes) };

VaRegistration *
va_registration_read (JsonObject *object, GError **error)
{
  return va_message_read (&va_registration_message, object, error);
}

VaRegistration *
va_registration_read_stored (JsonObject *object, GError **error)
{
  return va_message_read (&stored, object, error);
}

JsonObject *
va_registration_write (const VaRegistration *registration, gboolean with_data)
{
  return va_message_write (with_data ? &va_registration_message : &va_registration_shown_message, registration);
}

void
va_registration_free (VaRegistration *registration)
{
  va_message_free (&va_registration_message, registration);
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
