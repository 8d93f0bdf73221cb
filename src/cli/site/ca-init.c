/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <stdio.h>
#include "cli/site/ca-files.h"
#include "core/i18n.h"

VaExit
va_verb_ca_init (VaCall *call)
{
  g_autofree char *dir = NULL;
  g_autofree char *name = NULL;
  int days = VA_CA_DAYS;
  const GOptionEntry options[] = {
    { "dir", 0, 0, G_OPTION_ARG_FILENAME, &dir, N_("Directory [~/.config/virt-attest/ca]"), N_("DIR") },
    { "name", 0, 0, G_OPTION_ARG_STRING, &name, N_("Common name [virt-attest CA]"), N_("TEXT") },
    { "days", 0, 0, G_OPTION_ARG_INT, &days, N_("Validity [3653]"), N_("N") },
    { NULL },
  };
  g_autoptr(VaCaPair) pair = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = NULL;

  if (!va_call_parse (call, options, 0, 0))
    return VA_EXIT_USAGE;
  if (days < 1)
    return va_call_usage (call, _("--days must be at least 1"));
  folder = va_ca_folder (dir);
  pair = va_ca_create (name != NULL ? name : "virt-attest CA", VA_CA_P384, (guint) days, &error);
  if (pair == NULL || !va_ca_files_write (pair, folder, 0700, "ca", &error))
    return va_call_fail (error);
  printf (_("%s/ca.pem: for the service, every host and every owner\n"
            "%s/ca.key: signs certificates; keep it here\n"),
          folder, folder);
  return VA_EXIT_YES;
}
