/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "pki/identity.h"

#include <string.h>
#include "api/problem.h"
#include "core/i18n.h"
#include "core/peer-name.h"

#define URN_PREFIX "urn:virt-attest:"
#define SAN_MAX 64 /* alternative names looked at */
#define URI_MAX 192
#define PURPOSE_MAX 128

static const char *const role_names[] = { "owner", "host", "operator", "auditor", "metrics" };

G_STATIC_ASSERT (G_N_ELEMENTS (role_names) == VA_ROLES);

const char *
va_role_name (VaRole role)
{
  g_return_val_if_fail ((gsize) role < G_N_ELEMENTS (role_names), "");
  return role_names[role];
}

gboolean
va_role_parse (const char *name, VaRole *role)
{
  for (guint i = 0; i < G_N_ELEMENTS (role_names); i++)
    if (g_strcmp0 (name, role_names[i]) == 0)
      {
        *role = (VaRole) i;
        return TRUE;
      }
  return FALSE;
}

gboolean
va_identity_name_is_valid (const char *name)
{
  return va_peer_name_is_valid (name);
}

static gboolean
refuse_certificate (GError **error, const char *why)
{
  g_set_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_UNAUTHENTICATED, _("%s; use one issued by “virt-attest ca issue”"),
               why);
  return FALSE;
}

static gboolean
parse_urn (const char *uri, VaIdentity *identity)
{
  g_auto(GStrv) parts = NULL;
  guint count;

  if (!g_str_has_prefix (uri, URN_PREFIX))
    return FALSE;
  parts = g_strsplit (uri + strlen (URN_PREFIX), ":", 4);
  count = g_strv_length (parts);
  if (count < 2 || count > 3 || !va_role_parse (parts[0], &identity->role) || !va_identity_name_is_valid (parts[1]))
    return FALSE;
  if (count == 3 && (identity->role != VA_ROLE_OWNER || !va_identity_name_is_valid (parts[2])))
    return FALSE;
  g_strlcpy (identity->name, parts[1], sizeof identity->name);
  g_strlcpy (identity->person, count == 3 ? parts[2] : "", sizeof identity->person);
  return TRUE;
}

/* The one URI name. Names of other kinds (DNS, say) do not matter, so that a site's own CA may add them. */
static gboolean
find_name (gnutls_x509_crt_t certificate, VaIdentity *identity, GError **error)
{
  guint found = 0;

  for (guint i = 0;; i++)
    {
      char uri[URI_MAX + 1] = "";
      size_t size = URI_MAX;
      int kind = gnutls_x509_crt_get_subject_alt_name (certificate, i, uri, &size, NULL);

      if (kind == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
        break;
      if (i >= SAN_MAX)
        return refuse_certificate (error, _("the client certificate has too many names"));
      if (kind == GNUTLS_E_SHORT_MEMORY_BUFFER)
        return refuse_certificate (error, _("the client certificate has a name that is too long"));
      if (kind < 0)
        return refuse_certificate (error, _("the client certificate has names that cannot be read"));
      if (kind != GNUTLS_SAN_URI)
        continue;
      if (++found > 1)
        return refuse_certificate (error, _("the client certificate has more than one URI name"));
      if (size > URI_MAX || strlen (uri) != size || !parse_urn (uri, identity))
        return refuse_certificate (error, _("the client certificate's URI name is not urn:virt-attest:ROLE:NAME"));
    }
  return found == 1
         || refuse_certificate (error, _("the client certificate has no URI name urn:virt-attest:ROLE:NAME"));
}

static gboolean
check_purposes (gnutls_x509_crt_t certificate, GError **error)
{
  guint clients = 0;

  for (guint i = 0;; i++)
    {
      char oid[PURPOSE_MAX] = "";
      size_t size = sizeof oid;
      int rc = gnutls_x509_crt_get_key_purpose_oid (certificate, i, oid, &size, NULL);

      if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
        break;
      if (rc < 0 || strcmp (oid, GNUTLS_KP_TLS_WWW_CLIENT) != 0)
        return refuse_certificate (error,
                                   _("the client certificate has purposes other than TLS client authentication"));
      clients++;
    }
  return clients == 1
         || refuse_certificate (error, _("the client certificate does not have the extended key usage clientAuth"));
}

gboolean
va_identity_from_certificate (gnutls_x509_crt_t certificate, VaIdentity *identity, GError **error)
{
  VaIdentity found = { 0 };
  guint usage = 0;

  memset (identity, 0, sizeof *identity);
  if (gnutls_x509_crt_get_ca_status (certificate, NULL) > 0)
    return refuse_certificate (error, _("the client certificate is a CA's own certificate"));
  if (gnutls_x509_crt_get_key_usage (certificate, &usage, NULL) < 0 || (usage & GNUTLS_KEY_DIGITAL_SIGNATURE) == 0)
    return refuse_certificate (error, _("the client certificate does not have the key usage digitalSignature"));
  if (!check_purposes (certificate, error) || !find_name (certificate, &found, error))
    return FALSE;
  *identity = found;
  return TRUE;
}
