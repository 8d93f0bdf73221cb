/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "core/error.h"
#include "core/file.h"
#include "core/process.h"
#include "launch-fixture.h"
#include "tee/sev/seam.h"

static void
wait_while (Scripted *channel, gboolean *hold)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&channel->lock);

  channel->waiting++;
  g_cond_broadcast (&channel->changed);
  while (*hold)
    g_cond_wait (&channel->changed, &channel->lock);
  channel->waiting--;
}

static gboolean
collect (VaChannel *parent, VaEvidence *evidence, GError **error)
{
  Scripted *channel = (Scripted *) parent;

  wait_while (channel, &channel->hold_collect);
  channel->collected++;
  va_sev_evidence_write (&(VaLaunchContext){ .policy = SITE_POLICY }, (const guint8[VA_MEASUREMENT_SIZE]){ 0 },
                         evidence);
  return TRUE;
}

static gboolean
inject (VaChannel *parent, const VaBlobs *packet, guint32 address, GError **error)
{
  Scripted *channel = (Scripted *) parent;

  wait_while (channel, &channel->hold_inject);
  if (channel->inject_fails)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, "%s",
                   channel->inject_words != NULL ? channel->inject_words : "Not in correct state");
      return FALSE;
    }
  channel->injected++;
  return TRUE;
}

static gboolean
check (VaChannel *parent, GError **error)
{
  Scripted *channel = (Scripted *) parent;

  if (!channel->runs)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_FAILED, "this guest has run");
  return FALSE;
}

Scripted
scripted (const char *name)
{
  Scripted channel = { .parent = { name, getpid (), 0, collect, inject, check, NULL } };

  g_assert_true (va_process_start_time (getpid (), &channel.parent.start, NULL));
  return channel;
}

static void
ignore (gpointer data)
{
}

void
make_folder (const char *parent, const char *name)
{
  g_autofree char *path = g_build_filename (parent, name, NULL);

  g_assert_true (va_folder_make (path, 0700, NULL));
}

static VaLaunchRecord *
new_record (void)
{
  VaLaunchRecord *record = va_launch_record_new ();

  record->launch_id = g_strdup (ID);
  record->registration = g_strdup (SITE_UUID);
  record->domain_uuid = g_strdup (SITE_UUID);
  record->domain_name = g_strdup ("confidential");
  record->policy = SITE_POLICY;
  record->boot_id = va_boot_id ();
  record->asked = g_get_monotonic_time ();
  return record;
}

void
bench_open (Bench *bench)
{
  const VaHostSettings *settings;
  g_autoptr(GError) error = NULL;
  guint64 start;

  *bench = (Bench){ .site = site_new (), .chores = va_work_new (1) };
  settings = bench->site->settings;
  make_folder (settings->run_dir, "domains");
  make_folder (settings->state_dir, "launches");
  bench->client = va_client_new (settings->url, settings->ca, settings->certificate, settings->key, &error);
  g_assert_no_error (error);
  bench->host = (VaLaunchHost){ settings->run_dir,
                                settings->state_dir,
                                "",
                                settings->qemu_log_dir,
                                bench->client,
                                bench->chores,
                                ignore,
                                ignore,
                                NULL };
  bench->launch = va_launch_new (&bench->host, new_record ());
  g_assert_true (va_launch_begin (bench->launch, &error));
  g_assert_true (va_process_start_time (getpid (), &start, NULL));
  g_assert_true (va_launch_bind (bench->launch, getpid (), start, &error));
}

void
bench_close (Bench *bench)
{
  va_launch_unref (bench->launch);
  va_work_free (bench->chores);
  va_client_free (bench->client);
  site_free (bench->site);
}
