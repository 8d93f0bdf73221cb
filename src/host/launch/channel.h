/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libvirt/libvirt.h>
#include <sys/types.h>
#include "tee/blobs.h"
#include "tee/evidence.h"
#include "tee/sev/measurement.h"

/* A way to a paused QEMU in its launch: its second monitor, or libvirt's API. Both block; neither is shared by
   threads. What goes through them is bytes: the form of evidence and packets is between QEMU and the service. */
G_BEGIN_DECLS

typedef struct _VaChannel VaChannel;
struct _VaChannel {
  const char *name; /* for the log */
  pid_t pid;        /* the QEMU process that this is about */
  guint64 start;    /* when it began */
  gboolean (*collect) (VaChannel *channel, VaEvidence *evidence, GError **error);
  gboolean (*inject) (VaChannel *channel, const VaBlobs *packet, guint32 address, GError **error);
  gboolean (*check) (VaChannel *channel, GError **error);
  gboolean (*hold) (VaChannel *channel, GError **error);
  void (*free) (VaChannel *channel);
};

/**
 * va_channel_collect: the evidence, if QEMU is where a launch must be: prelaunch, state launch-secret. It is what the
 * host says; the service compares it with what it fixed itself.
 * @evidence: (out): to be cleared, if it is TRUE
 * Errors: VA_QMP_ERROR, VA_CORE_ERROR, with a sentence that says what QEMU or libvirt answered
 */
gboolean va_channel_collect (VaChannel *channel, VaEvidence *evidence, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_channel_inject: the packet at guest-physical @address, which is not 0.
 * @packet: with the parts that the technology's seam names
 */
gboolean va_channel_inject (VaChannel *channel, const VaBlobs *packet, guint32 address, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_channel_check: whether QEMU is still where a launch must be: its guest has not run. */
gboolean va_channel_check (VaChannel *channel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_channel_hold: sees to it that a reset ends QEMU. Without that, QEMU 11.1 launches a guest whose processors cannot
 * be reset once more, by itself, and asks nobody.
 */
gboolean va_channel_hold (VaChannel *channel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_channel_free (VaChannel *channel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaChannel, va_channel_free)

/**
 * va_channel_qmp_new: over the second monitor of domain @uuid.
 * @pid, @start: the process that must be at its other end; anything else is refused before a word is said
 * @end: g_get_monotonic_time() at which everything gives up
 */
VaChannel *va_channel_qmp_new (const char *run_dir, const char *uuid, pid_t pid, guint64 start, gint64 end);
/**
 * va_channel_libvirt_new: through libvirt's API about @domain (a reference is taken); QEMU's state is asked for over
 * the second monitor.
 */
VaChannel *va_channel_libvirt_new (virDomainPtr domain, const char *run_dir, pid_t pid, guint64 start, gint64 end);

/**
 * va_channel_libvirt_measurement: what the QEMU of @domain has measured last, by libvirt's API; there is no need of a
 * launch that is under way.
 */
gboolean va_channel_libvirt_measurement (virDomainPtr domain, guint8 measurement[VA_MEASUREMENT_SIZE], GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
