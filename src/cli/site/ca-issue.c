/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <stdio.h>
#include "cli/site/ca-files.h"
#include "core/i18n.h"

#define HOSTS_MAX 16
#define DAYS_MAX 36500

/* Of dots alone would be nobody's name, and another directory's where it becomes a part of a path. */
static gboolean
is_peer_name (const char *name)
{
  return va_identity_name_is_valid (name) && name[strspn (name, ".")] != '\0';
}

/* FALSE when role or names do not fit, which has been said then. */
static gboolean
fill_request (const VaCall *call, VaCaRequest *request)
{
  const char *role = call->operands[0];

  request->server = g_str_equal (role, "service");
  request->name = call->operands[1];
  request->curve = VA_CA_P256;
  if (request->server)
    {
      request->hosts = (const char *const *) call->operands + 1;
      return TRUE;
    }
  if (!va_role_parse (role, &request->role))
    va_call_usage (call, _("“%s” is not a role: expected owner, host, operator, auditor, metrics or service"), role);
  else if (call->n_operands != 2)
    va_call_usage (call, _("a certificate of role %s has one name"), role);
  else if (!is_peer_name (request->name))
    va_call_usage (call, _("“%s” is not a name: expected 1 to 64 of a-z 0-9 . _ -, and not dots alone"), request->name);
  else
    return TRUE;
  return FALSE;
}

static void
print_result (const VaCaRequest *request, const char *out, const char *stem, const VaCaPair *pair)
{
  static const char *const places[] = {
    [VA_ROLE_OWNER] = N_("client.conf: certificate and key"),
    [VA_ROLE_HOST] = N_("hostd.conf on that host: certificate and key"),
    [VA_ROLE_OPERATOR] = N_("client.conf: certificate and key"),
    [VA_ROLE_AUDITOR] = N_("client.conf: certificate and key"),
    [VA_ROLE_METRICS] = N_("Prometheus, tls_config: cert_file and key_file"),
  };
  gint64 ends = 0;
  g_autofree char *until = NULL;
  g_autoptr(GDateTime) time = NULL;

  if (va_ca_certificate_ends (pair->certificate, &ends, NULL))
    time = g_date_time_new_from_unix_local (ends);
  until = time != NULL ? g_date_time_format (time, "%Y-%m-%d") : g_strdup ("?");
  printf (_("%s/%s.pem, %s/%s.key: valid until %s\nConfigure them in %s.\n"), out, stem, out, stem, until,
          request->server ? _("service.conf, [tls]: certificate and key") : _(places[request->role]));
}

VaExit
va_verb_ca_issue (VaCall *call)
{
  g_autofree char *dir = NULL;
  g_autofree char *out = NULL;
  g_autofree char *person = NULL;
  int days = VA_CA_LEAF_DAYS;
  const GOptionEntry options[] = {
    { "dir", 0, 0, G_OPTION_ARG_FILENAME, &dir, N_("The CA's directory [~/.config/virt-attest/ca]"), N_("DIR") },
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, N_("Where to write the two files [.]"), N_("DIR") },
    { "person", 0, 0, G_OPTION_ARG_STRING, &person, N_("Name of the person, one of the owner's people"), N_("NAME") },
    { "days", 0, 0, G_OPTION_ARG_INT, &days, N_("Validity [825]; never longer than the CA's"), N_("N") },
    { NULL },
  };
  VaCaRequest request = { 0 };
  g_autoptr(VaCaPair) ca = NULL;
  g_autoptr(VaCaPair) pair = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = NULL;
  g_autofree char *stem = NULL;
  const char *where;

  if (!va_call_parse (call, options, 2, HOSTS_MAX + 1) || !fill_request (call, &request))
    return VA_EXIT_USAGE;
  if (days < 1 || days > DAYS_MAX)
    return va_call_usage (call, _("--days must be from 1 to %d"), DAYS_MAX);
  if (person != NULL && (request.server || request.role != VA_ROLE_OWNER || !is_peer_name (person)))
    return va_call_usage (call, "%s",
                          _("--person requires the role owner, and a name of 1 to 64 characters of a-z 0-9 . _ -"));
  request.person = person;
  request.not_after = g_get_real_time () / G_USEC_PER_SEC + (gint64) days * 24 * 60 * 60;
  folder = va_ca_folder (dir);
  where = out != NULL ? out : ".";
  stem = request.server ? g_strdup ("service")
                        : g_strconcat (call->operands[0], "-", request.name, person != NULL ? "-" : NULL, person, NULL);
  ca = va_ca_files_read (folder, "ca", &error);
  pair = ca != NULL ? va_ca_issue (ca, &request, &error) : NULL;
  if (pair == NULL || !va_ca_files_write (pair, where, 0755, stem, &error))
    return va_call_fail (error);
  print_result (&request, where, stem, pair);
  return VA_EXIT_YES;
}
