/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/launch-request.h"
#include "api/registration.h"
#include "api/validate-request.h"
#include "api/problem.h"
#include "service/decide/launch-terms.h"
#include "service/decide/host-groups.h"
#include "tee/tee.h"

/*
 * The rules of a registration, one function each, pure: TRUE, or FALSE with a problem whose sentence the host may read.
 */
G_BEGIN_DECLS

/** va_rule_host: @groups: (nullable). Errors: VA_PROBLEM_HOST_NOT_ALLOWED */
gboolean va_rule_host (const VaRegistration *registration, VaHostGroups *groups, const char *host, GError **error);
/** va_rule_domain: @id: the registration's. Errors: VA_PROBLEM_DOMAIN_NOT_ALLOWED */
gboolean va_rule_domain (const VaRegistration *registration, const char *id, const char *domain_uuid, GError **error);
/**
 * va_rule_source: what the host says of who made the domain is what the registration says. It keeps hosts that err from
 *   taking one guest for another; one that lies says what it has to.
 * @source: (nullable)
 * Errors: VA_PROBLEM_SOURCE_NOT_ALLOWED
 */
gboolean va_rule_source (const VaRegistration *registration, const VaLaunchSource *source, GError **error);
/**
 * va_rule_policy: the domain's policy is a registered one.
 * @policy: (out): that of the launch
 * Errors: VA_PROBLEM_POLICY_NOT_ALLOWED
 */
gboolean va_rule_policy (const VaRegistration *registration, const VaLaunchRequest *request, guint64 *policy,
                         GError **error);
/** va_rule_time: @now: seconds since 1970. Errors: VA_PROBLEM_OUTSIDE_TIME */
gboolean va_rule_time (const VaRegistration *registration, gint64 now, GError **error);
/** va_rule_chip: the platform's processor is a registered one. Errors: VA_PROBLEM_CHIP_NOT_ALLOWED */
gboolean va_rule_chip (const VaRegistration *registration, const VaTeePlatform *platform, GError **error);
/** va_rule_cloud_cert: the platform's owner is the registered one. Errors: VA_PROBLEM_CLOUD_CERT_MISMATCH */
gboolean va_rule_cloud_cert (const VaRegistration *registration, const VaTeePlatform *platform, GError **error);
/** va_rule_minimum_api: the platform says that its API is new enough. Errors: VA_PROBLEM_API_TOO_OLD */
gboolean va_rule_minimum_api (const VaRegistration *registration, const VaTeePlatform *platform, GError **error);

/** What a launch is, as far as a secret's rule may ask. */
typedef struct {
  guint64 policy;
  const char *host;
  VaHostGroups *groups; /* %NULL: none */
  const VaTeePlatform *platform;
} VaLaunchFacts;
/**
 * va_rule_secrets: which secrets go with the launch.
 * @secrets: (out) (transfer container): of VaSecretRef, borrowed
 * @omitted: (out) (transfer container): names of those that do not, borrowed
 * Errors: VA_PROBLEM_SECRET_NOT_ALLOWED: one of them does not, and may not be left out
 */
gboolean va_rule_secrets (const VaRegistration *registration, const VaLaunchFacts *facts, GPtrArray **secrets,
                          GPtrArray **omitted, GError **error);

/*
 * And those of validate, which compare a host's claims with what was fixed. @detail: (out) (transfer full): on refusal
 * the whole explanation, for the owner.
 */
/**
 * va_rule_claims: what the evidence says besides what was measured.
 * @firmware: (nullable): SHA-256 of the firmware that the host says it starts; %NULL: it does not say
 * Errors: VA_PROBLEM_POLICY_CHANGED, _API_CHANGED, _API_TOO_OLD, _FIRMWARE_CHANGED
 */
gboolean va_rule_claims (const VaLaunchTerms *terms, guint64 policy, const VaClaims *claims,
                         const guint8 firmware[VA_SHA256_SIZE], char **detail, GError **error);
/**
 * va_rule_evidence: the reference that @evidence fits. All are tried, in constant time.
 * @key: of VaTee.appraisal_key
 * Returns: (transfer none): or %NULL
 * Errors: VA_PROBLEM_MEASUREMENT_MISMATCH; VA_PROBLEM_BAD_REQUEST: it is not evidence of the launch's technology
 */
const VaReference *va_rule_evidence (const VaLaunchTerms *terms, const VaEvidence *evidence, VaSecret *key,
                                     GError **error);

G_END_DECLS
