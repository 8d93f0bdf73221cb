/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "certificates/folder.h"
#include "tee/tee.h"

G_BEGIN_DECLS

/**
 * AMD's key distribution service, asked for what a platform's chain lacks: the signed CEK of a processor, and the ARK
 * and ASK of a generation. What it answers is believed only if AMD's signatures say so, and is kept in a folder then:
 * a CEK by the id that it was asked for by, whoever had it asked for. From any thread.
 */
typedef struct _VaKeyService VaKeyService;

typedef struct {
  const char *cek_url;   /* CEKs are at CEK-URL/cek/id/ID; %NULL: never asked */
  const char *roots_url; /* ARK and ASK are at ROOTS-URL/ask_ark_GENERATION.cert; %NULL: never asked */
  const char *ca_file;   /* %NULL: the system's CAs */
  const char *cache;     /* folder, made when it is needed */
  guint timeout_ms;      /* for one question */
  guint most_at_once;    /* questions; any more is refused at once */
} VaKeyServiceSettings;

/** va_key_service_new: asks nothing yet. Errors: VA_CORE_ERROR */
VaKeyService *va_key_service_new (const VaKeyServiceSettings *settings, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_key_service_free (VaKeyService *service);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaKeyService, va_key_service_free)

/**
 * va_key_service_verify: verifies @platform, which is one of SEV or SEV-ES, but a chain whose CEK carries no signature
 * gets the signed one first, and a CEK that none of @roots signed is verified under the roots that the service has.
 * Nobody is asked about a chain that does not verify below its CEK.
 * @platform: (inout): gets the signed CEK, and its generation, owned by @roots or @service
 * @id: (nullable): the processor's, as the platform gives it
 * @may_wait: whether the key service may be asked, which takes as long as a question may
 * @must_wait: (out): whether it failed because the key service would have to be asked
 * Errors: those of va_sev_chain_verify(); VA_SEV_ERROR_SIGNATURE also when AMD does not know the processor, or knows
 *   another key of it; VA_CORE_ERROR_PEER, VA_CORE_ERROR_TIMEOUT: try again later
 */
gboolean va_key_service_verify (VaKeyService *service, VaTeePlatform *platform, GBytes *id, const VaTeeRoots *roots,
                                gboolean may_wait, gboolean *must_wait, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
