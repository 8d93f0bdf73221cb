/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libvirt/libvirt.h>
#include <glib.h>

G_BEGIN_DECLS

/** The agent's connection to libvirt: made again, with growing pauses, whenever it is lost. */
typedef struct _VaHypervisor VaHypervisor;

typedef struct {
  /** libvirt is there, or va_hypervisor_refresh() was called. In the connection's own thread; may block. */
  void (*up) (virConnectPtr connect, gpointer data);
  /** It is not there. In the same thread. */
  void (*down) (const char *reason, gpointer data);
  /** Something happened to a domain. In libvirt's event thread: must not block and must not call libvirt. */
  void (*event) (const char *domain_uuid, gpointer data);
} VaHypervisorUser;

/** va_hypervisor_new: returns at once. */
VaHypervisor *va_hypervisor_new (const char *uri, const VaHypervisorUser *user, gpointer data);
/** va_hypervisor_get: Returns: (transfer full) (nullable): give it back with virConnectClose() */
virConnectPtr va_hypervisor_get (VaHypervisor *hypervisor);
/** va_hypervisor_refresh: has up() called soon, if libvirt is there. From any thread. */
void va_hypervisor_refresh (VaHypervisor *hypervisor);
/**
 * va_hypervisor_stop: va_hypervisor_get() gives nothing more, and no callback comes after it.
 * @end: g_get_monotonic_time() until which it waits for its threads, which may be in a call to a libvirtd that hangs
 * Returns: FALSE: they still run; va_hypervisor_free() must not be called, and what callbacks use must stay
 */
gboolean va_hypervisor_stop (VaHypervisor *hypervisor, gint64 end) G_GNUC_WARN_UNUSED_RESULT;
/** va_hypervisor_free: after a successful va_hypervisor_stop(), when no thread uses @hypervisor any more. */
void va_hypervisor_free (VaHypervisor *hypervisor);

G_END_DECLS
