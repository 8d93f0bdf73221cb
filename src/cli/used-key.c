/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/used-key.h"

#include <stdlib.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "tee/sha256.h"

#define PLACES 2

static char *
real_path (const char *path)
{
  char *real = realpath (path, NULL), *copy = g_strdup (real);

  free (real);
  return copy;
}

/* The directories in which the key's use is noted: where its file really is, and @out unless that is the same one. */
static void
find_places (const VaUsedKey *key, const char *out, char *places[PLACES])
{
  gboolean linked = g_file_test (key->path, G_FILE_TEST_IS_SYMLINK);
  g_autofree char *file = linked ? real_path (key->path) : g_strdup (key->path);
  g_autofree char *real_place = NULL, *real_out = real_path (out);

  places[0] = file != NULL && g_file_test (file, G_FILE_TEST_IS_REGULAR) ? g_path_get_dirname (file) : NULL;
  real_place = places[0] != NULL ? real_path (places[0]) : NULL;
  places[1] = real_place == NULL || g_strcmp0 (real_place, real_out) != 0 ? g_strdup (out) : NULL;
}

/* A key is random, so its hash tells nothing about it. */
static char *
note_path (const VaUsedKey *key, const char *place)
{
  guint8 hash[VA_SHA256_SIZE];
  g_autofree char *hex = NULL, *name = NULL;

  va_sha256 (va_secret_data (key->key), va_secret_size (key->key), hash);
  hex = va_hex_encode (hash, sizeof hash);
  name = g_strdup_printf ("used-%s-%s", key->label, hex);
  return g_build_filename (place, name, NULL);
}

static gboolean
refuse_used_key (const VaUsedKey *key, const char *note, GError **error)
{
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_EXISTS,
               _("this %s was already used for a packet (recorded in %s), and a key is for one packet: create a new "
                 "session with “virt-attest sev session” and start the guest again with it"),
               key->name, note);
  return FALSE;
}

/* Whether there is no note in @place, and with @leave that there is one now. */
static gboolean
look_at (const VaUsedKey *key, const char *place, gboolean leave, GError **error)
{
  g_autofree char *note = place != NULL ? note_path (key, place) : NULL;
  g_autoptr(GError) reason = NULL;

  if (note == NULL)
    return TRUE;
  if (!leave)
    return !g_file_test (note, G_FILE_TEST_EXISTS) || refuse_used_key (key, note, error);
  if (va_file_create (note, "", 0, 0600, &reason))
    return TRUE;
  if (g_error_matches (reason, VA_CORE_ERROR, VA_CORE_ERROR_EXISTS))
    return refuse_used_key (key, note, error);
  g_propagate_prefixed_error (error, g_steal_pointer (&reason),
                              _("nothing was encrypted, because the use of the %s cannot be recorded in %s: "),
                              key->name, place);
  return FALSE;
}

static gboolean
look_at_all (const VaUsedKey *keys, guint n_keys, const char *out, gboolean leave, GError **error)
{
  gboolean ok = TRUE;

  for (guint i = 0; ok && i < n_keys; i++)
    {
      char *places[PLACES];

      find_places (&keys[i], out, places);
      for (guint k = 0; k < PLACES; k++)
        {
          ok = ok && look_at (&keys[i], places[k], leave, error);
          g_free (places[k]);
        }
    }
  return ok;
}

gboolean
va_keys_unused (const VaUsedKey *keys, guint n_keys, const char *out, GError **error)
{
  return look_at_all (keys, n_keys, out, FALSE, error);
}

gboolean
va_keys_use (const VaUsedKey *keys, guint n_keys, const char *out, GError **error)
{
  return look_at_all (keys, n_keys, out, TRUE, error);
}
