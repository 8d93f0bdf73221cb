/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

G_BEGIN_DECLS

typedef enum { VA_ROLE_OWNER, VA_ROLE_HOST, VA_ROLE_OPERATOR, VA_ROLE_AUDITOR, VA_ROLE_METRICS } VaRole;
#define VA_ROLES (VA_ROLE_METRICS + 1)

/** Who a peer is: the one URI name urn:virt-attest:ROLE:NAME of its certificate, for owners also ROLE:NAME:PERSON. */
typedef struct {
  VaRole role;
  char name[65];   /* 1 to 64 of a-z 0-9 . _ - */
  char person[65]; /* likewise; "": the certificate names none */
} VaIdentity;

/** va_role_name: as it stands in a certificate: "owner", "host", …. */
const char *va_role_name (VaRole role);
/** va_role_parse: FALSE, and @role as it was, if no role has this name. */
gboolean va_role_parse (const char *name, VaRole *role);
/** va_identity_name_is_valid: the rule above. */
gboolean va_identity_name_is_valid (const char *name);
/**
 * va_identity_from_certificate: exactly one URI subject alternative name of our form; key usage must have
 * digitalSignature, extended key usage must be clientAuth and nothing else.
 * Errors: VA_PROBLEM_UNAUTHENTICATED, saying what the certificate lacks
 */
gboolean va_identity_from_certificate (gnutls_x509_crt_t certificate, VaIdentity *identity, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
