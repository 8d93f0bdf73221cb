/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/problem.h"

#include "core/i18n.h"

#define TYPE_PREFIX "urn:virt-attest:error:"
#define DETAIL_MAX 4096

G_DEFINE_QUARK (va-problem-error-quark, va_problem_error)

typedef struct {
  const char *name;
  guint status;
  const char *title;
} Problem;

static const Problem problems[] = {
  [VA_PROBLEM_BAD_REQUEST] = { "bad-request", 400, N_("The message is malformed") },
  [VA_PROBLEM_UNAUTHENTICATED] = { "unauthenticated", 401, N_("No client certificate of the site's CA") },
  [VA_PROBLEM_FORBIDDEN] = { "forbidden", 403, N_("The role may not do this") },
  [VA_PROBLEM_HOST_NOT_ALLOWED] = { "host-not-allowed", 403, N_("The registration names other hosts") },
  [VA_PROBLEM_CHIP_NOT_ALLOWED] = { "chip-not-allowed", 403, N_("The registration names other processors") },
  [VA_PROBLEM_DOMAIN_NOT_ALLOWED] = { "domain-not-allowed", 403, N_("The registration is for another domain") },
  [VA_PROBLEM_SOURCE_NOT_ALLOWED] = { "source-not-allowed", 403, N_("The registration is for other guests") },
  [VA_PROBLEM_CHAIN_INVALID] = { "chain-invalid", 403, N_("A certificate of the platform does not verify") },
  [VA_PROBLEM_ROOT_UNTRUSTED] = { "root-untrusted", 403, N_("The platform's root is not trusted") },
  [VA_PROBLEM_CLOUD_CERT_MISMATCH] = { "cloud-cert-mismatch", 403,
                                       N_("The platform does not belong to the registered cloud") },
  [VA_PROBLEM_OUTSIDE_TIME] = { "outside-time-window", 403, N_("The permit is not valid at this time") },
  [VA_PROBLEM_PERMIT_EXHAUSTED] = { "permit-exhausted", 403, N_("The permit has no launches left") },
  [VA_PROBLEM_RUNNING_LIMIT] = { "running-limit", 403, N_("The maximum number of instances is running") },
  [VA_PROBLEM_POLICY_NOT_ALLOWED] = { "policy-not-allowed", 403, N_("The domain's guest policy is not registered") },
  [VA_PROBLEM_POLICY_CHANGED] = { "policy-changed", 403, N_("The guest policy is not that of the launch") },
  [VA_PROBLEM_API_TOO_OLD] = { "api-too-old", 403, N_("The SEV firmware is older than the registration allows") },
  [VA_PROBLEM_API_CHANGED] = { "api-changed", 403, N_("The SEV firmware is not that of the launch") },
  [VA_PROBLEM_FIRMWARE_CHANGED] = { "firmware-not-allowed", 403, N_("The guest firmware is not registered") },
  [VA_PROBLEM_MEASUREMENT_MISMATCH] = { "measurement-mismatch", 403, N_("The measurement is not the expected one") },
  [VA_PROBLEM_SECRET_AREA_MISSING] = { "secret-area-missing", 403, N_("The guest firmware cannot receive a secret") },
  [VA_PROBLEM_SECRET_TOO_LARGE] = { "secret-too-large", 403, N_("The secrets do not fit the firmware's secret area") },
  [VA_PROBLEM_SECRET_MISSING] = { "secret-missing", 403, N_("A secret that the registration names does not exist") },
  [VA_PROBLEM_ARTIFACT_MISSING] = { "artifact-missing", 409,
                                    N_("A firmware that the registration names was not uploaded") },
  [VA_PROBLEM_NOT_FOUND] = { "not-found", 404, N_("Not found") },
  [VA_PROBLEM_VM_UNKNOWN] = { "vm-unknown", 404, N_("No such registration") },
  [VA_PROBLEM_LAUNCH_UNKNOWN] = { "launch-unknown", 404, N_("No such launch") },
  [VA_PROBLEM_METHOD] = { "method-not-allowed", 405, N_("The path does not support this method") },
  [VA_PROBLEM_IN_USE] = { "in-use", 409, N_("A registration refers to it") },
  [VA_PROBLEM_LAUNCH_USED] = { "launch-used", 409, N_("The launch was already answered") },
  [VA_PROBLEM_LAUNCH_EXPIRED] = { "launch-expired", 409, N_("The launch was not validated in time") },
  [VA_PROBLEM_LAUNCH_REVOKED] = { "launch-revoked", 409, N_("The launch was revoked by its owner") },
  [VA_PROBLEM_OWNER_NEEDED] = { "owner-needed", 409, N_("Several owners have a registration of this id") },
  [VA_PROBLEM_TOO_LARGE] = { "too-large", 413, N_("The message is too large") },
  [VA_PROBLEM_MEDIA_TYPE] = { "unsupported-media-type", 415, N_("The content type is not accepted") },
  [VA_PROBLEM_SECOND_PERSON] = { "second-person", 403, N_("This requires another of the owner's people") },
  [VA_PROBLEM_SECRET_NOT_ALLOWED] = { "secret-not-allowed", 403,
                                      N_("A secret of the guest requires a stricter launch") },
  [VA_PROBLEM_CONFIRMATION_DENIED] = { "confirmation-denied", 403, N_("The owner denied the launch") },
  [VA_PROBLEM_CONFIRMATION_EXPIRED] = { "confirmation-expired", 409, N_("The launch has no valid confirmation") },
  [VA_PROBLEM_CONFIRMATION_LIMIT] = { "confirmation-limit", 403, N_("Too many launches are waiting for confirmation") },
  [VA_PROBLEM_TOO_MANY] = { "too-many-refusals", 429, N_("Too many requests from this peer were refused") },
  [VA_PROBLEM_QUOTA] = { "quota-exceeded", 403, N_("The owner's quota is used up") },
  [VA_PROBLEM_TOO_MANY_LAUNCHES] = { "too-many-launches", 429, N_("Too many launches of this host and registration") },
  [VA_PROBLEM_TOO_MANY_CHANGES] = { "too-many-changes", 429, N_("Too many changes by this peer") },
  [VA_PROBLEM_STORE_FULL] = { "store-full", 507, N_("The service's store is nearly full") },
  [VA_PROBLEM_INTERNAL] = { "internal", 500, N_("Internal error") },
  [VA_PROBLEM_AUDIT_BROKEN] = { "audit-broken", 500, N_("The stored audit log was changed") },
  [VA_PROBLEM_STORE] = { "store-unavailable", 503, N_("The service's store does not answer") },
  [VA_PROBLEM_BUSY] = { "busy", 503, N_("The service is busy") },
  [VA_PROBLEM_NOT_READY] = { "not-ready", 503, N_("The service is not ready") },
  [VA_PROBLEM_KEY_SERVICE] = { "key-service-unavailable", 503, N_("AMD's key service does not answer") },
};

static const Problem *
problem_of (VaProblemCode code)
{
  gsize index = (gsize) code < G_N_ELEMENTS (problems) ? (gsize) code : VA_PROBLEM_INTERNAL;

  return &problems[index];
}

const char *
va_problem_name (VaProblemCode code)
{
  return problem_of (code)->name;
}

guint
va_problem_count (void)
{
  return G_N_ELEMENTS (problems);
}

guint
va_problem_status (VaProblemCode code)
{
  return problem_of (code)->status;
}

const char *
va_problem_title (VaProblemCode code)
{
  return _(problem_of (code)->title);
}

JsonObject *
va_problem_write (const GError *error)
{
  gboolean ours = error != NULL && error->domain == VA_PROBLEM_ERROR;
  VaProblemCode code = ours ? (VaProblemCode) error->code : VA_PROBLEM_INTERNAL;
  /* What went wrong inside is for the log, not for the peer. */
  const char *detail = ours ? error->message : _("internal error; see the service's log");
  g_autofree char *type = g_strconcat (TYPE_PREFIX, va_problem_name (code), NULL);
  g_autofree char *valid = g_utf8_make_valid (detail, -1);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "type", type);
  json_object_set_string_member (object, "title", va_problem_title (code));
  json_object_set_int_member (object, "status", va_problem_status (code));
  json_object_set_string_member (object, "detail", valid);
  json_object_set_string_member (object, "code", va_problem_name (code));
  return object;
}

static const char *
string_member (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

static gboolean
find_code (const char *name, guint status, VaProblemCode *code)
{
  for (guint i = 0; i < G_N_ELEMENTS (problems); i++)
    if (problems[i].status == status && g_strcmp0 (problems[i].name, name) == 0)
      {
        *code = (VaProblemCode) i;
        return TRUE;
      }
  return FALSE;
}

/* The peer's sentence, made fit for one line of a terminal or a log. */
static char *
clean_sentence (const char *text)
{
  g_autoptr(GString) clean = g_string_new (NULL);

  for (const char *p = text; *p != '\0' && clean->len < DETAIL_MAX; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      g_string_append_unichar (clean, g_unichar_isprint (c) ? c : ' ');
    }
  return g_string_free (g_steal_pointer (&clean), FALSE);
}

GError *
va_problem_read (guint status, const char *body, gsize size)
{
  g_autoptr(JsonObject) object = body != NULL ? va_json_parse (body, size, NULL) : NULL;
  const char *name = object != NULL ? string_member (object, "code") : NULL;
  const char *detail = object != NULL ? string_member (object, "detail") : NULL;
  g_autofree char *sentence = NULL;
  VaProblemCode code;

  if (name == NULL || detail == NULL || !find_code (name, status, &code))
    return g_error_new (VA_PROBLEM_ERROR, VA_PROBLEM_INTERNAL,
                        _("status %u came without a known reason: a proxy in front of the service may have answered, "
                          "or a service of a different version"),
                        status);
  sentence = clean_sentence (detail);
  return g_error_new_literal (VA_PROBLEM_ERROR, (int) code, sentence);
}
