/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/error.h"
#include "client-fixture.h"

void
site_open (Site *site)
{
  site->fixture = fixture_new ();
  site->owner = fixture_client (site->fixture, VA_ROLE_OWNER, "anna");
}

void
site_close (Site *site)
{
  fixture_files_clear (&site->owner);
  fixture_free (site->fixture);
}

VaClient *
client_for (Site *site, const char *host, guint16 port)
{
  g_autofree char *url = g_strdup_printf ("https://%s:%u", host, port);
  g_autoptr(GError) error = NULL;
  VaClient *client = va_client_new (url, site->fixture->ca_file, site->owner.certificate, site->owner.key, &error);

  g_assert_no_error (error);
  return client;
}

void
assert_fails (VaClient *client, const VaClientRequest *request, GQuark domain, int code, const char *says)
{
  g_autoptr(JsonObject) reply = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_false (va_client_call (client, request, &reply, &error));
  g_assert_null (reply);
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, says));
}
