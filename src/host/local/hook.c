/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/local/hook.h"

#include <string.h>
#include "domain/xml.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/monitor-path.h"
#include "host/loader.h"
#include "host/launch/marker.h"
#include "host/local/question.h"
#include "host/service-client.h"

typedef struct {
  VaAgent *agent;
  const VaAsker *asker;
  const VaDomainXml *domain;
  gint64 end;
  VaLoader loader;
} Start;

static void
log_all (const VaDomainXml *domain, const GPtrArray *sentences)
{
  for (guint i = 0; i < sentences->len; i++)
    g_message (_("domain %s: %s"), domain->name, (const char *) sentences->pdata[i]);
}

static gboolean
check_starting_domain (const Start *start, GError **error)
{
  const VaDomainXml *domain = start->domain;
  const char *run_dir = start->agent->settings->run_dir;
  g_autoptr(GPtrArray) reasons = va_domain_xml_reasons (domain, VA_DOMAIN_STARTING, run_dir);
  g_autofree char *older = va_monitor_path_older (run_dir, domain->uuid);

  if (reasons->len > 0)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("this domain requires an attested launch, but %s"),
                   (const char *) reasons->pdata[0]);
      return FALSE;
    }
  log_all (domain, domain->doubts);
  log_all (domain, domain->warnings);
  if (g_strcmp0 (domain->monitor_path, older) == 0)
    g_message (_("domain %s has its second monitor at %s, where no AppArmor rule keeps other domains out: run "
                 "“virt-attest domain prepare” on its XML again"),
               domain->name, older);
  return TRUE;
}

/* What can be known of the domain's firmware before it starts. */
static gboolean
check_loader (Start *start, GError **error)
{
  const VaDomainXml *domain = start->domain;

  if (!va_loader_inspect (&start->loader, domain->loader, error))
    return FALSE;
  if (!domain->kernel_hashes || domain->kernel == NULL)
    return TRUE;
  if (!va_loader_check_kernel (domain->kernel, error))
    return FALSE;
  if (!start->loader.read || start->loader.has_hash_area)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE,
               _("the domain has kernelHashes='yes', but its firmware %s has no space for kernel hashes: use a build "
                 "of OVMF that has it (AmdSev)"),
               domain->loader);
  return FALSE;
}

static VaLaunchGrant *
ask_for_grant (const Start *start, GError **error)
{
  g_autoptr(VaLaunchRequest) request = g_new0 (VaLaunchRequest, 1);
  VaPlatformInfo info;

  if (!va_platform_get (start->agent->platform, start->end, &info, error))
    return NULL;
  memcpy (request->pdh, info.pdh, sizeof request->pdh);
  memcpy (request->cert_chain, info.cert_chain, sizeof request->cert_chain);
  request->cpu_id = info.cpu_id_size > 0 ? g_bytes_new (info.cpu_id, info.cpu_id_size) : NULL;
  request->has_policy = TRUE;
  request->policy = start->domain->policy;
  request->domain_uuid = g_strdup (start->domain->uuid);
  request->domain_name = g_strdup (start->domain->name);
  request->owner = g_strdup (start->domain->owner);
  return va_service_client_launch (start->agent->client, start->domain->registration, request, start->end, error);
}

static VaLaunch *
new_launch (const Start *start, const VaLaunchGrant *grant)
{
  VaLaunchRecord *record = va_launch_record_new ();

  record->launch_id = g_strdup (grant->launch_id);
  record->registration = g_strdup (start->domain->registration);
  record->domain_uuid = g_strdup (start->domain->uuid);
  record->domain_name = g_strdup (start->domain->name);
  record->policy = (guint32) grant->policy;
  record->vcpus = start->domain->vcpus;
  record->firmware_hash = start->loader.read ? g_strdup (start->loader.hash) : NULL;
  record->secret_address = start->loader.secret_address;
  record->secret_size = start->loader.secret_size;
  record->boot_id = g_strdup (start->agent->boot_id);
  record->asked = start->asker->arrived;
  return va_launch_new (&start->agent->host, record);
}

static gboolean
check_grant (const Start *start, const VaLaunchGrant *grant, GError **error)
{
  if (grant->policy != start->domain->policy)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE,
                 _("the domain's XML has SEV policy 0x%x, but its registration has 0x%x: make them equal"),
                 start->domain->policy, (guint) grant->policy);
  else if (va_asker_has_left (start->asker))
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_TIMEOUT, _("the hook did not wait for the service's answer"));
  else
    return TRUE;
  return FALSE;
}

/* From the grant to a launch that the gate can ask about. */
static gboolean
begin_launch (const Start *start, VaLaunch *launch, const VaLaunchGrant *grant, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&start->agent->starts);
  gboolean latest = va_launches_add (start->agent->launches, launch);

  if (!latest)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, _("this domain was started again in the meantime"));
  return latest && check_grant (start, grant, error) && va_launch_begin (launch, error);
}

static char *
start_domain (Start *start, GError **error)
{
  g_autoptr(VaLaunchGrant) grant = NULL;
  g_autoptr(VaLaunch) launch = NULL;
  GError *reason = NULL;

  if (!check_starting_domain (start, error) || !check_loader (start, error))
    return NULL;
  grant = ask_for_grant (start, error);
  if (grant == NULL)
    return NULL;
  launch = new_launch (start, grant);
  va_launch_step (launch, "granted");
  if (begin_launch (start, launch, grant, &reason))
    return va_answer_grant (grant->launch_id, grant->session, sizeof grant->session, grant->owner_cert,
                            sizeof grant->owner_cert);
  va_launch_trouble (launch, reason->message);
  va_launch_finish (launch, NULL);
  g_propagate_error (error, reason);
  return NULL;
}

/* A domain that wants no attestation may have wanted one before, and left a marker if the agent was away then. */
static char *
pass_domain (VaAgent *agent, const VaDomainXml *domain)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&agent->starts);
  g_autoptr(VaLaunch) old = va_launches_latest (agent->launches, domain->uuid);

  if (old != NULL)
    va_launch_finish (old, _("the domain was started again"));
  else if (va_marker_read (agent->settings->run_dir, domain->uuid).state != VA_MARKER_NONE)
    va_marker_remove (agent->settings->run_dir, domain->uuid);
  return va_answer_pass ();
}

static char *
on_start (VaAgent *agent, const VaDomainXml *domain, const VaAsker *asker)
{
  Start start = {
    agent, asker, domain, asker->arrived + agent->settings->deadline_ms * G_TIME_SPAN_MILLISECOND, { 0 }
  };
  g_autoptr(GError) error = NULL;
  char *answer;

  if (!domain->opted_in)
    return pass_domain (agent, domain);
  answer = start_domain (&start, &error);
  if (answer != NULL)
    return answer;
  g_message (_("start of domain %s refused: %s"), domain->name, error->message);
  return va_answer_refuse (error->message);
}

static char *
on_release (VaAgent *agent, const VaDomainXml *domain, const VaAsker *asker)
{
  g_autoptr(VaLaunch) launch = va_launches_latest (agent->launches, domain->uuid);

  /* A question that waited long must not end a start that came after it. */
  if (launch != NULL && va_launch_asked (launch) < asker->arrived)
    va_launch_finish (launch, _("the domain ended before its attestation; see libvirt's and QEMU's logs for the "
                                "reason, and virt-attest-errors(7) for their fw_error numbers"));
  return va_answer_pass ();
}

char *
va_hook_answer (const char *text, gsize size, const VaAsker *asker, gpointer data)
{
  VaAgent *agent = data;
  VaHookQuestion question;
  g_autoptr(VaDomainXml) domain = NULL;
  g_autoptr(GError) error = NULL;

  if (va_hook_question_parse (&question, text, size, &error))
    domain = va_domain_xml_parse (question.xml, question.xml_size, &error);
  if (domain == NULL)
    {
      g_message (_("refused a question from the hook: %s"), error->message);
      return va_answer_refuse (error->message);
    }
  return question.release ? on_release (agent, domain, asker) : on_start (agent, domain, asker);
}
