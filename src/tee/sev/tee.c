/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/tee.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "tee/sev/error.h"
#include "tee/sev/image.h"
#include "tee/sev/mismatch.h"
#include "tee/sev/packet.h"
#include "tee/sev/platform.h"
#include "tee/sev/seam.h"
#include "tee/sev/session.h"
#include "tee/sev/vmsa.h"

/* The tables of SEV and SEV-ES: they differ in their names, and in that SEV-ES measures vCPUs. */

/* A launch's keys are its TIK, then its TEK. */
#define KEYS_SIZE (2 * VA_SEV_KEY_SIZE)

static VaTeePlatform *
read_sev_platform (const VaBlobs *claim, GError **error)
{
  return va_sev_platform_read (&va_tee_sev, claim, error);
}

static VaTeePlatform *
read_sev_es_platform (const VaBlobs *claim, GError **error)
{
  return va_sev_platform_read (&va_tee_sev_es, claim, error);
}

/* SEV-ES has the same. */
static VaTeeImage *
read_sev_image (gconstpointer data, gsize size)
{
  return va_sev_image_read (&va_tee_sev, data, size);
}

static VaSecret *
join_keys (const VaSevSession *session)
{
  VaSecret *keys = va_secret_new (KEYS_SIZE);

  memcpy (va_secret_data (keys), va_secret_data (session->tik), VA_SEV_KEY_SIZE);
  memcpy (va_secret_data (keys) + VA_SEV_KEY_SIZE, va_secret_data (session->tek), VA_SEV_KEY_SIZE);
  return keys;
}

static gboolean
begin_sev_launch (const VaTeeLaunch *launch, VaTeeStart *start, GError **error)
{
  const VaSevCert *pdh = &va_sev_platform_chain (launch->platform)->pdh;
  g_autoptr(VaSevSession) session = NULL;

  if (launch->policy > G_MAXUINT32)
    return va_error_set (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT, _("a policy of SEV has 32 bits"));
  session = va_sev_session_new (pdh, (guint32) launch->policy, error);
  if (session == NULL)
    return FALSE;
  start->keys = join_keys (session);
  start->handover = va_blobs_new ();
  va_blobs_add_copy (start->handover, VA_SEV_START_SESSION, session->session, sizeof session->session);
  va_blobs_add_copy (start->handover, VA_SEV_START_OWNER_CERT, session->godh_cert, sizeof session->godh_cert);
  return TRUE;
}

static gboolean
read_claims (GBytes *evidence, VaClaims *claims, GError **error)
{
  VaLaunchContext context;

  if (!va_sev_evidence_read (evidence, &context, claims->measurement, error))
    return FALSE;
  claims->policy = context.policy;
  claims->api_major = context.api_major;
  claims->api_minor = context.api_minor;
  claims->build_id = context.build_id;
  return TRUE;
}

/* The TIK: the TEK is for the packet alone. */
static VaSecret *
take_tik (VaSecret *keys)
{
  return va_secret_size (keys) == KEYS_SIZE ? va_secret_copy_in (va_secret_data (keys), VA_SEV_KEY_SIZE) : NULL;
}

static VaTeeVerdict
appraise_measurement (GBytes *evidence, VaSecret *tik, const VaReference *references, guint count, guint *reference)
{
  guint8 measurement[VA_MEASUREMENT_SIZE];
  VaTeeVerdict verdict = VA_TEE_MISMATCH;
  VaLaunchContext context;

  if (!va_sev_evidence_read (evidence, &context, measurement, NULL))
    return VA_TEE_UNREADABLE;
  for (guint i = 0; i < count; i++)
    if (va_measurement_matches (tik, &context, references[i].digest, measurement) && verdict == VA_TEE_MISMATCH)
      {
        verdict = VA_TEE_MATCH;
        *reference = i;
      }
  return verdict;
}

static VaBlobs *
seal_packet (VaSecret *keys, VaSecret *table, GBytes *evidence)
{
  guint8 measurement[VA_MEASUREMENT_SIZE], header[VA_PACKET_HEADER_SIZE];
  g_autoptr(VaSecret) tik = take_tik (keys), tek = NULL;
  VaLaunchContext context;
  VaBlobs *packet;

  if (tik == NULL || !va_sev_evidence_read (evidence, &context, measurement, NULL))
    return NULL;
  tek = va_secret_copy_in (va_secret_data (keys) + VA_SEV_KEY_SIZE, VA_SEV_KEY_SIZE);
  packet = va_blobs_new ();
  va_blobs_add (packet, VA_SEV_PACKET_PAYLOAD, va_packet_seal (tik, tek, table, measurement, header));
  va_blobs_add_copy (packet, VA_SEV_PACKET_HEADER, header, sizeof header);
  return packet;
}

static const char *
vmsa_profile_name (guint profile)
{
  return va_vmsa_profile_name ((VaVmsaProfile) profile);
}

static gboolean
parse_vmsa_profile (const char *name, guint *profile)
{
  VaVmsaProfile found;

  if (!va_vmsa_profile_parse (name, &found))
    return FALSE;
  *profile = found;
  return TRUE;
}

static gboolean
allows_vmsa_profile (const char *choice, guint profile)
{
  return va_vmsa_profile_allowed (choice, (VaVmsaProfile) profile);
}

static const VaTeeCpus save_areas = {
  .profiles = VA_VMSA_PROFILES,
  .usual_profiles = VA_VMSA_USUAL_PROFILES,
  .max = VA_VMSA_CPUS_MAX,
  .profile_name = vmsa_profile_name,
  .parse_profile = parse_vmsa_profile,
  .allows_profile = allows_vmsa_profile,
  .parse_model = va_cpu_parse,
  .describe_model = va_cpu_describe,
};

#define COMMON_PARTS \
  .evidence_type = VA_SEV_EVIDENCE, .moment = VA_TEE_BEFORE_START, .digest_size = VA_SHA256_SIZE, \
  .hash_is_digest = TRUE, .hash_platform = va_sev_platform_hash, .verify_platform = va_sev_platform_verify, \
  .lacks_root_only = va_sev_platform_lacks_root_only, .check_owner = va_sev_platform_check_owner, \
  .has_owner = va_sev_platform_has_owner, .free_platform = va_sev_platform_free, .begin = begin_sev_launch, \
  .read_image = read_sev_image, .copy_image = va_sev_image_copy, .free_image = va_sev_image_free, \
  .compute_digest = va_sev_image_digest, .read_evidence = read_claims, .appraisal_key = take_tik, \
  .appraise = appraise_measurement, .seal = seal_packet, .explain = va_sev_explain_evidence

const VaTee va_tee_sev = {
  .scheme = "amd-sev",
  .read_platform = read_sev_platform,
  COMMON_PARTS,
};

const VaTee va_tee_sev_es = {
  .scheme = "amd-sev-es",
  .cpus = &save_areas,
  .read_platform = read_sev_es_platform,
  COMMON_PARTS,
};
