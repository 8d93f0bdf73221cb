/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/limits.h"
#include "codec/message.h"
#include "core/i18n.h"

/* Members that registrations and the rules of their secrets have in common: what a launch must be. */
G_BEGIN_DECLS

#define VA_HASH_LENGTH 64       /* SHA-256 in hex */
#define VA_PLACE_MAX 65         /* a host's name, or "@" and a group's */
#define VA_POLICY_RULE_MAX 0x3f /* bits that rules speak of: 6 to 15 are reserved, the rest is a least API version */

/* Lines of a table. */
#define VA_MEMBER_HOSTS(Struct, field) \
  { \
    "hosts", VA_OPTIONAL, VA_MEMBER_STRINGS (Struct, field), \
      .elements = VA_REFERENCES_MAX, .max = VA_PLACE_MAX, .valid = va_is_host_or_group, \
      .expected = N_("1 to 64 of a-z 0-9 . _ -, “@” before the name of a group") \
  }
#define VA_MEMBER_CHIPS(Struct, field) \
  { \
    "chips", VA_OPTIONAL, VA_MEMBER_STRINGS (Struct, field), .elements = VA_REFERENCES_MAX, .max = VA_HASH_LENGTH, \
                                                             .valid = va_is_sha256, .expected = VA_SHA256_EXPECTED \
  }
#define VA_MEMBER_API_BYTE(name, Struct, field) \
  { \
    (name), VA_REQUIRED, VA_MEMBER_NUMBER (Struct, field), .max = G_MAXUINT8 \
  }
#define VA_MEMBER_POLICY_BITS(name, Struct, field) \
  { \
    (name), VA_OPTIONAL, VA_MEMBER_NUMBER (Struct, field), .max = VA_POLICY_RULE_MAX \
  }

#define VA_SHA256_EXPECTED N_("64 lower-case hexadecimal digits")
/** va_is_sha256: 64 lower-case hexadecimal digits. */
gboolean va_is_sha256 (const char *text);
/** va_is_host_or_group: a host's name, or "@" and the name of a group. */
gboolean va_is_host_or_group (const char *text);
/** va_fields_check_policy_rule: a rule must require or forbid something, and nothing of both. */
void va_fields_check_policy_rule (VaFields *fields, guint64 required, guint64 forbidden);

G_END_DECLS
