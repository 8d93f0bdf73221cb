/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* The local questions of hook and gate, and the answers to them, as text. Spec: docs/PROTOCOL.md section 2 */
G_BEGIN_DECLS

typedef struct {
  gboolean release; /* the domain's resources are given back; else it is about to start */
  pid_t libvirtd;
  const char *xml; /* borrowed from the question; not terminated */
  gsize xml_size;
} VaHookQuestion;
/** va_hook_question_parse: Errors: VA_CORE_ERROR_PARSE */
gboolean va_hook_question_parse (VaHookQuestion *question, const char *text, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
  char uuid[37];
  pid_t pid; /* of the domain's QEMU */
} VaGateQuestion;
/** va_gate_question_parse: Errors: VA_CORE_ERROR_PARSE */
gboolean va_gate_question_parse (VaGateQuestion *question, const char *text, gsize size, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

#define VA_SENTENCE_MAX 1024
/** va_sentence: @text as one line of 1 to VA_SENTENCE_MAX bytes without control characters, fit for an answer. */
char *va_sentence (const char *text);

/**
 * va_answer_pass, va_answer_refuse, va_answer_yes, va_answer_no: answers, each (transfer full); @sentence: why not,
 * without control characters.
 */
char *va_answer_pass (void);
char *va_answer_refuse (const char *sentence);
/** va_answer_grant: @session, @owner_cert: raw bytes */
char *va_answer_grant (const char *launch_id, const guint8 *session, gsize session_size, const guint8 *owner_cert,
                       gsize owner_cert_size);
char *va_answer_yes (void);
char *va_answer_no (const char *sentence);

G_END_DECLS
