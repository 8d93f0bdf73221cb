/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/messages.h"

G_BEGIN_DECLS

#define VA_NO_LIMIT_GIVEN G_MININT64

/** The options of “vm register” that say what a registration is, as they were given. */
typedef struct {
  char *file;
  char *name, *policy, *policy_required, *policy_forbidden, *cpu_model, *vmsa_profile, *min_api, *cloud_cert, *not_before, *not_after,
    *confirm_after;
  char **firmware, **kernels, **initrds, **cmdlines, **launch_digests, **cpu_counts, **hosts, **chips, **domains, **secrets;
  gint64 max_launches, max_running; /* VA_NO_LIMIT_GIVEN: without the option */
  int min_build;
  gboolean any_domain, two_persons, allow_debug;
} VaRegistrationOptions;

/** va_registration_options_count: how many entries va_registration_options_entries() fills, the last empty one too. */
#define VA_REGISTRATION_ENTRIES 29
void va_registration_options_entries (VaRegistrationOptions *options, GOptionEntry entries[VA_REGISTRATION_ENTRIES]);
void va_registration_options_clear (VaRegistrationOptions *options);

/**
 * va_registration_from_file: @options->file, “-” for standard input: a registration, or one as the service answers it.
 * Errors: those of va_file_read_text() and va_registration_read(); VA_CORE_ERROR_PARSE: a secret's bytes are missing
 */
VaRegistration *va_registration_from_file (const VaRegistrationOptions *options, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_registration_from_options: everything else.
 * @firmware: of VaFirmwareFile: those of @options->firmware
 */
VaRegistration *va_registration_from_options (const VaRegistrationOptions *options, GPtrArray *firmware,
                                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_registration_options_places: puts into @object where @options let it run: hosts, domains, processors, cloud.
 * Errors: VA_CORE_ERROR: a value that will not do, named by its option; a file that cannot be read
 */
gboolean va_registration_options_places (JsonObject *object, const VaRegistrationOptions *options, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
