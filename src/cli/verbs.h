/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cli/call.h"

/* One file each. */
VaExit va_verb_artifact_list (VaCall *call);
VaExit va_verb_artifact_show (VaCall *call);
VaExit va_verb_artifact_remove (VaCall *call);
VaExit va_verb_artifact_put (VaCall *call);
VaExit va_verb_audit_export (VaCall *call);
VaExit va_verb_audit_list (VaCall *call);
VaExit va_verb_audit_verify (VaCall *call);
VaExit va_verb_ca_init (VaCall *call);
VaExit va_verb_ca_issue (VaCall *call);
VaExit va_verb_ca_revoke (VaCall *call);
VaExit va_verb_domain_prepare (VaCall *call);
VaExit va_verb_domain_show (VaCall *call);
VaExit va_verb_host_check (VaCall *call);
VaExit va_verb_host_list (VaCall *call);
VaExit va_verb_launch_approve (VaCall *call);
VaExit va_verb_launch_deny (VaCall *call);
VaExit va_verb_launch_list (VaCall *call);
VaExit va_verb_launch_receipt (VaCall *call);
VaExit va_verb_launch_revoke (VaCall *call);
VaExit va_verb_launch_show (VaCall *call);
VaExit va_verb_launch_watch (VaCall *call);
VaExit va_verb_secret_list (VaCall *call);
VaExit va_verb_secret_put (VaCall *call);
VaExit va_verb_secret_remove (VaCall *call);
VaExit va_verb_service_backup (VaCall *call);
VaExit va_verb_service_init (VaCall *call);
VaExit va_verb_service_prune (VaCall *call);
VaExit va_verb_service_rekey (VaCall *call);
VaExit va_verb_service_restore (VaCall *call);
VaExit va_verb_sev_chain (VaCall *call);
VaExit va_verb_sev_digest (VaCall *call);
VaExit va_verb_sev_explain (VaCall *call);
VaExit va_verb_sev_firmware (VaCall *call);
VaExit va_verb_sev_policy (VaCall *call);
VaExit va_verb_sev_secret (VaCall *call);
VaExit va_verb_sev_session (VaCall *call);
VaExit va_verb_sev_verify (VaCall *call);
VaExit va_verb_sev_vmsa_build (VaCall *call);
VaExit va_verb_sev_vmsa_show (VaCall *call);
VaExit va_verb_vm_confirm (VaCall *call);
VaExit va_verb_vm_impact (VaCall *call);
VaExit va_verb_vm_list (VaCall *call);
VaExit va_verb_vm_proposal (VaCall *call);
VaExit va_verb_vm_register (VaCall *call);
VaExit va_verb_vm_remove (VaCall *call);
VaExit va_verb_vm_show (VaCall *call);
VaExit va_verb_vm_withdraw (VaCall *call);
