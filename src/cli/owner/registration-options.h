/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/registration.h"

G_BEGIN_DECLS

/** The options of “vm register” that say what a registration is, as they were given. */
typedef struct {
  char *file;
  char *name, *policy, *policy_required, *policy_forbidden, *cpu_model, *vmsa_profile, *min_api, *min_build,
    *cloud_cert, *not_before, *not_after, *max_launches, *max_running, *confirm_after, *nova_project, *nova_image,
    *nova_flavor;
  char **firmware, **kernels, **initrds, **cmdlines, **launch_digests, **cpu_counts, **hosts, **chips, **domains,
    **secrets;
  gboolean any_domain, two_persons, allow_debug;
} VaRegistrationOptions;

/** VA_REGISTRATION_ENTRIES: how many entries va_registration_options_entries() fills, the last empty one too. */
#define VA_REGISTRATION_ENTRIES 32
/** va_registration_options_entries: the command line's options that fill @options. */
void va_registration_options_entries (VaRegistrationOptions *options, GOptionEntry entries[VA_REGISTRATION_ENTRIES]);
/**
 * va_registration_options_beside_file: what was given and cannot stand beside --file, which is the whole registration:
 * every entry but --file itself and --firmware.
 * @entries: as va_registration_options_entries() filled them, after the command line was parsed
 * Returns: (nullable): the first such option's name, without "--"
 */
const char *va_registration_options_beside_file (const GOptionEntry *entries);
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
VaRegistration *va_registration_from_options (const VaRegistrationOptions *options, GPtrArray *firmware, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_registration_check_firmware: whether each image has room for what @registration puts into a guest. The service
 * refuses such a launch; here is where it can still be mended.
 * @firmware: of VaFirmwareFile
 * Errors: VA_CORE_ERROR_RANGE: what a file lacks, and what to do
 */
gboolean va_registration_check_firmware (const VaRegistration *registration, GPtrArray *firmware, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_registration_options_places: puts into @object where @options let it run: hosts, domains, processors, cloud.
 * Errors: VA_CORE_ERROR: a value that will not do, named by its option; a file that cannot be read
 */
gboolean va_registration_options_places (JsonObject *object, const VaRegistrationOptions *options, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_registration_options_nova: puts into @object which guests of OpenStack Nova it is for, if @options say so.
 * Errors: VA_CORE_ERROR: a value that will not do, named by its option
 */
gboolean va_registration_options_nova (JsonObject *object, const VaRegistrationOptions *options, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_registration_options_id: the registration's id, made of project and image, or else of project and flavor; one of
 *   these must be given.
 * Returns: (transfer full)
 * Errors: as va_registration_options_nova()
 */
char *va_registration_options_id (const VaRegistrationOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
