/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/agent.h"

G_BEGIN_DECLS

#define VA_GATE_QUESTION_MAX 4096

/** va_gate_answer: VaAnswerFunc for gate.sock; @data is the VaAgent. */
char *va_gate_answer (const char *text, gsize size, const VaAsker *asker, gpointer data);

G_END_DECLS
