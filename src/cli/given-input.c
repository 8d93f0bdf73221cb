/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/given-input.h"

#include <string.h>
#include "certificates/folder.h"
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "cli/passphrase.h"
#include "tee/sev/session.h"

#define KEY_FILE_MAX 4096 /* a key in text, with whatever is around it */

static gboolean
read_from_file (VaGiven what, const char *option, const char *path, gpointer out, GError **error)
{
  g_autoptr(GBytes) bytes = va_file_read (path, VA_GIVEN_MAX, error);
  g_autofree guint8 *data = NULL;
  gsize size;

  if (bytes == NULL)
    {
      g_prefix_error (error, "%s: ", option);
      return FALSE;
    }
  data = g_bytes_unref_to_data (g_steal_pointer (&bytes), &size);
  if (va_given_read (what, data, size, TRUE, out, NULL, error))
    return TRUE;
  g_prefix_error (error, "%s: %s: ", option, path);
  return FALSE;
}

gboolean
va_input_text (VaGiven what, const char *option, const char *text, gpointer out, GError **error)
{
  g_autofree char *copy = g_strdup (text);
  g_autoptr(GError) reason = NULL;

  if (strlen (text) <= VA_GIVEN_MAX && va_given_read (what, (guint8 *) copy, strlen (copy), FALSE, out, NULL, &reason))
    return TRUE;
  if (g_file_test (text, G_FILE_TEST_IS_REGULAR))
    return read_from_file (what, option, text, out, error);
  if (reason != NULL)
    g_propagate_prefixed_error (error, g_steal_pointer (&reason), "%s: ", option);
  else
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, _("%s: the text is longer than %d bytes"), option,
                 VA_GIVEN_MAX);
  return FALSE;
}

/* Whether somebody gave the key where its file's name is expected. */
static gboolean
is_key_itself (VaGiven what, const char *path)
{
  g_autoptr(VaSecret) copy = va_secret_copy_in (path, strlen (path));
  g_autoptr(VaSecret) key = va_secret_new (VA_SEV_KEY_SIZE);

  return !g_file_test (path, G_FILE_TEST_EXISTS) && strlen (path) < KEY_FILE_MAX
         && va_given_read (what, va_secret_data (copy), va_secret_size (copy), FALSE, va_secret_data (key), NULL, NULL);
}

VaSecret *
va_input_key (VaGiven what, const char *path, GError **error)
{
  g_autoptr(VaSecret) file = NULL, key = va_secret_new (VA_SEV_KEY_SIZE);
  const char *name = what == VA_GIVEN_TIK ? "TIK" : "TEK", *option = what == VA_GIVEN_TIK ? "--tik" : "--tek";
  gboolean pair;

  if (is_key_itself (what, path))
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                   _("%s: this is a %s, but the name of a file with it is expected: every user of this machine can "
                     "read a key on the command line"),
                   option, name);
      return NULL;
    }
  file = va_secret_from_path (path, KEY_FILE_MAX, error);
  if (file == NULL)
    {
      g_prefix_error (error, "%s: ", option);
      return NULL;
    }
  if (!va_given_read (what, va_secret_data (file), va_secret_size (file), TRUE, va_secret_data (key), &pair, error))
    {
      g_prefix_error (error, "%s: %s: ", option, path);
      return NULL;
    }
  if (pair)
    g_printerr (_("virt-attest: note: %s is read as a pair of keys, first the TEK and then the TIK, as sev-tool writes "
                  "it\n"),
                path);
  return g_steal_pointer (&key);
}

gboolean
va_input_keys_differ (const VaSecret *tik, const VaSecret *tek, GError **error)
{
  if (!va_secret_equal (tik, tek))
    return TRUE;
  g_set_error_literal (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE,
                       _("--tik and --tek are the same key: one of them is the wrong file"));
  return FALSE;
}

gboolean
va_input_certificates (VaSevBundle *bundle, const char *path, GError **error)
{
  g_autofree char *copy = g_file_test (path, G_FILE_TEST_EXISTS) ? NULL : g_strdup (path);
  VaSevBundle with = *bundle;

  if (copy != NULL && va_sev_bundle_add (&with, (guint8 *) copy, strlen (copy), "", NULL))
    {
      *bundle = with;
      return TRUE;
    }
  return va_sev_bundle_read (bundle, path, error);
}
