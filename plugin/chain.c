/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "chain.h"

#include <dlfcn.h>
#include <string.h>
#include "core/error.h"
#include "core/i18n.h"

static gboolean
is_driver_name (const char *name)
{
  return name[0] != '\0' && strlen (name) <= 32
         && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen (name)
         && !g_str_equal (name, "virt-attest");
}

/* The file of driver @name beside our own. */
static char *
path_beside (const char *name)
{
  g_autofree char *folder = NULL;
  Dl_info self;

  if (dladdr ((void *) va_chain_load, &self) == 0 || self.dli_fname == NULL)
    return NULL;
  folder = g_path_get_dirname (self.dli_fname);
  return g_strdup_printf ("%s/%s.so", folder, name);
}

static gboolean
is_complete (const LockDriver *driver)
{
  return driver->version / LOCK_DRIVER_VERSION == 1 && driver->init && driver->deinit && driver->new_manager
         && driver->free_manager && driver->add_resource && driver->acquire && driver->release && driver->inquire;
}

LockDriver *
va_chain_load (const char *name, const char *config_path, unsigned int flags, GError **error)
{
  g_autofree char *path = NULL;
  LockDriver *driver = NULL;
  void *handle;

  if (!is_driver_name (name))
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                   _("“%s” is not a lock driver to chain to; expected for example lockd or sanlock"), name);
      return NULL;
    }
  path = path_beside (name);
  handle = path != NULL ? dlopen (path, RTLD_NOW | RTLD_LOCAL) : NULL;
  if (handle != NULL)
    driver = dlsym (handle, "virLockDriverImpl");
  if (driver == NULL)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, _("cannot load the chained lock driver: %s"), dlerror ());
  else if (!is_complete (driver))
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                 _("%s was built for a different lock driver interface than this libvirt's"), path);
  else if (driver->init (LOCK_DRIVER_VERSION, config_path, flags) < 0)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED,
                 _("the chained lock driver “%s” did not start; see libvirt's log and %s"), name, config_path);
  else
    return driver;
  if (handle != NULL)
    dlclose (handle);
  return NULL;
}
