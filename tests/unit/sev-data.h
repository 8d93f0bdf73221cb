/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/secret.h"
#include "tee/sev/chain.h"

/* What the tests of src/sev share: files of tests/data. A file that is not there fails the test. */

GBytes *data_file (const char *format, ...) G_GNUC_PRINTF (1, 2);
/** data_naples: the real chain of a Naples machine: PDH, PEK, OCA, CEK. */
void data_naples (guint8 certs[4][VA_SEV_CERT_SIZE]);
void data_amd_cert (VaAmdCert *cert, const char *generation, const char *name);
/** data_roots: AMD's roots of all generations. */
VaSevRoots *data_roots (void);

extern const char *const data_generations[];

/** One known-answer case of tests/data/cases. */
typedef struct {
  char *name;
  guint32 policy;
  guint8 api_major, api_minor, build_id;
  gboolean es;
  VaSecret *tik, *tek;
  guint8 mnonce[16], iv[16];
  guint8 digest[32], measure[32];             /* by libvirt 9.0 */
  guint8 other_digest[32], other_measure[32]; /* by sev-snp-measure */
  char *launch_measure, *header, *payload;    /* base64 */
  char *table;                                /* hex, in the clear */
  char *secret_file;
  char *secret_guid;
} Case;

/** data_cases: all three. */
GPtrArray *data_cases (void);

/**
 * Debian 12's OVMF, installed or where VA_DEBIAN_12_OVMF says, whose digest the cases are about, or %NULL after
 * skipping the test by name.
 */
GBytes *data_debian_ovmf (void);
