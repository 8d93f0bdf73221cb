/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/decide/rules.h"

#include <inttypes.h>
#include "core/encoding.h"
#include "core/i18n.h"
#include "service/refusal.h"

static gboolean
host_is_named (char *const *hosts, VaHostGroups *groups, const char *host)
{
  for (guint i = 0; hosts[i] != NULL; i++)
    if (hosts[i][0] == '@' ? va_host_groups_have (groups, hosts[i] + 1, host) : g_str_equal (hosts[i], host))
      return TRUE;
  return FALSE;
}

gboolean
va_rule_host (const VaRegistration *registration, VaHostGroups *groups, const char *host, GError **error)
{
  if (registration->hosts == NULL || host_is_named (registration->hosts, groups, host))
    return TRUE;
  return va_refuse (error, VA_PROBLEM_HOST_NOT_ALLOWED, _("the registration does not allow the host “%s”"), host);
}

gboolean
va_rule_domain (const VaRegistration *registration, const char *id, const char *domain_uuid, GError **error)
{
  if (registration->any_domain)
    return TRUE;
  if (registration->domains != NULL ? g_strv_contains ((const char *const *) registration->domains, domain_uuid)
                                    : g_str_equal (id, domain_uuid))
    return TRUE;
  return va_refuse (error, VA_PROBLEM_DOMAIN_NOT_ALLOWED, _("the registration is not for the domain %s"), domain_uuid);
}

/* One part of where a guest comes from; @wanted %NULL: all of them. */
static gboolean
check_source_part (const char *wanted, const char *claimed, const char *what, GError **error)
{
  if (wanted == NULL || g_strcmp0 (wanted, claimed) == 0)
    return TRUE;
  return va_refuse (error, VA_PROBLEM_SOURCE_NOT_ALLOWED,
                    claimed != NULL ? _("the registration is for guests of another %s than “%s”")
                                    : _("the registration is for guests of one %s, and the host names none%s"),
                    what, claimed != NULL ? claimed : "");
}

gboolean
va_rule_source (const VaRegistration *registration, const VaLaunchSource *source, GError **error)
{
  if (!registration->for_nova)
    return TRUE;
  if (source == NULL)
    return va_refuse (error, VA_PROBLEM_SOURCE_NOT_ALLOWED,
                      _("the registration is for guests that OpenStack Nova makes, and the host does not say that this "
                        "is one"));
  return check_source_part (registration->nova_project, source->project, _("project"), error)
         && check_source_part (registration->nova_image, source->image, _("image"), error)
         && check_source_part (registration->nova_flavor, source->flavor, _("flavor"), error);
}

gboolean
va_rule_policy (const VaRegistration *registration, const VaLaunchRequest *request, guint64 *policy, GError **error)
{
  g_autoptr(GError) reason = NULL;
  guint64 required, forbidden;

  if (!va_registration_check_policy (registration, &reason))
    return va_refuse (error, VA_PROBLEM_POLICY_NOT_ALLOWED,
                      _("the registration's policy is no longer accepted, so no guest is launched with it; its owner "
                        "must replace the registration (%s)"),
                      reason->message);
  *policy = request->has_policy ? request->policy : registration->policy;
  if (!request->has_policy && registration->policy_is_rule)
    return va_refuse (error, VA_PROBLEM_POLICY_NOT_ALLOWED,
                      _("the registration allows several policies, and the host did not say which one the domain has"));
  if (va_registration_allows_policy (registration, *policy))
    return TRUE;
  if (!registration->policy_is_rule)
    return va_refuse (error, VA_PROBLEM_POLICY_NOT_ALLOWED,
                      _("the domain's XML has SEV policy 0x%" PRIx64 ", its registration 0x%" PRIx64
                        ": make them equal"),
                      *policy, registration->policy);
  va_registration_policy_bits (registration, &required, &forbidden);
  return va_refuse (error, VA_PROBLEM_POLICY_NOT_ALLOWED,
                    _("the domain's XML has SEV policy 0x%" PRIx64 ", but its registration requires the bits 0x%" PRIx64
                      " and forbids 0x%" PRIx64),
                    *policy, required, forbidden);
}

static char *
format_time (gint64 seconds)
{
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc (seconds);

  return time != NULL ? g_date_time_format (time, "%Y-%m-%d %H:%M:%S UTC") : g_strdup ("?");
}

gboolean
va_rule_time (const VaRegistration *registration, gint64 now, GError **error)
{
  gboolean early = registration->not_before != 0 && now < registration->not_before;
  gboolean late = registration->not_after != 0 && now > registration->not_after;
  g_autofree char *limit = NULL;

  if (!early && !late)
    return TRUE;
  limit = format_time (early ? registration->not_before : registration->not_after);
  return va_refuse (error, VA_PROBLEM_OUTSIDE_TIME,
                    early ? _("the permit is not valid before %s") : _("the permit ended at %s"), limit);
}

gboolean
va_rule_chip (const VaRegistration *registration, const VaTeePlatform *platform, GError **error)
{
  g_autofree char *chip = va_hex_encode (platform->chip, sizeof platform->chip);

  if (registration->chips == NULL || g_strv_contains ((const char *const *) registration->chips, chip))
    return TRUE;
  return va_refuse (error, VA_PROBLEM_CHIP_NOT_ALLOWED, _("the registration does not allow this processor, chip %s"),
                    chip);
}

/* Says what the launch lacks. */
static gboolean
launch_meets (const VaSecretRule *rule, const VaLaunchFacts *facts, GError **error)
{
  const VaRegistration places = { .hosts = rule->hosts,
                                  .chips = rule->chips,
                                  .min_api_major = rule->min_api_major,
                                  .min_api_minor = rule->min_api_minor };

  if ((facts->policy & rule->policy_required) != rule->policy_required || (facts->policy & rule->policy_forbidden) != 0)
    return va_refuse (error, VA_PROBLEM_SECRET_NOT_ALLOWED,
                      _("it requires policy bits 0x%" PRIx64 " set and 0x%" PRIx64
                        " clear, but the guest's policy is 0x%" PRIx64),
                      rule->policy_required, rule->policy_forbidden, facts->policy);
  return va_rule_host (&places, facts->groups, facts->host, error) && va_rule_chip (&places, facts->platform, error)
         && va_rule_minimum_api (&places, facts->platform, error);
}

gboolean
va_rule_secrets (const VaRegistration *registration, const VaLaunchFacts *facts, GPtrArray **secrets,
                 GPtrArray **omitted, GError **error)
{
  g_autoptr(GPtrArray) with = g_ptr_array_new (), without = g_ptr_array_new ();

  for (guint i = 0; i < registration->secrets->len; i++)
    {
      VaSecretRef *ref = registration->secrets->pdata[i];
      g_autoptr(GError) reason = NULL;

      if (ref->rule == NULL || launch_meets (ref->rule, facts, &reason))
        g_ptr_array_add (with, ref);
      else if (ref->rule->omit)
        g_ptr_array_add (without, ref->name);
      else
        return va_refuse (error, VA_PROBLEM_SECRET_NOT_ALLOWED, _("the secret “%s” requires a stricter launch: %s"),
                          ref->name, reason->message);
    }
  *secrets = g_steal_pointer (&with);
  *omitted = g_steal_pointer (&without);
  return TRUE;
}

gboolean
va_rule_cloud_cert (const VaRegistration *registration, const VaTeePlatform *platform, GError **error)
{
  g_autoptr(GError) reason = NULL;
  gboolean same = FALSE;

  if (registration->cloud_cert == NULL)
    return TRUE;
  if (platform->tee->has_owner != NULL
      && !platform->tee->has_owner (platform, registration->cloud_cert, &same, &reason))
    return va_refuse (error, VA_PROBLEM_CLOUD_CERT_MISMATCH, _("the registered cloud certificate: %s"),
                      reason->message);
  if (same)
    return TRUE;
  return va_refuse (error, VA_PROBLEM_CLOUD_CERT_MISMATCH,
                    _("the platform's owner certificate (OCA) is not the registered one"));
}

static gboolean
api_is_below (guint major, guint minor, guint min_major, guint min_minor)
{
  return major < min_major || (major == min_major && minor < min_minor);
}

static gboolean
refuse_old_api (guint major, guint minor, guint min_major, guint min_minor, GError **error)
{
  return va_refuse (error, VA_PROBLEM_API_TOO_OLD,
                    _("the platform's SEV API is %u.%u, but the registration requires %u.%u"), major, minor, min_major,
                    min_minor);
}

gboolean
va_rule_minimum_api (const VaRegistration *registration, const VaTeePlatform *platform, GError **error)
{
  if (!api_is_below (platform->api_major, platform->api_minor, registration->min_api_major,
                     registration->min_api_minor))
    return TRUE;
  return refuse_old_api (platform->api_major, platform->api_minor, registration->min_api_major,
                         registration->min_api_minor, error);
}

static gboolean
check_version (const VaLaunchTerms *terms, const VaClaims *claims, GError **error)
{
  if (claims->api_major != terms->api_major || claims->api_minor < terms->api_minor)
    return va_refuse (error, VA_PROBLEM_API_CHANGED,
                      _("the host reports SEV API %u.%u, but its platform's certificate said %u.%u when the launch "
                        "began"),
                      claims->api_major, claims->api_minor, terms->api_major, terms->api_minor);
  if (api_is_below (claims->api_major, claims->api_minor, terms->min_api_major, terms->min_api_minor))
    return refuse_old_api (claims->api_major, claims->api_minor, terms->min_api_major, terms->min_api_minor, error);
  if (claims->build_id < terms->min_build)
    return va_refuse (error, VA_PROBLEM_API_TOO_OLD,
                      _("the platform's SEV build is %u, but the registration requires %u"), claims->build_id,
                      terms->min_build);
  return TRUE;
}

/* A claim only: it helps to refuse with a better sentence, the measurement decides. */
static gboolean
check_measured_firmware (const VaLaunchTerms *terms, const guint8 *firmware, char **detail, GError **error)
{
  g_autofree char *claimed = firmware != NULL ? va_hex_encode (firmware, VA_SHA256_SIZE) : NULL;
  g_autoptr(GString) allowed = g_string_new (NULL);

  if (claimed == NULL)
    return TRUE;
  for (guint i = 0; i < terms->references->len; i++)
    {
      const VaReference *reference = &g_array_index (terms->references, VaReference, i);

      if (reference->firmware[0] == '\0' || g_str_equal (reference->firmware, claimed))
        return TRUE;
      g_string_append_printf (allowed, "%s%s", i > 0 ? ", " : "", reference->firmware);
    }
  *detail = g_strdup_printf (_("The host reports that it starts the firmware %s. The registration allows: %s."),
                             claimed, allowed->str);
  return va_refuse (error, VA_PROBLEM_FIRMWARE_CHANGED, _("the host's firmware is not a registered one"));
}

gboolean
va_rule_claims (const VaLaunchTerms *terms, guint64 policy, const VaClaims *claims,
                const guint8 firmware[VA_SHA256_SIZE], char **detail, GError **error)
{
  g_autoptr(GError) reason = NULL;

  *detail = NULL;
  if (claims->policy != policy)
    {
      *detail = g_strdup_printf (_("The launch was granted for policy 0x%" PRIx64 ", but the host reports policy "
                                   "0x%" PRIx64 "."),
                                 policy, claims->policy);
      return va_refuse (error, VA_PROBLEM_POLICY_CHANGED, _("the guest's policy differs from the launch's"));
    }
  if (!check_version (terms, claims, &reason))
    {
      *detail = g_strdup_printf ("%s.", reason->message);
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  return check_measured_firmware (terms, firmware, detail, error);
}

const VaReference *
va_rule_evidence (const VaLaunchTerms *terms, const VaEvidence *evidence, VaSecret *key, GError **error)
{
  const VaReference *references = (const VaReference *) (gpointer) terms->references->data;
  VaTeeVerdict verdict = VA_TEE_UNREADABLE;
  guint found = 0;

  if (g_str_equal (evidence->type, terms->tee->evidence_type))
    verdict = terms->tee->appraise (evidence->bytes, key, references, terms->references->len, &found);
  if (verdict == VA_TEE_MATCH)
    return &references[found];
  if (verdict == VA_TEE_MISMATCH)
    va_refuse (error, VA_PROBLEM_MEASUREMENT_MISMATCH,
               _("the guest's measurement is not one that the registration allows"));
  else
    va_refuse (error, VA_PROBLEM_BAD_REQUEST, _("the evidence is of the wrong type for this launch"));
  return NULL;
}
