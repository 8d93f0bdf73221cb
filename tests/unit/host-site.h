/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/validate-request.h"
#include "http/server/server.h"
#include "host/configuration.h"
#include "tls-fixture.h"

/* A service that does what a test tells it, behind real TLS, and the folders of a host agent that talks to it. */

#define SITE_UUID "6f1d2c3b-4a59-4e87-9d10-0123456789ab"
#define SITE_POLICY 1u
#define SITE_SECRET_ADDRESS 0x810000u
#define SITE_SECRET_SIZE 0xc00u

/** How the service answers one kind of request. */
typedef enum { SITE_OK, SITE_REFUSE, SITE_TROUBLE, SITE_HANG } SiteMode;

typedef struct {
  Fixture *tls;
  FixtureFiles host;
  VaServer *server;
  guint16 port;
  char *folder;
  VaHostSettings *settings;
  char *firmware; /* a file with a footer table: secret area at SITE_SECRET_ADDRESS */

  GMutex lock; /* of all below; use the functions */
  GCond changed;
  SiteMode launch_mode, validate_mode, outcome_mode, host_mode;
  guint hang_ms;
  guint32 policy;         /* of the next grant */
  guint32 secret_address; /* of the next validation; 0: none */
  gboolean no_secret;
  guint launches, validations, features;
  char *last_launch;  /* id of the latest grant */
  char *last_owner;   /* that the latest launch request named; %NULL: none */
  char *last_request; /* id of the latest launch or validate request, as it arrived */
  VaValidateRequest *seen;
  GPtrArray *outcomes; /* "ID STATE REASON|STEP,STEP…" */
} Site;

Site *site_new (void);
void site_free (Site *site);
/** site_stop_service, site_start_service: on the same port. */
void site_stop_service (Site *site);
void site_start_service (Site *site);
void site_set (Site *site, SiteMode *mode, SiteMode value);
char *site_last_launch (Site *site);
char *site_last_request (Site *site);
char *site_last_owner (Site *site);
guint site_count (Site *site, const guint *counter);
/** site_wait_outcome: waits up to 10 s for an outcome of @launch_id (%NULL: of any) that begins with @text; the whole
 *  of it. */
char *site_wait_outcome (Site *site, const char *launch_id, const char *text);
guint site_outcomes (Site *site);

/** site_domain: a prepared domain's XML. @change: (nullable): "from|to", one text replaced. Returns: (transfer full) */
char *site_domain (Site *site, const char *change);
/** site_bare_firmware: the path of an image without secret and hash areas, made anew. Returns: (transfer full) */
char *site_bare_firmware (const Site *site);
/** site_platform: STATE-DIR/platform.json, as if libvirt had been asked before. */
void site_platform (Site *site);
