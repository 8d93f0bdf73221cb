/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include "pki/ca.h"

/** Certificates of a site and raw TLS ends, for tests that must say wrong things on purpose. */

/** Files of one certificate, in a folder that lives as long as the test. */
typedef struct {
  char *certificate, *key;
} FixtureFiles;

typedef struct {
  char *folder, *ca_file;
  VaCaPair *ca;
  FixtureFiles server;
} Fixture;

/** fixture_new: a CA and a server's certificate for 127.0.0.1 and localhost, in TMPDIR. */
Fixture *fixture_new (void);
void fixture_free (Fixture *fixture);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

/** fixture_write: @pair as NAME.pem and NAME.key; frees @pair. */
FixtureFiles fixture_write (Fixture *fixture, const char *name, VaCaPair *pair);
void fixture_files_clear (FixtureFiles *files);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (FixtureFiles, fixture_files_clear)
/** fixture_client: a good client's certificate. */
FixtureFiles fixture_client (Fixture *fixture, VaRole role, const char *name);

/** What a certificate of fixture_odd() says; members that are 0 or %NULL are left out. */
typedef struct {
  const char *uris[3];
  const char *dns;
  GBytes *raw_names; /* the extension of alternative names, as it is */
  const char *purposes[3];
  unsigned usage;
  gboolean ca;
} Odd;
/** fixture_odd: a certificate that va_ca_issue() would not make, signed by the fixture's CA. */
VaCaPair *fixture_odd (Fixture *fixture, const Odd *odd);
/** fixture_import: the first certificate of @pair; free with gnutls_x509_crt_deinit(). */
gnutls_x509_crt_t fixture_import (const VaCaPair *pair);

#define TLS13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"

/** A raw TLS client. */
typedef struct {
  int fd;
  gnutls_session_t session;
  gnutls_certificate_credentials_t credentials;
} RawClient;

/** raw_connect: TCP to 127.0.0.1 from @source (%NULL: any), each read and write at most 10 s. */
int raw_connect (guint16 port, const char *source);
/** raw_client_new: with a handshake; %NULL if that fails. @files: certificate to show, or %NULL. */
RawClient *raw_client_new (guint16 port, const char *source, const FixtureFiles *files, const char *priority);
gboolean raw_client_send (RawClient *client, const char *data, gssize size);
/** raw_client_read: up to @max bytes or the end. Returns: (transfer full): never %NULL. */
char *raw_client_read (RawClient *client, gsize max);
/** raw_client_answer: one answer, headers and the body by its Content-Length. Returns: (transfer full). */
char *raw_client_answer (RawClient *client);
/** raw_client_record: what comes in one record of TLS, up to 4 KiB. Returns: (transfer full): never %NULL. */
char *raw_client_record (RawClient *client);
void raw_client_free (RawClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RawClient, raw_client_free)

/** What a raw TLS server does with its connections, one after the other. */
typedef struct {
  guint connections;     /* 0: one */
  guint requests;        /* answered on each; 0: one */
  gboolean drops;        /* on the first connection: reads one more request and closes it without an answer */
  gboolean silent;       /* on the first connection: reads one more request and waits until the peer goes */
  const char *later;     /* sent 20 ms after each answer */
  const char *answer;    /* sent as it is, after the request's headers and body were read */
  gsize repeat;          /* sends another @repeat bytes of 'x' */
  const char *flood;     /* then sends this again and again, for as long as the peer takes it */
  gboolean tickets;      /* right after the handshake: session tickets, for as long as the peer takes them */
  guint delay_ms;        /* before the answer */
  gboolean no_handshake; /* accepts and says nothing, until the peer goes */
  const char *priority;  /* %NULL: TLS13 */
} RawPlan;
typedef struct _RawServer RawServer;
RawServer *raw_server_new (Fixture *fixture, const FixtureFiles *files, const RawPlan *plan);
guint16 raw_server_port (RawServer *server);
/** raw_server_free: waits for its end. Returns: (transfer full): what it read. */
char *raw_server_free (RawServer *server);
