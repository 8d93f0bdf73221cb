/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/explain-private.h"

#include "core/i18n.h"
#include "core/number.h"

/* Mistakes in what a measurement covers besides the digest: keys, policy, version of the SEV firmware. */

#define HMAC_COST 256 /* bytes hashed for one measurement, some overhead included */
#define API_MAJORS_TRIED 2
#define LOW_POLICIES 64 /* every combination of the bits that have a meaning */

/* Whether the measurement is one of the expected digests, made with @key over @context. */
static gboolean
fits_with (VaExplain *explain, VaMeasurementKey *key, const VaLaunchContext *context)
{
  const VaSevMismatch *m = explain->mismatch;

  for (gsize i = 0; i < m->digest_count; i++)
    if (!va_explain_afford (explain, HMAC_COST))
      return FALSE;
    else if (va_measurement_key_matches (key, context, m->digests + i * VA_SHA256_SIZE, m->measurement))
      return TRUE;
  return FALSE;
}

static gboolean
claims_fit (VaExplain *explain, const VaLaunchContext *context)
{
  return fits_with (explain, explain->tik, context);
}

gboolean
va_explain_keys (VaExplain *explain)
{
  const VaSevMismatch *m = explain->mismatch;
  VaMeasurementKey *tek = va_measurement_key_new (m->tek);
  gboolean swapped = fits_with (explain, tek, &m->context);

  va_measurement_key_free (tek);
  return swapped
         && va_explain_found (explain, "%s", _("TIK and TEK are swapped: the measurement was made with the TEK"));
}

static gboolean
policy_fits (VaExplain *explain, guint32 policy)
{
  VaLaunchContext other = explain->mismatch->context;

  other.policy = policy;
  return policy != explain->mismatch->context.policy && claims_fit (explain, &other);
}

/* libvirt reads <policy> as hexadecimal with or without 0x, people and QEMU read it as decimal without. */
static gboolean
try_bases (VaExplain *explain)
{
  guint32 policy = explain->mismatch->context.policy;
  g_autofree char *decimal = g_strdup_printf ("0x%u", policy), *hex = g_strdup_printf ("%x", policy);
  guint64 other;

  if (va_number_parse (decimal, 0, G_MAXUINT32, &other, NULL) && policy_fits (explain, (guint32) other))
    return va_explain_found (explain,
                             _("the guest was started with policy 0x%x, not 0x%x: %u was read as hexadecimal, as "
                               "libvirt reads <policy>"),
                             (guint32) other, policy, policy);
  if (va_number_parse (hex, 0, G_MAXUINT32, &other, NULL) && policy_fits (explain, (guint32) other))
    return va_explain_found (explain, _("the guest was started with policy 0x%x, not 0x%x: %s was read as decimal"),
                             (guint32) other, policy, hex);
  return FALSE;
}

gboolean
va_explain_policies (VaExplain *explain)
{
  guint32 policy = explain->mismatch->context.policy, high = policy & ~(guint32) (LOW_POLICIES - 1);
  guint32 tries[2 * LOW_POLICIES + 32 + 3];
  guint count = 0;

  if (try_bases (explain))
    return TRUE;
  tries[count++] = policy & 0xff;
  tries[count++] = policy & 0xffff;
  tries[count++] = GUINT32_SWAP_LE_BE (policy);
  for (guint i = 0; i < 32; i++)
    tries[count++] = policy ^ 1u << i;
  for (guint i = 0; i < LOW_POLICIES; i++)
    {
      tries[count++] = high | i;
      tries[count++] = i;
    }
  for (guint i = 0; i < count; i++)
    if (policy_fits (explain, tries[i]))
      return va_explain_found (explain, _("the guest was started with policy 0x%x, not 0x%x"), tries[i], policy);
  return FALSE;
}

static gboolean
say_version (VaExplain *explain, const VaLaunchContext *other)
{
  const VaLaunchContext *expected = &explain->mismatch->context;
  gboolean same_api = other->api_major == expected->api_major && other->api_minor == expected->api_minor;

  if (same_api)
    return va_explain_found (explain, _("the host's SEV firmware is build %u, not %u"), other->build_id,
                             expected->build_id);
  if (other->build_id == expected->build_id)
    return va_explain_found (explain, _("the host's SEV API version is %u.%u, not %u.%u"), other->api_major,
                             other->api_minor, expected->api_major, expected->api_minor);
  return va_explain_found (explain, _("the host's SEV firmware is %u.%u build %u, not %u.%u build %u"),
                           other->api_major, other->api_minor, other->build_id, expected->api_major,
                           expected->api_minor, expected->build_id);
}

static gboolean
try_builds (VaExplain *explain, guint8 major, guint8 minor)
{
  VaLaunchContext other = explain->mismatch->context;

  other.api_major = major;
  other.api_minor = minor;
  for (guint build = 0; build < 256; build++)
    {
      other.build_id = (guint8) build;
      if (claims_fit (explain, &other))
        return say_version (explain, &other);
    }
  return FALSE;
}

static gboolean
try_swapped_claims (VaExplain *explain)
{
  VaLaunchContext other = explain->mismatch->context;

  other.api_major = explain->mismatch->context.api_minor;
  other.api_minor = explain->mismatch->context.api_major;
  return claims_fit (explain, &other)
         && va_explain_found (explain, _("major and minor are swapped: the host's SEV API version is %u.%u"),
                              other.api_major, other.api_minor);
}

/* An update of the SEV firmware changes version and build together. */
gboolean
va_explain_versions (VaExplain *explain)
{
  const VaLaunchContext *expected = &explain->mismatch->context;
  VaLaunchContext other = *expected;

  if (try_swapped_claims (explain) || try_builds (explain, expected->api_major, expected->api_minor))
    return TRUE;
  for (guint i = 0; i < API_MAJORS_TRIED * 256; i++)
    {
      other.api_major = (guint8) (i / 256);
      other.api_minor = (guint8) (i % 256);
      if (claims_fit (explain, &other))
        return say_version (explain, &other);
    }
  for (guint i = 0; i < API_MAJORS_TRIED * 256 && !explain->cut; i++)
    if (try_builds (explain, (guint8) (i / 256), (guint8) (i % 256)))
      return TRUE;
  return FALSE;
}
