/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/approval.h"
#include "api/launch-grant.h"
#include "api/launch-pending.h"
#include "api/launch-request.h"
#include "api/limits.h"
#include "api/validate-reply.h"
#include "api/validate-request.h"
#include "codec/json.h"
#include "tee/sev/certificate.h"
#include "tee/sev/digest.h"
#include "tee/sev/measurement.h"
#include "tee/sev/packet.h"
#include "tee/sev/session.h"

/*
 * The messages of /v1, each with a reader that takes a parsed JSON object and a writer that makes one. docs/PROTOCOL.md
 * and schemas/ say the same in words and in JSON Schema; tests hold the three together. Readers check everything that
 * can be checked without a store; their errors are of VA_CORE_ERROR and name the member.
 */
G_BEGIN_DECLS

#define VA_SECRETS_MAX 32    /* secrets of one registration */
#define VA_REFERENCES_MAX 64 /* hashes or digests of one kind */
#define VA_KERNELS_MAX 16    /* kernels, initrds or command lines */
#define VA_CMDLINE_MAX 2048  /* bytes of a command line, as many as Linux reads */
#define VA_REASON_MAX 512

typedef enum { VA_SCHEME_SEV, VA_SCHEME_SEV_ES } VaScheme; /* "amd-sev", "amd-sev-es" */

/** What a launch must be besides what its registration demands, so that a secret goes with it. At least one is set. */
typedef struct {
  guint64 policy_required, policy_forbidden; /* bits; 0: none */
  guint8 min_api_major, min_api_minor;
  char **hosts, **chips; /* as in VaRegistration; %NULL: all */
  gboolean omit;         /* otherwise the launch goes on without the secret; else it is refused */
} VaSecretRule;

/** A secret of a registration: by name (stored with PUT /secret), or inline. */
typedef struct {
  char *name;                /* by name; %NULL when inline */
  guint8 guid[VA_GUID_SIZE]; /* inline */
  VaSecretRule *rule;        /* by name; %NULL: it goes with every launch */
  VaSecret *data;            /* inline; %NULL by name, and in what the service gives back */
} VaSecretRef;
void va_secret_ref_free (VaSecretRef *ref);
/** va_secret_name_is_valid: 1 to VA_NAME_MAX of A-Z a-z 0-9 . _ -, not beginning with a dot. */
gboolean va_secret_name_is_valid (const char *name);

/**
 * POST /vm/{id}; also the answer to GET, without secrets' data. 0 or %NULL means: no such rule, unless said otherwise.
 */
typedef struct {
  char *name; /* for people */
  VaScheme scheme;
  gboolean policy_is_rule;  /* any policy with some bits and without others; else one policy exactly */
  guint64 policy;           /* exact, or the bits that it must have */
  guint64 policy_forbidden; /* bits that it must not have; if policy_is_rule */
  gboolean allow_debug;     /* asked for in so many words, since the host can read a guest that may be debugged */
  char **firmware_hashes;   /* hex SHA-256 of uploaded firmware */
  char **kernel_hashes;     /* hex; %NULL: booted from disk, without kernel hashes */
  char **initrd_hashes;     /* with kernels; %NULL: none */
  char **cmdline_hashes;    /* likewise */
  char **cmdlines;          /* command lines whose hashes are among those, for explanations only; %NULL: not known */
  char **launch_digests;    /* hex; instead of firmware_hashes */
  guint32 cpu_counts[16];   /* amd-sev-es */
  guint cpu_counts_length;
  char *cpu_model;    /* amd-sev-es */
  char *vmsa_profile; /* amd-sev-es: as va_vmsa_profile_allowed() has it; %NULL: either */
  guint8 min_api_major, min_api_minor, min_build;
  char **hosts;                      /* names, or "@" and a group's; %NULL: every enrolled host */
  char **chips;                      /* hex, va_sev_cert_key_hash() of their CEKs; %NULL: every processor */
  char **domains;                    /* UUIDs; %NULL: the one whose UUID is the registration's id */
  gboolean two_persons;              /* changes and approvals take two of the owner's people; secrets are inline then */
  gboolean any_domain;               /* an image with many instances */
  GBytes *cloud_cert;                /* VA_SEV_CERT_SIZE bytes */
  guint64 max_launches, max_running; /* 0: no limit */
  gboolean confirms;                 /* launches wait for an owner once confirm_after were made */
  guint64 confirm_after;
  gint64 not_before, not_after; /* seconds since 1970 UTC; 0: none */
  GPtrArray *secrets;           /* of VaSecretRef; never %NULL */
} VaRegistration;
/** va_registration_read: a request; what only answers have ("id", "created", a secret's "size") is refused. */
VaRegistration *va_registration_read (JsonObject *object, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_registration_read_stored: one that the service took at its time, whatever it demands of policies now; a launch
 * must ask va_registration_check_policy().
 */
VaRegistration *va_registration_read_stored (JsonObject *object, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_registration_check_policy: whether its policy is one that would be taken today, as va_registration_read() does.
 * Errors: VA_CORE_ERROR_PARSE
 */
gboolean va_registration_check_policy (const VaRegistration *registration, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_registration_write: @with_data: inline secrets with their data (for the CLI's request), else without. */
JsonObject *va_registration_write (const VaRegistration *registration, gboolean with_data);
/**
 * va_registration_policy_bits: the bits that a policy must and must not have, those of the scheme included; of a rule.
 */
void va_registration_policy_bits (const VaRegistration *registration, guint64 *required, guint64 *forbidden);
/** va_registration_allows_policy: whether a guest with this policy is one that is registered. */
gboolean va_registration_allows_policy (const VaRegistration *registration, guint64 policy);
/**
 * va_registration_kernels: every combination of kernel, initrd and command line that is allowed; none without kernels.
 * Returns: (transfer full): of VaKernelHashes
 */
GArray *va_registration_kernels (const VaRegistration *registration);
void va_registration_free (VaRegistration *registration);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaRegistration, va_registration_free)

/** One step of a launch as the host measured it. */
typedef struct {
  char *name;
  guint64 ms; /* since the hook was called */
} VaStep;

/** POST /launch/{launch-id}/outcome: 200 with an empty object */
typedef enum { VA_OUTCOME_RUNNING, VA_OUTCOME_FAILED, VA_OUTCOME_ENDED } VaOutcomeState;
typedef struct {
  VaOutcomeState state;
  char *reason;       /* at most VA_REASON_MAX bytes; may be %NULL */
  int firmware_error; /* what the SEV firmware answered, 0 to 255; -1: nothing that is known */
  GPtrArray *steps;   /* of VaStep, at most 32; never %NULL */
} VaOutcome;
VaOutcome *va_outcome_new (VaOutcomeState state, const char *reason);
void va_outcome_add_step (VaOutcome *outcome, const char *name, guint64 ms);
VaOutcome *va_outcome_read (JsonObject *object, GError **error) G_GNUC_WARN_UNUSED_RESULT;
JsonObject *va_outcome_write (const VaOutcome *outcome);
const char *va_outcome_state_name (VaOutcomeState state);
void va_outcome_free (VaOutcome *outcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaOutcome, va_outcome_free)

/** POST /host: what the agent found on its host. Strings may be %NULL. */
typedef struct {
  gboolean sev, sev_es;
  char *libvirt_version, *qemu_version, *agent_version;
  guint64 cbitpos, reduced_phys_bits, max_guests, max_es_guests;
  guint64 certificate_ends; /* of the host, seconds since 1970; 0: not said */
  gboolean gate_loaded;
} VaHostFeatures;
VaHostFeatures *va_host_features_read (JsonObject *object, GError **error) G_GNUC_WARN_UNUSED_RESULT;
JsonObject *va_host_features_write (const VaHostFeatures *features);
void va_host_features_free (VaHostFeatures *features);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaHostFeatures, va_host_features_free)

G_END_DECLS
