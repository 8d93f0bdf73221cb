/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/secret.h"
#include "tee/blobs.h"
#include "tee/evidence.h"
#include "tee/firmware.h"
#include "tee/kernel-hashes.h"

/*
 * The seam to a technology for confidential guests. What decides about launches speaks of platforms, references,
 * evidence and verdicts, and calls what is specific through one constant table. docs/ARCHITECTURE.md, “The seam to a
 * technology”, has both flows and says how SEV-SNP fits. All functions are pure: no files, no clock, no network.
 */
G_BEGIN_DECLS

typedef struct _VaTee VaTee;

/** When there is evidence, and whom it comes from. */
typedef enum {
  VA_TEE_BEFORE_START, /* the host hands it over before the guest runs; secrets are injected then */
  VA_TEE_AFTER_START,  /* the running guest asks for it, and shows it to the service itself */
} VaTeeMoment;

/** The roots that the service trusts, for each technology that has its own. */
typedef struct {
  const struct _VaSevRoots *sev; /* AMD's ARKs and ASKs, in SEV's format */
} VaTeeRoots;

/** A platform, as its claim says it is; each technology's own struct begins with this one. */
typedef struct {
  const VaTee *tee;
  /* %NULL until it was verified; then of the roots that it verified under, interned or theirs. */
  const char *generation;
  guint8 api_major, api_minor; /* of its firmware */
  guint8 chip[VA_SHA256_SIZE]; /* names one processor */
} VaTeePlatform;
void va_tee_platform_free (VaTeePlatform *platform);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaTeePlatform, va_tee_platform_free)

/** A firmware image, measured as far as it alone is measured; each technology's own struct begins with this one. */
typedef struct {
  const VaTee *tee;
  guint8 hash[VA_SHA256_SIZE]; /* of the whole image */
  VaFirmware firmware;
} VaTeeImage;
/** va_tee_image_copy: Returns: (transfer full). */
VaTeeImage *va_tee_image_copy (const VaTeeImage *image);
void va_tee_image_free (VaTeeImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaTeeImage, va_tee_image_free)

/** What is measured besides the firmware. */
typedef struct {
  const VaKernelHashes *kernel; /* %NULL: without kernel hashes */
  guint32 cpus;                 /* 0: vCPUs are not measured, VaTee.cpus is %NULL */
  guint32 cpu_signature;
  guint profile; /* below VaTeeCpus.profiles */
} VaMeasuredParts;

/** One launch digest that is allowed, and what it was computed from. */
typedef struct {
  guint8 digest[VA_MEASURED_MAX];        /* VaTee.digest_size bytes */
  char firmware[2 * VA_SHA256_SIZE + 1]; /* hex; "" when the owner gave the digest itself */
  guint32 secret_address;                /* 0: not known */
  guint kernel;                          /* index into the kernels, if firmware is not "" and there are any */
  guint32 cpus;                          /* if vCPUs are measured and firmware is not ""; else 0 */
  guint profile;                         /* if cpus */
} VaReference;

/** How vCPUs are measured. A profile is one way in which hosts differ there. */
typedef struct {
  guint profiles, usual_profiles; /* how many there are; the first of them are expected when nobody says which */
  guint max;                      /* vCPUs of one guest */
  const char *(*profile_name) (guint profile);
  gboolean (*parse_profile) (const char *name, guint *profile);
  /* Whether a registration's @choice, which may be %NULL, is or includes @profile. */
  gboolean (*allows_profile) (const char *choice, guint profile);
  /* A CPU model by name or number. Errors: VA_SEV_ERROR_FORMAT */
  gboolean (*parse_model) (const char *text, guint32 *signature, GError **error);
  char *(*describe_model) (guint32 signature); /* (transfer full) */
} VaTeeCpus;

/** What a launch is to be, as far as the beginning of one depends on it. */
typedef struct {
  const VaTeePlatform *platform; /* verified */
  guint64 policy;
  const char *domain_uuid;
  const VaReference *references;
  guint reference_count;
} VaTeeLaunch;

/** What a launch begins with. */
typedef struct {
  VaBlobs *handover; /* for the host, under names that the technology's header has */
  VaSecret *keys;    /* kept sealed with the launch and never shown; %NULL: none */
} VaTeeStart;
void va_tee_start_clear (VaTeeStart *start);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VaTeeStart, va_tee_start_clear)

typedef enum {
  VA_TEE_UNREADABLE, /* not evidence in the technology's form */
  VA_TEE_MISMATCH,   /* it fits no reference */
  VA_TEE_MATCH,
} VaTeeVerdict;

/** Evidence that fits no reference, and all that may be tried to say why. Everything is borrowed. */
typedef struct {
  VaSecret *key;    /* of VaTee.appraisal_key */
  GBytes *evidence; /* one that can be read */
  const VaReference *references;
  guint reference_count;
  const VaKernelHashes *kernels; /* each that is expected; none: without kernel hashes */
  gsize kernel_count;
  const char *const *cmdlines; /* command lines as far as they are known themselves and not only by their hash */
  gsize cmdline_count;
  guint32 cpu_signature;
  /* The firmware: the first @expected_count are those expected, the others are tried when nothing else helps. */
  guint firmware_count, expected_count;
  const char *(*firmware_name) (guint index, gpointer user_data);
  VaTeeImage *(*open_firmware) (guint index, gpointer user_data); /* (transfer full); %NULL: it is left out */
  gpointer user_data;
  gsize budget; /* most bytes that are hashed beside the firmware */
} VaTeeMismatch;

/** The table. A function may be %NULL only where it says so. */
struct _VaTee {
  const char *scheme;        /* its name in registrations: "amd-sev" */
  const char *evidence_type; /* VaEvidence.type */
  VaTeeMoment moment;
  gsize digest_size;       /* of a launch digest, bytes, at most VA_MEASURED_MAX */
  gboolean hash_is_digest; /* of a firmware image that nothing else is measured with: its SHA-256 */
  const VaTeeCpus *cpus;   /* %NULL: vCPUs are not measured */

  /*
   * Platforms.
   *
   * read_platform: what is claimed, not verified. Returns: (transfer full). Errors: VA_SEV_ERROR_FORMAT, _KEY
   * hash_platform: two names to remember a verification by: @all of every byte that it depends on; @part of a part that
   *   many platforms share and that, once it was verified, need not be verified again. Either may be %NULL
   * verify_platform: up to a root, and sets generation. @part_is_known: whether a platform with the same part was
   *   verified before. Errors: VA_SEV_ERROR_SIGNATURE and others: the sentence says which link is missing
   * lacks_root_only: after that has failed: whether all holds but that the last signer is not known
   * check_owner: that a registration may have @certificate as that of who owns the platforms; %NULL: platforms have no
   *   owner of their own. Errors: VA_SEV_ERROR_FORMAT, _KEY
   * has_owner: whether @certificate is of who owns the platform; %NULL likewise. Errors: those of check_owner
   */
  VaTeePlatform *(*read_platform) (const VaBlobs *claim, GError **error);
  void (*hash_platform) (const VaTeePlatform *platform, guint8 all[VA_SHA256_SIZE], guint8 part[VA_SHA256_SIZE]);
  gboolean (*verify_platform) (VaTeePlatform *platform, const VaTeeRoots *roots, gboolean part_is_known,
                               GError **error);
  gboolean (*lacks_root_only) (const VaTeePlatform *platform);
  gboolean (*check_owner) (GBytes *certificate, GError **error);
  gboolean (*has_owner) (const VaTeePlatform *platform, GBytes *certificate, gboolean *same, GError **error);
  void (*free_platform) (VaTeePlatform *platform);

  /* begin: what one launch begins with. @start: (out). Errors: VA_SEV_ERROR_KEY */
  gboolean (*begin) (const VaTeeLaunch *launch, VaTeeStart *start, GError **error);

  /*
   * References.
   *
   * read_image: Returns: (transfer full): %NULL: @data is not a firmware image
   * compute_digest: @digest: (out): digest_size bytes. Errors: VA_SEV_ERROR_FIRMWARE: the image has no room for what is
   *   to be measured
   */
  VaTeeImage *(*read_image) (gconstpointer data, gsize size);
  VaTeeImage *(*copy_image) (const VaTeeImage *image);
  void (*free_image) (VaTeeImage *image);
  gboolean (*compute_digest) (const VaTeeImage *image, const VaMeasuredParts *parts, guint8 *digest, GError **error);

  /*
   * Evidence.
   *
   * read_evidence: Errors: VA_CORE_ERROR_PARSE
   * appraisal_key: the part of a launch's keys that appraise() and explain() need, so that the rest need not be kept
   *   for them. Returns: (transfer full): %NULL: @keys are not a launch's
   * appraise: all references are tried, in constant time. @reference: (out): its index, if it is VA_TEE_MATCH
   * seal: @table for the guest whose evidence has fitted. Once for a launch. Returns: (transfer full): for the host,
   *   under names that the technology's header has; %NULL: @keys or @evidence cannot be used. The function itself is
   *   %NULL where nothing is injected
   * explain: the one change with which the evidence would fit, in a sentence without its full stop, translated; %NULL:
   *   none is found. @ruled_out: what was tried in vain is added to it, as const char *. Returns: (transfer full)
   */
  gboolean (*read_evidence) (GBytes *evidence, VaClaims *claims, GError **error);
  VaSecret *(*appraisal_key) (VaSecret *keys);
  VaTeeVerdict (*appraise) (GBytes *evidence, VaSecret *key, const VaReference *references, guint count,
                            guint *reference);
  VaBlobs *(*seal) (VaSecret *keys, VaSecret *table, GBytes *evidence);
  char *(*explain) (const VaTeeMismatch *mismatch, GPtrArray *ruled_out);
};

/* The technologies, each in a directory of its own. */
extern const VaTee va_tee_sev, va_tee_sev_es;

/** va_tee_find: by a registration's scheme. Returns: (nullable): %NULL: there is no such technology */
const VaTee *va_tee_find (const char *scheme);

G_END_DECLS
