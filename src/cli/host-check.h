/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/settings.h"

G_BEGIN_DECLS

/** What a check found: ok with what was seen, or what to do. */
typedef struct {
  gboolean ok;
  char *words;
} VaFinding;
/** Each frees what the finding held before. */
void va_finding_ok (VaFinding *finding, const char *format, ...) G_GNUC_PRINTF (2, 3);
void va_finding_fix (VaFinding *finding, const char *format, ...) G_GNUC_PRINTF (2, 3);

/** What the checks share. */
typedef struct {
  VaConfig *config;       /* hostd.conf; %NULL when it cannot be read */
  const char *config_path;
  gpointer libvirt;       /* virConnectPtr; %NULL when libvirt cannot be reached */
} VaHostCheck;

/** Each fills @finding, which begins as "not ok". */
void va_check_config (VaHostCheck *check, VaFinding *finding);
void va_check_libvirt (VaHostCheck *check, VaFinding *finding);
void va_check_sev (VaHostCheck *check, VaFinding *finding);
void va_check_lock_manager (VaHostCheck *check, VaFinding *finding);
void va_check_gate_file (VaHostCheck *check, VaFinding *finding);
void va_check_gate_loaded (VaHostCheck *check, VaFinding *finding);
void va_check_hook (VaHostCheck *check, VaFinding *finding);
void va_check_apparmor (VaHostCheck *check, VaFinding *finding);
void va_check_unit (VaHostCheck *check, VaFinding *finding);
void va_check_agent (VaHostCheck *check, VaFinding *finding);
void va_check_service (VaHostCheck *check, VaFinding *finding);
void va_check_certificate (VaHostCheck *check, VaFinding *finding);
void va_check_clock (VaHostCheck *check, VaFinding *finding);
void va_host_check_close (VaHostCheck *check);

G_END_DECLS
