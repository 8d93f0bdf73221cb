/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/firmware.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/encoding.h"
#include "core/file.h"
#include "core/i18n.h"
#include "cli/firmware-modules.h"
#include "tee/sev/firmware-image.h"
#include "tee/sev/firmware-volume.h"

#define END_MAX VA_FIRMWARE_END /* also enough for the footer, whose length has 16 bits */

VaFirmwareFile *
va_firmware_file_read (const char *path, GError **error)
{
  g_autoptr(VaFirmwareFile) file = g_new0 (VaFirmwareFile, 1);

  file->path = g_strdup (path);
  file->image = va_file_read (path, VA_FIRMWARE_MAX, error);
  if (file->image == NULL)
    return NULL;
  if (!va_firmware_read (&file->footer, g_bytes_get_data (file->image, NULL), g_bytes_get_size (file->image), error))
    {
      g_prefix_error (error, "%s: ", path);
      return NULL;
    }
  return g_steal_pointer (&file);
}

gboolean
va_firmware_file_looks (const char *path)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  guint8 head[VA_FIRMWARE_HEAD], tail[VA_FIRMWARE_TAIL];
  struct stat info;
  gboolean looks = FALSE;

  if (fd < 0)
    return FALSE;
  if (fstat (fd, &info) == 0 && S_ISREG (info.st_mode) && info.st_size >= VA_FIRMWARE_TAIL
      && info.st_size <= VA_FIRMWARE_MAX)
    {
      gssize begun = pread (fd, head, sizeof head, 0),
             ended = pread (fd, tail, sizeof tail, info.st_size - VA_FIRMWARE_TAIL);

      looks = begun > 0 && ended == VA_FIRMWARE_TAIL
              && va_firmware_recognise (head, (gsize) begun, tail, sizeof tail, (gsize) info.st_size, NULL);
    }
  close (fd);
  return looks;
}

/* An image on its way through: its digest so far, its beginning, and at least the last bytes that matter. */
typedef struct {
  VaLaunchDigest *digest;
  GByteArray *head, *end;
  gsize size;
} Stream;

static void
take_piece (const guint8 *piece, gsize size, gpointer user_data)
{
  Stream *stream = user_data;

  va_launch_digest_add (stream->digest, piece, size);
  stream->size += size;
  g_byte_array_append (stream->head, piece, MIN ((guint) size, VA_FIRMWARE_HEAD - stream->head->len));
  g_byte_array_append (stream->end, piece, (guint) size);
  if (stream->end->len >= 2 * END_MAX)
    g_byte_array_remove_range (stream->end, 0, stream->end->len - END_MAX);
}

gboolean
va_firmware_file_begin (const char *path, VaLaunchDigest **begun, VaFirmware *footer, GError **error)
{
  g_autoptr(VaLaunchDigest) digest = va_launch_digest_new ("", 0);
  g_autoptr(GByteArray) head = g_byte_array_new (), end = g_byte_array_new ();
  Stream stream = { digest, head, end, 0 };
  guint tail;

  if (!va_file_read_pieces (path, VA_FIRMWARE_MAX, take_piece, &stream, error))
    return FALSE;
  tail = MIN (end->len, VA_FIRMWARE_TAIL);
  if (!va_firmware_recognise (head->data, head->len, end->len > 0 ? end->data + end->len - tail : NULL, tail,
                              stream.size, error)
      || !va_firmware_parse (footer, end->data, end->len, error))
    {
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }
  footer->size = stream.size;
  *begun = g_steal_pointer (&digest);
  return TRUE;
}

char *
va_firmware_file_hash (const VaFirmwareFile *file)
{
  guint8 hash[VA_SHA256_SIZE];

  va_sha256 (g_bytes_get_data (file->image, NULL), g_bytes_get_size (file->image), hash);
  return va_hex_encode (hash, sizeof hash);
}

char *
va_firmware_file_es (const VaFirmwareFile *file)
{
  const VaFirmware *footer = &file->footer;

  if (footer->ap_reset == 0)
    return g_strdup (_("no: it has no reset address"));
  if (footer->machine == VA_MACHINE_IA32)
    return g_strdup (_("unknown: its first code is 32-bit, and OVMF handles SEV-ES's exceptions in 64-bit code only"));
  return footer->machine == VA_MACHINE_X64 ? g_strdup (_("yes, unless it needs SMM"))
                                           : g_strdup (_("unknown: it has a reset address"));
}

/* Distributions name builds that need SMM after Secure Boot. */
static gboolean
is_named_for_smm (const VaFirmwareFile *file)
{
  static const char *const words[] = { "secboot", "secure", ".ms.", "snakeoil", "smm" };
  g_autofree char *name = g_path_get_basename (file->path), *lower = g_ascii_strdown (name, -1);

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (strstr (lower, words[i]) != NULL)
      return TRUE;
  return FALSE;
}

char *
va_firmware_file_smm (const VaFirmwareFile *file)
{
  return is_named_for_smm (file)
           ? g_strdup (_("probably needed: by its name this is a build for Secure Boot; SEV-ES guests cannot use SMM, "
                         "and such a "
                         "build does not start under it"))
           : g_strdup (_("unknown: a build that needs it (for Secure Boot) does not start under SEV-ES"));
}

char *
va_firmware_file_es_doubt (const VaFirmwareFile *file)
{
  g_autofree char *es = va_firmware_file_es (file), *smm = va_firmware_file_smm (file);

  if (file->footer.machine == VA_MACHINE_IA32)
    return g_strdup_printf (_("%s: whether it starts under SEV-ES is %s"), file->path, es);
  return is_named_for_smm (file) ? g_strdup_printf (_("%s: SMM is %s"), file->path, smm) : NULL;
}

void
va_firmware_file_free (VaFirmwareFile *file)
{
  g_free (file->path);
  g_clear_pointer (&file->image, g_bytes_unref);
  g_free (file);
}

char *
va_firmware_file_secrets (const VaFirmwareFile *file)
{
  if (file->footer.secret_base == 0)
    return g_strdup (_("no: it has no space for them"));
  switch (va_firmware_secret_module (g_bytes_get_data (file->image, NULL), g_bytes_get_size (file->image)))
    {
    case VA_SECRET_MODULE_FOUND:
      return g_strdup (_("yes"));
    case VA_SECRET_MODULE_MISSING:
      return g_strdup (_("no: it has space for them, but not the module that gives them to the guest (SecretDxe)"));
    default:
      return g_strdup (_("unknown: it has space for them, but whether it gives them to the guest cannot be seen"));
    }
}
