/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/stat.h>

/**
 * va_next_program: the program that would be found in the place of this one.
 * @path: directories with colons between them, as in PATH; only absolute ones count
 * @name: the program's name, without a directory
 * @self: this program; only what comes after it in @path counts, and nothing that comes before it as well: so a chain
 *   of such programs ends, however often each is named
 * Returns: its path, to be freed; NULL: there is none
 */
char *va_next_program (const char *path, const char *name, const struct stat *self);
