/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/guid.h"
#include "core/number.h"
#include "core/config-file.h"
#include "fuzz.h"
#include "tee/sev/vmsa.h"

/* The short texts of options and configuration files: what is taken can be written again and is the same. */

static void
check_encodings (const char *text)
{
  g_autoptr(GBytes) bytes = va_base64_decode (text, 4096, NULL);
  g_autoptr(VaSecret) secret = va_base64_decode_secret (text, 4096, NULL);
  gsize size = strlen (text);
  guint8 out[64];

  g_assert_true ((bytes != NULL) == (secret != NULL));
  if (bytes != NULL)
    {
      g_autofree char *again = va_base64_encode (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));

      g_assert_cmpstr (again, ==, text);
      g_assert_cmpmem (va_secret_data (secret), va_secret_size (secret), g_bytes_get_data (bytes, NULL),
                       g_bytes_get_size (bytes));
    }
  if (size <= 2 * sizeof out && size % 2 == 0 && va_hex_decode (text, out, size / 2, NULL))
    {
      g_autofree char *again = va_hex_encode (out, size / 2);

      g_assert_true (g_ascii_strcasecmp (again, text) == 0);
      g_assert_true (va_is_hex (again, size));
    }
}

static void
check_identifiers (const char *text)
{
  g_autofree char *canonical = va_uuid_canonical (text, NULL), *again = NULL;
  guint8 guid[VA_GUID_SIZE];
  gboolean is_guid = va_guid_parse (text, guid, NULL);

  g_assert_true ((canonical != NULL) == is_guid);
  if (!is_guid)
    return;
  g_assert_true (va_uuid_is_canonical (canonical));
  again = va_guid_format (guid);
  g_assert_cmpstr (again, ==, canonical);
}

static void
check_numbers (const char *text)
{
  g_autoptr(GError) error = NULL;
  guint64 number = 0;
  guint32 signature = 0;

  if (va_number_parse (text, 5, 5000, &number, &error))
    g_assert_true (number >= 5 && number <= 5000);
  else
    g_assert_true (error != NULL && error->domain == VA_CORE_ERROR);
  if (va_cpu_parse (text, &signature, NULL))
    {
      g_autofree char *described = va_cpu_describe (signature);
      guint32 again = 0;

      *strchrnul (described, ' ') = '\0';
      g_assert_true (va_cpu_parse (described, &again, NULL));
      g_assert_cmpuint (again, ==, signature);
    }
}

static void
check_configuration (const char *text)
{
  static const VaConfigKey keys[] = {
    { "", "name", VA_CONFIG_STRING, NULL, FALSE, 0, 0 },
    { "", "path", VA_CONFIG_PATH, "/nowhere", FALSE, 0, 0 },
    { "part", "number", VA_CONFIG_NUMBER, "7", FALSE, 1, 1000 },
    { "part", "flag", VA_CONFIG_BOOLEAN, "no", FALSE, 0, 0 },
    { NULL, NULL, VA_CONFIG_STRING, NULL, FALSE, 0, 0 },
  };
  g_autoptr(GError) error = NULL;
  VaConfig *config = va_config_parse ("input", text, keys, &error);

  if (config == NULL)
    {
      g_assert_true (error != NULL && error->domain == VA_CORE_ERROR);
      return;
    }
  g_assert_true (va_config_number (config, "part", "number") >= 1
                 && va_config_number (config, "part", "number") <= 1000);
  g_assert_true (g_path_is_absolute (va_config_string (config, "", "path")));
  va_config_boolean (config, "part", "flag");
  va_config_free (config);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup (size > 0 ? (const char *) data : "", size); /* ends at the first zero byte */

  if (!g_utf8_validate (text, -1, NULL))
    return 0;
  check_encodings (text);
  check_identifiers (text);
  check_numbers (text);
  check_configuration (text);
  return 0;
}
