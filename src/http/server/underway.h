/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** The requests of a server that are under way, so that its end can wait for them. From any thread. */
typedef struct {
  GMutex mutex;
  GCond quiet; /* none is under way */
  guint active;
  gboolean stopping; /* answers end their connection */
  gboolean closed;   /* no request is begun any more */
} VaUnderway;

/** va_underway_init: @underway: all zero */
void va_underway_init (VaUnderway *underway);
void va_underway_clear (VaUnderway *underway);
/** va_underway_enter: one more, for which va_underway_leave() follows. Returns: FALSE: none is begun any more */
gboolean va_underway_enter (VaUnderway *underway) G_GNUC_WARN_UNUSED_RESULT;
void va_underway_leave (VaUnderway *underway);
/** va_underway_is_stopping: whether va_underway_stop() has begun. */
gboolean va_underway_is_stopping (VaUnderway *underway);
/** va_underway_is_closed: whether none may begin any more. */
gboolean va_underway_is_closed (VaUnderway *underway);
/** va_underway_stop: waits until none is under way, but for @seconds at the most, and lets none begin after that. */
void va_underway_stop (VaUnderway *underway, guint seconds);

G_END_DECLS
