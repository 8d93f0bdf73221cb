/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "service/serve.h"

#include <glib-unix.h>
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
#include "service/rekey.h"
#include "service/store-room.h"

#define SWEEP_SECONDS_MAX 5
#define CHECKPOINT_SECONDS 60
#define TRIM_SECONDS 10
#define STOP_MARGIN_SECONDS 10 /* for what comes behind the last request: a checkpoint */

/* What is done again and again. */
typedef struct {
  void (*function) (VaService *service);
  gint pending;
} Chore;

enum { SWEEP, SIGN, REKEY, MEASURE, CHORES };

typedef struct {
  VaService *service;
  VaServerSettings settings;
  VaServer *server;
  GMainLoop *loop;
  GThread *stopping;
  guint sources[6];
  GThreadPool *pool; /* of one thread: the main loop must not wait for the database */
  Chore chores[CHORES];
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
    va_log (VA_LOG_WARNING, "%s: the service's certificate has ended, and clients refuse it: make a new one",
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
  sd_notifyf (0, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());
  if (reload_files (serving, &error))
    va_log (VA_LOG_INFO, "certificate, key and CA were read again");
  else
    va_log (VA_LOG_ERROR, "certificate, key and CA stay as they were: %s", error->message);
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
      va_log (VA_LOG_INFO, "still ending: what has begun is finished first");
      return G_SOURCE_CONTINUE;
    }
  atomic_store (&serving->service->readiness.stopping, TRUE);
  sd_notifyf (0, "STOPPING=1\nSTATUS=%s\nEXTEND_TIMEOUT_USEC=%" G_GUINT64_FORMAT, _("Finishing what has begun"),
              (guint64) seconds * G_USEC_PER_SEC);
  va_log (VA_LOG_INFO, "ending");
  serving->stopping = g_thread_new ("va-stop", stop_serving, serving);
  return G_SOURCE_CONTINUE;
}

static void
do_chore (gpointer data, gpointer service)
{
  Chore *chore = data;

  chore->function (service);
  g_atomic_int_set (&chore->pending, FALSE);
}

/* One that still waits, or is being done, is not done once more. */
static void
push_chore (Serving *serving, guint i)
{
  Chore *chore = &serving->chores[i];

  if (g_atomic_int_compare_and_exchange (&chore->pending, FALSE, TRUE))
    g_thread_pool_push (serving->pool, chore, NULL);
}

static void
sweep_store (VaService *service)
{
  g_autoptr(GError) error = NULL;

  /* What went wrong is in the log already. */
  if (!va_service_sweep (service, &error))
    g_clear_error (&error);
}

static gboolean
on_sweep (gpointer serving)
{
  push_chore (serving, SWEEP);
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

static gboolean
on_checkpoint (gpointer serving)
{
  push_chore (serving, SIGN);
  push_chore (serving, REKEY);
  push_chore (serving, MEASURE);
  return G_SOURCE_CONTINUE;
}

static void
add_sources (Serving *serving)
{
  VaService *service = serving->service;
  const guint sources[G_N_ELEMENTS (serving->sources)] = {
    g_unix_signal_add (SIGTERM, on_end_signal, serving),
    g_unix_signal_add (SIGINT, on_end_signal, serving),
    g_unix_signal_add (SIGHUP, on_reload_signal, serving),
    g_timeout_add_seconds ((guint) MIN (service->launch_ms / 1000, SWEEP_SECONDS_MAX), on_sweep, serving),
    g_timeout_add_seconds (CHECKPOINT_SECONDS, on_checkpoint, serving),
    g_timeout_add_seconds (TRIM_SECONDS, on_trim, NULL),
  };

  memcpy (serving->sources, sources, sizeof sources);
  serving->pool = g_thread_pool_new (do_chore, service, 1, TRUE, NULL);
  serving->chores[SWEEP].function = sweep_store;
  serving->chores[SIGN].function = va_audit_sign_new;
  serving->chores[REKEY].function = va_service_rekey;
  serving->chores[MEASURE].function = va_store_room_measure;
  push_chore (serving, REKEY);
  push_chore (serving, MEASURE);
}

static void
remove_sources (Serving *serving)
{
  for (guint i = 0; i < G_N_ELEMENTS (serving->sources); i++)
    g_source_remove (serving->sources[i]);
  g_thread_pool_free (serving->pool, FALSE, TRUE);
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
  serving->server = va_server_start (settings, va_service_routes (), serving->service, error);
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
