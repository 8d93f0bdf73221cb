/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/secret-text.h"

#include <string.h>
#include "core/i18n.h"
#include "cli/print.h"

/* Where a text begins and ends without what surrounds it. */
typedef struct {
  const guint8 *data;
  gsize size;        /* without the zero byte of a passphrase */
  gsize breaks;      /* line breaks at its end */
  gsize breaks_size; /* their bytes */
  gsize blanks;      /* spaces and tabs before those */
} Ends;

/* The bytes of the line break at the end of @size bytes: LF, CRLF or CR; 0 for none. */
static gsize
last_break (const guint8 *data, gsize size)
{
  if (size >= 2 && data[size - 2] == '\r' && data[size - 1] == '\n')
    return 2;
  return size >= 1 && (data[size - 1] == '\n' || data[size - 1] == '\r') ? 1 : 0;
}

static gboolean
byte_is_blank (guint8 byte)
{
  return byte == ' ' || byte == '\t';
}

static Ends
find_ends (VaSecret *secret, gboolean is_passphrase)
{
  Ends ends = { va_secret_data (secret), va_secret_size (secret), 0, 0, 0 };
  gsize left, one;

  if (is_passphrase && ends.size > 1 && ends.data[ends.size - 1] == '\0')
    ends.size--;
  left = ends.size;
  for (; (one = last_break (ends.data, left)) > 0; left -= one, ends.breaks++)
    ends.breaks_size += one;
  for (; left > 0 && byte_is_blank (ends.data[left - 1]); left--)
    ends.blanks++;
  return ends;
}

/* A random key is none, whatever its last byte is. */
static gboolean
secret_is_text (const Ends *ends)
{
  for (gsize i = 0; i < ends->size; i++)
    if (ends->data[i] < ' ' && !byte_is_blank (ends->data[i]) && ends->data[i] != '\r' && ends->data[i] != '\n')
      return FALSE;
  return g_utf8_validate_len ((const char *) ends->data, ends->size, NULL);
}

static void
tell_beginning (const Ends *ends, const char *source)
{
  const char *mark = ends->size >= 3 && memcmp (ends->data, "\xef\xbb\xbf", 3) == 0 ? "UTF-8"
                     : ends->size >= 2 && memcmp (ends->data, "\xff\xfe", 2) == 0   ? "UTF-16"
                     : ends->size >= 2 && memcmp (ends->data, "\xfe\xff", 2) == 0   ? "UTF-16"
                                                                                    : NULL;

  if (mark != NULL)
    va_print_error_line (_("virt-attest: note: %s begins with a byte order mark (%s), which is part of the secret; if "
                           "that is "
                           "not meant, save the file as UTF-8 without it"),
                         source, mark);
  else if (ends->size > 0 && byte_is_blank (ends->data[0]))
    va_print_error_line (_("virt-attest: note: %s begins with a space, which is part of the secret"), source);
}

/* What is there still after a line break was to be left out. */
static void
tell_left (const Ends *ends, const char *source)
{
  /* A CR alone was named before. */
  if (ends->breaks > 0 && ends->data[ends->size - 1] == '\n')
    va_print_error_line (ngettext ("virt-attest: note: %s still ends with %zu line break, which is part of the secret",
                                   "virt-attest: note: %s still ends with %zu line breaks, which are part of the "
                                   "secret",
                                   ends->breaks),
                         source, ends->breaks);
}

static void
tell_end (const Ends *ends, const char *source, gboolean strip)
{
  const char *kind = ends->breaks_size == 2                                 ? "CRLF"
                     : ends->size > 0 && ends->data[ends->size - 1] == '\r' ? "CR"
                                                                            : "LF";

  if (strip)
    tell_left (ends, source);
  else if (ends->breaks == 1 && g_str_equal (kind, "CR"))
    va_print_error_line (_("virt-attest: note: %s ends with a carriage return alone (CR), which is part of the secret; "
                           "--strip-newline does not remove it"),
                         source);
  else if (ends->breaks == 1)
    va_print_error_line (_("virt-attest: note: %s ends with a line break (%s), which is part of the secret; if that is "
                           "not "
                           "meant, give --strip-newline"),
                         source, kind);
  else if (ends->breaks > 1)
    va_print_error_line (_("virt-attest: note: %s ends with %zu line breaks (%zu bytes), which are part of the secret; "
                           "--strip-newline removes only the last one"),
                         source, ends->breaks, ends->breaks_size);
  if (ends->blanks > 0)
    va_print_error_line (ngettext ("virt-attest: note: %s has %zu space at the end of its last line, which is part of "
                                   "the secret",
                                   "virt-attest: note: %s has %zu spaces at the end of its last line, which are part "
                                   "of the secret",
                                   ends->blanks),
                         source, ends->blanks);
}

/* Leaves out one line break; CR alone is none that a program of today writes at a line's end. */
static void
strip_break (VaSecret *secret, const char *source)
{
  gsize size = va_secret_size (secret), one = last_break (va_secret_data (secret), size);

  if (one != 0 && va_secret_data (secret)[size - 1] == '\r')
    va_print_error_line (_("virt-attest: note: %s ends with a carriage return alone (CR), which --strip-newline does "
                           "not remove"),
                         source);
  else if (one == 0)
    va_print_error_line (_("virt-attest: note: %s does not end with a line break, so nothing was removed from its %zu "
                           "bytes"),
                         source, size);
  else
    {
      va_secret_truncate (secret, size - one);
      va_print_error_line (_("virt-attest: note: %s ended with a line break (%s), which was removed; %zu bytes remain"),
                           source, one == 2 ? "CRLF" : "LF", size - one);
    }
}

void
va_secret_text_look (VaSecret *secret, const char *source, gboolean is_passphrase, gboolean strip)
{
  Ends ends;

  if (strip)
    strip_break (secret, source);
  ends = find_ends (secret, is_passphrase);
  if (!is_passphrase && !secret_is_text (&ends))
    return;
  tell_beginning (&ends, source);
  tell_end (&ends, source, strip);
}
