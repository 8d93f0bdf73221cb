/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/decide/launch-terms.h"

#include <string.h>
#include "codec/fields.h"
#include "core/encoding.h"

VaLaunchTerms *
va_launch_terms_new (const VaTee *tee)
{
  VaLaunchTerms *terms = g_new0 (VaLaunchTerms, 1);

  terms->tee = tee;
  terms->kernels = g_array_new (FALSE, TRUE, sizeof (VaKernelHashes));
  terms->references = g_array_new (FALSE, TRUE, sizeof (VaReference));
  return terms;
}

void
va_launch_terms_free (VaLaunchTerms *terms)
{
  if (terms == NULL)
    return;
  g_array_unref (terms->kernels);
  g_array_unref (terms->references);
  va_launch_source_free (terms->source);
  g_free (terms);
}

static void
set_hash (JsonObject *object, const char *name, const guint8 hash[VA_SHA256_SIZE])
{
  g_autofree char *text = va_hex_encode (hash, VA_SHA256_SIZE);

  json_object_set_string_member (object, name, text);
}

static JsonObject *
write_kernel (const VaKernelHashes *kernel)
{
  JsonObject *object = json_object_new ();

  set_hash (object, "kernel", kernel->kernel);
  set_hash (object, "initrd", kernel->initrd);
  set_hash (object, "cmdline", kernel->cmdline);
  return object;
}

static JsonObject *
write_reference (const VaTee *tee, const VaReference *reference)
{
  JsonObject *object = json_object_new ();
  g_autofree char *digest = va_hex_encode (reference->digest, tee->digest_size);

  json_object_set_string_member (object, "digest", digest);
  json_object_set_string_member (object, "firmware", reference->firmware);
  json_object_set_int_member (object, "secret-address", reference->secret_address);
  json_object_set_int_member (object, "kernel", reference->kernel);
  if (reference->cpus > 0)
    {
      json_object_set_int_member (object, "cpu-count", reference->cpus);
      json_object_set_string_member (object, "vmsa-profile", tee->cpus->profile_name (reference->profile));
    }
  return object;
}

char *
va_launch_terms_write (const VaLaunchTerms *terms)
{
  g_autoptr(JsonObject) object = json_object_new ();
  JsonArray *kernels = json_array_new (), *references = json_array_new ();

  json_object_set_string_member (object, "scheme", terms->tee->scheme);
  json_object_set_int_member (object, "api-major", terms->api_major);
  json_object_set_int_member (object, "api-minor", terms->api_minor);
  json_object_set_int_member (object, "min-api-major", terms->min_api_major);
  json_object_set_int_member (object, "min-api-minor", terms->min_api_minor);
  json_object_set_int_member (object, "min-build", terms->min_build);
  json_object_set_boolean_member (object, "has-secrets", terms->has_secrets);
  if (terms->source != NULL)
    json_object_set_object_member (object, "source", va_launch_source_write (terms->source));
  for (guint i = 0; i < terms->kernels->len; i++)
    json_array_add_object_element (kernels, write_kernel (&g_array_index (terms->kernels, VaKernelHashes, i)));
  json_object_set_array_member (object, "kernels", kernels);
  if (terms->cpu_signature != 0)
    json_object_set_int_member (object, "cpu-signature", terms->cpu_signature);
  for (guint i = 0; i < terms->references->len; i++)
    json_array_add_object_element (references,
                                   write_reference (terms->tee, &g_array_index (terms->references, VaReference, i)));
  json_object_set_array_member (object, "references", references);
  return va_json_print (object);
}

JsonObject *
va_launch_terms_source (const char *text)
{
  g_autoptr(JsonObject) object = NULL;

  /* Most have none, and lists have many launches. */
  if (strstr (text, "\"source\"") == NULL)
    return NULL;
  object = va_json_parse (text, strlen (text), NULL);
  if (object == NULL || !json_object_has_member (object, "source")
      || !JSON_NODE_HOLDS_OBJECT (json_object_get_member (object, "source")))
    return NULL;
  return json_object_ref (json_object_get_object_member (object, "source"));
}

static guint8
read_terms_byte (VaFields *fields, const char *name)
{
  guint64 number = 0;

  va_fields_number (fields, name, VA_REQUIRED, 0, 255, &number);
  return (guint8) number;
}

static void
read_reference_cpus (VaFields *fields, const VaTeeCpus *measured, VaReference *reference)
{
  guint64 cpus = 0;
  const char *profile;

  if (measured == NULL)
    return;
  va_fields_number (fields, "cpu-count", VA_OPTIONAL, 1, measured->max, &cpus);
  reference->cpus = (guint32) cpus;
  profile = va_fields_string (fields, "vmsa-profile", cpus > 0 ? VA_REQUIRED : VA_OPTIONAL, 16);
  if (profile != NULL && !measured->parse_profile (profile, &reference->profile))
    va_fields_fail (fields, "vmsa-profile", "is not known");
}

static void
read_kernel (VaFields *fields, JsonNode *node, VaLaunchTerms *terms)
{
  VaFields nested = VA_FIELDS_INIT (JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL, "kernel");
  VaKernelHashes kernel = { { 0 }, { 0 }, { 0 } };
  g_autoptr(GError) reason = NULL;

  va_fields_hex (&nested, "kernel", VA_REQUIRED, kernel.kernel, VA_SHA256_SIZE);
  va_fields_hex (&nested, "initrd", VA_REQUIRED, kernel.initrd, VA_SHA256_SIZE);
  va_fields_hex (&nested, "cmdline", VA_REQUIRED, kernel.cmdline, VA_SHA256_SIZE);
  if (!va_fields_end (&nested, &reason))
    va_fields_fail (fields, "kernels", "%s", reason->message);
  g_array_append_val (terms->kernels, kernel);
}

static void
read_reference (VaFields *fields, JsonNode *node, VaLaunchTerms *terms)
{
  VaFields nested = VA_FIELDS_INIT (NULL, "reference");
  g_autoptr(GError) reason = NULL;
  VaReference reference = { 0 };
  guint64 address = 0, kernel = 0;
  const char *firmware;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      va_fields_fail (fields, "references", "an element is not an object");
      return;
    }
  nested.object = json_node_get_object (node);
  va_fields_hex (&nested, "digest", VA_REQUIRED, reference.digest, terms->tee->digest_size);
  firmware = va_fields_string (&nested, "firmware", VA_REQUIRED, sizeof reference.firmware - 1);
  va_fields_number (&nested, "secret-address", VA_REQUIRED, 0, G_MAXUINT32, &address);
  va_fields_number (&nested, "kernel", VA_REQUIRED, 0, MAX (terms->kernels->len, 1) - 1, &kernel);
  reference.kernel = (guint) kernel;
  if (firmware != NULL)
    g_strlcpy (reference.firmware, firmware, sizeof reference.firmware);
  reference.secret_address = (guint32) address;
  read_reference_cpus (&nested, terms->tee->cpus, &reference);
  if (!va_fields_end (&nested, &reason))
    va_fields_fail (fields, "references", "%s", reason->message);
  g_array_append_val (terms->references, reference);
}

static void
read_terms_source (VaFields *fields, VaLaunchTerms *terms)
{
  JsonObject *source = va_fields_object (fields, "source", VA_OPTIONAL);
  g_autoptr(GError) reason = NULL;

  terms->source = source != NULL ? va_launch_source_read (source, &reason) : NULL;
  if (reason != NULL)
    va_fields_fail (fields, "source", "%s", reason->message);
}

/* Those that an earlier version fixed have no scheme. They were SEV's or SEV-ES's, and the table of the second reads
   both. */
static const VaTee *
read_terms_tee (VaFields *fields)
{
  const char *scheme = va_fields_string (fields, "scheme", VA_OPTIONAL, 32);
  const VaTee *tee = scheme != NULL ? va_tee_find (scheme) : &va_tee_sev_es;

  if (tee == NULL)
    va_fields_fail (fields, "scheme", "is not known");
  return tee != NULL ? tee : &va_tee_sev_es;
}

VaLaunchTerms *
va_launch_terms_read (const char *text, GError **error)
{
  g_autoptr(JsonObject) object = va_json_parse (text, strlen (text), error);
  g_autoptr(VaLaunchTerms) terms = va_launch_terms_new (NULL);
  VaFields fields = VA_FIELDS_INIT (object, "launch");
  JsonArray *kernels, *references;
  guint64 signature = 0;

  if (object == NULL)
    return NULL;
  terms->tee = read_terms_tee (&fields);
  terms->api_major = read_terms_byte (&fields, "api-major");
  terms->api_minor = read_terms_byte (&fields, "api-minor");
  terms->min_api_major = read_terms_byte (&fields, "min-api-major");
  terms->min_api_minor = read_terms_byte (&fields, "min-api-minor");
  terms->min_build = read_terms_byte (&fields, "min-build");
  terms->has_secrets = va_fields_boolean (&fields, "has-secrets", TRUE);
  read_terms_source (&fields, terms);
  kernels = va_fields_array (&fields, "kernels", VA_REQUIRED, VA_LAUNCH_TERMS_REFERENCES_MAX);
  for (guint i = 0; kernels != NULL && i < json_array_get_length (kernels); i++)
    read_kernel (&fields, json_array_get_element (kernels, i), terms);
  va_fields_number (&fields, "cpu-signature", VA_OPTIONAL, 1, G_MAXUINT32, &signature);
  terms->cpu_signature = (guint32) signature;
  references = va_fields_array (&fields, "references", VA_REQUIRED, VA_LAUNCH_TERMS_REFERENCES_MAX);
  for (guint i = 0; references != NULL && i < json_array_get_length (references); i++)
    read_reference (&fields, json_array_get_element (references, i), terms);
  if (terms->references->len == 0)
    va_fields_fail (&fields, "references", "is empty");
  return va_fields_end (&fields, error) ? g_steal_pointer (&terms) : NULL;
}
