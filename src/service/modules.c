/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/module.h"

#define MODULE_ADDRESS(name) &va_module_##name,

static const VaServiceModule *const modules[] = { VA_MODULES (MODULE_ADDRESS) NULL };

const VaServiceModule *const *
va_modules_all (void)
{
  return modules;
}

static VaRoute *
join_routes (void)
{
  GArray *all = g_array_new (TRUE, TRUE, sizeof (VaRoute));

  for (guint i = 0; modules[i] != NULL; i++)
    for (const VaRoute *route = modules[i]->routes; route != NULL && route->method != NULL; route++)
      g_array_append_vals (all, route, 1);
  return (VaRoute *) (gpointer) g_array_free (all, FALSE);
}

const VaRoute *
va_modules_routes (void)
{
  static gsize joined;

  if (g_once_init_enter (&joined))
    g_once_init_leave (&joined, (gsize) join_routes ());
  return (const VaRoute *) joined;
}
