/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* The marks by which the gate knows domains that need a verdict: RUN-DIR/domains/UUID. Spec: docs/PROTOCOL.md */
G_BEGIN_DECLS

typedef enum { VA_MARKER_NONE, VA_MARKER_PENDING, VA_MARKER_ATTESTED, VA_MARKER_BROKEN } VaMarkerState;
typedef struct {
  VaMarkerState state;
  pid_t pid;     /* attested: QEMU's process */
  guint64 start; /* and when it began, as va_process_start_time() has it */
} VaMarker;

/** va_marker_read: a marker that cannot be read or understood is VA_MARKER_BROKEN. */
VaMarker va_marker_read (const char *run_dir, const char *uuid);
/** va_marker_write_pending, va_marker_write_attested: replace the marker in one step. Errors: VA_CORE_ERROR */
gboolean va_marker_write_pending (const char *run_dir, const char *uuid, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean va_marker_write_attested (const char *run_dir, const char *uuid, pid_t pid, guint64 start, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_marker_remove: together with the domain's second monitor; what is not there is no error. */
void va_marker_remove (const char *run_dir, const char *uuid);
/** va_marker_list: UUIDs that have a marker. Returns: (transfer full) */
GStrv va_marker_list (const char *run_dir);

G_END_DECLS
