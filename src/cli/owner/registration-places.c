/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/owner/registration-options.h"

#include "codec/fields.h"
#include "core/encoding.h"
#include "core/error.h"
#include "core/i18n.h"
#include "cli/given-input.h"
#include "pki/identity.h"

/* Hosts, and groups of them. */
static gboolean
set_hosts (JsonObject *object, char **names, GError **error)
{
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    if (!va_identity_name_is_valid (names[i] + (names[i][0] == '@' ? 1 : 0)))
      {
        g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                     _("--host: “%s” is not the name of a host: expected 1 to 64 of a-z 0-9 . _ -, as in its "
                       "certificate, or "
                       "“@” and the name of a group"),
                     names[i]);
        return FALSE;
      }
  va_json_set_strings (object, "hosts", names);
  return TRUE;
}

static gboolean
set_domains (JsonObject *object, char **texts, GError **error)
{
  g_autoptr(GPtrArray) uuids = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; texts != NULL && texts[i] != NULL; i++)
    {
      char *uuid = va_uuid_canonical (texts[i], NULL);

      if (uuid == NULL)
        {
          g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                       _("--domain: “%s” is not a UUID: expected 8-4-4-4-12 hexadecimal digits, as “virsh domuuid” "
                         "prints them"),
                       texts[i]);
          return FALSE;
        }
      g_ptr_array_add (uuids, uuid);
    }
  g_ptr_array_add (uuids, NULL);
  if (texts != NULL)
    va_json_set_strings (object, "domains", (char **) uuids->pdata);
  return TRUE;
}

/* A chip as “sev chain” names it, in lower case; %NULL if it is not one. */
static char *
take_chip_name (const char *text, GError **error)
{
  g_autofree char *hex = g_ascii_strdown (text, -1);

  if (va_is_hex (hex, 2 * VA_SHA256_SIZE))
    return g_steal_pointer (&hex);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
               _("--chip: “%s” is neither a processor nor a file: expected 64 hexadecimal digits, as “sev chain” "
                 "prints them, or a file with its CEK certificate"),
               text);
  return NULL;
}

/* Each as “sev chain” names it, or by a CEK or chain in a file. */
static gboolean
set_chips (JsonObject *object, char **texts, GError **error)
{
  g_autoptr(GPtrArray) chips = g_ptr_array_new_with_free_func (g_free);

  if (texts == NULL)
    return TRUE;
  for (; *texts != NULL; texts++)
    {
      VaSevBundle bundle = { .has_pdh = FALSE };
      guint8 hash[VA_SHA256_SIZE];

      if (!g_file_test (*texts, G_FILE_TEST_EXISTS))
        {
          char *name = take_chip_name (*texts, error);

          if (name == NULL)
            return FALSE;
          g_ptr_array_add (chips, name);
          continue;
        }
      if (!va_input_certificates (&bundle, *texts, error))
        {
          g_prefix_error (error, "--chip: ");
          return FALSE;
        }
      if (!bundle.has_cek)
        {
          g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                       _("--chip: %s: expected a CEK certificate, but it contains none"), *texts);
          return FALSE;
        }
      va_sev_cert_key_hash (&bundle.chain.cek, hash);
      g_ptr_array_add (chips, va_hex_encode (hash, sizeof hash));
    }
  g_ptr_array_add (chips, NULL);
  va_json_set_strings (object, "chips", (char **) chips->pdata);
  return TRUE;
}

static gboolean
set_cloud_cert (JsonObject *object, const char *path, GError **error)
{
  VaSevBundle bundle = { .has_pdh = FALSE };
  g_autofree char *text = NULL;

  if (path == NULL)
    return TRUE;
  if (!va_input_certificates (&bundle, path, error))
    {
      g_prefix_error (error, "--cloud-cert: ");
      return FALSE;
    }
  if (!bundle.has_oca)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                   _("--cloud-cert: %s: expected an OCA certificate, but it contains none"), path);
      return FALSE;
    }
  text = va_base64_encode (bundle.chain.oca.raw, VA_SEV_CERT_SIZE);
  json_object_set_string_member (object, "cloud-cert", text);
  return TRUE;
}

gboolean
va_registration_options_places (JsonObject *object, const VaRegistrationOptions *o, GError **error)
{
  return set_hosts (object, o->hosts, error) && set_domains (object, o->domains, error)
         && set_chips (object, o->chips, error) && set_cloud_cert (object, o->cloud_cert, error);
}
