/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Who asks, while the question is being answered. */
typedef struct {
  int fd;
  gint64 arrived; /* g_get_monotonic_time() when the connection was accepted */
} VaAsker;

/** va_asker_has_left: the asker no longer waits for the answer. */
gboolean va_asker_has_left (const VaAsker *asker);

/** The answer to one question. Called in threads of the listener's own. Returns: (transfer full) */
typedef char *(*VaAnswerFunc) (const char *text, gsize size, const VaAsker *asker, gpointer data);

/** A local socket of mode 0600 that answers one question a connection; only root (or this very user) may ask. */
typedef struct _VaListener VaListener;

/**
 * va_listener_new: connections are accepted by the default main context; each is answered in one of @threads threads.
 * A socket file that is there already is replaced.
 * @max_question: bytes; a longer question is not answered
 * Errors: VA_CORE_ERROR
 */
VaListener *va_listener_new (const char *path, guint threads, gsize max_question, VaAnswerFunc answer, gpointer data,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_listener_free: takes no more questions, answers those that it has, removes the socket. */
void va_listener_free (VaListener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaListener, va_listener_free)

G_END_DECLS
