/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/certificate.h"

#include "core/i18n.h"

#define DAY (24 * 3600)
#define WARN_DAYS 30

void
va_certificate_watch (VaAgent *agent)
{
  gint64 ends = va_client_certificate_ends (agent->client);
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_autoptr(GDateTime) time = NULL;
  g_autofree char *date = NULL;

  /* A clock that was set back must not silence it. */
  if (ends - now > WARN_DAYS * (gint64) DAY || (agent->warned != 0 && ABS (now - agent->warned) < DAY))
    return;
  agent->warned = now;
  time = g_date_time_new_from_unix_utc (ends);
  date = time != NULL ? g_date_time_format (time, "%Y-%m-%d %H:%M UTC") : g_strdup ("?");
  if (ends < now)
    g_message (_("this host's certificate %s expired on %s, so attested domains cannot start: install a new one, then "
                 "run systemctl reload virt-attest-hostd"),
               agent->settings->certificate, date);
  else
    g_message (_("this host's certificate %s expires on %s, in %d days: install a new one, then run systemctl reload "
                 "virt-attest-hostd"),
               agent->settings->certificate, date, (int) ((ends - now) / DAY));
}
