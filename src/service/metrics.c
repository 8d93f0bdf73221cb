/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/metrics.h"

#include <string.h>
#include "service/metrics-text.h"

typedef atomic_uint_least64_t Counter;

/* Of answers: their time, the last bucket being for what takes longer than the rest. */
static const struct {
  gint64 us;
  const char *le;
} bounds[] = {
  { 500, "0.0005" },  { 1000, "0.001" },  { 2500, "0.0025" }, { 5000, "0.005" },  { 10000, "0.01" },
  { 25000, "0.025" }, { 50000, "0.05" },  { 100000, "0.1" },  { 250000, "0.25" }, { 500000, "0.5" },
  { 1000000, "1" },   { 2500000, "2.5" }, { 5000000, "5" },   { 10000000, "10" }, { G_MAXINT64, "+Inf" },
};
#define BUCKETS G_N_ELEMENTS (bounds)

/* What may be granted, and by which call. */
static const struct {
  const char *call, *verdict;
} grants[] = {
  { "launch", "granted" },  { "launch", "waiting" }, { "validate", "validated" },
  { "outcome", "running" }, { "outcome", "failed" }, { "outcome", "ended" },
};
static const char *const calls[] = { "launch", "validate", "outcome" };

static const char *const classes[] = { "1xx", "2xx", "3xx", "4xx", "5xx" };

static const char *const reasons[] = { "certificate", "role", "too-many" };
enum { REASON_CERTIFICATE, REASON_ROLE, REASON_TOO_MANY };

typedef struct {
  const char *name;
  guint as;        /* where the first route of that name is */
  gboolean always; /* shown before the first request, too */
  Counter answers[G_N_ELEMENTS (classes)];
  Counter times[BUCKETS], time_us;
} Route;

struct _VaMetrics {
  const VaRoute *table;
  Route *routes;  /* as in the table; then the one for paths that lead nowhere */
  guint n_routes; /* without that one */
  Counter single[VA_METRIC_LAST];
  Counter granted[G_N_ELEMENTS (grants)];
  Counter *refused[G_N_ELEMENTS (calls)]; /* one for each VaProblemCode */
  Counter reasons[G_N_ELEMENTS (reasons)];
};

static void
add_to_counter (Counter *counter, guint64 more)
{
  atomic_fetch_add_explicit (counter, more, memory_order_relaxed);
}

static guint64
get_counter (const Counter *counter)
{
  return atomic_load_explicit (counter, memory_order_relaxed);
}

VaMetrics *
va_metrics_new (const VaRoute *routes)
{
  VaMetrics *metrics = g_new0 (VaMetrics, 1);

  metrics->table = routes;
  while (routes[metrics->n_routes].method != NULL)
    metrics->n_routes++;
  metrics->routes = g_new0 (Route, metrics->n_routes + 1);
  for (guint i = 0; i <= metrics->n_routes; i++)
    {
      Route *route = &metrics->routes[i];

      route->name = i < metrics->n_routes ? routes[i].name : "none";
      while (!g_str_equal (metrics->routes[route->as].name, route->name))
        route->as++;
      route->always = route->as == i && (g_str_equal (route->name, "launch") || g_str_equal (route->name, "validate"));
    }
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    metrics->refused[i] = g_new0 (Counter, va_problem_count ());
  return metrics;
}

void
va_metrics_free (VaMetrics *metrics)
{
  if (metrics == NULL)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    g_free (metrics->refused[i]);
  g_free (metrics->routes);
  g_free (metrics);
}

void
va_metrics_count (VaMetrics *metrics, VaMetric what)
{
  if (metrics != NULL)
    add_to_counter (&metrics->single[what], 1);
}

void
va_metrics_decision (VaMetrics *metrics, const char *call, const char *verdict, int code)
{
  if (metrics == NULL)
    return;
  for (guint i = 0; verdict != NULL && i < G_N_ELEMENTS (grants); i++)
    if (g_str_equal (grants[i].call, call) && g_str_equal (grants[i].verdict, verdict))
      add_to_counter (&metrics->granted[i], 1);
  for (guint i = 0; verdict == NULL && i < G_N_ELEMENTS (calls); i++)
    if (g_str_equal (calls[i], call))
      add_to_counter (&metrics->refused[i][(guint) code < va_problem_count () ? (guint) code : VA_PROBLEM_INTERNAL], 1);
}

static void
count_reason (VaMetrics *metrics, const VaFinishedRequest *finished)
{
  if (finished->code == VA_PROBLEM_TOO_MANY)
    add_to_counter (&metrics->reasons[REASON_TOO_MANY], 1);
  else if (finished->handled < 0 && finished->code == VA_PROBLEM_FORBIDDEN)
    add_to_counter (&metrics->reasons[REASON_ROLE], 1);
  else if (finished->handled < 0 && finished->code == VA_PROBLEM_UNAUTHENTICATED)
    add_to_counter (&metrics->reasons[REASON_CERTIFICATE], 1);
}

void
va_metrics_request (VaMetrics *metrics, const VaFinishedRequest *finished)
{
  gsize index = finished->route != NULL ? (gsize) (finished->route - metrics->table) : metrics->n_routes;
  Route *route = &metrics->routes[metrics->routes[MIN (index, metrics->n_routes)].as];
  guint bucket = 0;

  add_to_counter (&route->answers[CLAMP (finished->status / 100, 1, G_N_ELEMENTS (classes)) - 1], 1);
  count_reason (metrics, finished);
  if (finished->handled < 0)
    return;
  while (finished->handled > bounds[bucket].us)
    bucket++;
  add_to_counter (&route->times[bucket], 1);
  add_to_counter (&route->time_us, (guint64) finished->handled);
}

static void
print_launch_counters (VaMetrics *metrics, GString *text)
{
  const char *name = "virt_attest_launches_total";

  va_metrics_text_family (text, name, "counter", "Decisions about launches: what was granted, or which rule refused.");
  for (guint i = 0; i < G_N_ELEMENTS (grants); i++)
    va_metrics_text_sample (text, name, (double) get_counter (&metrics->granted[i]), "call", grants[i].call, "verdict",
                            grants[i].verdict, "rule", "", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    for (guint code = 0; code < va_problem_count (); code++)
      if (get_counter (&metrics->refused[i][code]) > 0)
        va_metrics_text_sample (text, name, (double) get_counter (&metrics->refused[i][code]), "call", calls[i],
                                "verdict", va_problem_status ((VaProblemCode) code) >= 500 ? "error" : "refused",
                                "rule", va_problem_name ((VaProblemCode) code), NULL);
}

static void
print_answers (VaMetrics *metrics, GString *text)
{
  const char *name = "virt_attest_http_requests_total";

  va_metrics_text_family (text, name, "counter", "Answered requests by route and class of status.");
  for (guint i = 0; i <= metrics->n_routes; i++)
    for (guint c = 0; c < G_N_ELEMENTS (classes); c++)
      if (get_counter (&metrics->routes[i].answers[c]) > 0 || (metrics->routes[i].always && (c == 1 || c >= 3)))
        va_metrics_text_sample (text, name, (double) get_counter (&metrics->routes[i].answers[c]), "route",
                                metrics->routes[i].name, "status", classes[c], NULL);
}

/* The count is the sum of the buckets as they were read, so that a histogram always agrees with itself. */
static void
print_times (VaMetrics *metrics, GString *text)
{
  va_metrics_text_family (text, "virt_attest_http_request_seconds", "histogram",
                          "Time from a whole request to its answer, of requests that were admitted.");
  for (guint i = 0; i < metrics->n_routes; i++)
    {
      const Route *route = &metrics->routes[i];
      guint64 sum = get_counter (&route->time_us), times[BUCKETS], count = 0;

      for (guint b = 0; b < BUCKETS; b++)
        count += times[b] = get_counter (&route->times[b]);
      if (count == 0 && !route->always)
        continue;
      count = 0;
      for (guint b = 0; b < BUCKETS; b++)
        va_metrics_text_sample (text, "virt_attest_http_request_seconds_bucket", (double) (count += times[b]), "route",
                                route->name, "le", bounds[b].le, NULL);
      va_metrics_text_sample (text, "virt_attest_http_request_seconds_sum", (double) sum / G_USEC_PER_SEC, "route",
                              route->name, NULL);
      va_metrics_text_sample (text, "virt_attest_http_request_seconds_count", (double) count, "route", route->name,
                              NULL);
    }
}

static void
print_refusals (VaMetrics *metrics, VaServerStatistics *server, GString *text)
{
  const char *name = "virt_attest_refused_total";

  va_metrics_text_family (text, name, "counter",
                          "Peers that got no further: connections without a good certificate or over their address's "
                          "limit, requests with a certificate that is no longer valid, of another role, too many.");
  va_metrics_text_sample (text, name, (double) get_counter (&server->unverified), "reason", "handshake", NULL);
  va_metrics_text_sample (text, name, (double) get_counter (&server->over_limit), "reason", "limit", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (reasons); i++)
    va_metrics_text_sample (text, name, (double) get_counter (&metrics->reasons[i]), "reason", reasons[i], NULL);
}

static void
print_revocation (VaServerStatistics *server, GString *text)
{
  const char *name = "virt_attest_revocation_bad";

  va_metrics_text_family (text, name, "gauge",
                          "1: the deny list or a revocation list has an invalid entry; see the journal.");
  va_metrics_text_sample (text, name, atomic_load (&server->revocation_is_bad) ? 1 : 0, NULL);
}

static void
print_connections (VaServerStatistics *server, GString *text)
{
  va_metrics_text_family (text, "virt_attest_connections", "gauge", "Open connections.");
  va_metrics_text_sample (text, "virt_attest_connections", atomic_load (&server->connections), NULL);
  va_metrics_text_family (text, "virt_attest_connections_total", "counter", "Accepted connections.");
  va_metrics_text_sample (text, "virt_attest_connections_total", (double) get_counter (&server->accepted), NULL);
}

void
va_metrics_print (VaMetrics *metrics, VaServerStatistics *server, GString *text)
{
  va_metrics_text_family (text, "virt_attest_build_info", "gauge", "The program's version.");
  va_metrics_text_sample (text, "virt_attest_build_info", 1, "version", PACKAGE_VERSION, NULL);
  print_launch_counters (metrics, text);
  print_answers (metrics, text);
  print_times (metrics, text);
  print_refusals (metrics, server, text);
  print_revocation (server, text);
  print_connections (server, text);
  va_metrics_text_family (text, "virt_attest_chain_cache_total", "counter",
                          "Certificate chains of platforms: verified before, or again.");
  va_metrics_text_sample (text, "virt_attest_chain_cache_total",
                          (double) get_counter (&metrics->single[VA_METRIC_CHAIN_HIT]), "result", "hit", NULL);
  va_metrics_text_sample (text, "virt_attest_chain_cache_total",
                          (double) get_counter (&metrics->single[VA_METRIC_CHAIN_MISS]), "result", "miss", NULL);
  va_metrics_text_family (text, "virt_attest_explanations_total", "counter",
                          "Wrong measurements: explained to the owner, or not.");
  va_metrics_text_sample (text, "virt_attest_explanations_total",
                          (double) get_counter (&metrics->single[VA_METRIC_EXPLAINED]), "result", "explained", NULL);
  va_metrics_text_sample (text, "virt_attest_explanations_total",
                          (double) get_counter (&metrics->single[VA_METRIC_NOT_EXPLAINED]), "result", "skipped", NULL);
  va_metrics_text_family (text, "virt_attest_checkpoints_total", "counter", "Signed checkpoints of the audit log.");
  va_metrics_text_sample (text, "virt_attest_checkpoints_total",
                          (double) get_counter (&metrics->single[VA_METRIC_CHECKPOINT]), NULL);
}
