/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "sev-data.h"

#include <string.h>
#include "core/encoding.h"
#include "core/file.h"
#include "codec/json.h"
#include "tee/sev/digest.h"

#define DEBIAN_OVMF "/usr/share/ovmf/OVMF.fd"
#define DEBIAN_OVMF_SHA256 "7b456907dd0786d415999e801a1ac4637b8ed4d7cf5378cfc6edbe5e574dd773"

const char *const data_generations[] = { "naples", "rome", "milan", "genoa", "turin", NULL };

GBytes *
data_file (const char *format, ...)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *name = NULL;
  g_autofree char *path = NULL;
  const char *folder = g_getenv ("VA_TEST_DATA");
  GBytes *bytes;
  va_list args;

  g_assert_nonnull (folder);
  va_start (args, format);
  name = g_strdup_vprintf (format, args);
  va_end (args);
  path = g_build_filename (folder, name, NULL);
  bytes = va_file_read (path, 16 * 1024 * 1024, &error);
  g_assert_no_error (error);
  return bytes;
}

static void
copy_cert (guint8 out[VA_SEV_CERT_SIZE], const char *name)
{
  g_autoptr(GBytes) bytes = data_file ("chains/naples/%s.cert", name);

  g_assert_cmpuint (g_bytes_get_size (bytes), ==, VA_SEV_CERT_SIZE);
  memcpy (out, g_bytes_get_data (bytes, NULL), VA_SEV_CERT_SIZE);
}

void
data_naples (guint8 certs[4][VA_SEV_CERT_SIZE])
{
  copy_cert (certs[0], "pdh");
  copy_cert (certs[1], "pek");
  copy_cert (certs[2], "oca");
  copy_cert (certs[3], "cek");
}

void
data_amd_cert (VaAmdCert *cert, const char *generation, const char *name)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = data_file ("roots/%s/%s.cert", generation, name);

  g_assert_true (va_amd_cert_parse (cert, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &error));
  g_assert_no_error (error);
}

VaSevRoots *
data_roots (void)
{
  VaSevRoots *roots = va_sev_roots_new ();

  for (guint i = 0; data_generations[i] != NULL; i++)
    {
      g_autoptr(GError) error = NULL;
      VaAmdCert ark, ask;

      data_amd_cert (&ark, data_generations[i], "ark");
      data_amd_cert (&ask, data_generations[i], "ask");
      g_assert_true (va_sev_roots_add (roots, data_generations[i], &ark, &ask, FALSE, &error));
      g_assert_no_error (error);
    }
  return roots;
}

static void
case_free (gpointer data)
{
  Case *one = data;

  g_free (one->name);
  va_secret_free (one->tik);
  va_secret_free (one->tek);
  g_free (one->launch_measure);
  g_free (one->header);
  g_free (one->payload);
  g_free (one->table);
  g_free (one->secret_file);
  g_free (one->secret_guid);
  g_free (one);
}

static void
take_hex (JsonObject *object, const char *member, gpointer out, gsize size)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (va_hex_decode (json_object_get_string_member (object, member), out, size, &error));
  g_assert_no_error (error);
}

static char *
take_string (JsonObject *object, const char *member)
{
  const char *text = json_object_get_string_member (object, member);

  g_assert_nonnull (text);
  return g_strdup (text);
}

static Case *
load_case (const char *name)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = data_file ("cases/%s/expected.json", name);
  g_autoptr(JsonObject) object = va_json_parse (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &error);
  Case *one = g_new0 (Case, 1);
  JsonObject *secret;

  g_assert_no_error (error);
  one->name = g_strdup (name);
  one->policy = (guint32) json_object_get_int_member (object, "policy");
  one->api_major = (guint8) json_object_get_int_member (object, "api_major");
  one->api_minor = (guint8) json_object_get_int_member (object, "api_minor");
  one->build_id = (guint8) json_object_get_int_member (object, "build_id");
  one->es = json_object_get_boolean_member (object, "sev_es");
  one->tik = va_secret_new (16);
  one->tek = va_secret_new (16);
  take_hex (object, "tik", va_secret_data (one->tik), 16);
  take_hex (object, "tek", va_secret_data (one->tek), 16);
  take_hex (object, "mnonce", one->mnonce, 16);
  take_hex (object, "secret_iv", one->iv, 16);
  take_hex (object, "libvirt900_digest", one->digest, 32);
  take_hex (object, "measurement_for_libvirt900_digest", one->measure, 32);
  take_hex (object, "snp_measure_digest", one->other_digest, 32);
  if (one->es)
    take_hex (object, "measurement_for_snp_measure_digest", one->other_measure, 32);
  one->launch_measure = take_string (object, "launch_measure_blob_b64");
  one->header = take_string (object, "secret_header_b64");
  one->payload = take_string (object, "secret_payload_b64");
  one->table = take_string (object, "secret_table_plain_hex");
  secret = json_array_get_object_element (json_object_get_array_member (object, "secrets"), 0);
  one->secret_file = take_string (secret, "file");
  one->secret_guid = take_string (secret, "guid");
  return one;
}

GPtrArray *
data_cases (void)
{
  GPtrArray *cases = g_ptr_array_new_with_free_func (case_free);

  g_ptr_array_add (cases, load_case ("sev-plain-p1"));
  g_ptr_array_add (cases, load_case ("sev-aligned-secret-p1"));
  g_ptr_array_add (cases, load_case ("es-1cpu-p5-EPYC-v4"));
  return cases;
}

GBytes *
data_debian_ovmf (void)
{
  const char *given = g_getenv ("VA_DEBIAN_12_OVMF"), *path = given != NULL ? given : DEBIAN_OVMF;
  g_autoptr(GBytes) bytes = NULL;
  g_autofree char *hex = NULL;
  guint8 hash[VA_SHA256_SIZE];

  bytes = va_file_read (path, 16 * 1024 * 1024, NULL);
  if (bytes == NULL)
    {
      g_autofree char *reason = g_strdup_printf ("%s does not exist: install Debian 12's package ovmf", path);

      g_test_skip (reason);
      return NULL;
    }
  va_sha256 (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), hash);
  hex = va_hex_encode (hash, sizeof hash);
  if (!g_str_equal (hex, DEBIAN_OVMF_SHA256))
    {
      g_autofree char *reason =
        g_strdup_printf ("%s has SHA-256 %s, the cases are about " DEBIAN_OVMF_SHA256, path, hex);

      g_test_skip (reason);
      return NULL;
    }
  return g_steal_pointer (&bytes);
}
