/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cli/sev/launch.h"
#include "tee/sev/measurement.h"

G_BEGIN_DECLS

/** The options of the verbs that hold a measurement against a launch. */
typedef struct {
  VaSevLaunchOptions launch;
  char *measurement, *tik, *api, *build, *digest;
} VaSevMeasuredOptions;

#define VA_SEV_MEASURED_ENTRIES (VA_SEV_LAUNCH_ENTRIES + 5)
/** va_sev_measured_entries: fills the first VA_SEV_MEASURED_ENTRIES of @entries; the caller ends the list. */
void va_sev_measured_entries (VaSevMeasuredOptions *options, GOptionEntry *entries);
void va_sev_measured_options_clear (VaSevMeasuredOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VaSevMeasuredOptions, va_sev_measured_options_clear)

/**
 * va_sev_measured_context: API version, build and policy; checks that nothing that is needed is missing.
 * Returns: VA_EXIT_YES, or VA_EXIT_USAGE when that has been said
 */
VaExit va_sev_measured_context (const VaCall *call, const VaSevMeasuredOptions *options, VaLaunchContext *context);
/** va_sev_measured_read: the digest that --digest gives and nothing else, or as va_sev_launch_read(). */
VaExit va_sev_measured_read (const VaCall *call, const VaSevMeasuredOptions *options, VaSevLaunch *launch);
/** va_sev_measured_find: the digest whose measurement this is, or %NULL. */
const VaSevLaunchDigest *va_sev_measured_find (const VaSevLaunch *launch, VaSecret *tik, const VaLaunchContext *context,
                                               const guint8 measurement[VA_MEASUREMENT_SIZE]);

G_END_DECLS
