/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/serve.h"

#include <glib-unix.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include "core/i18n.h"
#include "pki/ca.h"
#include "pki/tls-files.h"
#include "service/audit.h"
#include "service/liveness.h"
#include "service/log.h"
#include "service/module.h"

#define TRIM_SECONDS 10
#define STOP_MARGIN_SECONDS 10 /* for what comes behind the last request: a checkpoint */

/* A module's chore, as the timer has it. */
typedef struct {
  const VaChore *chore;
  GThreadPool *pool;
  guint source;
  gint pending;
} TimedChore;

typedef struct {
  VaService *service;
  VaServerSettings settings;
  VaServer *server;
  GMainLoop *loop;
  GThread *stopping;
  guint sources[4];
  GThreadPool *pool; /* of one thread: the main loop must not wait for the database */
  GArray *chores;    /* of TimedChore */
} Serving;

static void
on_finished (const VaFinishedRequest *finished, gpointer service)
{
  va_metrics_request (((VaService *) service)->metrics, finished);
}

static gboolean
ping_store (gpointer store, GError **error)
{
  return va_store_ping (store, error);
}

static gboolean
load_serving_tls (const Serving *serving, VaTlsFiles *files, GError **error)
{
  const VaServerSettings *settings = &serving->settings;

  return va_tls_files_load (files, settings->ca_file, settings->certificate_file, settings->key_file, error);
}

static gboolean
note_certificate_end (const Serving *serving, const VaTlsFiles *files, GError **error)
{
  gint64 ends;

  if (!va_ca_certificate_ends (files->certificate, &ends, error))
    return FALSE;
  if (ends <= va_service_now () / 1000)
    va_log (VA_LOG_WARNING, "%s: the service's certificate has expired, and clients refuse it: issue a new one",
            serving->settings.certificate_file);
  atomic_store (&serving->service->readiness.certificate_ends, ends);
  return TRUE;
}

static gboolean
reload_files (const Serving *serving, GError **error)
{
  g_auto(VaTlsFiles) files = { 0 };

  return va_server_reload (serving->server, error) && load_serving_tls (serving, &files, error)
         && va_signer_renew (serving->service->signer, files.certificate, files.key, error)
         && note_certificate_end (serving, &files, error);
}

/* systemd waits for the second message before it says that the reload is done. */
static gboolean
on_reload_signal (gpointer data)
{
  const Serving *serving = data;
  g_autoptr(GError) error = NULL;

  if (serving->stopping != NULL)
    return G_SOURCE_CONTINUE;
  sd_notifyf (0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, g_get_monotonic_time ());
  if (reload_files (serving, &error))
    va_log (VA_LOG_INFO, "reloaded certificate, key and CA");
  else
    va_log (VA_LOG_ERROR, "cannot reload certificate, key and CA, so the previous ones stay in use: %s",
            error->message);
  sd_notify (0, "READY=1");
  return G_SOURCE_CONTINUE;
}

static gboolean
on_stopped (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

static gpointer
stop_serving (gpointer data)
{
  Serving *serving = data;

  va_server_stop (serving->server);
  g_idle_add (on_stopped, serving->loop);
  return NULL;
}

/* The main loop goes on until the last request has its answer, so that systemd sees a living service to the end. */
static gboolean
on_end_signal (gpointer data)
{
  Serving *serving = data;
  guint seconds = serving->settings.request_seconds + STOP_MARGIN_SECONDS;

  if (serving->stopping != NULL)
    {
      va_log (VA_LOG_INFO, "still stopping: requests in progress are finished first");
      return G_SOURCE_CONTINUE;
    }
  atomic_store (&serving->service->readiness.stopping, TRUE);
  sd_notifyf (0, "STOPPING=1\nSTATUS=%s\nEXTEND_TIMEOUT_USEC=%" PRIu64, _("Finishing requests in progress"),
              (guint64) seconds * G_USEC_PER_SEC);
  va_log (VA_LOG_INFO, "ending");
  serving->stopping = g_thread_new ("va-stop", stop_serving, serving);
  return G_SOURCE_CONTINUE;
}

static void
do_chore (gpointer data, gpointer service)
{
  TimedChore *timed = data;

  timed->chore->run (service);
  g_atomic_int_set (&timed->pending, FALSE);
}

/* One that still waits, or is being done, is not done once more. */
static gboolean
on_chore (gpointer data)
{
  TimedChore *timed = data;

  if (g_atomic_int_compare_and_exchange (&timed->pending, FALSE, TRUE))
    g_thread_pool_push (timed->pool, timed, NULL);
  return G_SOURCE_CONTINUE;
}

/* What a flood of clients needed is kept by malloc otherwise, in as many pools as there are threads. */
static gboolean
on_trim (gpointer unused)
{
  (void) unused;
  malloc_trim (0);
  return G_SOURCE_CONTINUE;
}

static void
add_chores (Serving *serving)
{
  VaService *service = serving->service;

  serving->pool = g_thread_pool_new (do_chore, service, 1, TRUE, NULL);
  serving->chores = g_array_new (FALSE, TRUE, sizeof (TimedChore));
  for (guint i = 0; service->modules[i] != NULL; i++)
    {
      const TimedChore timed = { &service->modules[i]->chore, serving->pool, 0, FALSE };

      if (timed.chore->run != NULL)
        g_array_append_val (serving->chores, timed);
    }
  /* From now on each has its place. */
  for (guint i = 0; i < serving->chores->len; i++)
    {
      TimedChore *timed = &g_array_index (serving->chores, TimedChore, i);
      const VaChore *chore = timed->chore;

      timed->source = g_timeout_add_seconds (chore->seconds_of != NULL ? chore->seconds_of (service) : chore->seconds,
                                             on_chore, timed);
      if (chore->at_start)
        on_chore (timed);
    }
}

static void
add_sources (Serving *serving)
{
  const guint sources[G_N_ELEMENTS (serving->sources)] = {
    g_unix_signal_add (SIGTERM, on_end_signal, serving),
    g_unix_signal_add (SIGINT, on_end_signal, serving),
    g_unix_signal_add (SIGHUP, on_reload_signal, serving),
    g_timeout_add_seconds (TRIM_SECONDS, on_trim, NULL),
  };

  memcpy (serving->sources, sources, sizeof sources);
  add_chores (serving);
}

static void
remove_sources (Serving *serving)
{
  for (guint i = 0; i < G_N_ELEMENTS (serving->sources); i++)
    g_source_remove (serving->sources[i]);
  for (guint i = 0; i < serving->chores->len; i++)
    g_source_remove (g_array_index (serving->chores, TimedChore, i).source);
  g_thread_pool_free (serving->pool, FALSE, TRUE);
  g_array_unref (serving->chores);
}

static gboolean
start_serving (Serving *serving, GError **error)
{
  VaServerSettings *settings = &serving->settings;
  g_auto(VaTlsFiles) files = { 0 };

  settings->refused = va_audit_refused;
  settings->finished = on_finished;
  settings->statistics = &serving->service->server;
  if (!load_serving_tls (serving, &files, error) || !note_certificate_end (serving, &files, error))
    return FALSE;
  serving->server = va_server_start (settings, va_modules_routes (), serving->service, error);
  return serving->server != NULL;
}

gboolean
va_serve (VaService *service, const VaServerSettings *settings, GError **error)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Serving serving = { .service = service, .settings = *settings, .loop = loop };
  VaLiveness *liveness;

  if (!start_serving (&serving, error))
    return FALSE;
  add_sources (&serving);
  liveness = va_liveness_new (ping_store, service->store);
  va_log (VA_LOG_INFO, "virt-attestd %s, listening on %s port %u", PACKAGE_VERSION, settings->address,
          va_server_port (serving.server));
  sd_notifyf (0, "READY=1\nSTATUS=%s", _("Ready"));
  g_main_loop_run (loop);
  g_thread_join (serving.stopping);
  remove_sources (&serving);
  va_audit_sign_new (service);
  va_liveness_free (liveness);
  return TRUE;
}
