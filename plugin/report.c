/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "report.h"

#include <dlfcn.h>
#include <stdio.h>
#include <syslog.h>

/* virErrorDomain and virErrorNumber of <libvirt/virterror.h>: part of libvirt's stable interface. */
#define VIR_FROM_QEMU 10
#define VIR_ERR_OPERATION_DENIED 29

typedef void (*VirReport) (int domain, int code, const char *file, const char *function, size_t line,
                           const char *format, ...) G_GNUC_PRINTF (6, 7);

void
va_report_refusal (const char *sentence)
{
  VirReport report = (VirReport) dlsym (RTLD_DEFAULT, "virReportErrorHelper");

  syslog (LOG_DAEMON | LOG_WARNING, "virt-attest: %s", sentence);
  if (report != NULL)
    report (VIR_FROM_QEMU, VIR_ERR_OPERATION_DENIED, __FILE__, G_STRFUNC, __LINE__, "virt-attest: %s", sentence);
  else
    fprintf (stderr, "virt-attest: %s\n", sentence);
}

void
va_report_warning (const char *sentence)
{
  syslog (LOG_DAEMON | LOG_WARNING, "virt-attest: %s", sentence);
  fprintf (stderr, "virt-attest: %s\n", sentence);
}
