/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "api/launch-parts.h"
#include "audit/chain.h"
#include "api/launch-grant.h"
#include "api/launch-pending.h"
#include "core/encoding.h"
#include "core/error.h"
#include "core/i18n.h"
#include "kek/seal.h"
#include "service/audit.h"
#include "service/decision-log.h"
#include "service/launch-record.h"
#include "service/log.h"
#include "service/refusal.h"
#include "service/host/launch.h"
#include "service/decide/registration.h"
#include "service/decide/rules.h"
#include "service/service.h"
#include "service/decide/secret-table.h"
#include "service/module.h"
#include "tee/sev/firmware-error.h"

/* POST /v1/vm/{id}/launch: grant one launch, and fix what it will be decided by. */

#define TRIES 8 /* when the owner replaces the registration, or answers, at the same moment */
#define RETRY_SECONDS 2
#define WAITING_MAX 64 /* launches of one registration that wait at once */

/* One launch in the making; members come to be from top to bottom. */
typedef struct {
  VaService *service;
  const char *host, *vm;
  const VaLaunchRequest *request;
  gboolean selected; /* @vm was, from several */
  VaRequest *call;
  gint64 now;
  VaAuditEntry *entry; /* for the audit log */
  VaOpenRegistration *open;
  const VaStoredRegistration *stored;
  const VaRegistration *registration;
  guint64 policy;
  const VaTee *tee;
  VaTeePlatform *platform;
  VaLaunchTerms *terms;
  VaSecret *table; /* %NULL: no secrets */
  VaTeeStart start;
  VaStoredLaunch *launch;
} Granting;

static void
granting_clear (Granting *granting)
{
  va_open_registration_free (granting->open);
  va_launch_terms_free (granting->terms);
  va_secret_free (granting->table);
  va_tee_start_clear (&granting->start);
  va_tee_platform_free (granting->platform);
  va_stored_launch_free (granting->launch);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Granting, granting_clear)

/* Of a registration that cannot be opened, so that they see what happened. */
static void
note_owner (const Granting *granting)
{
  g_autoptr(VaStoredRegistration) stored =
    va_store_find_registration (granting->service->store, granting->request->owner, granting->vm, NULL);

  if (stored != NULL)
    va_audit_entry_set_text (granting->entry, VA_AUDIT_OWNER, stored->owner);
}

static gboolean
find_granting_registration (Granting *granting, GError **error)
{
  VaService *service = granting->service;
  g_autoptr(GError) reason = NULL;

  va_audit_entry_clear (granting->entry, VA_AUDIT_OWNER); /* of an earlier try */
  va_audit_entry_clear (granting->entry, VA_AUDIT_VERSION);
  granting->open = va_registration_cache_open (service->registrations, service->store, granting->request->owner,
                                               granting->vm, &reason);
  if (g_error_matches (reason, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND))
    return va_refuse (error, VA_PROBLEM_VM_UNKNOWN, _("the registration %s does not exist"), granting->vm);
  if (granting->open == NULL)
    {
      if (g_error_matches (reason, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN))
        note_owner (granting);
      return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_VM_UNKNOWN);
    }
  granting->stored = granting->open->stored;
  granting->registration = &granting->open->registration;
  granting->tee = va_registration_tee (granting->registration);
  va_audit_entry_set_text (granting->entry, VA_AUDIT_OWNER, granting->stored->owner);
  va_audit_entry_set_number (granting->entry, VA_AUDIT_VERSION, (gint64) granting->stored->version);
  return TRUE;
}

static gboolean
check_rules (Granting *granting, GError **error)
{
  return va_rule_host (granting->registration, granting->service->groups, granting->host, error)
         && va_rule_domain (granting->registration, granting->vm, granting->request->domain_uuid, error)
         && va_rule_source (granting->registration, granting->request->source, error)
         && va_rule_time (granting->registration, granting->now / 1000, error)
         && va_rule_policy (granting->registration, granting->request, &granting->policy, error);
}

static gboolean
verify_platform (Granting *granting, GError **error)
{
  const VaService *service = granting->service;
  VaRequest *call = granting->call;
  gboolean known, good;

  good = va_chain_cache_verify (service->chains, granting->platform, &service->roots, &known,
                                service->key_service == NULL ? error : NULL);
  va_metrics_count (service->metrics, known ? VA_METRIC_CHAIN_HIT : VA_METRIC_CHAIN_MISS);
  if (good)
    return TRUE;
  /* What is missing may be had from AMD's key service; what comes of that is not remembered here. */
  return service->key_service != NULL
         && va_key_service_verify (service->key_service, granting->platform, granting->request->cpu_id, &service->roots,
                                   call->may_wait, &call->must_wait, error);
}

/* What the platform gave, so that it can be recognised later. */
static void
note_platform (const Granting *granting)
{
  const VaLaunchRequest *request = granting->request;
  g_autofree char *pdh = va_audit_hash (request->pdh, sizeof request->pdh);
  g_autofree char *chain = va_audit_hash (request->cert_chain, sizeof request->cert_chain);
  JsonObject *platform = json_object_new ();

  json_object_set_string_member (platform, "pdh", pdh);
  json_object_set_string_member (platform, "cert-chain", chain);
  if (request->cpu_id != NULL)
    {
      g_autofree char *id =
        va_hex_encode (g_bytes_get_data (request->cpu_id, NULL), g_bytes_get_size (request->cpu_id));

      json_object_set_string_member (platform, "cpu-id", id);
    }
  va_audit_entry_set_object (granting->entry, VA_AUDIT_PLATFORM, platform);
}

static gboolean
check_granting_platform (Granting *granting, GError **error)
{
  g_autoptr(VaBlobs) claim = va_launch_request_claim (granting->request);
  const VaTee *tee = granting->tee;
  g_autoptr(GError) reason = NULL;

  note_platform (granting);

  granting->platform = tee->read_platform (claim, &reason);
  if (granting->platform == NULL)
    return va_refuse (error, VA_PROBLEM_CHAIN_INVALID, _("the platform's certificates: %s"), reason->message);
  if (!verify_platform (granting, &reason) && reason->domain == VA_CORE_ERROR)
    {
      if (granting->call->must_wait)
        return va_refuse (error, VA_PROBLEM_KEY_SERVICE, "%s", reason->message);
      va_log (VA_LOG_WARNING, "%s", reason->message);
      return va_refuse (error, VA_PROBLEM_KEY_SERVICE, _("the platform's certificates: %s"), reason->message);
    }
  if (reason != NULL)
    return va_refuse (error,
                      tee->lacks_root_only (granting->platform) ? VA_PROBLEM_ROOT_UNTRUSTED : VA_PROBLEM_CHAIN_INVALID,
                      _("the platform's certificates: %s"), reason->message);
  return va_rule_chip (granting->registration, granting->platform, error)
         && va_rule_cloud_cert (granting->registration, granting->platform, error)
         && va_rule_minimum_api (granting->registration, granting->platform, error);
}

/* Reference values, minimums and secrets as they are now. */
static gboolean
fix_terms (Granting *granting, GError **error)
{
  const VaRegistration *registration = granting->registration;
  VaLaunchTerms *terms = va_launch_terms_new (granting->tee);
  VaService *service = granting->service;
  const VaLaunchFacts facts = { granting->policy, granting->host, service->groups, granting->platform };
  g_autoptr(GPtrArray) secrets = NULL, omitted = NULL;
  g_autoptr(GArray) areas = NULL;

  granting->terms = terms;
  terms->api_major = granting->platform->api_major;
  terms->api_minor = granting->platform->api_minor;
  terms->min_api_major = registration->min_api_major;
  terms->min_api_minor = registration->min_api_minor;
  terms->min_build = registration->min_build;
  terms->source = va_launch_source_copy (granting->request->source);
  if (!va_rule_secrets (registration, &facts, &secrets, &omitted, error))
    return FALSE;
  if (omitted->len > 0)
    va_audit_entry_set_names (granting->entry, VA_AUDIT_SECRETS_LEFT_OUT, omitted);
  terms->has_secrets = secrets->len > 0;
  return va_references_compute (service->references, service->store, granting->stored->owner, registration, terms,
                                &areas, error)
         && va_secret_table_make (service->store, granting->stored->owner, registration, secrets, areas,
                                  &granting->table, error);
}

static gboolean
begin_granting (Granting *granting, GError **error)
{
  const GArray *references = granting->terms->references;
  const VaTeeLaunch launch = { .platform = granting->platform,
                               .policy = granting->policy,
                               .domain_uuid = granting->request->domain_uuid,
                               .references = (const VaReference *) (gpointer) references->data,
                               .reference_count = references->len };
  g_autoptr(GError) reason = NULL;

  return granting->tee->begin (&launch, &granting->start, &reason)
         || va_refuse (error, VA_PROBLEM_CHAIN_INVALID, _("the platform's key: %s"), reason->message);
}

/* Takes the place of the launch that waited for a confirmation of the same, if there is one. */
static gboolean
take_waiting (Granting *granting, GError **error)
{
  VaStoredLaunch *launch = granting->launch;
  g_autoptr(GError) reason = NULL;
  g_autoptr(VaStoredLaunch) waiting = NULL;

  if (granting->registration->confirms && va_service_sweep (granting->service, &reason))
    waiting = va_store_find_waiting (granting->service->store, launch, &reason);
  if (reason != NULL && !g_error_matches (reason, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  launch->id = waiting != NULL ? g_strdup (waiting->id) : va_uuid_by_time ();
  if (waiting != NULL)
    launch->timeline = g_strdup (waiting->timeline);
  else
    va_stored_launch_step (launch, "requested", granting->now);
  return TRUE;
}

static void
note_grant (const Granting *granting)
{
  VaAuditEntry *entry = granting->entry;
  const char *terms = granting->launch->terms;

  va_audit_entry_set_text (entry, VA_AUDIT_LAUNCH, granting->launch->id);
  va_audit_entry_set_number (entry, VA_AUDIT_POLICY, (gint64) granting->policy);
  va_audit_entry_set_text (entry, VA_AUDIT_GENERATION, granting->platform->generation);
  va_audit_entry_set_hash (entry, VA_AUDIT_TERMS, terms, strlen (terms));
  va_audit_entry_decide (entry, VA_AUDIT_VERDICT_GRANTED);
}

/* Counts and creates; FALSE with CHANGED when the registration is no longer the one that was checked. */
static gboolean
commit_granting (Granting *granting, GError **error)
{
  VaStoredLaunch *launch = g_new0 (VaStoredLaunch, 1);
  const VaRegistration *registration = granting->registration;
  VaPermit permit = { .max_launches = registration->max_launches,
                      .max_running = registration->max_running,
                      .confirms = registration->confirms,
                      .confirm_after = registration->confirm_after,
                      .wait_until = granting->now + granting->service->confirm_ms,
                      .max_waiting = WAITING_MAX,
                      .read = granting->stored,
                      .any_owner = granting->request->owner == NULL };
  g_autofree char *timeline = NULL;

  granting->launch = launch;
  launch->firmware_error = VA_FIRMWARE_ERROR_NONE;
  launch->vm = g_strdup (granting->vm);
  launch->owner = g_strdup (granting->stored->owner);
  launch->host = g_strdup (granting->host);
  launch->domain_uuid = g_strdup (granting->request->domain_uuid);
  launch->domain_name = g_strdup (granting->request->domain_name);
  launch->policy = granting->policy;
  launch->generation = g_strdup (granting->platform->generation);
  launch->version = granting->stored->version;
  launch->created = va_service_now ();
  if (!take_waiting (granting, error))
    return FALSE;
  launch->expires = (launch->created + granting->service->launch_ms + 999) / 1000 * 1000;
  launch->terms = va_launch_terms_write (granting->terms);
  timeline = g_strdup (launch->timeline);
  permit.wait_timeline = timeline;
  va_stored_launch_step (launch, "granted", launch->created);
  note_grant (granting);
  return va_store_create_launch (granting->service->store, launch, granting->start.keys, granting->table, &permit,
                                 granting->entry, error);
}

/* Each grant is a record for good, whatever its permit gives back, so their number is bounded in time. */
static gboolean
check_rate (Granting *granting, GError **error)
{
  g_autofree char *name = g_strdup_printf ("%s %s %s", granting->host, granting->stored->owner, granting->vm);

  return va_rate_limit_take_name (granting->service->launches, name, g_get_monotonic_time ())
         || va_refuse (error, VA_PROBLEM_TOO_MANY_LAUNCHES,
                       _("this host has requested too many launches of this registration within a minute; start the "
                         "guest again later"));
}

static gboolean
try_launch (Granting *granting, GError **error)
{
  return find_granting_registration (granting, error) && check_rules (granting, error)
         && check_granting_platform (granting, error) && check_rate (granting, error) && fix_terms (granting, error)
         && begin_granting (granting, error) && commit_granting (granting, error);
}

static JsonObject *
write_grant (const Granting *granting)
{
  VaLaunchGrant grant = { .launch_id = granting->launch->id,
                          .vm = granting->selected ? granting->launch->vm : NULL,
                          .policy = granting->launch->policy,
                          .expires = granting->launch->expires / 1000 };

  va_launch_grant_set_start (&grant, granting->start.handover);
  return va_launch_grant_write (&grant);
}

/* Grant, or that it waits. */
static void
answer_granting (const Granting *granting, const VaRequest *call, VaResponse *response)
{
  gboolean waits = granting->launch->state == VA_LAUNCH_WAITING;
  VaLaunchPending pending = { .launch_id = granting->launch->id,
                              .vm = granting->selected ? granting->launch->vm : NULL,
                              .retry_after = RETRY_SECONDS };
  const VaDecision decision = { .call = "launch",
                                .launch_id = granting->launch->id,
                                .vm = granting->vm,
                                .host = granting->host,
                                .verdict = waits ? "waiting" : "granted" };

  if (!waits || granting->request->launch_id == NULL)
    va_decision_log_note (granting->service, call, &decision);
  response->status = waits ? 202 : 201;
  response->retry_after = waits ? RETRY_SECONDS : 0;
  response->json = waits ? va_launch_pending_write (&pending) : write_grant (granting);
}

/* Whether the attempt failed for @reason since there is another registration meanwhile, or an answer of its owner. */
static gboolean
is_outdated (const Granting *granting, GError **reason)
{
  VaService *service = granting->service;
  g_autoptr(GError) unanswered = NULL;

  /* Another owner's of the same id, come meanwhile, is as good as a replacement: the next try says what it means. */
  if (g_error_matches (*reason, VA_STORE_ERROR, VA_STORE_ERROR_CHANGED)
      || (granting->open != NULL && g_error_matches (*reason, VA_STORE_ERROR, VA_STORE_ERROR_AMBIGUOUS)))
    {
      va_registration_cache_forget (service->registrations, granting->request->owner, granting->vm);
      return TRUE;
    }
  if (granting->open == NULL
      || va_registration_cache_is_current (service->registrations, service->store, granting->open, &unanswered))
    return FALSE;
  if (unanswered == NULL)
    return TRUE;
  g_clear_error (reason);
  *reason = g_steal_pointer (&unanswered);
  return FALSE;
}

static void
note_domain (VaAuditEntry *entry, const char *vm, const VaLaunchRequest *request)
{
  JsonObject *domain = json_object_new ();

  va_audit_entry_set_text (entry, VA_AUDIT_VM, vm);
  json_object_set_string_member (domain, "uuid", request->domain_uuid);
  json_object_set_string_member (domain, "name", request->domain_name);
  va_audit_entry_set_object (entry, VA_AUDIT_DOMAIN, domain);
  if (request->source != NULL)
    va_audit_entry_set_object (entry, VA_AUDIT_SOURCE, va_launch_source_write (request->source));
}

/* The answer, durable before it is given; or FALSE with the problem. */
static gboolean
try_to_grant (VaService *service, VaRequest *call, const VaWantedLaunch *wanted, VaResponse *response, GError **error)
{
  VaAuditEntry *entry = va_audit_of (call);
  g_autoptr(GError) reason = NULL;

  note_domain (entry, wanted->vm, wanted->request);
  for (guint i = 0; i < TRIES; i++)
    {
      g_auto(Granting) granting = { .service = service,
                                    .host = call->identity->name,
                                    .vm = wanted->vm,
                                    .request = wanted->request,
                                    .selected = wanted->selected,
                                    .call = call,
                                    .now = va_service_now (),
                                    .entry = entry };

      g_clear_error (&reason);
      if (try_launch (&granting, &reason))
        {
          answer_granting (&granting, call, response);
          return TRUE;
        }
      va_audit_entry_clear (entry, VA_AUDIT_LAUNCH);
      if (call->must_wait || !is_outdated (&granting, &reason))
        break;
    }
  return va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_VM_UNKNOWN);
}

gboolean
va_launch_answer (VaService *service, VaRequest *call, const VaWantedLaunch *wanted, VaResponse *response,
                  GError **error)
{
  g_autoptr(GError) reason = NULL;

  if (va_launch_check_asked_again (service, call, wanted->vm, wanted->request, &reason)
      && try_to_grant (service, call, wanted, response, &reason))
    return TRUE;
  va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_VM_UNKNOWN);
  return FALSE;
}

void
va_launch_note_refusal (VaService *service, VaRequest *call, const char *vm, const GError *error)
{
  if (!call->must_wait || call->may_wait)
    va_decision_log_note (service, call,
                          &(VaDecision){ .call = "launch", .vm = vm, .error = error, .host = call->identity->name });
}

static gboolean
handle_launch (VaRequest *request, VaResponse *response, gpointer user_data, GError **error)
{
  const char *vm = request->parts[0];
  g_autoptr(GError) reason = NULL;
  g_autoptr(JsonObject) body = NULL;
  g_autoptr(VaLaunchRequest) launch = NULL;

  if (!va_uuid_is_canonical (vm))
    return va_refuse (error, VA_PROBLEM_VM_UNKNOWN, _("a registration's id is a UUID in lower case"));
  body = va_request_json (request, error);
  if (body == NULL)
    return FALSE;
  launch = va_launch_request_read (body, &reason);
  if (launch == NULL)
    va_refuse_from (error, g_steal_pointer (&reason), VA_PROBLEM_VM_UNKNOWN);
  else if (va_launch_answer (user_data, request, &(VaWantedLaunch){ vm, launch, FALSE }, response, error))
    return TRUE;
  va_launch_note_refusal (user_data, request, vm, *error);
  return FALSE;
}

const VaServiceModule va_module_launch = {
  .routes =
    (const VaRoute[]){
      { "POST", "/v1/vm/{}/launch", VA_BY_HOST, 32 * 1024, handle_launch, "launch" },
      { NULL },
    },
};
