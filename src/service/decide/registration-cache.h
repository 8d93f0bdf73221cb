/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "service/decide/cache.h"
#include "service/decide/registration.h"

G_BEGIN_DECLS

/**
 * VaRegistrationCache: registrations as they were read last, so that launches of one image, one after the other, do
 * not read and parse it each time. Inline secrets stay sealed in it. Each may have been replaced or removed meanwhile:
 * a launch that is granted by one must be created with a permit that says how it was read, which the transaction looks
 * at, and one that is refused by one must ask va_registration_cache_is_current() first. Used from several threads.
 */
typedef VaCache VaRegistrationCache;

/** A registration with its inline secrets, for one launch. */
typedef struct {
  gpointer cached;                    /* what the following borrow from */
  const VaStoredRegistration *stored; /* borrowed */
  VaRegistration registration;        /* its members are borrowed, but for the secrets' array */
  GPtrArray *inline_secrets;          /* of VaSecretRef; those of the secrets that are inline */
  gboolean fresh;                     /* read just now */
  gboolean any_owner;                 /* no owner was named */
} VaOpenRegistration;

/** va_registration_cache_new: @max: how many are held; only those of usual size are. va_cache_free() frees it. */
VaRegistrationCache *va_registration_cache_new (guint max);
/**
 * va_registration_cache_open: the owner's registration @id, held or from the store.
 * @owner: %NULL: whose it is that only one owner has; one that is held may be so no longer, which the transaction and
 *   va_registration_cache_is_current() find out
 * Returns: (transfer full)
 * Errors: those of va_store_find_registration() and va_registration_open()
 */
VaOpenRegistration *va_registration_cache_open (VaRegistrationCache *cache, VaStore *store, const char *owner,
                                                const char *id, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** va_registration_cache_forget: the next one who opens @id in the same way gets it from the store. */
void va_registration_cache_forget (VaRegistrationCache *cache, const char *owner, const char *id);
/**
 * va_registration_cache_is_current: whether the store still has @open as it is; it is forgotten otherwise.
 * Errors: VA_STORE_ERROR: the store did not answer
 */
gboolean va_registration_cache_is_current (VaRegistrationCache *cache, VaStore *store, const VaOpenRegistration *open,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_open_registration_free (VaOpenRegistration *open);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaOpenRegistration, va_open_registration_free)

G_END_DECLS
