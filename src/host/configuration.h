/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Which SEV domains that have not opted in are attested. */
typedef enum {
  VA_ATTEST_NONE,
  VA_ATTEST_REGISTERED, /* those that the service knows; others start unattested */
  VA_ATTEST_REQUIRED,   /* all; those that the service does not know do not start */
} VaAttestUnprepared;

/** By what the registration of such a domain is found. */
typedef enum {
  VA_SELECT_UUID,
  VA_SELECT_NOVA_IMAGE,
  VA_SELECT_NOVA_EXTRA_SPEC,
  VA_SELECT_NOVA_FLAVOR,
  VA_SELECTORS
} VaSelector;
/** va_selector_name: as in the configuration and in messages. */
const char *va_selector_name (VaSelector selector);

/** What /etc/virt-attest/hostd.conf says. */
typedef struct {
  char *url, *ca, *certificate, *key;
  char *libvirt_uri;
  guint deadline_ms; /* for one question of hook or gate, the service's answer included */
  gboolean resume_paused;
  char *state_dir;    /* absolute */
  char *qemu_log_dir; /* absolute: where libvirt keeps what QEMU prints */
  char *cek;          /* file or directory of the CEK that AMD signed, or %NULL */
  VaAttestUnprepared unprepared;
  VaSelector select[VA_SELECTORS]; /* in this order; each at most once */
  guint n_select;
  char *run_dir;  /* absolute: sockets and markers */
  guint grace_ms; /* a granted launch whose QEMU does not come is given up after this */
} VaHostSettings;

/**
 * va_host_settings_load: @run_dir: VA_RUNDIR, or a folder of a test's own
 * Errors: those of va_config_load(); VA_CORE_ERROR_PARSE with file, line and key
 */
VaHostSettings *va_host_settings_load (const char *path, const char *run_dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void va_host_settings_free (VaHostSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VaHostSettings, va_host_settings_free)

G_END_DECLS
