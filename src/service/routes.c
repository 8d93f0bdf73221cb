/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/service.h"
#include "sev/firmware.h"
#include "sev/packet.h"

#define OWNER VA_ROLE_BIT (VA_ROLE_OWNER)
#define HOST VA_ROLE_BIT (VA_ROLE_HOST)
#define OPERATOR VA_ROLE_BIT (VA_ROLE_OPERATOR)
#define ANYBODY (OWNER | HOST | OPERATOR | VA_ROLE_BIT (VA_ROLE_AUDITOR))

#define KIB 1024

/* A registration may have 32 inline secrets, which fit into one injection of 16 KiB together. */
static const VaRoute routes[] = {
  { "GET", "/v1/vm", OWNER, 0, va_handle_vm_list },
  { "POST", "/v1/vm/{}", OWNER, 128 * KIB, va_handle_vm_put },
  { "GET", "/v1/vm/{}", OWNER, 0, va_handle_vm_get },
  { "DELETE", "/v1/vm/{}", OWNER, 0, va_handle_vm_remove },
  { "POST", "/v1/vm/{}/launch", HOST, 32 * KIB, va_handle_launch },
  { "POST", "/v1/vm/{}/validate", HOST, 4 * KIB, va_handle_validate },
  { "POST", "/v1/launch/{}/outcome", HOST, 32 * KIB, va_handle_outcome },
  { "POST", "/v1/launch/{}/revoke", OWNER, 0, va_handle_launch_revoke },
  { "GET", "/v1/launch", OWNER, 0, va_handle_launch_list },
  { "GET", "/v1/launch/{}", OWNER, 0, va_handle_launch_get },
  { "PUT", "/v1/secret/{}", OWNER, VA_SECRET_TABLE_MAX, va_handle_secret_put },
  { "GET", "/v1/secret", OWNER, 0, va_handle_secret_list },
  { "GET", "/v1/secret/{}", OWNER, 0, va_handle_secret_get },
  { "DELETE", "/v1/secret/{}", OWNER, 0, va_handle_secret_remove },
  { "PUT", "/v1/artifact", OWNER, VA_FIRMWARE_MAX, va_handle_artifact_put },
  { "GET", "/v1/artifact", OWNER, 0, va_handle_artifact_list },
  { "POST", "/v1/host", HOST, 16 * KIB, va_handle_host_put },
  { "GET", "/v1/host", OWNER | OPERATOR, 0, va_handle_host_list },
  { "GET", "/v1/healthz", ANYBODY, 0, va_handle_healthz },
  { "GET", "/v1/readyz", ANYBODY, 0, va_handle_readyz },
  { NULL },
};

const VaRoute *
va_service_routes (void)
{
  return routes;
}
