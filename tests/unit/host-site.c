/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host-site.h"
#include <string.h>
#include "api/host-features.h"
#include "api/launch-grant.h"
#include "api/launch-request.h"
#include "api/outcome.h"
#include "api/validate-reply.h"

#include <string.h>
#include "core/encoding.h"
#include "core/file.h"
#include "core/guid.h"

#define HOST VA_ROLE_BIT (VA_ROLE_HOST)
#define BODY_MAX 65536

/* TRUE: go on; else @error says what the test wanted said. */
static gboolean
obey (Site *site, const SiteMode *mode, GError **error)
{
  SiteMode now;
  guint hang_ms;

  g_mutex_lock (&site->lock);
  now = *mode;
  hang_ms = site->hang_ms;
  g_mutex_unlock (&site->lock);
  if (now == SITE_HANG)
    g_usleep (hang_ms * 1000);
  if (now == SITE_REFUSE)
    g_set_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_PERMIT_EXHAUSTED, "the permit is used up");
  if (now == SITE_TROUBLE)
    g_set_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_STORE, "the store does not answer");
  return now == SITE_OK || now == SITE_HANG;
}

static void
note_request (Site *site, const VaRequest *request)
{
  g_mutex_lock (&site->lock);
  g_free (site->last_request);
  site->last_request = g_strdup (request->request_id);
  g_mutex_unlock (&site->lock);
}

static gboolean
on_launch (VaRequest *request, VaResponse *response, gpointer data, GError **error)
{
  Site *site = data;
  g_autoptr(JsonObject) json = va_request_json (request, error);
  g_autoptr(VaLaunchRequest) message = json != NULL ? va_launch_request_read (json, error) : NULL;
  VaLaunchGrant grant = { 0 };

  g_assert_nonnull (message);
  note_request (site, request);
  g_mutex_lock (&site->lock);
  g_free (site->last_owner);
  site->last_owner = g_strdup (message->owner);
  g_mutex_unlock (&site->lock);
  if (!obey (site, &site->launch_mode, error))
    return FALSE;
  grant.launch_id = va_uuid_random ();
  memset (grant.session, 0x11, sizeof grant.session);
  memset (grant.owner_cert, 0x22, sizeof grant.owner_cert);
  grant.expires = g_get_real_time () / G_USEC_PER_SEC + 300;
  g_mutex_lock (&site->lock);
  grant.policy = site->policy;
  site->launches++;
  g_free (site->last_launch);
  site->last_launch = grant.launch_id;
  response->json = va_launch_grant_write (&grant);
  g_mutex_unlock (&site->lock);
  response->status = 201;
  return TRUE;
}

static gboolean
on_validate (VaRequest *request, VaResponse *response, gpointer data, GError **error)
{
  Site *site = data;
  g_autoptr(JsonObject) json = va_request_json (request, error);
  VaValidateRequest *message = json != NULL ? va_validate_request_read (json, error) : NULL;
  VaValidateReply reply = { 0 };
  static const guint8 payload[64];

  g_assert_nonnull (message);
  note_request (site, request);
  g_mutex_lock (&site->lock);
  site->validations++;
  g_clear_pointer (&site->seen, va_validate_request_free);
  site->seen = message;
  reply.launch_id = g_strdup (message->launch_id);
  reply.has_secret = !site->no_secret;
  reply.secret_address = reply.has_secret ? site->secret_address : 0;
  g_mutex_unlock (&site->lock);
  if (!obey (site, &site->validate_mode, error))
    {
      g_free (reply.launch_id);
      return FALSE;
    }
  memset (reply.header, 0x33, sizeof reply.header);
  reply.payload = reply.has_secret ? g_bytes_new_static (payload, sizeof payload) : NULL;
  response->status = 200;
  response->json = va_validate_reply_write (&reply);
  g_clear_pointer (&reply.payload, g_bytes_unref);
  g_free (reply.launch_id);
  return TRUE;
}

static char *
describe (const char *launch_id, const VaOutcome *outcome)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text, "%s %s %s|", launch_id, va_outcome_state_name (outcome->state),
                   outcome->reason != NULL ? outcome->reason : "");
  for (guint i = 0; i < outcome->steps->len; i++)
    g_string_append_printf (text, "%s,", ((VaStep *) g_ptr_array_index (outcome->steps, i))->name);
  return g_string_free (text, FALSE);
}

static gboolean
on_outcome (VaRequest *request, VaResponse *response, gpointer data, GError **error)
{
  Site *site = data;
  g_autoptr(JsonObject) json = va_request_json (request, error);
  g_autoptr(VaOutcome) outcome = json != NULL ? va_outcome_read (json, error) : NULL;

  g_assert_nonnull (outcome);
  if (!obey (site, &site->outcome_mode, error))
    {
      if (site->outcome_mode != SITE_REFUSE)
        return FALSE;
      g_clear_error (error);
      g_set_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_LAUNCH_UNKNOWN, "no such launch");
    }
  g_mutex_lock (&site->lock);
  g_ptr_array_add (site->outcomes, describe (request->parts[0], outcome));
  g_cond_broadcast (&site->changed);
  g_mutex_unlock (&site->lock);
  response->status = 200;
  response->json = json_object_new ();
  return *error == NULL;
}

static gboolean
on_host (VaRequest *request, VaResponse *response, gpointer data, GError **error)
{
  Site *site = data;
  g_autoptr(JsonObject) json = va_request_json (request, error);
  g_autoptr(VaHostFeatures) features = json != NULL ? va_host_features_read (json, error) : NULL;

  g_assert_nonnull (features);
  if (!obey (site, &site->host_mode, error))
    return FALSE;
  g_mutex_lock (&site->lock);
  site->features++;
  g_mutex_unlock (&site->lock);
  response->status = 200;
  response->json = json_object_new ();
  return TRUE;
}

static const VaRoute routes[] = {
  { "POST", "/v1/vm/{}/launch", HOST, BODY_MAX, on_launch },
  { "POST", "/v1/vm/{}/validate", HOST, BODY_MAX, on_validate },
  { "POST", "/v1/launch/{}/outcome", HOST, BODY_MAX, on_outcome },
  { "POST", "/v1/host", HOST, BODY_MAX, on_host },
  { NULL },
};

void
site_start_service (Site *site)
{
  VaServerSettings settings = { .address = "127.0.0.1",
                                .port = site->port,
                                .ca_file = site->tls->ca_file,
                                .certificate_file = site->tls->server.certificate,
                                .key_file = site->tls->server.key,
                                .max_connections = 64,
                                .max_connections_per_address = 64,
                                .timeout_seconds = 10,
                                .request_seconds = 10,
                                .threads = 8 };
  g_autoptr(GError) error = NULL;

  site->server = va_server_start (&settings, routes, site, &error);
  g_assert_no_error (error);
  site->port = va_server_port (site->server);
}

void
site_stop_service (Site *site)
{
  g_clear_pointer (&site->server, va_server_stop);
}

static void
append_guid (GByteArray *image, guint16 length, const char *guid)
{
  guint8 tail[2 + VA_GUID_SIZE] = { (guint8) length, (guint8) (length >> 8) };

  g_assert_true (va_guid_parse (guid, tail + 2, NULL));
  g_byte_array_append (image, tail, sizeof tail);
}

#define PAGE 4096
#define ZEROS 16        /* between the table and the reset vector */
#define TABLE (26 + 18) /* a secret area, and the footer */

/* The smallest image there is, with a secret area or without a table. Spec: docs/SEV.md section 3 */
static char *
write_firmware (const Site *site, const char *name, gboolean area)
{
  static const guint8 end[ZEROS + 16] = { [ZEROS] = 0x90, 0x90, 0xe9, 0x5b, 0xff };
  g_autoptr(GByteArray) image = g_byte_array_new ();
  guint32 where[2] = { GUINT32_TO_LE (SITE_SECRET_ADDRESS), GUINT32_TO_LE (SITE_SECRET_SIZE) };
  char *path = g_build_filename (site->folder, name, NULL);

  g_byte_array_set_size (image, (guint) (PAGE - sizeof end - (area ? TABLE : 0)));
  memset (image->data, 0, image->len);
  if (area)
    {
      g_byte_array_append (image, (const guint8 *) where, sizeof where);
      append_guid (image, 26, "4c2eb361-7d9b-4cc3-8081-127c90d3d294");
      append_guid (image, TABLE, "96b582de-1fb2-45f7-baea-a366c55a082d");
    }
  g_byte_array_append (image, end, sizeof end);
  g_assert_true (va_file_write (path, image->data, image->len, 0644, NULL));
  return path;
}

char *
site_bare_firmware (const Site *site)
{
  return write_firmware (site, "bare.fd", FALSE);
}

static void
make_settings (Site *site)
{
  VaHostSettings *settings = g_new0 (VaHostSettings, 1);

  settings->url = g_strdup_printf ("https://127.0.0.1:%u", site->port);
  settings->ca = g_strdup (site->tls->ca_file);
  settings->certificate = g_strdup (site->host.certificate);
  settings->key = g_strdup (site->host.key);
  settings->libvirt_uri = g_strdup ("");
  settings->deadline_ms = 3000;
  settings->grace_ms = 60000;
  settings->state_dir = g_build_filename (site->folder, "s", NULL);
  settings->qemu_log_dir = g_build_filename (site->folder, "log", NULL);
  settings->run_dir = g_build_filename (site->folder, "r", NULL);
  site->settings = settings;
}

Site *
site_new (void)
{
  Site *site = g_new0 (Site, 1);

  g_mutex_init (&site->lock);
  g_cond_init (&site->changed);
  site->outcomes = g_ptr_array_new_with_free_func (g_free);
  site->policy = SITE_POLICY;
  site->secret_address = SITE_SECRET_ADDRESS;
  site->tls = fixture_new ();
  site->host = fixture_client (site->tls, VA_ROLE_HOST, "node-1");
  site->folder = g_dir_make_tmp ("s-XXXXXX", NULL);
  g_assert_nonnull (site->folder);
  site_start_service (site);
  make_settings (site);
  site->firmware = write_firmware (site, "firmware.fd", TRUE);
  return site;
}

static void
remove_tree (const char *path)
{
  const char *arguments[] = { "rm", "-rf", path, NULL };

  g_assert_true (g_spawn_sync (NULL, (char **) arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                               NULL));
}

void
site_free (Site *site)
{
  site_stop_service (site);
  remove_tree (site->folder);
  fixture_files_clear (&site->host);
  fixture_free (site->tls);
  va_host_settings_free (site->settings);
  g_clear_pointer (&site->seen, va_validate_request_free);
  g_ptr_array_unref (site->outcomes);
  g_free (site->last_request);
  g_free (site->last_owner);
  g_free (site->last_launch);
  g_free (site->firmware);
  g_free (site->folder);
  g_mutex_clear (&site->lock);
  g_cond_clear (&site->changed);
  g_free (site);
}

void
site_set (Site *site, SiteMode *mode, SiteMode value)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&site->lock);

  *mode = value;
}

char *
site_last_request (Site *site)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&site->lock);

  return g_strdup (site->last_request);
}

char *
site_last_owner (Site *site)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&site->lock);

  return g_strdup (site->last_owner);
}

char *
site_last_launch (Site *site)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&site->lock);

  return g_strdup (site->last_launch);
}

guint
site_count (Site *site, const guint *counter)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&site->lock);

  return *counter;
}

guint
site_outcomes (Site *site)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&site->lock);

  return site->outcomes->len;
}

static const char *
find_outcome (const Site *site, const char *launch_id, const char *text)
{
  for (guint i = 0; i < site->outcomes->len; i++)
    {
      const char *outcome = g_ptr_array_index (site->outcomes, i);

      if ((launch_id == NULL || g_str_has_prefix (outcome, launch_id)) && g_str_has_prefix (outcome + 37, text))
        return outcome;
    }
  return NULL;
}

char *
site_wait_outcome (Site *site, const char *launch_id, const char *text)
{
  gint64 end = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&site->lock);

  while (find_outcome (site, launch_id, text) == NULL)
    if (!g_cond_wait_until (&site->changed, &site->lock, end))
      g_error ("no outcome “%s” of %s; %u others", text, launch_id, site->outcomes->len);
  return g_strdup (find_outcome (site, launch_id, text));
}

static char *
replace (const char *text, const char *change)
{
  g_auto(GStrv) two = g_strsplit (change, "|", 2);
  g_auto(GStrv) parts = g_strsplit (text, two[0], -1);

  g_assert_cmpuint (g_strv_length (parts), >, 1);
  return g_strjoinv (two[1], parts);
}

char *
site_domain (Site *site, const char *change)
{
  g_autofree char *xml =
    g_strdup_printf ("<domain type='kvm' id='3'>\n"
                     "  <name>confidential</name>\n  <uuid>" SITE_UUID "</uuid>\n"
                     "  <metadata><attest:launch xmlns:attest=\"urn:virt-attest:launch:1\" id=\"" SITE_UUID
                     "\" mode=\"required\"/>"
                     "</metadata>\n"
                     "  <memory unit='MiB'>512</memory>\n  <vcpu>2</vcpu>\n"
                     "  <os><type arch='x86_64' machine='q35'>hvm</type><loader type='rom'>%s</loader></os>\n"
                     "  <launchSecurity "
                     "type='sev'><cbitpos>51</cbitpos><reducedPhysBits>1</reducedPhysBits><policy>0x0001</policy>"
                     "<dhCert>QUFBQQ==</dhCert><session>QUFBQQ==</session></launchSecurity>\n"
                     "  <qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
                     "    <qemu:arg value='-qmp'/>\n"
                     "    <qemu:arg value='unix:%s/qmp/libvirt-" SITE_UUID "/monitor.sock,server=on,wait=off'/>\n"
                     "  </qemu:commandline>\n</domain>\n",
                     site->firmware, site->settings->run_dir);

  return change != NULL ? replace (xml, change) : g_strdup (xml);
}

void
site_platform (Site *site)
{
  static const guint8 zeros[VA_CERT_CHAIN_SIZE];
  g_autofree char *path = g_build_filename (site->settings->state_dir, "platform.json", NULL);
  g_autofree char *pdh = va_base64_encode (zeros, VA_SEV_CERT_SIZE);
  g_autofree char *chain = va_base64_encode (zeros, sizeof zeros);
  g_autofree char *text = g_strdup_printf ("{\"pdh\": \"%s\", \"cert-chain\": \"%s\", \"cbitpos\": 51, "
                                           "\"reduced-phys-bits\": 1, \"max-guests\": 15, \"max-es-guests\": 0}",
                                           pdh, chain);

  g_assert_true (va_folder_make (site->settings->state_dir, 0700, NULL));
  g_assert_true (va_file_write (path, text, strlen (text), 0600, NULL));
}
