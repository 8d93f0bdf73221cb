/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "launch.h"

#include <errno.h>
#include <libintl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/monitor-form.h"
#include "object.h"

#define N_(text) text

/* What libvirt's arguments say of a domain whose launch this may be. */
typedef struct {
  int guest;    /* which argument is the sev-guest object; 0: none */
  char *folder; /* libvirt's own of this domain, or NULL */
  const char *uuid;
  bool kernel;
} Domain;

/* The folder of the file of libvirt's master key, which is made anew for each start. */
static char *
master_key_folder (const char *object)
{
  char *file = NULL, *slash;

  if (va_object_find (object, "file", &file) != VA_OBJECT_STRING)
    return NULL;
  slash = strrchr (file, '/');
  if (file[0] == '/' && slash != NULL && slash != file)
    {
      *slash = '\0';
      return file;
    }
  free (file);
  return NULL;
}

static void
note_object (Domain *domain, int index, const char *object)
{
  if (domain->guest == 0 && va_object_is (object, "qom-type", "sev-guest"))
    domain->guest = index;
  else if (domain->folder == NULL && va_object_is (object, "qom-type", "secret")
           && va_object_is (object, "id", "masterKey0"))
    domain->folder = master_key_folder (object);
}

/* The kernel's command line may be any text: libvirt writes the options that matter before it. */
static void
note_arguments (Domain *domain, const char **arguments, int count)
{
  for (int i = 1; i + 1 < count; i++)
    if (strcmp (arguments[i], "-object") == 0)
      note_object (domain, i + 1, arguments[i + 1]);
    else if (strcmp (arguments[i], "-uuid") == 0 && domain->uuid == NULL)
      domain->uuid = arguments[i + 1];
    else if (strcmp (arguments[i], "-kernel") == 0)
      domain->kernel = true;
}

/* A path in the domain's folder, to be freed. */
static char *
path_in (const char *folder, const char *name)
{
  char *path = NULL;

  return asprintf (&path, "%s/%s", folder, name) >= 0 ? path : NULL;
}

/* Whether there is such a file. If that cannot be told, QEMU will be the one to fail. Frees @path. */
static bool
file_waits (char *path)
{
  bool waits = path == NULL || access (path, F_OK) == 0 || errno != ENOENT;

  free (path);
  return waits;
}

/* Whether a launch waits for this start: a session that a crash has left behind has no place for its monitor. */
static bool
launch_waits (const Domain *domain, const char *run_dir)
{
  char *monitor = NULL;

  if (!file_waits (path_in (domain->folder, "session.base64")))
    return false;
  if (domain->uuid == NULL || asprintf (&monitor, VA_MONITOR_FORM, run_dir, domain->uuid) < 0)
    return true;
  *strrchr (monitor, '/') = '\0';
  return file_waits (monitor);
}

static bool
is_uuid (const char *text)
{
  if (strlen (text) != 36)
    return false;
  for (int i = 0; i < 36; i++)
    if (strchr (i == 8 || i == 13 || i == 18 || i == 23 ? "-" : "0123456789abcdef", text[i]) == NULL)
      return false;
  return true;
}

/* @object with the file @name of @folder as its member @key. Frees @object. */
static char *
add_file (char *object, const char *key, const char *folder, const char *name)
{
  char *path = path_in (folder, name);
  char *longer = object != NULL && path != NULL ? va_object_add (object, key, path) : NULL;

  free (path);
  free (object);
  return longer;
}

/* What libvirt wrote about kernel hashes stays, whatever it says: the measurement decides. */
static char *
make_guest (const Domain *domain, const char *object)
{
  bool hashes = domain->kernel && va_object_find (object, "kernel-hashes", NULL) == VA_OBJECT_ABSENT;
  char *guest = hashes ? va_object_add (object, "kernel-hashes", NULL) : strdup (object);

  guest = add_file (guest, "dh-cert-file", domain->folder, "dh_cert.base64");
  return add_file (guest, "session-file", domain->folder, "session.base64");
}

static const char *
add_to_arguments (const Domain *domain, const char **arguments, int count, const char *run_dir)
{
  char *guest, *monitor = NULL;

  errno = 0;
  if (domain->uuid == NULL || !is_uuid (domain->uuid))
    return N_("libvirt named no UUID of the domain in -uuid, which its second monitor is found by");
  guest = make_guest (domain, arguments[domain->guest]);
  if (guest == NULL || asprintf (&monitor, "unix:" VA_MONITOR_FORM ",server=on,wait=off", run_dir, domain->uuid) < 0)
    {
      free (guest);
      return N_("there is not enough memory for QEMU's arguments");
    }
  arguments[domain->guest] = guest;
  arguments[count] = "-qmp";
  arguments[count + 1] = monitor;
  arguments[count + 2] = NULL;
  return NULL;
}

const char *
va_launch_add (const char **arguments, int count, const char *run_dir)
{
  Domain domain = { .guest = 0 };
  const char *fault = NULL;

  note_arguments (&domain, arguments, count);
  if (domain.guest != 0 && domain.folder != NULL
      && va_object_find (arguments[domain.guest], "session-file", NULL) == VA_OBJECT_ABSENT
      && va_object_find (arguments[domain.guest], "dh-cert-file", NULL) == VA_OBJECT_ABSENT
      && launch_waits (&domain, run_dir))
    fault = add_to_arguments (&domain, arguments, count, run_dir);
  free (domain.folder);
  return fault;
}
