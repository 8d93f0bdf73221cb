/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cli/call.h"

G_BEGIN_DECLS

/** All verbs of the program; those of a group stand together. */
typedef struct {
  const VaVerb *verbs;
  guint length;
} VaVerbList;

/** va_verb_list_help: the program's own help, on standard output. */
void va_verb_list_help (const VaVerbList *list);
/**
 * va_verb_list_explain: what is to be said to words that are not a verb: the verbs of a group on standard output when
 * its help is asked for, else which word is wrong and which one was probably meant.
 * @words: %NULL-terminated, without the program's name
 * Returns: VA_EXIT_YES for help, VA_EXIT_USAGE
 */
VaExit va_verb_list_explain (const VaVerbList *list, char *const *words);

G_END_DECLS
