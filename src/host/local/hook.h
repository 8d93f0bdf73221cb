/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/agent.h"

G_BEGIN_DECLS

#define VA_HOOK_QUESTION_MAX (1024 * 1024 + 4096)

/** va_hook_answer: VaAnswerFunc for hook.sock; @data is the VaAgent. */
char *va_hook_answer (const char *text, gsize size, const VaAsker *asker, gpointer data);

G_END_DECLS
