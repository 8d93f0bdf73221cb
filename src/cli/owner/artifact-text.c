/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/owner/artifact-text.h"

#include <inttypes.h>
#include <string.h>
#include "core/i18n.h"

#define HASH_DIGITS 64

char *
va_artifact_path (const VaCall *call, const char *hash)
{
  if (strlen (hash) == HASH_DIGITS && strspn (hash, "0123456789abcdef") == HASH_DIGITS)
    return g_strconcat ("/v1/artifact/", hash, NULL);
  va_call_usage (call, _("“%s” is not the hash of an image: expected %d digits of 0-9 a-f, as “artifact list” shows"),
                 hash, HASH_DIGITS);
  return NULL;
}

static char *
describe_area (JsonObject *artifact, const char *base, const char *size)
{
  if (va_answer_number (artifact, base) == 0)
    return g_strdup (_("none"));
  return g_strdup_printf (_("%d bytes at 0x%x"), (int) va_answer_number (artifact, size),
                          (guint) va_answer_number (artifact, base));
}

void
va_artifact_add_fields (VaTable *table, JsonObject *artifact)
{
  va_table_field (table, _("hash"), g_strdup (va_answer_text (artifact, "hash")));
  va_table_field (table, _("size"), g_strdup_printf ("%" PRId64, va_answer_number (artifact, "size")));
  va_table_field (table, _("space for secrets"), describe_area (artifact, "secret-base", "secret-size"));
  va_table_field (table, _("space for kernel hashes"), describe_area (artifact, "hashes-base", "hashes-size"));
}
