/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /dev/sev: what it says about the platform. */
#include "config.h"

#include <errno.h>
#include <linux/ioctl.h>
#include <linux/psp-sev.h>
#include <string.h>
#include "platform/runtime.h"
#include "platform/trace.h"

static int
platform_status (const VaPlatform *platform, struct sev_user_data_status *status)
{
  memset (status, 0, sizeof *status);
  status->api_major = platform->api_major;
  status->api_minor = platform->api_minor;
  status->build = platform->build;
  status->state = 1; /* initialised */
  status->flags = SEV_STATUS_FLAGS_CONFIG_ES;
  return VA_PSP_SUCCESS;
}

static int
pdh_cert_export (const VaPlatform *platform, struct sev_user_data_pdh_cert_export *export)
{
  gboolean room = export->pdh_cert_len >= sizeof platform->pdh && export->cert_chain_len >= sizeof platform->chain;

  export->pdh_cert_len = sizeof platform->pdh;
  export->cert_chain_len = sizeof platform->chain;
  if (!room)
    return VA_PSP_INVALID_LENGTH;
  memcpy ((gpointer) (guintptr) export->pdh_cert_address, platform->pdh, sizeof platform->pdh);
  memcpy ((gpointer) (guintptr) export->cert_chain_address, platform->chain, sizeof platform->chain);
  return VA_PSP_SUCCESS;
}

static int
get_id (const VaPlatform *platform, struct sev_user_data_get_id2 *id)
{
  gboolean room = id->length >= sizeof platform->cpu_id;

  id->length = sizeof platform->cpu_id;
  if (!room)
    return VA_PSP_INVALID_LENGTH;
  memcpy ((gpointer) (guintptr) id->address, platform->cpu_id, sizeof platform->cpu_id);
  return VA_PSP_SUCCESS;
}

static int
run_command (guint32 command, gpointer data, const char **name)
{
  const VaPlatform *platform = va_runtime_platform ();

  switch (command)
    {
    case SEV_PLATFORM_STATUS:
      *name = "PLATFORM_STATUS";
      return platform_status (platform, data);
    case SEV_PDH_CERT_EXPORT:
      *name = "PDH_CERT_EXPORT";
      return pdh_cert_export (platform, data);
    case SEV_GET_ID2:
      *name = "GET_ID2";
      return get_id (platform, data);
    default:
      *name = "UNKNOWN";
      return VA_PSP_UNSUPPORTED;
    }
}

int
va_sev_device_ioctl (guint32 request, gpointer argument)
{
  struct sev_issue_cmd *issue = argument;
  const char *name;
  int result, fault;

  if (request != (guint32) SEV_ISSUE_CMD)
    return -ENOTTY;
  if (issue == NULL || issue->data == 0)
    return -EFAULT;
  result = run_command (issue->cmd, (gpointer) (guintptr) issue->data, &name);
  /* Asking for a length is no command that a fault is meant for. */
  if (result != VA_PSP_INVALID_LENGTH)
    {
      fault = va_fault_next (va_runtime_folder (), name);
      result = fault != 0 ? fault : result;
      va_trace (va_runtime_folder (), name, result);
    }
  issue->error = (guint32) result;
  return result == VA_PSP_SUCCESS ? 0 : -EIO;
}
