/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "pki/revocation.h"

#include <string.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "pki/crls.h"
#include "pki/deny-list.h"

#define HASH_SIZE 32

struct _VaRevocation {
  char *deny_file, *crl_file, *ca;
  GMutex mutex;
  VaFileState deny_state, crl_state;
  VaDenyList *denied; /* or %NULL */
  VaCrls *crls;       /* or %NULL */
  guint lists;        /* another number for each @crls */
  gboolean deny_is_bad, crl_is_bad;
};

gboolean
va_peer_certificate_read (VaPeerCertificate *certificate, gnutls_session_t session)
{
  g_auto(VaOpenChain) open = { .count = 0 };
  guint8 hash[HASH_SIZE];
  size_t size = sizeof hash;
  g_autofree char *hex = NULL;

  if (!va_peer_chain_take (&certificate->chain, session) || !va_open_chain_init (&open, &certificate->chain)
      || gnutls_x509_crt_get_fingerprint (open.certificates[0], GNUTLS_DIG_SHA256, hash, &size) < 0)
    return FALSE;
  hex = va_hex_encode (hash, size);
  g_strlcpy (certificate->fingerprint, hex, sizeof certificate->fingerprint);
  certificate->lists = 0;
  return TRUE;
}

static gboolean
read_deny_list (VaRevocation *revocation, char **problem, GError **error)
{
  VaDenyList *list = va_deny_list_read (revocation->deny_file, problem, error);

  if (list == NULL)
    return FALSE;
  g_clear_pointer (&revocation->denied, va_deny_list_free);
  revocation->denied = list;
  return TRUE;
}

static gboolean
read_crls (VaRevocation *revocation, GError **error)
{
  VaCrls *crls = va_crls_read (revocation->crl_file, revocation->ca, error);

  if (crls == NULL)
    return FALSE;
  g_clear_pointer (&revocation->crls, va_crls_free);
  revocation->crls = crls;
  revocation->lists++;
  return TRUE;
}

static void
note_bad_line (VaRevocation *revocation, const char *problem)
{
  if (problem != NULL)
    g_message (_("the deny list has an invalid line, which is ignored; the other lines apply: %s"), problem);
  revocation->deny_is_bad = problem != NULL;
}

/* At a start nothing is known from before, so each file must be there, and lists must be whole. A bad line of the deny
   list is no more than it is later: the others count, and all guests of a site are not kept waiting for it. */
static gboolean
load_lists (VaRevocation *revocation, GError **error)
{
  g_autofree char *problem = NULL;

  if (revocation->deny_file != NULL && !read_deny_list (revocation, &problem, error))
    return FALSE;
  note_bad_line (revocation, problem);
  return revocation->crl_file == NULL || read_crls (revocation, error);
}

VaRevocation *
va_revocation_new (const char *deny_file, const char *crl_file, const char *ca, GError **error)
{
  g_autoptr(VaRevocation) revocation = g_new0 (VaRevocation, 1);

  g_mutex_init (&revocation->mutex);
  revocation->deny_file = g_strdup (deny_file);
  revocation->crl_file = g_strdup (crl_file);
  revocation->ca = g_strdup (ca);
  va_file_look (deny_file, &revocation->deny_state);
  va_file_look (crl_file, &revocation->crl_state);
  return load_lists (revocation, error) ? g_steal_pointer (&revocation) : NULL;
}

static guint
count_entries (const VaRevocation *revocation)
{
  return (revocation->denied != NULL ? va_deny_list_size (revocation->denied) : 0)
         + (revocation->crls != NULL ? va_crls_size (revocation->crls) : 0);
}

/* Returns: whether the list was read; it may have bad lines. */
static gboolean
refresh_deny_list (VaRevocation *revocation)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *problem = NULL;

  if (read_deny_list (revocation, &problem, &error))
    {
      note_bad_line (revocation, problem);
      return TRUE;
    }
  g_message (_("the deny list cannot be reloaded and stays as it was: %s"), error->message);
  revocation->deny_is_bad = TRUE;
  return FALSE;
}

/* Returns: whether the lists were read. */
static gboolean
refresh_crls (VaRevocation *revocation)
{
  g_autoptr(GError) error = NULL;

  if (!read_crls (revocation, &error))
    g_message (_("the revocation lists cannot be reloaded and stay as they were: %s"), error->message);
  revocation->crl_is_bad = error != NULL;
  return error == NULL;
}

/* Reads again what has changed. Once for each change, whatever comes of it. */
static void
refresh_lists (VaRevocation *revocation)
{
  VaFileState deny, crl;
  gboolean deny_changed, crl_changed, was_read;

  va_file_look (revocation->deny_file, &deny);
  va_file_look (revocation->crl_file, &crl);
  deny_changed = !va_file_state_equal (&deny, &revocation->deny_state);
  crl_changed = !va_file_state_equal (&crl, &revocation->crl_state);
  revocation->deny_state = deny;
  revocation->crl_state = crl;
  was_read = deny_changed && refresh_deny_list (revocation);
  was_read |= crl_changed && refresh_crls (revocation);
  if (was_read)
    g_message (_("reloaded the deny list and the revocation lists; entries: %u"), count_entries (revocation));
}

void
va_revocation_set_ca (VaRevocation *revocation, const char *ca)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&revocation->mutex);

  g_free (revocation->ca);
  revocation->ca = g_strdup (ca);
  if (revocation->crl_file != NULL)
    memset (&revocation->crl_state, 0, sizeof revocation->crl_state);
}

VaVerdictOnPeer
va_revocation_judge (VaRevocation *revocation, const VaIdentity *identity, VaPeerCertificate *certificate)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&revocation->mutex);

  refresh_lists (revocation);
  if (revocation->denied != NULL && va_deny_list_has (revocation->denied, identity, certificate->fingerprint))
    return VA_PEER_DENIED;
  if (revocation->crls == NULL)
    return VA_PEER_ALLOWED;
  if (certificate->lists != revocation->lists)
    {
      certificate->revoked = va_crls_revoke (revocation->crls, &certificate->chain);
      certificate->lists = revocation->lists;
    }
  return certificate->revoked ? VA_PEER_REVOKED : VA_PEER_ALLOWED;
}

gboolean
va_revocation_is_complete (VaRevocation *revocation)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&revocation->mutex);

  return !revocation->deny_is_bad && !revocation->crl_is_bad;
}

void
va_revocation_free (VaRevocation *revocation)
{
  if (revocation == NULL)
    return;
  va_deny_list_free (revocation->denied);
  va_crls_free (revocation->crls);
  g_mutex_clear (&revocation->mutex);
  g_free (revocation->deny_file);
  g_free (revocation->crl_file);
  g_free (revocation->ca);
  g_free (revocation);
}
