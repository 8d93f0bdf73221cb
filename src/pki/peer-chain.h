/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

G_BEGIN_DECLS

#define VA_PEER_CHAIN_MAX 8

/** The certificates that a peer showed in its handshake, in DER form, its own first. All zero: none yet. */
typedef struct {
  GBytes *certificates[VA_PEER_CHAIN_MAX];
  guint count;
} VaPeerChain;
/** va_peer_chain_take: those of @session. Returns: FALSE: there are none, or more than VA_PEER_CHAIN_MAX */
gboolean va_peer_chain_take (VaPeerChain *chain, gnutls_session_t session) G_GNUC_WARN_UNUSED_RESULT;
void va_peer_chain_clear (VaPeerChain *chain);

/** The same, as GnuTLS has them. */
typedef struct {
  gnutls_x509_crt_t certificates[VA_PEER_CHAIN_MAX];
  guint count;
} VaOpenChain;
/** va_open_chain_init: Returns: FALSE: one of @chain is not a certificate; @open is to be cleared all the same */
gboolean va_open_chain_init (VaOpenChain *open, const VaPeerChain *chain) G_GNUC_WARN_UNUSED_RESULT;
void va_open_chain_clear (VaOpenChain *open);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VaOpenChain, va_open_chain_clear)

G_END_DECLS
