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
#include "host/launch/monitor.h"
#include "host/local/question.h"
#include "host/local/selection.h"
#include "host/service-client.h"

typedef struct {
  VaAgent *agent;
  const VaAsker *asker;
  const VaDomainXml *domain;
  gint64 end;
  VaLoader loader;
  VaLaunchSelection *selection; /* of a domain that has not opted in; else %NULL */
  char *registration;           /* %NULL: the service selects it */
} Start;

static void
start_clear (Start *start)
{
  g_clear_pointer (&start->selection, va_launch_selection_free);
  g_free (start->registration);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Start, start_clear)

static void
log_all (const VaDomainXml *domain, const GPtrArray *sentences)
{
  for (guint i = 0; i < sentences->len; i++)
    g_message (_("domain %s: %s"), domain->name, (const char *) sentences->pdata[i]);
}

/* A domain that has not opted in has a warning or two by its nature, and is defined by a program that reads none. */
static gboolean
check_unasked_domain (const Start *start, GError **error)
{
  g_autoptr(GPtrArray) reasons =
    va_domain_xml_reasons (start->domain, VA_DOMAIN_UNASKED, start->agent->settings->run_dir);

  if (reasons->len == 0)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
               _("this host attests SEV domains that are not prepared, but %s"), (const char *) reasons->pdata[0]);
  return FALSE;
}

static gboolean
check_starting_domain (const Start *start, GError **error)
{
  const VaDomainXml *domain = start->domain;
  const char *run_dir = start->agent->settings->run_dir;
  g_autoptr(GPtrArray) reasons = va_domain_xml_reasons (domain, VA_DOMAIN_STARTING, run_dir);
  g_autofree char *older = va_monitor_path_older (run_dir, domain->uuid);

  if (!domain->opted_in)
    return check_unasked_domain (start, error);
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

/* The emulator program adds kernel hashes where the XML says nothing of them. */
static gboolean
has_kernel_hashes (const VaDomainXml *domain)
{
  return domain->kernel != NULL && (domain->kernel_hashes || (!domain->opted_in && !domain->no_hashes));
}

/* What can be known of the domain's firmware before it starts. */
static gboolean
check_loader (Start *start, GError **error)
{
  const VaDomainXml *domain = start->domain;

  if (!va_loader_inspect (&start->loader, domain->loader, error))
    return FALSE;
  if (!has_kernel_hashes (domain))
    return TRUE;
  if (!va_loader_check_kernel (domain->kernel, error))
    return FALSE;
  if (!start->loader.read || start->loader.has_hash_area)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE,
               _("the domain's kernel has to be measured, but its firmware %s has no space for kernel hashes: use a "
                 "build "
                 "of OVMF that has it (AmdSev)"),
               domain->loader);
  return FALSE;
}

static gboolean
fill_launch_request (const Start *start, VaLaunchRequest *request, GError **error)
{
  VaPlatformInfo info;

  if (!va_platform_get (start->agent->platform, start->end, &info, error))
    return FALSE;
  memcpy (request->pdh, info.pdh, sizeof request->pdh);
  memcpy (request->cert_chain, info.cert_chain, sizeof request->cert_chain);
  request->cpu_id = info.cpu_id_size > 0 ? g_bytes_new (info.cpu_id, info.cpu_id_size) : NULL;
  request->has_policy = TRUE;
  request->policy = start->domain->policy;
  request->domain_uuid = g_strdup (start->domain->uuid);
  request->domain_name = g_strdup (start->domain->name);
  request->owner = g_strdup (start->domain->owner);
  return TRUE;
}

/* Of a domain that has not opted in. */
static VaLaunchGrant *
ask_for_selection (Start *start, GError **error)
{
  VaLaunchSelection *selection = start->selection;
  VaLaunchGrant *grant;

  if (selection->candidates->len == 0)
    {
      g_set_error_literal (error, VA_PROBLEM_ERROR, VA_PROBLEM_VM_UNKNOWN, _("nothing to find a registration by"));
      return NULL;
    }
  if (!fill_launch_request (start, &selection->request, error))
    return NULL;
  grant = va_service_client_select (start->agent->client, selection, start->end, &start->registration, error);
  if (grant != NULL)
    g_message (_("domain %s is not prepared, and is attested under registration %s"), start->domain->name,
               start->registration);
  return grant;
}

static VaLaunchGrant *
ask_for_grant (Start *start, GError **error)
{
  g_autoptr(VaLaunchRequest) request = g_new0 (VaLaunchRequest, 1);

  if (start->selection != NULL)
    return ask_for_selection (start, error);
  if (!fill_launch_request (start, request, error))
    return NULL;
  return va_service_client_launch (start->agent->client, start->registration, request, start->end, error);
}

static VaLaunch *
new_launch (const Start *start, const VaLaunchGrant *grant)
{
  VaLaunchRecord *record = va_launch_record_new ();

  record->launch_id = g_strdup (grant->launch_id);
  record->registration = g_strdup (start->registration);
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

/* From the grant to a launch that the gate can ask about. One that is not well @judged is entered all the same, so that
   the service hears of its end. */
static gboolean
begin_launch (const Start *start, VaLaunch *launch, const VaLaunchGrant *grant, gboolean judged, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&start->agent->starts);
  gboolean latest = va_launches_add (start->agent->launches, launch);

  if (judged && !latest)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, _("this domain was started again in the meantime"));
  return judged && latest && check_grant (start, grant, error) && va_launch_begin (launch, error);
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
  /* Else the emulator program would take a session that a crash left behind for one of this start. */
  if (domain->confidential && domain->uuid != NULL)
    va_monitor_remove (agent->settings->run_dir, domain->uuid);
  return va_answer_pass ();
}

/* The service has no registration for a domain that has not opted in. */
static char *
answer_unregistered (const Start *start, GError *reason, GError **error)
{
  g_autofree char *tried = va_launch_selection_text (start->selection);

  if (start->agent->settings->unprepared == VA_ATTEST_REGISTERED)
    {
      g_message (_("domain %s starts unattested: the service has no registration for it; tried: %s"),
                 start->domain->name, tried);
      g_error_free (reason);
      return pass_domain (start->agent, start->domain);
    }
  va_error_set (error, reason->domain, reason->code,
                _("this host starts no SEV domain without attestation, and the service has no registration for this "
                  "one; tried: %s; its owner registers one of these ids with “virt-attest vm register”"),
                tried[0] != '\0' ? tried : _("nothing, because its XML has nothing that one is found by"));
  g_error_free (reason);
  return NULL;
}

/* Whether the domain is looked at before the service is asked. Where others may start unattested, that comes later. */
static gboolean
is_judged_first (const Start *start)
{
  return start->domain->opted_in || start->agent->settings->unprepared == VA_ATTEST_REQUIRED;
}

static gboolean
judge_domain (Start *start, GError **error)
{
  return check_starting_domain (start, error) && check_loader (start, error);
}

static char *
start_domain (Start *start, GError **error)
{
  g_autoptr(VaLaunchGrant) grant = NULL;
  g_autoptr(VaLaunch) launch = NULL;
  GError *reason = NULL;
  gboolean judged;

  if (is_judged_first (start) && !judge_domain (start, error))
    return NULL;
  grant = ask_for_grant (start, &reason);
  if (grant == NULL && start->selection != NULL && g_error_matches (reason, VA_PROBLEM_ERROR, VA_PROBLEM_VM_UNKNOWN))
    return answer_unregistered (start, reason, error);
  if (grant == NULL)
    {
      g_propagate_error (error, reason);
      return NULL;
    }
  judged = is_judged_first (start) || judge_domain (start, &reason);
  launch = new_launch (start, grant);
  va_launch_step (launch, "granted");
  if (begin_launch (start, launch, grant, judged, &reason))
    return va_answer_grant (grant->launch_id, grant->session, sizeof grant->session, grant->owner_cert,
                            sizeof grant->owner_cert);
  va_launch_trouble (launch, reason->message);
  va_launch_finish (launch, NULL);
  g_propagate_error (error, reason);
  return NULL;
}

static gboolean
is_attested_here (const VaHostSettings *settings, const VaDomainXml *domain)
{
  return domain->opted_in || (domain->confidential && settings->unprepared != VA_ATTEST_NONE);
}

static char *
on_start (VaAgent *agent, const VaDomainXml *domain, const VaAsker *asker)
{
  g_auto(Start) start = { .agent = agent,
                          .asker = asker,
                          .domain = domain,
                          .end = asker->arrived + agent->settings->deadline_ms * G_TIME_SPAN_MILLISECOND,
                          .registration = g_strdup (domain->registration) };
  g_autoptr(GError) error = NULL;
  char *answer;

  if (!is_attested_here (agent->settings, domain))
    return pass_domain (agent, domain);
  if (!domain->opted_in && (domain->uuid == NULL || domain->name == NULL))
    return va_answer_refuse (_("the domain's XML has no UUID or no name"));
  if (!domain->opted_in)
    start.selection = va_selection_make (agent->settings, domain);
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
