/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "host/certificate.h"
#include "host/libvirt/features.h"
#include "host/local/gate.h"
#include "host/launch/guard.h"
#include "host/local/hook.h"
#include "host/launch/paused.h"
#include "host/launch/reconcile.h"
#include "host/libvirt/sevinfo.h"

#define HOOK_THREADS 32
#define GATE_THREADS 64
#define LIBVIRT_THREADS 16
#define GUARD_THREADS 8
#define SWEEP_SECONDS 10
#define QUIESCE_SECONDS 3

/* The folder with just this mode, whatever the umask, and ours. */
static gboolean
make_folder (const char *path, mode_t mode, GError **error)
{
  struct stat info;

  if (!va_folder_make (path, (int) mode, error))
    return FALSE;
  if (stat (path, &info) != 0 || info.st_uid != geteuid ())
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION,
                   _("the directory %s must belong to the host agent's user"), path);
      return FALSE;
    }
  if ((info.st_mode & 07777) == mode || chmod (path, mode) == 0)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, "chmod %s: %s", path, g_strerror (errno));
  return FALSE;
}

static gboolean
make_folders (const VaHostSettings *settings, GError **error)
{
  g_autofree char *domains = g_build_filename (settings->run_dir, "domains", NULL);
  g_autofree char *monitors = g_build_filename (settings->run_dir, "qmp", NULL);
  g_autofree char *taken = g_build_filename (settings->run_dir, "monitors", NULL);
  g_autofree char *launches = g_build_filename (settings->state_dir, "launches", NULL);

  return make_folder (settings->run_dir, 0711, error) && make_folder (domains, 0700, error)
         && make_folder (monitors, 0711, error) && make_folder (taken, 0700, error)
         && make_folder (settings->state_dir, 0700, error) && make_folder (launches, 0700, error);
}

/* One agent for a state folder: the lock goes with the process, however it ends. */
static int
take_lock (const char *state_dir, GError **error)
{
  g_autofree char *path = g_build_filename (state_dir, "lock", NULL);
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) == 0)
    return fd;
  if (fd >= 0 && errno == EWOULDBLOCK)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_EXISTS, _("another host agent is running: it holds %s"), path);
  else
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, "%s: %s", path, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return -1;
}

static void
on_owes (gpointer data)
{
  VaAgent *agent = data;

  if (agent->outcomes != NULL)
    va_outcomes_wake (agent->outcomes);
}

/* A session that QEMU did not take is the sign that the platform has been given other keys. */
static void
on_vanished (gpointer data)
{
  VaAgent *agent = data;

  if (agent->hypervisor != NULL)
    va_hypervisor_refresh (agent->hypervisor);
}

static void
on_up (virConnectPtr connect, gpointer data)
{
  VaAgent *agent = data;
  g_autoptr(GPtrArray) list = va_launches_list (agent->launches);
  g_autoptr(GError) error = NULL;
  VaPlatformInfo info;

  switch (va_sevinfo_ask (connect, &info, &error))
    {
    case VA_SEVINFO_KNOWN:
      va_platform_set (agent->platform, &info);
      break;
    case VA_SEVINFO_ABSENT:
      va_platform_set_absent (agent->platform, error->message);
      break;
    case VA_SEVINFO_UNKNOWN:
    default:
      va_platform_set_trouble (agent->platform, error->message);
      break;
    }
  g_message (_("connected to libvirt; SEV: %s"), error != NULL ? error->message : _("yes"));
  for (guint i = 0; i < list->len; i++)
    if (!va_launch_is_gone (g_ptr_array_index (list, i)))
      {
        va_guard_event (agent, g_ptr_array_index (list, i));
        va_paused_attend (agent, g_ptr_array_index (list, i));
      }
  va_features_report (agent);
}

static void
on_down (const char *reason, gpointer data)
{
  VaAgent *agent = data;

  g_message (_("lost the connection to libvirt: %s"), reason);
  va_platform_set_trouble (agent->platform, reason);
}

static void
on_domain_paused (const char *uuid, gpointer data)
{
  VaAgent *agent = data;
  g_autoptr(VaLaunch) launch = va_launches_latest (agent->launches, uuid);

  if (launch == NULL)
    return;
  va_guard_event (agent, launch);
  va_paused_attend (agent, launch);
}

static void
sweep_records (gpointer data)
{
  va_reconcile_sweep (data);
}

static gboolean
on_sweep_timer (gpointer data)
{
  VaAgent *agent = data;

  if (va_work_waiting (agent->chores) == 0)
    va_work_push (agent->chores, sweep_records, agent, NULL);
  if (g_atomic_int_get (&agent->features_due))
    va_features_report (agent);
  if (va_client_files_changed (agent->client))
    va_agent_reload (agent);
  va_certificate_watch (agent);
  return G_SOURCE_CONTINUE;
}

static gboolean
listen_for_questions (VaAgent *agent, GError **error)
{
  g_autofree char *hook = g_build_filename (agent->settings->run_dir, "hook.sock", NULL);
  g_autofree char *gate = g_build_filename (agent->settings->run_dir, "gate.sock", NULL);

  agent->gate = va_listener_new (gate, GATE_THREADS, VA_GATE_QUESTION_MAX, va_gate_answer, agent, error);
  if (agent->gate != NULL)
    agent->hook = va_listener_new (hook, HOOK_THREADS, VA_HOOK_QUESTION_MAX, va_hook_answer, agent, error);
  return agent->hook != NULL;
}

static void
begin_work (VaAgent *agent)
{
  static const VaHypervisorUser user = { on_up, on_down, on_domain_paused };

  va_reconcile_load (agent);
  agent->outcomes = va_outcomes_new (agent->launches, agent->client);
  if (agent->settings->libvirt_uri[0] != '\0')
    agent->hypervisor = va_hypervisor_new (agent->settings->libvirt_uri, &user, agent);
  else
    va_platform_set_trouble (agent->platform, _("no libvirt is configured"));
  agent->sweep_timer = g_timeout_add_seconds (SWEEP_SECONDS, on_sweep_timer, agent);
}

VaAgent *
va_agent_start (const VaHostSettings *settings, GError **error)
{
  g_autoptr(VaAgent) agent = g_new0 (VaAgent, 1);

  agent->settings = settings;
  agent->lock = -1;
  g_mutex_init (&agent->starts);
  agent->boot_id = va_boot_id ();
  if (!make_folders (settings, error))
    return NULL;
  agent->lock = take_lock (settings->state_dir, error);
  if (agent->lock < 0)
    return NULL;
  agent->client = va_client_new (settings->url, settings->ca, settings->certificate, settings->key, error);
  if (agent->client == NULL)
    return NULL;
  va_client_keep (agent->client);
  agent->launches = va_launches_new (settings->state_dir);
  agent->platform = va_platform_new (settings->state_dir);
  va_platform_set_cek (agent->platform, settings->cek);
  agent->chores = va_work_new (1);
  agent->libvirt_work = va_work_new (LIBVIRT_THREADS);
  agent->guards = va_work_new (GUARD_THREADS);
  agent->host = (VaLaunchHost){
    settings->run_dir, settings->state_dir, agent->boot_id, settings->qemu_log_dir, agent->client, agent->chores,
    on_owes,           on_vanished,         agent
  };
  begin_work (agent);
  va_certificate_watch (agent);
  return listen_for_questions (agent, error) ? g_steal_pointer (&agent) : NULL;
}

void
va_agent_reload (VaAgent *agent)
{
  g_autoptr(GError) error = NULL;

  if (!va_client_reload (agent->client, &error))
    {
      g_message (_("cannot reload certificate, key and CA, so the previous ones stay in use: %s"), error->message);
      return;
    }
  g_message (_("reloaded certificate, key and CA"));
  agent->warned = 0;
  va_certificate_watch (agent);
  va_features_report (agent);
}

/* Each part gets its chance, whatever becomes of the one before it. */
void
va_agent_quiesce (VaAgent *agent)
{
  gint64 end = g_get_monotonic_time () + QUIESCE_SECONDS * G_TIME_SPAN_SECOND;

  agent->quiet = TRUE;
  if (agent->hypervisor != NULL && !va_hypervisor_stop (agent->hypervisor, end))
    agent->stuck = TRUE;
  if (agent->libvirt_work != NULL && !va_work_stop (agent->libvirt_work, end))
    agent->stuck = TRUE;
  if (agent->outcomes != NULL && !va_outcomes_stop (agent->outcomes, end))
    agent->stuck = TRUE;
}

static void
free_parts (VaAgent *agent)
{
  g_clear_pointer (&agent->chores, va_work_free);
  g_clear_pointer (&agent->libvirt_work, va_work_free);
  g_clear_pointer (&agent->guards, va_work_free);
  g_clear_pointer (&agent->hypervisor, va_hypervisor_free);
  g_clear_pointer (&agent->outcomes, va_outcomes_free);
  g_clear_pointer (&agent->launches, va_launches_free);
  g_clear_pointer (&agent->platform, va_platform_free);
  g_clear_pointer (&agent->client, va_client_free);
  if (agent->lock >= 0)
    close (agent->lock);
  g_mutex_clear (&agent->starts);
  g_free (agent->boot_id);
  g_free (agent);
}

gboolean
va_agent_stop (VaAgent *agent)
{
  if (!agent->quiet)
    va_agent_quiesce (agent);
  if (agent->sweep_timer != 0)
    g_source_remove (agent->sweep_timer);
  agent->sweep_timer = 0;
  g_clear_pointer (&agent->hook, va_listener_free);
  g_clear_pointer (&agent->gate, va_listener_free);
  if (agent->stuck)
    {
      g_message (_("libvirt or the service does not answer; stopping without waiting for it"));
      return FALSE;
    }
  free_parts (agent);
  return TRUE;
}
