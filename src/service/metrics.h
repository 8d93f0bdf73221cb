/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "http/server/server.h"

G_BEGIN_DECLS

/**
 * VaMetrics: what virt-attestd counts for Prometheus. Counting takes no lock and comes from any thread. Every label has
 * a fixed set of values: nothing that a peer chooses, no id and no name, ever becomes one.
 */
typedef struct _VaMetrics VaMetrics;

typedef enum {
  VA_METRIC_CHAIN_HIT,     /* a platform's chain that was verified before */
  VA_METRIC_CHAIN_MISS,    /* one that had to be verified */
  VA_METRIC_CHECKPOINT,    /* of the audit log, signed */
  VA_METRIC_EXPLAINED,     /* a wrong measurement */
  VA_METRIC_NOT_EXPLAINED, /* one that was too many */
  VA_METRIC_LAST
} VaMetric;

/** va_metrics_new: @routes: for their names; must outlive it. */
VaMetrics *va_metrics_new (const VaRoute *routes);
void va_metrics_free (VaMetrics *metrics);
/** va_metrics_count: one more. @metrics: %NULL does nothing, for tests of single parts. */
void va_metrics_count (VaMetrics *metrics, VaMetric what);
/**
 * va_metrics_decision: one more decision.
 * @call: "launch", "validate" or "outcome"; others have no counter
 * @verdict: what was granted: one of those in metrics.c; %NULL: nothing
 * @code: without @verdict: the VaProblemCode that refused
 */
void va_metrics_decision (VaMetrics *metrics, const char *call, const char *verdict, int code);
/** va_metrics_request: one more answer; for a VaFinished. */
void va_metrics_request (VaMetrics *metrics, const VaFinishedRequest *finished);
/** va_metrics_print: all of the above, and @server's, in Prometheus's text format. */
void va_metrics_print (VaMetrics *metrics, VaServerStatistics *server, GString *text);
/** va_metrics_print_process: the metrics process_*, as far as /proc tells. */
void va_metrics_print_process (GString *text);

G_END_DECLS
