/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/secret.h"

G_BEGIN_DECLS

/*
 * A TIK and a TEK are for one packet. The toolbox keeps nothing between its runs, so it leaves an empty file
 * used-tek-SHA256 or used-tik-SHA256 beside the file that a key came from, and in the directory that the packet goes
 * to. A copy of a key in another directory is not recognised.
 */

/** A key that a packet is to be made with. */
typedef struct {
  const char *name;  /* for messages: "TEK" */
  const char *label; /* in the file's name: "tek" */
  const char *path;  /* what the key was read from; what is not a regular file has nothing beside it */
  VaSecret *key;
} VaUsedKey;

/**
 * va_keys_unused: whether none of @keys has made a packet, as far as files beside it and in @out say.
 * Errors: VA_CORE_ERROR_EXISTS: one has
 */
gboolean va_keys_unused (const VaUsedKey *keys, guint n_keys, const char *out, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

/**
 * va_keys_use: notes on disk that @keys are used. Only one of several processes that do this at the same time succeeds.
 * @out: an existing directory
 * Errors: VA_CORE_ERROR_EXISTS: one is used already; _PERMISSION, _FAILED: it cannot be noted. The keys must not be
 * used then
 */
gboolean va_keys_use (const VaUsedKey *keys, guint n_keys, const char *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
