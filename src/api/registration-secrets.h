/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/message.h"
#include "core/secret.h"
#include "tee/sev/packet.h"

/* The "secrets" of a registration. */
G_BEGIN_DECLS

#define VA_SECRETS_MAX 32 /* secrets of one registration */

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

/* The member "secrets" of a registration, whose struct must begin with VaRegistration. */
extern const VaCustomMember va_registration_secrets;
/* The same in what the service gives back: inline secrets without their data. */
extern const VaCustomMember va_registration_secret_sizes;

G_END_DECLS
