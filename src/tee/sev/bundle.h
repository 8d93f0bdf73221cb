/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tee/sev/chain.h"

/*
 * Certificates as people have them: one or several in a file, in any order, as bytes, base64 or hex, in PEM lines, in
 * what virsh or QEMU's monitor say; collected until a chain is complete.
 */
G_BEGIN_DECLS

#define VA_SEV_CPU_ID_MAX 128
#define VA_SEV_BUNDLE_FILE_MAX 65536 /* most bytes of one file of certificates */

typedef struct {
  gboolean has_pdh, has_pek, has_oca, has_cek, has_ask, has_ark;
  VaSevChain chain;
  VaAmdCert ask, ark;
  guint8 cpu_id[VA_SEV_CPU_ID_MAX]; /* of the first processor, if given */
  gsize cpu_id_size;                /* 0: not given */
} VaSevBundle;

/**
 * va_sev_bundle_add: every certificate in @data. One that is there already must be the same, except for a CEK: the same
 * key with AMD's signature takes the place of one without.
 * @data: changed
 * @name: of the file or option, for messages
 * Errors: VA_SEV_ERROR_FORMAT, _KEY; VA_CORE_ERROR_PARSE; each begins with @name
 */
gboolean va_sev_bundle_add (VaSevBundle *bundle, guint8 *data, gsize size, const char *name, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_sev_bundle_chain: PDH, PEK, OCA and CEK are there. Errors: VA_SEV_ERROR_FORMAT, naming which is missing, and why
 */
gboolean va_sev_bundle_chain (const VaSevBundle *bundle, VaSevChain *chain, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** va_sev_cek_is_signed: whether it carries a signature by an ASK, be it right or wrong. */
gboolean va_sev_cek_is_signed (const VaSevCert *cek);

G_END_DECLS
