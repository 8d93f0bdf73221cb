/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"

#define PASSPHRASE_MAX 1024

/* Those that would end or stop the program while the terminal does not echo. */
static const int endings[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };

static volatile sig_atomic_t caught;

static void
on_ending (int number)
{
  caught = number;
}

/* The terminal and the signals as they were before the question. */
typedef struct {
  int fd;
  struct termios terminal;
  struct sigaction actions[G_N_ELEMENTS (endings)];
  sigset_t mask;
} Before;

/* No echo; and signals come only while read_typed_byte() waits, so that none is lost between a look and a wait. */
static void
fall_silent (Before *before)
{
  const struct sigaction action = { .sa_handler = on_ending };
  struct termios silent = before->terminal;
  sigset_t blocked;

  sigemptyset (&blocked);
  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    sigaddset (&blocked, endings[i]);
  sigprocmask (SIG_BLOCK, &blocked, &before->mask);
  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    {
      sigaction (endings[i], NULL, &before->actions[i]);
      /* What the caller has us ignore (nohup) stays ignored. */
      if (before->actions[i].sa_handler != SIG_IGN)
        sigaction (endings[i], &action, NULL);
    }
  silent.c_lflag &= ~(tcflag_t) ECHO;
  tcsetattr (before->fd, TCSAFLUSH, &silent);
}

static void
restore_terminal (const Before *before)
{
  tcsetattr (before->fd, TCSAFLUSH, &before->terminal);
  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    sigaction (endings[i], &before->actions[i], NULL);
  sigprocmask (SIG_SETMASK, &before->mask, NULL);
}

static gboolean
read_typed_byte (int fd, guint8 *byte)
{
  struct pollfd one = { .fd = fd, .events = POLLIN };
  sigset_t open;

  sigprocmask (SIG_BLOCK, NULL, &open);
  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    sigdelset (&open, endings[i]);
  while (caught == 0)
    {
      if (ppoll (&one, 1, NULL, &open) < 0 && errno != EINTR)
        return FALSE;
      if (one.revents != 0)
        return read (fd, byte, 1) == 1;
    }
  return FALSE;
}

static VaSecret *
read_typed_line (int fd)
{
  g_autoptr(VaSecret) line = va_secret_new (PASSPHRASE_MAX);
  guint8 *bytes = va_secret_data (line);
  gsize size = 0;

  while (size < PASSPHRASE_MAX && read_typed_byte (fd, bytes + size) && bytes[size] != '\n')
    size++;
  va_secret_truncate (line, size);
  return g_steal_pointer (&line);
}

static VaSecret *
ask_passphrase (int fd, const char *question)
{
  VaSecret *line;

  if (write (fd, question, strlen (question)) < 0)
    return va_secret_new (0);
  line = read_typed_line (fd);
  if (write (fd, "\n", 1) < 0)
    va_secret_truncate (line, 0);
  return line;
}

static VaSecret *
ask_twice (int fd, GError **error)
{
  g_autoptr(VaSecret) first = ask_passphrase (fd, _("Passphrase: "));
  g_autoptr(VaSecret) second = caught == 0 ? ask_passphrase (fd, _("Repeat passphrase: ")) : va_secret_new (0);
  const char *problem = NULL;

  if (!va_secret_equal (first, second))
    problem = _("the passphrases do not match");
  else if (va_secret_size (first) == 0)
    problem = _("the passphrase is empty");
  if (problem == NULL)
    return g_steal_pointer (&first);
  g_set_error_literal (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, problem);
  return NULL;
}

/* Asks, whatever signal comes: that one is passed on when the terminal is as it was. One that stopped the program has
   it ask again when it goes on. */
static VaSecret *
ask_quietly (Before *before, GError **error)
{
  for (;;)
    {
      g_autoptr(VaSecret) passphrase = NULL;
      g_autoptr(GError) reason = NULL;
      int number;

      caught = 0;
      fall_silent (before);
      passphrase = ask_twice (before->fd, &reason);
      restore_terminal (before);
      number = caught;
      if (number == 0)
        {
          if (reason != NULL)
            g_propagate_error (error, g_steal_pointer (&reason));
          return g_steal_pointer (&passphrase);
        }
      raise (number);
    }
}

VaSecret *
va_passphrase_ask (GError **error)
{
  Before before = { .fd = open ("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY) };
  VaSecret *passphrase = NULL;

  if (before.fd < 0 || tcgetattr (before.fd, &before.terminal) != 0)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                 _("there is no terminal to ask for a passphrase: pass --file"));
  else
    passphrase = ask_quietly (&before, error);
  if (before.fd >= 0)
    close (before.fd);
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
