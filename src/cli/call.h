/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "http/client/client.h"

G_BEGIN_DECLS

/** Exit codes of virt-attest. */
typedef enum {
  VA_EXIT_YES = 0,     /* done */
  VA_EXIT_REFUSED = 1, /* the service, or a rule, said no */
  VA_EXIT_USAGE = 2,   /* the command line does not fit */
  VA_EXIT_BROKEN = 3,  /* the service or a file cannot be reached, or is broken */
} VaExit;

typedef enum {
  VA_VERB_LOCAL = 0,
  VA_VERB_JSON = 1 << 0,    /* takes --json */
  VA_VERB_SERVICE = 1 << 1, /* speaks to the service: --config, --url, --ca, --certificate, --key */
  VA_VERB_HUSHED = 1 << 2,  /* one operand too many may be a secret, and is not repeated */
} VaVerbFlags;

typedef struct _VaCall VaCall;

/** One verb of the program, e.g. "ca init". */
typedef struct {
  const char *name;
  const char *arguments; /* as in its usage line, or %NULL */
  const char *summary;   /* one line, not yet translated */
  const char *details;   /* below the options, not yet translated; or %NULL */
  VaVerbFlags flags;
  VaExit (*run) (VaCall *call);
} VaVerb;

/** One use of a verb. */
struct _VaCall {
  const VaVerb *verb;
  int argc;
  char **argv;     /* argv[0] is the verb's last word; va_call_parse() leaves the operands behind it */
  char **operands; /* into argv; %NULL-terminated */
  guint n_operands;
  gboolean json;
  char *config, *url, *ca, *certificate, *key;
  VaClient *client;
  void (*disconnect) (VaCall *call); /* set together with @client */
};

/**
 * va_call_parse: takes the options of @entries and those that the verb's flags give it; --help ends the program.
 * @min, @max: how many operands there must be
 * Returns: FALSE when the command line does not fit, which has been said then: return VA_EXIT_USAGE
 */
gboolean va_call_parse (VaCall *call, const GOptionEntry *entries, guint min, guint max);
/** An option that a verb cannot do without. */
typedef struct {
  const char *name;    /* %NULL ends a list */
  gconstpointer value; /* %NULL: not given */
} VaNeeded;
/** va_call_has: whether each of @needed is given; says which one is missing: return VA_EXIT_USAGE. */
gboolean va_call_has (const VaCall *call, const VaNeeded *needed);
/** va_call_usage: says what does not fit. Returns: VA_EXIT_USAGE. */
VaExit va_call_usage (const VaCall *call, const char *format, ...) G_GNUC_PRINTF (2, 3);
/** va_call_fail: prints @error and tells the exit code that it means. */
VaExit va_call_fail (const GError *error);
void va_call_clear (VaCall *call);

/** va_call_find_ca: sets call->ca from the configuration unless it was given. */
gboolean va_call_find_ca (VaCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_call_find_host: the service's host, from the url that was given or is configured.
 * @host: (out) (transfer full): %NULL: there is no url
 */
gboolean va_call_find_host (VaCall *call, char **host, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_call_find_owner: whose certificate the configuration names.
 * @owner: (out) (transfer full): %NULL: there is no configuration, or it is not an owner's certificate
 * Errors: VA_CORE_ERROR: the configuration or the certificate cannot be read
 */
gboolean va_call_find_owner (VaCall *call, char **owner, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_call_ask: one request to the service that the configuration names.
 * @json: (nullable): borrowed
 * @reply: (out) (optional) (transfer full)
 * Errors: those of va_client_call(), and of the configuration
 */
gboolean va_call_ask (VaCall *call, const char *method, const char *path, JsonObject *json, JsonObject **reply,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_call_put: a PUT with a raw body; with progress on standard error if that is a terminal and @label is given. */
gboolean va_call_put (VaCall *call, const char *path, gconstpointer data, gsize size, const char *label,
                      JsonObject **reply, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
