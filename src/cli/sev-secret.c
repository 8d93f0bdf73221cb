/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "verbs.h"

#include <stdio.h>
#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "firmware.h"
#include "given-input.h"
#include "passphrase.h"
#include "print.h"
#include "sev-launch.h"
#include "sev/measurement.h"
#include "sev/packet.h"

typedef struct {
  char *measurement, *tik, *tek, *firmware, *out;
  char **entries;
} Options;

static void
options_clear (Options *o)
{
  g_free (o->measurement);
  g_free (o->tik);
  g_free (o->tek);
  g_free (o->firmware);
  g_free (o->out);
  g_strfreev (o->entries);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

/* Whether the guest can use it, which the service asks as well; says what may not be meant. */
static gboolean
check_passphrase (const char *path, VaSecret *value, GError **error)
{
  const guint8 *data = va_secret_data (value);
  gsize size = va_secret_size (value);

  /* One zero byte at its end is what the guest gets anyway. */
  if (!va_passphrase_check (data, size > 1 && data[size - 1] == '\0' ? size - 1 : size, error))
    {
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }
  if (data[size - 1] == '\n')
    g_printerr (_("virt-attest: note: the passphrase in %s ends with a line break, which the guest gets as part of it; if "
                  "that is not meant, write the file without it: printf %%s PASSPHRASE > FILE\n"), path);
  return TRUE;
}

/* "luks=FILE" or "GUID=FILE". A passphrase gets the zero byte at its end that firmware's boot loaders look for. */
static VaExit
read_entry (const VaCall *call, const char *text, VaSecretEntry *entry, VaSecret **value)
{
  const char *equals = strchr (text, '=');
  g_autofree char *name = equals != NULL ? g_strndup (text, (gsize) (equals - text)) : NULL;
  gboolean luks = g_strcmp0 (name, "luks") == 0;
  g_autoptr(GError) error = NULL;
  g_autoptr(VaSecret) read = NULL;
  gsize size;

  if (name == NULL || equals[1] == '\0' || !va_guid_parse (luks ? VA_GUID_LUKS_PASSPHRASE : name, entry->guid, NULL))
    return va_call_usage (call, _("--entry: expected GUID=FILE or luks=FILE, with a GUID as in %s; the secret itself belongs "
                                  "into the file"), VA_GUID_LUKS_PASSPHRASE);
  read = va_secret_from_path (equals + 1, VA_SECRET_TABLE_MAX, &error);
  if (read == NULL)
    return va_sev_fail (error);
  size = va_secret_size (read);
  if (size == 0)
    {
      g_printerr (_("virt-attest: %s is empty: a secret has at least one byte\n"), equals + 1);
      return VA_EXIT_BROKEN;
    }
  luks = va_secret_guid_is_passphrase (entry->guid);
  if (luks && !check_passphrase (equals + 1, read, &error))
    return va_sev_fail (error);
  *value = va_secret_new (size + (luks && va_secret_data (read)[size - 1] != '\0' ? 1 : 0));
  memcpy (va_secret_data (*value), va_secret_data (read), size);
  entry->data = va_secret_data (*value);
  entry->size = va_secret_size (*value);
  return VA_EXIT_YES;
}

static VaExit
build_table (const VaCall *call, const Options *o, gsize area, VaSecret **table)
{
  g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func ((GDestroyNotify) va_secret_free);
  g_autoptr(GArray) entries = g_array_new (FALSE, FALSE, sizeof (VaSecretEntry));
  g_autoptr(GError) error = NULL;

  for (guint i = 0; o->entries[i] != NULL; i++)
    {
      VaSecretEntry entry;
      VaSecret *value = NULL;
      VaExit code = read_entry (call, o->entries[i], &entry, &value);

      if (code != VA_EXIT_YES)
        return code;
      g_ptr_array_add (values, value);
      g_array_append_val (entries, entry);
    }
  *table = va_secret_table_build (&g_array_index (entries, VaSecretEntry, 0), entries->len, area, &error);
  return *table != NULL ? VA_EXIT_YES : va_sev_fail (error);
}

static VaExit
read_firmware (const Options *o, VaFirmware *footer)
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
  g_printerr (_("virt-attest: %s has no room for secrets; use a firmware made for SEV, such as Debian's ovmf-amdsev\n"),
              o->firmware);
  return VA_EXIT_BROKEN;
}

/* Notes, durably and before anything is encrypted, that the TEK is used: by a file named after its hash. */
static VaExit
use_tek (const char *folder, VaSecret *tek)
{
  g_autofree char *hex = NULL, *name = NULL, *path = NULL;
  g_autoptr(GError) error = NULL;
  guint8 hash[VA_SHA256_SIZE];

  va_sha256 (va_secret_data (tek), va_secret_size (tek), hash);
  hex = va_hex_encode (hash, sizeof hash);
  name = g_strconcat ("used-tek-", hex, NULL);
  path = g_build_filename (folder, name, NULL);
  if (va_folder_make (folder, 0700, &error) && va_file_create (path, "", 0, 0600, &error))
    return VA_EXIT_YES;
  if (!g_error_matches (error, VA_CORE_ERROR, VA_CORE_ERROR_EXISTS))
    return va_sev_fail (error);
  g_printerr (_("virt-attest: this TEK has encrypted a packet already (%s says so): start the guest anew, with a new "
                "session\n"), path);
  return VA_EXIT_REFUSED;
}

static gboolean
write_base64 (const char *folder, const char *name, const char *text, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return va_file_write (path, text, strlen (text), 0644, error);
}

static VaExit
seal (const VaCall *call, const Options *o, VaSecret *table, const VaFirmware *footer, const guint8 *measurement)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaSecret) tik = va_input_key (VA_GIVEN_TIK, o->tik, &error);
  g_autoptr(VaSecret) tek = tik != NULL ? va_input_key (VA_GIVEN_TEK, o->tek, &error) : NULL;
  g_autofree char *head = NULL, *body = NULL;
  g_autoptr(GBytes) payload = NULL;
  guint8 header[VA_PACKET_HEADER_SIZE];
  VaExit code;

  if (tek == NULL || !va_input_keys_differ (tik, tek, &error))
    return va_sev_fail (error);
  code = use_tek (o->out, tek);
  if (code != VA_EXIT_YES)
    return code;
  payload = va_packet_seal (tik, tek, table, measurement, header);
  head = va_base64_encode (header, sizeof header);
  body = va_base64_encode (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload));
  if (!write_base64 (o->out, "secret-header.base64", head, &error)
      || !write_base64 (o->out, "secret-payload.base64", body, &error))
    return va_sev_fail (error);
  if (call->json)
    {
      g_autoptr(JsonObject) object = json_object_new ();

      json_object_set_string_member (object, "packet-header", head);
      json_object_set_string_member (object, "secret", body);
      if (footer->secret_base != 0)
        json_object_set_int_member (object, "gpa", footer->secret_base);
      va_print_json (object);
    }
  else if (footer->secret_base != 0)
    printf (_("%s: secret-header.base64 and secret-payload.base64, for guest address 0x%x\n"), o->out,
            footer->secret_base);
  else
    printf (_("%s: secret-header.base64 and secret-payload.base64\n"), o->out);
  return VA_EXIT_YES;
}

VaExit
va_verb_sev_secret (VaCall *call)
{
  g_auto(Options) o = { .measurement = NULL };
  const GOptionEntry entries[] = {
    { "measurement", 0, 0, G_OPTION_ARG_STRING, &o.measurement, N_("What QEMU or libvirt gave, or a file of it"),
      N_("BASE64") },
    { "tik", 0, 0, G_OPTION_ARG_FILENAME, &o.tik, N_("The launch's integrity key"), N_("FILE") },
    { "tek", 0, 0, G_OPTION_ARG_FILENAME, &o.tek, N_("The launch's encryption key"), N_("FILE") },
    { "entry", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o.entries, N_("A secret; repeat"), N_("GUID|luks=FILE") },
    { "firmware", 0, 0, G_OPTION_ARG_FILENAME, &o.firmware, N_("Check that the secrets fit its area"), N_("FILE") },
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &o.out, N_("Where the files go"), N_("DIR") },
    { NULL },
  };
  guint8 measurement[VA_MEASUREMENT_SIZE];
  g_autoptr(VaSecret) table = NULL;
  g_autoptr(GError) error = NULL;
  VaFirmware footer;
  VaExit code;

  if (!va_call_parse (call, entries, 0, 0)
      || !va_call_has (call, (const VaNeeded[]){ { "--measurement", o.measurement }, { "--tik", o.tik }, { "--tek", o.tek },
                                                 { "--entry", o.entries }, { "--out", o.out }, { NULL, NULL } }))
    return VA_EXIT_USAGE;
  if (!va_input_text (VA_GIVEN_MEASUREMENT, "--measurement", o.measurement, measurement, &error))
    return va_sev_fail (error);
  code = read_firmware (&o, &footer);
  if (code == VA_EXIT_YES)
    code = build_table (call, &o, footer.secret_size, &table);
  return code == VA_EXIT_YES ? seal (call, &o, table, &footer, measurement) : code;
}
