/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/launch/launch-private.h"

#include <inttypes.h>
#include <string.h>
#include "api/launch-parts.h"
#include "core/encoding.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/qemu-arguments.h"
#include "host/launch/marker.h"
#include "host/launch/monitor.h"
#include "host/service-client.h"
#include "tee/sev/firmware-error.h"

/*
 * Why nothing here can deadlock, although two channels may serve one launch:
 *
 * While the gate waits for our verdict, libvirt holds the domain's lock, so every libvirt call about this domain waits
 * for the gate, that is, for the thread that serves the gate's question. That thread must therefore never wait for a
 * thread that is inside such a call. The rules:
 *
 * 1. The lock of a launch is held for memory and small files only, never over a call to libvirt, QEMU or the service.
 * 2. The one thing that a thread waits for another to do is the validation, because the service answers it once. It
 *    is a call to the service alone, and whoever does it is then in no call to libvirt. The wait ends with the
 *    waiting thread's own deadline.
 * 3. Measuring and injecting are done by each channel for itself. Measuring is idempotent. The same packet injected
 *    twice at the same address gives the same memory, as long as QEMU is in its state launch-secret; QEMU leaves
 *    that state only by libvirt's “cont”, hence after the gate's yes, hence after the launch was marked as attested.
 *    So a channel whose injection fails on an attested launch came late, and all is well.
 * 4. The second monitor has one client at a time. libvirt's channel is on it only between its calls to libvirt.
 * 5. Threads that call libvirt are of another pool than those that answer hook and gate, so that the first can all
 *    be stuck and the second still answer.
 */

/* Kept for as long as the guest runs, so that another launch in the same QEMU is noticed. */
static void
keep_measurement (VaLaunch *launch, const VaClaims *claims)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launch->lock);

  memcpy (launch->record->measurement, claims->measurement, sizeof launch->record->measurement);
  launch->record->has_measurement = TRUE;
}

static gboolean
check_started_policy (VaLaunch *launch, const VaEvidence *evidence, GError **error)
{
  VaClaims claims;

  if (!va_evidence_read (evidence, &claims, error))
    return FALSE;
  if (claims.policy == launch->record->policy)
    {
      keep_measurement (launch, &claims);
      return TRUE;
    }
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
               _("QEMU was started with SEV policy 0x%" PRIx64 ", but 0x%" PRIx64 " was granted"), claims.policy,
               launch->record->policy);
  return FALSE;
}

static VaValidateReply *
ask_for_validation (VaLaunch *launch, const VaEvidence *evidence, gint64 end, GError **error)
{
  const VaLaunchRecord *record = launch->record; /* what is read here never changes */
  g_autoptr(VaValidateRequest) request = g_new0 (VaValidateRequest, 1);

  request->launch_id = g_strdup (record->launch_id);
  if (!va_validate_request_set_evidence (request, evidence, error))
    return NULL;
  request->has_firmware_hash =
    record->firmware_hash != NULL
    && va_hex_decode (record->firmware_hash, request->firmware_hash, sizeof request->firmware_hash, NULL);
  request->cpu_count = record->vcpus;
  return va_service_client_validate (launch->host->client, record->registration, request, end, error);
}

/* Takes the right to ask the service, or the answer that another thread has got meanwhile: TRUE with @reply %NULL
   means that the caller must ask. */
static gboolean
take_turn (VaLaunch *launch, gint64 end, VaValidateReply **reply, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launch->lock);

  while (launch->validation == VALIDATION_RUNNING)
    if (!g_cond_wait_until (&launch->validated, &launch->lock, end))
      {
        g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_TIMEOUT, _("the attestation service did not answer in time"));
        return FALSE;
      }
  if (launch->record->state == VA_HOST_LAUNCH_FAILED)
    {
      g_set_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_FORBIDDEN, "%s", launch->record->reason);
      return FALSE;
    }
  *reply = launch->reply;
  if (launch->validation == VALIDATION_NONE)
    launch->validation = VALIDATION_RUNNING;
  return TRUE;
}

static void
end_turn (VaLaunch *launch, VaValidateReply *reply, const GError *error)
{
  g_mutex_lock (&launch->lock);
  launch->reply = reply;
  launch->validation = reply != NULL ? VALIDATION_DONE : VALIDATION_NONE;
  if (reply != NULL)
    va_launch_add_step (launch, "validated");
  else if (va_service_client_refused (error))
    va_launch_fail (launch, error->message);
  g_cond_broadcast (&launch->validated);
  g_mutex_unlock (&launch->lock);
  launch->host->owes (launch->host->data);
}

/* The service's answer, from whichever thread has asked for it; owned by @launch. */
static const VaValidateReply *
validate_evidence (VaLaunch *launch, const VaEvidence *evidence, gint64 end, GError **error)
{
  VaValidateReply *reply = NULL;
  GError *reason = NULL;

  if (!take_turn (launch, end, &reply, error) || reply != NULL)
    return reply;
  reply = ask_for_validation (launch, evidence, end, &reason);
  end_turn (launch, reply, reason);
  if (reason != NULL)
    g_propagate_error (error, reason);
  return reply;
}

/* Where the secret goes: never left to QEMU, since some take address 0 when the firmware names none. */
static guint32
choose_address (const VaLaunchRecord *record, const VaValidateReply *reply, GError **error)
{
  guint32 own = record->secret_address, theirs = reply->secret_address;

  if (own == 0 && record->firmware_hash != NULL)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
                 _("the launch has a secret, but the domain's firmware has no secret area: use a build of OVMF that "
                   "has one (AmdSev)"));
  else if (own == 0 && theirs == 0)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
                 _("this firmware's secret area is unknown: make the firmware file readable by the host agent"));
  else if (own != 0 && theirs != 0 && own != theirs)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER,
                 _("the firmware file has its secret area at 0x%x, but the service expects 0x%x: it is not the "
                   "registered firmware"),
                 own, theirs);
  else if (record->secret_size != 0 && g_bytes_get_size (reply->payload) > record->secret_size)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE,
                 _("the secret has %zu bytes, but the firmware's secret area has %u"),
                 g_bytes_get_size (reply->payload), record->secret_size);
  else
    return own != 0 ? own : theirs;
  return 0;
}

static gboolean
inject_secrets (VaLaunch *launch, VaChannel *channel, const VaValidateReply *reply, GError **error)
{
  g_autoptr(GError) reason = NULL;
  g_autoptr(VaBlobs) packet = NULL;
  guint32 address;

  if (!reply->has_secret)
    return TRUE;
  address = choose_address (launch->record, reply, error);
  if (address == 0)
    return FALSE;
  packet = va_validate_reply_packet (reply);
  if (va_channel_inject (channel, packet, address, &reason))
    {
      va_launch_step (launch, "injected");
      return TRUE;
    }
  if (va_launch_state (launch) == VA_HOST_LAUNCH_ATTESTED)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

/* The marker first, then the record: if the agent dies in between, va_launch_restore() believes the marker. */
static gboolean
attest_guest (VaLaunch *launch, const VaChannel *channel, GError **error)
{
  VaLaunchRecord *record = launch->record;
  const VaLaunchHost *host = launch->host;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&launch->lock);

  if (record->gone || record->pid != channel->pid || record->start != channel->start)
    return va_launch_refuse_process (error, channel->pid);
  if (record->state == VA_HOST_LAUNCH_ATTESTED)
    return TRUE;
  if (record->state != VA_HOST_LAUNCH_PENDING)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, "%s", record->reason);
      return FALSE;
    }
  if (!va_marker_write_attested (host->run_dir, record->domain_uuid, record->pid, record->start, error))
    return FALSE;
  record->state = VA_HOST_LAUNCH_ATTESTED;
  g_clear_pointer (&record->reason, g_free);
  va_launch_add_step (launch, "answered");
  va_launch_owe (launch, VA_OUTCOME_RUNNING, NULL);
  if (va_launch_record_save (record, host->state_dir, error))
    {
      /* Nobody needs it any more, and nobody is to have a way to a QEMU that runs. */
      va_monitor_remove (host->run_dir, record->domain_uuid);
      return TRUE;
    }
  record->state = VA_HOST_LAUNCH_PENDING;
  g_ptr_array_set_size (record->owed, (int) record->owed->len - 1);
  if (!va_marker_write_pending (host->run_dir, record->domain_uuid, NULL))
    va_marker_remove (host->run_dir, record->domain_uuid);
  return FALSE;
}

/* A QEMU that is to take over a saved or migrated guest measures its firmware like any other, and replaces its memory
   then. */
static gboolean
check_origin (VaLaunch *launch, const VaChannel *channel, gint64 end, GError **error)
{
  const guint deadline_ms = (guint) CLAMP ((end - g_get_monotonic_time ()) / 1000, 1, G_MAXINT);
  const char *sentence = _("an attested domain cannot be restored from a saved state or a snapshot, nor migrated, "
                           "because its memory would not be what was measured");
  VaQemuArguments arguments;

  if (!va_qemu_arguments_read (channel->pid, launch->host->run_dir, launch->record->domain_uuid, deadline_ms,
                               &arguments, error))
    return FALSE;
  if (!arguments.loads_state)
    return TRUE;
  g_set_error_literal (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION, sentence);
  va_launch_condemn (launch, sentence);
  return FALSE;
}

/* The guest must not have run: somebody else than the gate may have let it. An injection shows that, but there may be
   none. */
static gboolean
check_stopped (VaLaunch *launch, VaChannel *channel, GError **error)
{
  g_autoptr(GError) reason = NULL;

  if (va_channel_check (channel, &reason) || va_launch_state (launch) == VA_HOST_LAUNCH_ATTESTED)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

static gboolean
serve_launch (VaLaunch *launch, VaChannel *channel, gint64 end, GError **error)
{
  const VaValidateReply *reply;
  g_auto(VaEvidence) evidence = { 0 };
  gboolean attested;

  if (va_launch_state (launch) == VA_HOST_LAUNCH_ATTESTED)
    return va_launch_bind (launch, channel->pid, channel->start, error);
  if (!check_origin (launch, channel, end, error) || !va_channel_collect (channel, &evidence, error)
      || !check_started_policy (launch, &evidence, error))
    return FALSE;
  if (va_launch_resets_by_launching (launch) && !va_channel_hold (channel, error))
    return FALSE;
  va_launch_step (launch, "measured");
  reply = validate_evidence (launch, &evidence, end, error);
  if (reply == NULL || !inject_secrets (launch, channel, reply, error) || !check_stopped (launch, channel, error))
    return FALSE;
  attested = attest_guest (launch, channel, error);
  launch->host->owes (launch->host->data);
  return attested;
}

/* QEMU's words have the number at most. */
static void
explain_firmware_error (GError *error)
{
  int number = va_firmware_error_find (error->message, strlen (error->message));
  g_autofree char *explanation = number != VA_FIRMWARE_ERROR_NONE ? va_firmware_error_text ((guint) number) : NULL;
  char *message = error->message;

  if (explanation == NULL)
    return;
  error->message = g_strdup_printf (_("%s; the SEV firmware's error %s"), message, explanation);
  g_free (message);
}

gboolean
va_launch_serve (VaLaunch *launch, VaChannel *channel, gint64 end, GError **error)
{
  GError *reason = NULL;

  if (serve_launch (launch, channel, end, &reason))
    return TRUE;
  explain_firmware_error (reason);
  g_propagate_error (error, reason);
  return FALSE;
}
