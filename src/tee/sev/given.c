/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/given.h"

#include <string.h>
#include "core/error.h"
#include "core/i18n.h"
#include "tee/sev/digest.h"
#include "tee/sev/measurement.h"
#include "tee/sev/session.h"

#define NAMES 6

/* How each is called where it stands among other things, and in a sentence. */
static const struct {
  gsize size;
  const char *names[NAMES]; /* %NULL-terminated */
  const char *expected;
} kinds[] = {
  [VA_GIVEN_MEASUREMENT] = { VA_MEASUREMENT_SIZE,
                             { "sev-measurement", "measurement", "launch-measure", "data", NULL },
                             N_("there must be 48: 32 of measure and 16 of nonce, as “virsh domlaunchsecinfo” prints "
                                "them") },
  [VA_GIVEN_DIGEST] = { VA_SHA256_SIZE,
                        { "launch-digest", "digest", NULL },
                        N_("there must be 32, as “sev digest” prints them") },
  [VA_GIVEN_TIK] = { VA_SEV_KEY_SIZE, { "tikBase64", "tik", "TIK", NULL }, N_("a TIK has 16") },
  [VA_GIVEN_TEK] = { VA_SEV_KEY_SIZE, { "tekBase64", "tek", "TEK", NULL }, N_("a TEK has 16") },
};

gsize
va_given_size (VaGiven what)
{
  return kinds[what].size;
}

static gboolean
is_key (VaGiven what)
{
  return what == VA_GIVEN_TIK || what == VA_GIVEN_TEK;
}

/* The bytes themselves. */
static gboolean
take_given (VaGiven what, const VaPasted *found, gpointer out, gboolean *pair)
{
  gsize size = kinds[what].size;
  gboolean is_pair = is_key (what) && found->size == 2 * size;

  if (found->size != size && !is_pair)
    return FALSE;
  memcpy (out, found->data + (is_pair && what == VA_GIVEN_TIK ? size : 0), size);
  if (pair != NULL)
    *pair = is_pair;
  return TRUE;
}

static gboolean
refuse_given_kind (VaGiven what, const VaPasted *found, GError **error)
{
  g_autofree char *name = va_given_name (found->data, found->size);

  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE, found->is_text ? _("this is %s; %s") : _("%s, where %s"),
               name, _(kinds[what].expected));
  return FALSE;
}

/* Of a line of sha256sum, or of “sev digest --all”, the first word is meant. */
static void
cut_to_word (VaGiven what, VaPasted *found)
{
  if (what != VA_GIVEN_DIGEST || found->size <= 2 * VA_SHA256_SIZE)
    return;
  for (gsize i = 0; i < 2 * VA_SHA256_SIZE; i++)
    if (!g_ascii_isxdigit (found->data[i]))
      return;
  if (g_ascii_isspace (found->data[2 * VA_SHA256_SIZE]))
    found->size = 2 * VA_SHA256_SIZE;
}

/* What is told by its name in something larger; @found stays if there is no such name. */
static gboolean
find_by_name (VaGiven what, VaPasted *found)
{
  VaPasted member;

  for (guint i = 0; kinds[what].names[i] != NULL; i++)
    if (va_pasted_member (found, kinds[what].names[i], &member))
      {
        *found = member;
        return TRUE;
      }
  return FALSE;
}

/* A message about what cannot be decoded may name a character of it: not of a key. */
static gboolean
refuse_given_text (VaGiven what, const VaPasted *found, gboolean by_name, GError *reason, GError **error)
{
  g_autoptr(GError) owned = reason;

  if (by_name || found->size == 0 || g_ascii_isalnum (found->data[0]))
    {
      if (is_key (what))
        g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("this is text, but neither base64 nor hex; %s bytes"),
                     _(kinds[what].expected));
      else
        g_propagate_error (error, g_steal_pointer (&owned));
      return FALSE;
    }
  return refuse_given_kind (what, found, error);
}

gboolean
va_given_read (VaGiven what, guint8 *data, gsize size, gboolean raw, gpointer out, gboolean *pair, GError **error)
{
  VaPasted found = { data, size, FALSE };
  GError *reason = NULL;
  gboolean by_name = FALSE;

  if (raw && size == kinds[what].size)
    return take_given (what, &found, out, pair);
  va_pasted_open (&found, data, size);
  if (!found.is_text)
    return (raw && take_given (what, &found, out, pair)) || refuse_given_kind (what, &found, error);
  if (va_pasted_has_armour (&found))
    {
      if (g_strstr_len ((const char *) found.data, (gssize) found.size, "PRIVATE KEY") != NULL)
        return refuse_given_kind (what, &found, error);
      va_pasted_strip_armour (&found);
    }
  else
    by_name = find_by_name (what, &found);
  cut_to_word (what, &found);
  if (!va_pasted_decode (&found, kinds[what].size, &reason))
    return refuse_given_text (what, &found, by_name, reason, error);
  return take_given (what, &found, out, pair) || refuse_given_kind (what, &found, error);
}
