/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/registration-secrets.h"
#include "codec/message.h"
#include "tee/kernel-hashes.h"

G_BEGIN_DECLS

#define VA_KERNELS_MAX 16   /* kernels, initrds or command lines */
#define VA_CMDLINE_MAX 2048 /* bytes of a command line, as many as Linux reads */

typedef enum { VA_SCHEME_SEV, VA_SCHEME_SEV_ES } VaScheme; /* "amd-sev", "amd-sev-es" */

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
  gboolean for_nova;                 /* only for guests that Nova made, as hosts say, of the following */
  char *nova_project;                /* va_nova_is_project() */
  char *nova_image;                  /* UUID; %NULL: every image */
  char *nova_flavor;                 /* name; %NULL: every flavor */
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
/** va_registration_free: takes %NULL, too. */
void va_registration_free (VaRegistration *registration);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaRegistration, va_registration_free)
/* The tables: of a request; and of what the service gives back, inline secrets without their data. */
extern const VaMessage va_registration_message, va_registration_shown_message;

G_END_DECLS
