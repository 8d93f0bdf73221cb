/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "cli/firmware.h"
#include "cli/given-input.h"
#include "cli/output-file.h"
#include "cli/passphrase.h"
#include "cli/print.h"
#include "cli/secret-text.h"
#include "cli/sev/launch.h"
#include "tee/sev/measurement.h"
#include "tee/sev/packet.h"
#include "cli/used-key.h"

typedef struct {
  char *measurement, *tik, *tek, *firmware, *out;
  char **entries;
  gboolean strip, force;
} SecretOptions;

static void
secret_options_clear (SecretOptions *o)
{
  g_free (o->measurement);
  g_free (o->tik);
  g_free (o->tek);
  g_free (o->firmware);
  g_free (o->out);
  g_strfreev (o->entries);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SecretOptions, secret_options_clear)

/* Whether the guest can use it, which the service asks as well. */
static gboolean
check_secret_value (const char *path, VaSecret *value, gboolean is_passphrase, GError **error)
{
  const guint8 *data = va_secret_data (value);
  gsize size = va_secret_size (value);

  if (size == 0)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, _("%s is empty, but a secret has at least one byte"), path);
  /* One zero byte at its end is what the guest gets anyway. */
  else if (!is_passphrase || va_passphrase_check (data, size > 1 && data[size - 1] == '\0' ? size - 1 : size, error))
    return TRUE;
  else
    g_prefix_error (error, "%s: ", path);
  return FALSE;
}

/* "luks=FILE" or "GUID=FILE". A passphrase gets the zero byte at its end that firmware's boot loaders look for. */
static VaExit
read_entry (const VaCall *call, const char *text, gboolean strip, VaSecretEntry *entry, VaSecret **value)
{
  const char *equals = strchr (text, '=');
  g_autofree char *name = equals != NULL ? g_strndup (text, (gsize) (equals - text)) : NULL;
  gboolean luks = g_strcmp0 (name, "luks") == 0;
  g_autoptr(GError) error = NULL;
  g_autoptr(VaSecret) read = NULL;
  gsize size;

  if (name == NULL || equals[1] == '\0' || !va_guid_parse (luks ? VA_GUID_LUKS_PASSPHRASE : name, entry->guid, NULL))
    return va_call_usage (call,
                          _("--entry: expected GUID=FILE or luks=FILE, with a GUID as in %s; the secret itself belongs "
                            "in the file"),
                          VA_GUID_LUKS_PASSPHRASE);
  read = va_secret_from_path (equals + 1, VA_SECRET_TABLE_MAX, &error);
  if (read == NULL)
    return va_sev_fail (error);
  luks = va_secret_guid_is_passphrase (entry->guid);
  va_secret_text_look (read, equals + 1, luks, strip);
  if (!check_secret_value (equals + 1, read, luks, &error))
    return va_sev_fail (error);
  size = va_secret_size (read);
  *value = va_secret_new (size + (luks && va_secret_data (read)[size - 1] != '\0' ? 1 : 0));
  memcpy (va_secret_data (*value), va_secret_data (read), size);
  entry->data = va_secret_data (*value);
  entry->size = va_secret_size (*value);
  return VA_EXIT_YES;
}

static VaExit
build_table (const VaCall *call, const SecretOptions *o, gsize area, VaSecret **table)
{
  g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func ((GDestroyNotify) va_secret_free);
  g_autoptr(GArray) entries = g_array_new (FALSE, FALSE, sizeof (VaSecretEntry));
  g_autoptr(GError) error = NULL;

  for (guint i = 0; o->entries[i] != NULL; i++)
    {
      VaSecretEntry entry;
      VaSecret *value = NULL;
      VaExit code = read_entry (call, o->entries[i], o->strip, &entry, &value);

      if (code != VA_EXIT_YES)
        return code;
      g_ptr_array_add (values, value);
      g_array_append_val (entries, entry);
    }
  *table = va_secret_table_build (&g_array_index (entries, VaSecretEntry, 0), entries->len, area, &error);
  return *table != NULL ? VA_EXIT_YES : va_sev_fail (error);
}

static VaExit
read_secret_area (const SecretOptions *o, VaFirmware *footer)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaFirmwareFile) file = NULL;

  memset (footer, 0, sizeof *footer);
  if (o->firmware == NULL)
    return VA_EXIT_YES;
  file = va_firmware_file_read (o->firmware, &error);
  if (file == NULL)
    return va_sev_fail (error);
  *footer = file->footer;
  if (footer->secret_base != 0)
    return VA_EXIT_YES;
  g_printerr (_("virt-attest: %s has no space for secrets; use firmware built for SEV, such as Debian's ovmf-amdsev\n"),
              o->firmware);
  return VA_EXIT_BROKEN;
}

static void
print_packet (const VaCall *call, const SecretOptions *o, const VaFirmware *footer, const char *header,
              const char *payload)
{
  if (call->json)
    {
      g_autoptr(JsonObject) object = json_object_new ();

      json_object_set_string_member (object, "packet-header", header);
      json_object_set_string_member (object, "secret", payload);
      if (footer->secret_base != 0)
        json_object_set_int_member (object, "gpa", footer->secret_base);
      va_print_json (object);
    }
  else if (footer->secret_base != 0)
    printf (_("%s: secret-header.base64 and secret-payload.base64, for guest address 0x%x\n"), o->out,
            footer->secret_base);
  else
    printf (_("%s: secret-header.base64 and secret-payload.base64\n"), o->out);
}

/* The packet's files, whose names begin with the directory. */
typedef struct {
  char *header, *payload;
} Paths;

static void
paths_clear (Paths *paths)
{
  g_free (paths->header);
  g_free (paths->payload);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Paths, paths_clear)

static VaExit
report_error (const GError *error, VaExit code)
{
  va_sev_fail (error);
  return code;
}

/* Uses both keys up for one packet. What can be wrong with its files is found before that. */
static VaExit
seal_table (const VaCall *call, const SecretOptions *o, VaSecret *table, const VaFirmware *footer,
            const guint8 *measurement)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaSecret) tik = va_input_key (VA_GIVEN_TIK, o->tik, &error);
  g_autoptr(VaSecret) tek = tik != NULL ? va_input_key (VA_GIVEN_TEK, o->tek, &error) : NULL;
  g_auto(Paths) paths = { g_build_filename (o->out, "secret-header.base64", NULL),
                          g_build_filename (o->out, "secret-payload.base64", NULL) };
  g_autofree char *head = NULL, *body = NULL;
  g_autoptr(GBytes) payload = NULL;
  guint8 header[VA_PACKET_HEADER_SIZE];
  VaNewFile files[] = { { paths.header, NULL, 0, 0644 }, { paths.payload, NULL, 0, 0644 } };
  const VaUsedKey keys[] = { { "TEK", "tek", o->tek, tek }, { "TIK", "tik", o->tik, tik } };

  if (tek == NULL || !va_input_keys_differ (tik, tek, &error))
    return va_sev_fail (error);
  if (!va_keys_unused (keys, G_N_ELEMENTS (keys), o->out, &error))
    return report_error (error, VA_EXIT_REFUSED);
  if (!va_folder_make (o->out, 0700, &error) || !va_output_check (files, G_N_ELEMENTS (files), o->force, &error))
    return va_sev_fail (error);
  if (!va_keys_use (keys, G_N_ELEMENTS (keys), o->out, &error))
    return report_error (error, error->code == VA_CORE_ERROR_EXISTS ? VA_EXIT_REFUSED : VA_EXIT_BROKEN);
  payload = va_packet_seal (tik, tek, table, measurement, header);
  head = va_base64_encode (header, sizeof header);
  body = va_base64_encode (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload));
  files[0] = (VaNewFile){ paths.header, head, strlen (head), 0644 };
  files[1] = (VaNewFile){ paths.payload, body, strlen (body), 0644 };
  if (!va_output_write (files, G_N_ELEMENTS (files), o->force, &error))
    return va_sev_fail (error);
  print_packet (call, o, footer, head, body);
  return VA_EXIT_YES;
}

VaExit
va_verb_sev_secret (VaCall *call)
{
  g_auto(SecretOptions) o = { .measurement = NULL };
  const GOptionEntry entries[] = {
    { "measurement", 0, 0, G_OPTION_ARG_STRING, &o.measurement,
      N_("The measurement from QEMU or libvirt, or a file with it"), N_("BASE64") },
    { "tik", 0, 0, G_OPTION_ARG_FILENAME, &o.tik, N_("The launch's integrity key"), N_("FILE") },
    { "tek", 0, 0, G_OPTION_ARG_FILENAME, &o.tek, N_("The launch's encryption key"), N_("FILE") },
    { "entry", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o.entries, N_("A secret; may be repeated"), N_("GUID|luks=FILE") },
    { "firmware", 0, 0, G_OPTION_ARG_FILENAME, &o.firmware, N_("Check that the secrets fit its area"), N_("FILE") },
    VA_SECRET_STRIP (&o.strip),
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &o.out, N_("Where to write the files"), N_("DIR") },
    VA_OUTPUT_FORCE (&o.force),
    { NULL },
  };
  guint8 measurement[VA_MEASUREMENT_SIZE];
  g_autoptr(VaSecret) table = NULL;
  g_autoptr(GError) error = NULL;
  VaFirmware footer;
  VaExit code;

  if (!va_call_parse (call, entries, 0, 0)
      || !va_call_has (call, (const VaNeeded[]){ { "--measurement", o.measurement },
                                                 { "--tik", o.tik },
                                                 { "--tek", o.tek },
                                                 { "--entry", o.entries },
                                                 { "--out", o.out },
                                                 { NULL, NULL } }))
    return VA_EXIT_USAGE;
  if (!va_input_text (VA_GIVEN_MEASUREMENT, "--measurement", o.measurement, measurement, &error))
    return va_sev_fail (error);
  code = read_secret_area (&o, &footer);
  if (code == VA_EXIT_YES)
    code = build_table (call, &o, footer.secret_size, &table);
  return code == VA_EXIT_YES ? seal_table (call, &o, table, &footer, measurement) : code;
}
