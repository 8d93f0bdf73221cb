/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "core/secret.h"
#include "pki/identity.h"

G_BEGIN_DECLS

/** The site's CA: for `virt-attest ca` and for tests. Keys are PEM (PKCS #8) in secret memory: write them 0600. */

#define VA_CA_DAYS (3653) /* ten years: the CA itself */
#define VA_CA_LEAF_DAYS (825)
#define VA_CA_LIST_DAYS (365) /* until a list of revoked certificates should be reissued */

typedef enum { VA_CA_P256, VA_CA_P384 } VaCaCurve;

/** A certificate with its private key. */
typedef struct {
  char *certificate; /* PEM */
  VaSecret *key;     /* PEM, without a zero byte at the end */
} VaCaPair;
void va_ca_pair_free (VaCaPair *pair);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaCaPair, va_ca_pair_free)

/**
 * va_ca_create: a self-signed CA that may sign end certificates and lists of revoked ones, nothing else.
 * @name: its common name, 1 to 64 bytes of UTF-8
 * @days: how long it is valid, from an hour ago (for clocks that differ); 1 to 36500
 * Errors: VA_CORE_ERROR_RANGE (name or days), VA_CORE_ERROR_FAILED
 */
VaCaPair *va_ca_create (const char *name, VaCaCurve curve, guint days, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** What an end certificate is for. Times are seconds since 1970 UTC. */
typedef struct {
  gboolean server;    /* serverAuth for @hosts; else clientAuth for urn:virt-attest:@role:@name */
  VaRole role;        /* clients */
  const char *person; /* owners: see VaIdentity; or %NULL */
  const char *name;   /* clients: see va_identity_name_is_valid(); servers: common name, or %NULL for the first host */
  const char *const *hosts; /* servers: DNS names and numeric IP addresses, at least one; %NULL-terminated */
  VaCaCurve curve;
  gint64 not_before; /* 0: an hour ago */
  gint64 not_after;  /* 0: VA_CA_LEAF_DAYS from now; cut to the CA's own end */
} VaCaRequest;

/**
 * va_ca_issue: a new key and its certificate under @ca, with a random serial number.
 * @ca: both parts as va_ca_create() made them, for instance read back from their files
 * Errors: VA_CORE_ERROR_PARSE (no CA, the key is another's, or a name that does not fit), VA_CORE_ERROR_RANGE (times),
 *   VA_CORE_ERROR_FAILED
 */
VaCaPair *va_ca_issue (const VaCaPair *ca, const VaCaRequest *request, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_ca_certificate_ends: when the first certificate in @pem ends (notAfter), seconds since 1970 UTC.
 * Errors: VA_CORE_ERROR_PARSE
 */
gboolean va_ca_certificate_ends (const char *pem, gint64 *ends, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_ca_revoke: a list of revoked certificates (RFC 5280) with those of @previous and @certificates.
 * @previous: PEM of the list so far, signed by @ca; or %NULL
 * @certificates: PEM, %NULL-terminated, each issued by @ca; none reissues the list
 * @days: until the next one is due, 1 to 36500
 * Returns: (transfer full): PEM
 * Errors: VA_CORE_ERROR_PARSE (no such list, or a certificate that is not of @ca), VA_CORE_ERROR_RANGE (days),
 *   VA_CORE_ERROR_FAILED
 */
char *va_ca_revoke (const VaCaPair *ca, const char *previous, const char *const *certificates, guint days,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
