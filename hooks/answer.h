/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum { VA_ANSWER_REFUSE, VA_ANSWER_PASS, VA_ANSWER_GRANT } VaAnswerKind;

/** What the agent answers to the hook. @session and @owner_cert are base64 text, checked for their exact sizes. */
typedef struct {
  VaAnswerKind kind;
  char *sentence; /* refuse */
  char *session;
  char *owner_cert;
} VaHookAnswer;

/**
 * va_answer_read: anything that is not exactly one of the three answers is a refusal, with a sentence that says so.
 * Spec: docs/PROTOCOL.md §2, Local questions
 */
VaHookAnswer *va_answer_read (const char *text, gsize size);
void va_answer_free (VaHookAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaHookAnswer, va_answer_free)

G_END_DECLS
