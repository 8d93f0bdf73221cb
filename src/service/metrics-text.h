/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * Prometheus's text format, version 0.0.4. Names and label names are literals of ours; label values may be any text.
 * Families must not be mixed: each va_metrics_text_family() is followed by its own samples.
 */
#define VA_METRICS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/** va_metrics_text_family: HELP and TYPE. @type: "counter", "gauge" or "histogram"; @help: one line. */
void va_metrics_text_family (GString *text, const char *name, const char *type, const char *help);
/**
 * va_metrics_text_sample: one line.
 * @...: pairs of a label's name and its value, then %NULL
 */
void va_metrics_text_sample (GString *text, const char *name, double value, ...) G_GNUC_NULL_TERMINATED;
/** va_metrics_text_value: a family of one sample without labels. */
void va_metrics_text_value (GString *text, const char *name, const char *type, const char *help, double value);

G_END_DECLS
