/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include "core/i18n.h"
#include "cli/site/service-store.h"

#define MIB (1024 * 1024)

static void
say_copied (const char *begin, const VaStoreCopied *copied)
{
  puts (begin);
  printf (_("Registrations: %" PRIu64 ", secrets: %" PRIu64 ", launches: %" PRIu64 ", audit records: %" PRIu64 "\n"),
          copied->registrations, copied->secrets, copied->launches, copied->records);
}

static gboolean
back_up (const char *config_file, const char *path, VaStoreCopied *copied, GError **error)
{
  const char *place;
  g_autoptr(VaConfig) config = va_service_store_find (config_file, &place, error);

  return config != NULL && va_store_backup (place, path, copied, error);
}

static gboolean
restore_backup (const char *config_file, const char *path, VaStoreCopied *copied, GError **error)
{
  const char *place;
  g_autoptr(VaConfig) config = va_service_store_find (config_file, &place, error);
  g_autoptr(VaKek) kek = NULL;

  if (config != NULL && va_service_store_user (place, "service restore FILE", error))
    kek = va_service_open_kek (config, error);
  return kek != NULL
         && va_store_restore (path, place, va_config_number (config, "limits", "reserve-mib") * MIB, kek, copied,
                              error);
}

static VaExit
copy_store (VaCall *call, gboolean (*how) (const char *, const char *, VaStoreCopied *, GError **), const char *done)
{
  g_autofree char *config_file = NULL;
  g_autofree char *config_help = va_service_config_help ();
  const GOptionEntry options[] = {
    { "service-config", 0, 0, G_OPTION_ARG_FILENAME, &config_file, config_help, N_("FILE") },
    { NULL },
  };
  g_autoptr(GError) error = NULL;
  VaStoreCopied copied;

  if (!va_call_parse (call, options, 1, 1))
    return VA_EXIT_USAGE;
  if (!how (config_file, call->operands[0], &copied, &error))
    return va_call_fail (error);
  say_copied (done, &copied);
  return VA_EXIT_YES;
}

VaExit
va_verb_service_backup (VaCall *call)
{
  VaExit code = copy_store (call, back_up, _("The store was saved."));

  if (code == VA_EXIT_YES)
    puts (_("The secrets in it are sealed. Back up the store's key-encryption key too, separately."));
  return code;
}

VaExit
va_verb_service_restore (VaCall *call)
{
  return copy_store (call, restore_backup, _("The store was restored."));
}
