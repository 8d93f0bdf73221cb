/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/page.h"
#include "service/service.h"
#include "tee/sev/firmware.h"
#include "tee/sev/packet.h"

#define OWNER VA_ROLE_BIT (VA_ROLE_OWNER)
#define HOST VA_ROLE_BIT (VA_ROLE_HOST)
#define OPERATOR VA_ROLE_BIT (VA_ROLE_OPERATOR)
#define AUDITOR VA_ROLE_BIT (VA_ROLE_AUDITOR)
#define METRICS VA_ROLE_BIT (VA_ROLE_METRICS) /* a scraper: reads nothing else */
#define ANYBODY (OWNER | HOST | OPERATOR | AUDITOR | METRICS)

#define KIB 1024

/* A registration may have 32 inline secrets, which fit into one injection of 16 KiB together. */
static const VaRoute routes[] = {
  { "GET", "/v1/vm", OWNER, 0, va_handle_vm_list, "vm-list", FALSE, VA_PAGE_MEMORY },
  { "POST", "/v1/vm/{}", OWNER, 128 * KIB, va_handle_vm_put, "vm-register" },
  { "GET", "/v1/vm/{}", OWNER, 0, va_handle_vm_get, "vm-show" },
  { "DELETE", "/v1/vm/{}", OWNER, 0, va_handle_vm_remove, "vm-remove" },
  { "GET", "/v1/vm/{}/proposal", OWNER, 0, va_handle_proposal_get, "proposal-show" },
  { "DELETE", "/v1/vm/{}/proposal", OWNER, 0, va_handle_proposal_remove, "proposal-withdraw" },
  { "POST", "/v1/vm/{}/confirm", OWNER, 4 * KIB, va_handle_confirm, "proposal-confirm" },
  { "POST", "/v1/vm/{}/launch", HOST, 32 * KIB, va_handle_launch, "launch" },
  { "POST", "/v1/vm/{}/validate", HOST, 4 * KIB, va_handle_validate, "validate" },
  { "POST", "/v1/launch/{}/outcome", HOST, 32 * KIB, va_handle_outcome, "outcome" },
  { "POST", "/v1/launch/{}/revoke", OWNER, 0, va_handle_launch_revoke, "revoke" },
  { "POST", "/v1/launch/{}/approve", OWNER, 4 * KIB, va_handle_launch_approve, "approve" },
  { "POST", "/v1/launch/{}/deny", OWNER, 0, va_handle_launch_deny, "deny" },
  { "GET", "/v1/launch", OWNER, 0, va_handle_launch_list, "launch-list", FALSE, VA_PAGE_MEMORY },
  { "GET", "/v1/launch/{}", OWNER, 0, va_handle_launch_get, "launch-show" },
  { "GET", "/v1/launch/{}/receipt", OWNER, 0, va_handle_receipt, "receipt", FALSE, VA_PAGE_MEMORY },
  { "GET", "/v1/audit", OWNER | OPERATOR | AUDITOR, 0, va_handle_audit_list, "audit-list", FALSE, VA_PAGE_MEMORY },
  { "POST", "/v1/audit/checkpoint", OWNER | OPERATOR | AUDITOR, 0, va_handle_checkpoint, "checkpoint" },
  { "PUT", "/v1/secret/{}", OWNER, VA_SECRET_TABLE_MAX, va_handle_secret_put, "secret-put" },
  { "GET", "/v1/secret", OWNER, 0, va_handle_secret_list, "secret-list", FALSE, VA_PAGE_MEMORY },
  { "GET", "/v1/secret/{}", OWNER, 0, va_handle_secret_get, "secret-show" },
  { "DELETE", "/v1/secret/{}", OWNER, 0, va_handle_secret_remove, "secret-remove" },
  { "PUT", "/v1/artifact", OWNER, VA_FIRMWARE_MAX, va_handle_artifact_put, "artifact-put", TRUE },
  { "GET", "/v1/artifact", OWNER, 0, va_handle_artifact_list, "artifact-list", FALSE, VA_PAGE_MEMORY },
  { "DELETE", "/v1/artifact/{}", OWNER, 0, va_handle_artifact_remove, "artifact-remove" },
  { "POST", "/v1/host", HOST, 16 * KIB, va_handle_host_put, "host-features" },
  { "GET", "/v1/host", OWNER | OPERATOR, 0, va_handle_host_list, "host-list", FALSE, VA_PAGE_MEMORY },
  { "GET", "/v1/healthz", ANYBODY, 0, va_handle_healthz, "healthz" },
  { "GET", "/v1/readyz", ANYBODY, 0, va_handle_readyz, "readyz" },
  { "GET", "/v1/metrics", OPERATOR | AUDITOR | METRICS, 0, va_handle_metrics, "metrics" },
  { "GET", "/metrics", OPERATOR | AUDITOR | METRICS, 0, va_handle_metrics, "metrics" },
  { NULL },
};

const VaRoute *
va_service_routes (void)
{
  return routes;
}
