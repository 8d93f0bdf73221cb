/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/client/client.h"
#include "tls-fixture.h"

/** What the tests of the client share: a site, and calls of a client that must succeed or fail in one way. */

typedef struct {
  Fixture *fixture;
  FixtureFiles owner;
} Site;
/** site_open: certificates of a site, and of an owner. */
void site_open (Site *site);
/** site_close: frees what @site has. */
void site_close (Site *site);
/** client_for: the owner's client of https://HOST:PORT. Returns: (transfer full). */
VaClient *client_for (Site *site, const char *host, guint16 port);
/** assert_fails: the call fails with this error, and @says is in its message. */
void assert_fails (VaClient *client, const VaClientRequest *request, GQuark domain, int code, const char *says);
