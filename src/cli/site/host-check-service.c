/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/answer.h"
#include <inttypes.h>
#include "core/file.h"
#include "core/i18n.h"
#include "cli/site/host-check.h"
#include "pki/ca.h"
#include "http/client/client.h"
#include "cli/print.h"

#define PEM_MAX 65536
#define WARN_DAYS 30
#define DAY (24 * 60 * 60)

static const VaConfigKey keys[] = {
  { "service", "url", VA_CONFIG_STRING, NULL, TRUE, 0, 0 },
  { "service", "ca", VA_CONFIG_PATH, NULL, TRUE, 0, 0 },
  { "service", "certificate", VA_CONFIG_PATH, NULL, TRUE, 0, 0 },
  { "service", "key", VA_CONFIG_PATH, NULL, TRUE, 0, 0 },
  { "host", "libvirt-uri", VA_CONFIG_STRING, "qemu:///system", FALSE, 0, 0 },
  { "host", "deadline-ms", VA_CONFIG_NUMBER, "8000", FALSE, 100, 60000 },
  { "host", "resume-paused", VA_CONFIG_BOOLEAN, "no", FALSE, 0, 0 },
  { "host", "state-dir", VA_CONFIG_PATH, VA_STATEDIR "/hostd", FALSE, 0, 0 },
  { "host", "qemu-log-dir", VA_CONFIG_PATH, "/var/log/libvirt/qemu", FALSE, 0, 0 },
  { "host", "cek", VA_CONFIG_PATH, NULL, FALSE, 0, 0 },
  { "unprepared", "attest", VA_CONFIG_STRING, "no", FALSE, 0, 0 },
  { "unprepared", "select", VA_CONFIG_STRING, "", FALSE, 0, 0 },
  { NULL },
};

void
va_check_config (VaHostCheck *check, VaFinding *finding)
{
  g_autoptr(GError) error = NULL;

  check->config = va_config_load (check->config_path, keys, &error);
  if (check->config != NULL)
    va_finding_ok (finding, "%s", check->config_path);
  else
    va_finding_fix (finding, _("%s; see virt-attest-hostd.conf(5)"), error->message);
}

static const char *
read_setting (const VaHostCheck *check, const char *key)
{
  return va_config_string (check->config, "service", key);
}

void
va_check_certificate (VaHostCheck *check, VaFinding *finding)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *pem = NULL;
  g_autofree char *date = NULL;
  gint64 ends = 0, days, left;

  if (check->config == NULL)
    {
      va_finding_fix (finding, _("not checked, because the configuration cannot be read"));
      return;
    }
  pem = va_file_read_text (read_setting (check, "certificate"), PEM_MAX, &error);
  if (pem == NULL || !va_ca_certificate_ends (pem, &ends, &error))
    {
      va_finding_fix (finding, _("%s. Create one with “virt-attest ca issue host NAME”"), error->message);
      return;
    }
  left = ends - g_get_real_time () / G_USEC_PER_SEC;
  days = left < 0 ? -1 : left / DAY;
  date = va_print_time (ends);
  if (days < 0)
    va_finding_fix (finding,
                    _("%s expired on %s: create a new one with “virt-attest ca issue host NAME”, then systemctl reload "
                      "virt-attest-hostd"),
                    read_setting (check, "certificate"), date);
  else if (days < WARN_DAYS)
    va_finding_fix (finding,
                    _("%s expires on %s, in %" PRId64 " days: create a new one with “virt-attest ca issue host NAME”, "
                      "then systemctl reload virt-attest-hostd"),
                    read_setting (check, "certificate"), date, days);
  else
    va_finding_ok (finding, _("%s is valid until %s, for %" PRId64 " more days"), read_setting (check, "certificate"),
                   date, days);
}

static gboolean
ask_service_health (const VaHostCheck *check, JsonObject **reply, GError **error)
{
  const VaClientRequest request = { .method = "GET", .path = "/v1/healthz", .deadline_ms = 5000 };
  g_autoptr(VaClient) client = va_client_new (read_setting (check, "url"), read_setting (check, "ca"),
                                              read_setting (check, "certificate"), read_setting (check, "key"), error);

  return client != NULL && va_client_call (client, &request, reply, error);
}

void
va_check_service (VaHostCheck *check, VaFinding *finding)
{
  g_autoptr(JsonObject) reply = NULL;
  g_autoptr(GError) error = NULL;

  if (check->config == NULL)
    va_finding_fix (finding, _("not checked, because the configuration cannot be read"));
  else if (!ask_service_health (check, &reply, &error))
    va_finding_fix (finding,
                    _("%s. Check the address and the firewall, and that ca, certificate and key belong to one CA"),
                    error->message);
  else
    va_finding_ok (finding, _("%s answers, version %s"), read_setting (check, "url"),
                   va_answer_text (reply, "version") != NULL ? va_answer_text (reply, "version") : "?");
}
