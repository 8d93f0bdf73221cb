/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/outcome.h"
#include "tee/evidence.h"

/* What the agent must not forget about a launch: STATE-DIR/launches/LAUNCH-ID.json. No secrets, no packets. */
G_BEGIN_DECLS

typedef enum {
  VA_HOST_LAUNCH_PENDING,  /* granted; the gate must ask */
  VA_HOST_LAUNCH_ATTESTED, /* QEMU has its secrets and may run */
  VA_HOST_LAUNCH_FAILED,   /* refused for good */
} VaHostLaunchState;

#define VA_LAUNCH_STEPS_MAX 16

typedef struct {
  char *launch_id, *registration, *domain_uuid, *domain_name;
  guint64 policy;
  guint32 vcpus;
  char *firmware_hash;                 /* hex; %NULL: the file could not be read */
  guint32 secret_address, secret_size; /* from the firmware's footer; 0: not known */
  char *boot_id;                       /* of the kernel under which all this happened */
  gint64 asked;                        /* g_get_monotonic_time() of the hook's question */
  VaHostLaunchState state;
  gboolean gone;            /* the domain no longer exists; only the service is still to be told */
  pid_t pid;                /* QEMU's; 0: not known */
  guint64 start;            /* of that process */
  gboolean has_measurement; /* QEMU was asked for it */
  guint8 measurement[VA_MEASURED_MAX];
  char *reason;     /* of the latest refusal or trouble; may be %NULL */
  GPtrArray *steps; /* of VaStep */
  GPtrArray *owed;  /* of VaOutcome: what the service has not heard yet, in order */
} VaLaunchRecord;

/** va_launch_record_new: an empty one. */
VaLaunchRecord *va_launch_record_new (void);
void va_launch_record_free (VaLaunchRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaLaunchRecord, va_launch_record_free)

/** va_launch_record_parse: Errors: VA_CORE_ERROR */
VaLaunchRecord *va_launch_record_parse (const char *text, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_launch_record_print: what va_launch_record_parse() reads. Returns: (transfer full). */
char *va_launch_record_print (const VaLaunchRecord *record);

/** va_launch_record_save: durable when it returns. Errors: VA_CORE_ERROR */
gboolean va_launch_record_save (const VaLaunchRecord *record, const char *state_dir, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_launch_record_remove: deletes its file, if there is one. */
void va_launch_record_remove (const char *launch_id, const char *state_dir);
/**
 * va_launch_records_load: all of them. One that cannot be understood is named in the log, set aside as
 * LAUNCH-ID.json.broken, and does not stop the others.
 * Returns: (transfer full): of VaLaunchRecord
 */
GPtrArray *va_launch_records_load (const char *state_dir);

/** va_boot_id: the kernel's /proc/sys/kernel/random/boot_id. Returns: (transfer full) */
char *va_boot_id (void);

G_END_DECLS
