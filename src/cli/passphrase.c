/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"

#define PASSPHRASE_MAX 1024

static gboolean
read_byte (int fd, guint8 *byte)
{
  gssize got;

  do
    got = read (fd, byte, 1);
  while (got < 0 && errno == EINTR);
  return got == 1;
}

static VaSecret *
read_line (int fd)
{
  g_autoptr(VaSecret) line = va_secret_new (PASSPHRASE_MAX);
  guint8 *bytes = va_secret_data (line);
  gsize size = 0;

  while (size < PASSPHRASE_MAX && read_byte (fd, bytes + size) && bytes[size] != '\n')
    size++;
  va_secret_truncate (line, size);
  return g_steal_pointer (&line);
}

static VaSecret *
ask (int fd, const char *question)
{
  VaSecret *line;

  if (write (fd, question, strlen (question)) < 0)
    return va_secret_new (0);
  line = read_line (fd);
  if (write (fd, "\n", 1) < 0)
    va_secret_truncate (line, 0);
  return line;
}

static VaSecret *
ask_twice (int fd, GError **error)
{
  g_autoptr(VaSecret) first = ask (fd, _("Passphrase: "));
  g_autoptr(VaSecret) second = ask (fd, _("The same again: "));
  const char *problem = NULL;

  if (!va_secret_equal (first, second))
    problem = _("the two are not the same");
  else if (va_secret_size (first) == 0)
    problem = _("the passphrase is empty");
  if (problem == NULL)
    return g_steal_pointer (&first);
  g_set_error_literal (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, problem);
  return NULL;
}

VaSecret *
va_passphrase_ask (GError **error)
{
  int fd = open ("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  struct termios before, silent;
  VaSecret *passphrase = NULL;

  if (fd < 0 || tcgetattr (fd, &before) != 0)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("no terminal to ask at: give --file"));
  else
    {
      silent = before;
      silent.c_lflag &= ~(tcflag_t) ECHO;
      tcsetattr (fd, TCSAFLUSH, &silent);
      passphrase = ask_twice (fd, error);
      tcsetattr (fd, TCSAFLUSH, &before);
    }
  if (fd >= 0)
    close (fd);
  return passphrase;
}

VaSecret *
va_secret_from_path (const char *path, gsize max, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  VaSecret *secret;

  if (fd < 0)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("cannot open %s: %s"), path, g_strerror (errno));
      return NULL;
    }
  secret = va_fd_read_secret (fd, max, error);
  close (fd);
  if (secret == NULL)
    g_prefix_error (error, "%s: ", path);
  return secret;
}
