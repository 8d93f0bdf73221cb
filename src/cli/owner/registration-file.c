/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/owner/registration-options.h"

#include <string.h>
#include <unistd.h>
#include "cli/answer.h"
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "cli/passphrase.h"

#define REGISTRATION_FILE_MAX (1024 * 1024)

/* A registration can have secrets in it. */
static VaSecret *
read_document (const char *path, GError **error)
{
  g_autoptr(VaSecret) text = NULL;

  if (g_str_equal (path, "-"))
    return va_fd_read_secret (STDIN_FILENO, REGISTRATION_FILE_MAX, error);
  return va_secret_from_path (path, REGISTRATION_FILE_MAX, error);
}

/* What “vm show --json” tells besides the registration itself. */
static void
remove_told (JsonObject *object)
{
  static const char *const told[] = {
    "id", "created", "launches", "running", "approved", "approved-until", "replaced"
  };

  for (guint i = 0; i < G_N_ELEMENTS (told); i++)
    json_object_remove_member (object, told[i]);
}

/* The service never gives the bytes of a secret back, so they must be put in again. */
static gboolean
check_secrets (JsonObject *object, GError **error)
{
  JsonArray *secrets = va_answer_array (object, "secrets");

  for (guint i = 0; i < va_answer_length (secrets); i++)
    {
      JsonObject *secret = va_answer_element (secrets, i);

      if (secret == NULL || !json_object_has_member (secret, "size"))
        continue;
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                   _("secret %u: the service never returns its bytes: enter them again in base64, as “data” instead of "
                     "“size”, or store it with “secret put” and name it here: {\"name\": \"NAME\"}"),
                   i + 1);
      return FALSE;
    }
  return TRUE;
}

VaRegistration *
va_registration_from_file (const VaRegistrationOptions *o, GError **error)
{
  g_autoptr(VaSecret) text = read_document (o->file, error);
  g_autoptr(JsonObject) object = NULL;
  VaRegistration *registration = NULL;

  if (text == NULL)
    return NULL;
  object = va_json_parse ((const char *) va_secret_data (text), va_secret_size (text), error);
  if (object != NULL)
    remove_told (object);
  if (object != NULL && check_secrets (object, error))
    registration = va_registration_read (object, error);
  if (registration == NULL)
    g_prefix_error (error, "%s: ", g_str_equal (o->file, "-") ? _("standard input") : o->file);
  return registration;
}
