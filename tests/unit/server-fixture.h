/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/server/server.h"
#include "tls-fixture.h"

/** A server for each test, with a route for each kind of answer, and certificates for two clients of it. */

#define RAW_MAX (200 * 1024)      /* the largest body of /v1/raw */
#define LARGE (12u * 1024 * 1024) /* more than the kernel takes off a server's hands; /v1/image takes twice as much */

typedef struct {
  gint calls; /* atomic: handlers that ran */
} State;

typedef struct {
  Fixture *fixture;
  FixtureFiles owner, host;
  State state;
  VaServer *server;
  guint16 port;
} Site;

/** site_routes: what the server of a site answers; their data is a State. */
extern const VaRoute site_routes[];

/** usual_settings: those of site_open(); their strings belong to @fixture. */
VaServerSettings usual_settings (Fixture *fixture);
/** site_init: certificates, and no server yet. */
void site_init (Site *site);
/** site_start: the server, on any free port. */
void site_start (Site *site, const VaServerSettings *settings);
/** site_open: both, with the usual settings. */
void site_open (Site *site);
/** site_close: stops the server if it runs, and frees what @site has. */
void site_close (Site *site);

/** ask_as: the answer to one request over a connection of its own. Returns: (transfer full). */
char *ask_as (Site *site, const FixtureFiles *files, const char *request);
/** body_of: where the body of @answer begins. */
const char *body_of (const char *answer);
void assert_status (const char *answer, guint status);
/** assert_problem: the answer is this problem, and has its headers. */
void assert_problem (const char *answer, VaProblemCode code);
/** assert_no_answer: no HTTP answer, whatever the client's end of the handshake thinks of it. */
void assert_no_answer (Site *site, const char *address, const FixtureFiles *files, const char *priority);

/** cpu_ms: processor time of this process, in ms. */
gint64 cpu_ms (void);

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"
#define SEND(method, path, type, length) \
  method " " path " HTTP/1.1\r\nHost: x\r\nContent-Type: " type "\r\nContent-Length: " length "\r\n\r\n"
#define JSON "application/json"
#define RAW "application/octet-stream"
