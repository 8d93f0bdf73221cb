/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/platform.h"

#include <glib/gstdio.h>
#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "host/cek.h"

#define FILE_MAX 32768

struct _VaPlatform {
  char *path;
  GMutex lock;
  GCond settled;
  gboolean known;
  gboolean asked; /* libvirt has answered, or could not be asked, at least once */
  VaPlatformInfo info;
  char *trouble;
  char *cek; /* where a signed one may be, or %NULL */
};

static void
write_base64 (JsonObject *object, const char *name, gconstpointer data, gsize size)
{
  g_autofree char *text = va_base64_encode (data, size);

  json_object_set_string_member (object, name, text);
}

static char *
print_platform (const VaPlatformInfo *info)
{
  g_autoptr(JsonObject) object = json_object_new ();

  write_base64 (object, "pdh", info->pdh, sizeof info->pdh);
  write_base64 (object, "cert-chain", info->cert_chain, sizeof info->cert_chain);
  if (info->cpu_id_size > 0)
    write_base64 (object, "cpu-id", info->cpu_id, info->cpu_id_size);
  json_object_set_int_member (object, "cbitpos", (gint64) info->cbitpos);
  json_object_set_int_member (object, "reduced-phys-bits", (gint64) info->reduced_phys_bits);
  json_object_set_int_member (object, "max-guests", (gint64) info->max_guests);
  json_object_set_int_member (object, "max-es-guests", (gint64) info->max_es_guests);
  return va_json_print (object);
}

static gboolean
parse_platform (const char *text, VaPlatformInfo *info, GError **error)
{
  g_autoptr(JsonObject) object = va_json_parse (text, strlen (text), error);
  VaFields fields = VA_FIELDS_INIT (object, "platform");
  g_autoptr(GBytes) cpu_id = NULL;

  if (object == NULL)
    return FALSE;
  va_fields_base64_exact (&fields, "pdh", VA_REQUIRED, info->pdh, sizeof info->pdh);
  va_fields_base64_exact (&fields, "cert-chain", VA_REQUIRED, info->cert_chain, sizeof info->cert_chain);
  cpu_id = va_fields_base64 (&fields, "cpu-id", VA_OPTIONAL, sizeof info->cpu_id);
  va_fields_number (&fields, "cbitpos", VA_REQUIRED, 0, 63, &info->cbitpos);
  va_fields_number (&fields, "reduced-phys-bits", VA_REQUIRED, 0, 63, &info->reduced_phys_bits);
  va_fields_number (&fields, "max-guests", VA_REQUIRED, 0, G_MAXUINT32, &info->max_guests);
  va_fields_number (&fields, "max-es-guests", VA_REQUIRED, 0, G_MAXUINT32, &info->max_es_guests);
  if (cpu_id != NULL)
    {
      info->cpu_id_size = g_bytes_get_size (cpu_id);
      memcpy (info->cpu_id, g_bytes_get_data (cpu_id, NULL), info->cpu_id_size);
    }
  return va_fields_end (&fields, error);
}

static void
load_platform (VaPlatform *platform)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *text = va_file_read_text (platform->path, FILE_MAX, &error);
  VaPlatformInfo info = { 0 };

  if (text != NULL && parse_platform (text, &info, &error))
    {
      platform->info = info;
      platform->known = TRUE;
    }
  else if (!g_error_matches (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND))
    g_message ("%s: %s", platform->path, error->message);
}

VaPlatform *
va_platform_new (const char *state_dir)
{
  VaPlatform *platform = g_new0 (VaPlatform, 1);

  g_mutex_init (&platform->lock);
  g_cond_init (&platform->settled);
  platform->path = g_build_filename (state_dir, "platform.json", NULL);
  load_platform (platform);
  return platform;
}

void
va_platform_free (VaPlatform *platform)
{
  g_mutex_clear (&platform->lock);
  g_cond_clear (&platform->settled);
  g_free (platform->path);
  g_free (platform->trouble);
  g_free (platform->cek);
  g_free (platform);
}

void
va_platform_set_cek (VaPlatform *platform, const char *path)
{
  platform->cek = g_strdup (path);
}

gboolean
va_platform_get (VaPlatform *platform, gint64 end, VaPlatformInfo *info, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&platform->lock);

  while (!platform->known && !platform->asked && g_cond_wait_until (&platform->settled, &platform->lock, end))
    ;
  if (platform->known)
    {
      *info = platform->info;
      if (platform->cek != NULL)
        va_cek_put (info, platform->cek);
      return TRUE;
    }
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND, _("this host's SEV certificates are unknown: %s"),
               platform->trouble != NULL ? platform->trouble : _("libvirt has not answered yet"));
  return FALSE;
}

/* The caller has the lock. */
static void
settle_platform (VaPlatform *platform, const char *trouble)
{
  g_free (platform->trouble);
  platform->trouble = g_strdup (trouble);
  platform->asked = TRUE;
  g_cond_broadcast (&platform->settled);
}

static void
keep_platform (VaPlatform *platform)
{
  g_autofree char *text = print_platform (&platform->info);
  g_autoptr(GError) error = NULL;

  if (!va_file_write (platform->path, text, strlen (text), 0600, &error))
    g_message ("%s: %s", platform->path, error->message);
}

void
va_platform_set (VaPlatform *platform, const VaPlatformInfo *info)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&platform->lock);
  gboolean same = platform->known && memcmp (&platform->info, info, sizeof *info) == 0;

  if (platform->known && !same)
    g_message (_("this host's SEV platform has different certificates than before"));
  platform->info = *info;
  platform->known = TRUE;
  if (!same)
    keep_platform (platform);
  settle_platform (platform, NULL);
}

void
va_platform_set_trouble (VaPlatform *platform, const char *reason)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&platform->lock);

  settle_platform (platform, reason);
}

void
va_platform_set_absent (VaPlatform *platform, const char *reason)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&platform->lock);

  platform->known = FALSE;
  g_unlink (platform->path);
  settle_platform (platform, reason);
}
