/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libvirt/libvirt.h>
#include <glib.h>

G_BEGIN_DECLS

/** The agent's connection to libvirt: made again, with growing pauses, whenever it is lost. */
typedef struct _VaConnection VaConnection;

typedef struct {
  /** libvirt is there, or va_connection_refresh() was called. In the connection's own thread; may block. */
  void (*up) (virConnectPtr connection, gpointer data);
  /** It is not there. In the same thread. */
  void (*down) (const char *reason, gpointer data);
  /** Something happened to a domain. In libvirt's event thread: must not block and must not call libvirt. */
  void (*event) (const char *domain_uuid, gpointer data);
} VaConnectionUser;

/** va_connection_new: returns at once. */
VaConnection *va_connection_new (const char *uri, const VaConnectionUser *user, gpointer data);
/** va_connection_get: Returns: (transfer full) (nullable): give it back with virConnectClose() */
virConnectPtr va_connection_get (VaConnection *connection);
/** va_connection_refresh: has up() called soon, if libvirt is there. From any thread. */
void va_connection_refresh (VaConnection *connection);
/** va_connection_stop: no callback comes after it, and va_connection_get() gives nothing more. */
void va_connection_stop (VaConnection *connection);
/** va_connection_free: after va_connection_stop(), when no thread uses @connection any more. */
void va_connection_free (VaConnection *connection);

G_END_DECLS
