/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "pki/peer-chain.h"

#include <string.h>

gboolean
va_peer_chain_take (VaPeerChain *chain, gnutls_session_t session)
{
  unsigned count = 0;
  const gnutls_datum_t *shown = gnutls_certificate_get_peers (session, &count);

  va_peer_chain_clear (chain);
  if (shown == NULL || count == 0 || count > VA_PEER_CHAIN_MAX)
    return FALSE;
  for (unsigned i = 0; i < count; i++)
    chain->certificates[i] = g_bytes_new (shown[i].data, shown[i].size);
  chain->count = count;
  return TRUE;
}

void
va_peer_chain_clear (VaPeerChain *chain)
{
  for (guint i = 0; i < chain->count; i++)
    g_clear_pointer (&chain->certificates[i], g_bytes_unref);
  chain->count = 0;
}

gboolean
va_open_chain_init (VaOpenChain *open, const VaPeerChain *chain)
{
  memset (open, 0, sizeof *open);
  for (guint i = 0; i < chain->count; i++)
    {
      gsize size;
      gnutls_datum_t der = { (unsigned char *) g_bytes_get_data (chain->certificates[i], &size), 0 };

      der.size = (unsigned) size;
      if (gnutls_x509_crt_init (&open->certificates[i]) < 0)
        return FALSE;
      open->count = i + 1;
      if (gnutls_x509_crt_import (open->certificates[i], &der, GNUTLS_X509_FMT_DER) < 0)
        return FALSE;
    }
  return open->count > 0;
}

void
va_open_chain_clear (VaOpenChain *open)
{
  for (guint i = 0; i < open->count; i++)
    g_clear_pointer (&open->certificates[i], gnutls_x509_crt_deinit);
  open->count = 0;
}
