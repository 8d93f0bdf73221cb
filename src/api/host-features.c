/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/host-features.h"

#include "api/limits.h"
#include "core/i18n.h"

#define CBITPOS_MAX 63
#define GUESTS_MAX G_MAXUINT16

/* A host that does not say whether it has SEV is an old agent's mistake, not a no. */
static const VaMember members[] = {
  { "sev", VA_REQUIRED, VA_MEMBER_BOOLEAN (VaHostFeatures, sev) },
  { "sev-es", VA_REQUIRED, VA_MEMBER_BOOLEAN (VaHostFeatures, sev_es) },
  { "gate-loaded", VA_REQUIRED, VA_MEMBER_BOOLEAN (VaHostFeatures, gate_loaded) },
  { "libvirt-version", VA_OPTIONAL, VA_MEMBER_TEXT (VaHostFeatures, libvirt_version), .max = VA_NAME_MAX },
  { "qemu-version", VA_OPTIONAL, VA_MEMBER_TEXT (VaHostFeatures, qemu_version), .max = VA_NAME_MAX },
  { "agent-version", VA_OPTIONAL, VA_MEMBER_TEXT (VaHostFeatures, agent_version), .max = VA_NAME_MAX },
  { "cbitpos", VA_OPTIONAL, VA_MEMBER_NUMBER (VaHostFeatures, cbitpos), .max = CBITPOS_MAX },
  { "reduced-phys-bits", VA_OPTIONAL, VA_MEMBER_NUMBER (VaHostFeatures, reduced_phys_bits), .max = CBITPOS_MAX },
  { "max-guests", VA_OPTIONAL, VA_MEMBER_NUMBER (VaHostFeatures, max_guests), .max = GUESTS_MAX },
  { "max-es-guests", VA_OPTIONAL, VA_MEMBER_NUMBER (VaHostFeatures, max_es_guests), .max = GUESTS_MAX },
  { "certificate-ends", VA_OPTIONAL, VA_MEMBER_NUMBER (VaHostFeatures, certificate_ends), .max = VA_TIME_MAX },
};

VA_MESSAGE_DEFINE (VaHostFeatures, va_host_features) = {
  .name = "host-features",
  .where = N_("features"),
  .size = sizeof (VaHostFeatures),
  VA_MESSAGE_MEMBERS (members),
};
