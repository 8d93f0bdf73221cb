/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/** va_vm_print: a registration as the service gives it, for people. */
void va_vm_print (JsonObject *vm);
/** va_vm_print_proposed: what to do next, if @answer is a proposal. Returns: whether it is one. */
gboolean va_vm_print_proposed (JsonObject *answer);
/** va_vm_used: "3 of 10", or "3" where there is no limit. */
char *va_vm_used (JsonObject *vm, const char *count, const char *limit);
