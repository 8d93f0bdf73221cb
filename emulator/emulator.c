/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stands in the place of QEMU for libvirtd, under QEMU's name, and becomes QEMU.
 *
 * The XML of a domain that was not prepared has no places for the session of a launch, and no second monitor. Where the
 * hook has put a session into libvirt's own directory of the domain, this program adds both to QEMU's arguments;
 * otherwise QEMU gets what libvirt wrote. It decides nothing: the launch gate does. It runs as QEMU's user, in QEMU's
 * confinement, before each QEMU, and so links the C library alone.
 */
#include "config.h"

#include <errno.h>
#include <libintl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "launch.h"
#include "next.h"

#define _(text) dgettext (GETTEXT_PACKAGE, text)
#define N_(text) text

/* Where distributions have it whose only emulator is not in PATH; libvirt looks there after PATH, too. */
#define OTHER_EMULATOR "/usr/libexec/qemu-kvm"

/* Only here are translations looked for: QEMU has to start quickly. */
static int
report_fault (const char *sentence)
{
  int reason = errno;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, VA_LOCALEDIR);
  fprintf (stderr, "virt-attest: %s%s%s\n", _(sentence), reason != 0 ? ": " : "", reason != 0 ? strerror (reason) : "");
  return EXIT_FAILURE;
}

static char *
find_next (const char *self)
{
  const char *slash = strrchr (self, '/'), *path = getenv ("PATH");
  const char *name = slash != NULL ? slash + 1 : self;
  struct stat info;
  char *next;

  if (stat ("/proc/self/exe", &info) != 0)
    return NULL;
  next = va_next_program (path != NULL ? path : "/usr/bin:/bin", name, &info);
  if (next == NULL && access (OTHER_EMULATOR, X_OK) == 0)
    next = strdup (OTHER_EMULATOR);
  errno = 0;
  return next;
}

int
main (int argc, char **argv)
{
  const char **arguments = argc > 0 ? calloc ((size_t) argc + VA_LAUNCH_ARGUMENTS + 1, sizeof *arguments) : NULL;
  const char *fault;

  if (arguments == NULL)
    return report_fault (N_("there is not enough memory for QEMU's arguments"));
  memcpy (arguments, argv, (size_t) argc * sizeof *arguments);
  arguments[0] = find_next (argv[0]);
  if (arguments[0] == NULL)
    return report_fault (N_("no other program of this name is in PATH after virt-attest's: install QEMU "
                            "(qemu-system-x86_64)"));
  fault = va_launch_add (arguments, argc, VA_RUNDIR);
  if (fault != NULL)
    return report_fault (fault);
  execv (arguments[0], (char *const *) arguments);
  return report_fault (N_("cannot execute QEMU"));
}
