/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "recorder.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef RECORDER_VERSION
#define RECORDER_VERSION LOCK_DRIVER_VERSION
#endif

extern Recorder recorder;
extern LockDriver virLockDriverImpl;
Recorder recorder;

__attribute__ ((format (printf, 1, 2))) static void
note (const char *format, ...)
{
  size_t length = strlen (recorder.log);
  va_list arguments;

  va_start (arguments, format);
  vsnprintf (recorder.log + length, sizeof recorder.log - length, format, arguments);
  va_end (arguments);
}

/* Whether @manager is one of ours: the gate must never hand on its own. */
static const char *
whose (LockManager *manager)
{
  return manager->driver == &virLockDriverImpl && manager->private_data == &recorder ? "mine" : "FOREIGN";
}

static int
init (unsigned int version, const char *config_path, unsigned int flags)
{
  note ("init %u %s %u;", version, config_path, flags);
  return recorder.refuse_init ? -1 : 0;
}

static int
deinit (void)
{
  note ("deinit;");
  return 0;
}

static int
new_manager (LockManager *manager, unsigned int type, size_t n_params, LockParam *params, unsigned int flags)
{
  note ("new %u %zu %s %u;", type, n_params, n_params > 0 ? params[0].key : "-", flags);
  if (recorder.refuse_new)
    return -1;
  manager->private_data = &recorder;
  recorder.live++;
  return 0;
}

static void
free_manager (LockManager *manager)
{
  note ("free %s;", whose (manager));
  recorder.live--;
}

static int
add_resource (LockManager *manager, unsigned int type, const char *name, size_t n_params, LockParam *params,
              unsigned int flags)
{
  note ("add %s %u %s %zu %u;", whose (manager), type, name, n_params, flags);
  return 0;
}

static int
acquire (LockManager *manager, const char *state, unsigned int flags, int action, int *fd)
{
  note ("acquire %s %s %u %d;", whose (manager), state != NULL ? state : "-", flags, action);
  if (fd != NULL)
    *fd = 77;
  return recorder.refuse_acquire ? -1 : 0;
}

static int
release (LockManager *manager, char **state, unsigned int flags)
{
  note ("release %s %u;", whose (manager), flags);
  if (state != NULL)
    *state = strdup ("leases");
  return 0;
}

static int
inquire (LockManager *manager, char **state, unsigned int flags)
{
  note ("inquire %s %u;", whose (manager), flags);
  return 0;
}

LockDriver virLockDriverImpl = {
  .version = RECORDER_VERSION,
  .flags = 1,
  .init = init,
  .deinit = deinit,
  .new_manager = new_manager,
  .free_manager = free_manager,
  .add_resource = add_resource,
  .acquire = acquire,
  .release = release,
  .inquire = inquire,
};
