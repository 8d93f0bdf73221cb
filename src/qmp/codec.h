/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "codec/json.h"

/* QEMU's machine protocol as bytes and messages: no I/O here. Spec: QEMU, docs/interop/qmp-spec */
G_BEGIN_DECLS

#define VA_QMP_LINE_MAX (256 * 1024) /* bytes of one line from QEMU, its end included */

typedef enum { VA_QMP_GREETING, VA_QMP_RETURN, VA_QMP_REFUSAL, VA_QMP_EVENT } VaQmpKind;

typedef struct {
  VaQmpKind kind;
  JsonObject *value; /* of a return; never %NULL there */
  gboolean has_id;
  guint64 id;                      /* of a return or refusal that answers a command with one */
  char *error_class, *description; /* of a refusal */
  char *event;                     /* its name */
} VaQmpMessage;

void va_qmp_message_free (VaQmpMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaQmpMessage, va_qmp_message_free)

/**
 * va_qmp_message_parse: one line without its end. Unknown members are ignored, since newer QEMUs
 * add some; the JSON itself is read as strictly as any other.
 * Errors: VA_CORE_ERROR_PARSE, VA_CORE_ERROR_RANGE
 */
VaQmpMessage *va_qmp_message_parse (const char *line, gsize size, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_qmp_command: one line for QEMU, with its end.
 * @arguments: (nullable): borrowed
 * Returns: (transfer full)
 */
char *va_qmp_command (const char *name, JsonObject *arguments, guint64 id);

/** Cuts what comes from the socket into lines. */
typedef struct _VaQmpReader VaQmpReader;
/** va_qmp_reader_new: one for each connection. */
VaQmpReader *va_qmp_reader_new (void);
/** va_qmp_reader_feed: more bytes as they came; take what is whole with va_qmp_reader_next() before the next ones.
 *  Errors: VA_CORE_ERROR_RANGE (a line longer than VA_QMP_LINE_MAX) */
gboolean va_qmp_reader_feed (VaQmpReader *reader, gconstpointer data, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/**
 * va_qmp_reader_next: the next whole message.
 * @message: (out): %NULL when more bytes are needed first
 * Returns: FALSE with @error for a line that is not a message; the stream is useless then
 */
gboolean va_qmp_reader_next (VaQmpReader *reader, VaQmpMessage **message, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_qmp_reader_free (VaQmpReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaQmpReader, va_qmp_reader_free)

G_END_DECLS
