/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "api/launch-request.h"

/*
 * What libvirt said about this host's SEV platform. Asked when the agent starts and when libvirt comes back, and kept
 * in STATE-DIR/platform.json too: domains with autostart are started before libvirt answers.
 */
G_BEGIN_DECLS

typedef struct {
  guint8 pdh[VA_SEV_CERT_SIZE];
  guint8 cert_chain[VA_CERT_CHAIN_SIZE];
  guint8 cpu_id[128];
  gsize cpu_id_size;                                             /* 0: none */
  guint64 cbitpos, reduced_phys_bits, max_guests, max_es_guests; /* 0: not said */
} VaPlatformInfo;

typedef struct _VaPlatform VaPlatform;

/** va_platform_new: begins with what the file in @state_dir says, if there is one that can be read. */
VaPlatform *va_platform_new (const char *state_dir);
/**
 * va_platform_set_cek: where the CEK that AMD signed may be, as va_cek_put() takes it; %NULL: nowhere. Before any get.
 */
void va_platform_set_cek (VaPlatform *platform, const char *path);
/**
 * va_platform_get: waits until @end (g_get_monotonic_time()) for the first word of libvirt if nothing is known yet.
 * Errors: VA_CORE_ERROR_NOT_FOUND, saying why the platform is not known
 */
gboolean va_platform_get (VaPlatform *platform, gint64 end, VaPlatformInfo *info, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;
/** va_platform_set: what libvirt said: kept in the state directory when it differs from before. */
void va_platform_set (VaPlatform *platform, const VaPlatformInfo *info);
/** va_platform_set_trouble: libvirt gave no answer because of @reason; what is known stays. */
void va_platform_set_trouble (VaPlatform *platform, const char *reason);
/** va_platform_set_absent: libvirt said for sure that there is no SEV here. */
void va_platform_set_absent (VaPlatform *platform, const char *reason);
void va_platform_free (VaPlatform *platform);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaPlatform, va_platform_free)

G_END_DECLS
