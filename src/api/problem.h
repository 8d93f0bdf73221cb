/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/json.h"

G_BEGIN_DECLS

/** A refusal on its way to a peer: RFC 9457 problem details with a stable code. */
typedef enum {
  VA_PROBLEM_BAD_REQUEST,          /* 400 bad-request: the message does not have the demanded form */
  VA_PROBLEM_UNAUTHENTICATED,      /* 401 unauthenticated: no client certificate of the site's CA */
  VA_PROBLEM_FORBIDDEN,            /* 403 forbidden: the role may not do this */
  VA_PROBLEM_HOST_NOT_ALLOWED,     /* 403 host-not-allowed: the registration names other hosts */
  VA_PROBLEM_CHIP_NOT_ALLOWED,     /* 403 chip-not-allowed: the registration names other processors */
  VA_PROBLEM_DOMAIN_NOT_ALLOWED,   /* 403 domain-not-allowed: the registration is for another domain */
  VA_PROBLEM_SOURCE_NOT_ALLOWED,   /* 403 source-not-allowed: the registration is for other guests of OpenStack */
  VA_PROBLEM_CHAIN_INVALID,        /* 403 chain-invalid: a certificate of the platform does not verify */
  VA_PROBLEM_ROOT_UNTRUSTED,       /* 403 root-untrusted: the chain ends in a root that is not trusted */
  VA_PROBLEM_CLOUD_CERT_MISMATCH,  /* 403 cloud-cert-mismatch: the PEK is not signed by the registered OCA */
  VA_PROBLEM_OUTSIDE_TIME,         /* 403 outside-time-window */
  VA_PROBLEM_PERMIT_EXHAUSTED,     /* 403 permit-exhausted: max-launches reached */
  VA_PROBLEM_RUNNING_LIMIT,        /* 403 running-limit: max-running reached */
  VA_PROBLEM_POLICY_NOT_ALLOWED,   /* 403 policy-not-allowed: the domain's policy is not a registered one */
  VA_PROBLEM_POLICY_CHANGED,       /* 403 policy-changed: validate names another policy than the launch */
  VA_PROBLEM_API_TOO_OLD,          /* 403 api-too-old: firmware API or build below the registered minimum */
  VA_PROBLEM_API_CHANGED,          /* 403 api-changed: below what the platform's certificate said at launch */
  VA_PROBLEM_FIRMWARE_CHANGED,     /* 403 firmware-not-allowed: the host measures an unregistered firmware */
  VA_PROBLEM_MEASUREMENT_MISMATCH, /* 403 measurement-mismatch */
  VA_PROBLEM_SECRET_AREA_MISSING,  /* 403 secret-area-missing: the firmware cannot take a secret */
  VA_PROBLEM_SECRET_TOO_LARGE,     /* 403 secret-too-large */
  VA_PROBLEM_SECRET_MISSING,       /* 403 secret-missing: a secret that the registration names is not there */
  VA_PROBLEM_ARTIFACT_MISSING,     /* 409 artifact-missing: a firmware hash whose file was not uploaded */
  VA_PROBLEM_NOT_FOUND,            /* 404 not-found */
  VA_PROBLEM_VM_UNKNOWN,           /* 404 vm-unknown: no such registration, or not yours */
  VA_PROBLEM_LAUNCH_UNKNOWN,       /* 404 launch-unknown: no such launch, or not yours */
  VA_PROBLEM_METHOD,               /* 405 method-not-allowed */
  VA_PROBLEM_IN_USE,               /* 409 in-use: a registration refers to it */
  VA_PROBLEM_LAUNCH_USED,          /* 409 launch-used: the launch was answered already */
  VA_PROBLEM_LAUNCH_EXPIRED,       /* 409 launch-expired */
  VA_PROBLEM_LAUNCH_REVOKED,       /* 409 launch-revoked: the owner took the launch back */
  VA_PROBLEM_TOO_LARGE,            /* 413 too-large */
  VA_PROBLEM_MEDIA_TYPE,           /* 415 unsupported-media-type */
  VA_PROBLEM_INTERNAL,             /* 500 internal */
  VA_PROBLEM_STORE,                /* 503 store-unavailable */
  VA_PROBLEM_BUSY,                 /* 503 busy */
  VA_PROBLEM_SECOND_PERSON,        /* 403 second-person: another of the owner's people must do this */
  VA_PROBLEM_SECRET_NOT_ALLOWED,   /* 403 secret-not-allowed: a secret demands a stricter launch */
  VA_PROBLEM_CONFIRMATION_DENIED,  /* 403 confirmation-denied: the owner said no */
  VA_PROBLEM_CONFIRMATION_EXPIRED, /* 409 confirmation-expired: it was not confirmed in time */
  VA_PROBLEM_CONFIRMATION_LIMIT,   /* 403 confirmation-limit: too many launches wait already */
  VA_PROBLEM_TOO_MANY,             /* 429 too-many-refusals: the peer has been refused too often of late */
  VA_PROBLEM_NOT_READY,            /* 503 not-ready: the service is stopping, or its certificate has expired */
  VA_PROBLEM_OWNER_NEEDED,         /* 409 owner-needed: several owners have this id, and the launch names none */
  VA_PROBLEM_QUOTA,                /* 403 quota-exceeded: the owner has as much as they may */
  VA_PROBLEM_TOO_MANY_LAUNCHES,    /* 429 too-many-launches: of one host under one registration, of late */
  VA_PROBLEM_TOO_MANY_CHANGES,     /* 429 too-many-changes: by one peer, of late */
  VA_PROBLEM_STORE_FULL,           /* 507 store-full: what is left of the disk is for launches */
  VA_PROBLEM_KEY_SERVICE,          /* 503 key-service-unavailable: AMD's key service is needed and does not answer */
  VA_PROBLEM_AUDIT_BROKEN,         /* 500 audit-broken: others have changed the stored audit log */
} VaProblemCode;

#define VA_PROBLEM_ERROR (va_problem_error_quark ())
/** GErrors of this domain carry a VaProblemCode; their message is the sentence for the peer. */
GQuark va_problem_error_quark (void);

/** va_problem_name: the stable code, e.g. "permit-exhausted". va_problem_status: its HTTP status. */
const char *va_problem_name (VaProblemCode code);
guint va_problem_status (VaProblemCode code);
/** va_problem_count: how many codes there are; they are 0 to one less. */
guint va_problem_count (void);
/** va_problem_title: a short, translated name of the rule. */
const char *va_problem_title (VaProblemCode code);
/** va_problem_write: the JSON body {type, title, status, detail, code}. Errors of other domains become "internal". */
JsonObject *va_problem_write (const GError *error);
/**
 * va_problem_read: the other end: a GError of VA_PROBLEM_ERROR from a body, or VA_PROBLEM_INTERNAL when the body is no
 * problem. @status is the HTTP status.
 */
GError *va_problem_read (guint status, const char *body, gsize size);

G_END_DECLS
