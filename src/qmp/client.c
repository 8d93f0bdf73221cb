/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp/client.h"

#include <string.h>
#include <unistd.h>
#include "core/encoding.h"
#include "core/error.h"
#include "core/i18n.h"
#include "qmp/codec.h"
#include "qmp/stream.h"

G_DEFINE_QUARK (va-qmp-error-quark, va_qmp_error)

/* A command that was sent before its turn. */
typedef struct {
  const char *command;
  guint64 id;
} Announced;

struct _VaQmpClient {
  int fd;
  pid_t peer;
  gint64 end;
  guint64 last_id;
  VaQmpReader *reader;
  Announced announced[VA_QMP_ANNOUNCED_MAX]; /* in the order in which QEMU answers */
  guint first, count;                        /* of those whose answer was not taken */
};

void
va_qmp_client_free (VaQmpClient *client)
{
  if (client->fd >= 0)
    close (client->fd);
  va_qmp_reader_free (client->reader);
  g_free (client);
}

pid_t
va_qmp_peer (const VaQmpClient *client)
{
  return client->peer;
}

gboolean
va_qmp_peer_at (const char *path, pid_t *pid, GError **error)
{
  int fd = va_stream_connect (path, g_get_monotonic_time (), error);
  gboolean known;

  if (fd < 0)
    return FALSE;
  known = va_stream_peer (fd, pid, error);
  close (fd);
  return known;
}

static VaQmpMessage *
receive_message (VaQmpClient *client, GError **error)
{
  VaQmpMessage *message = NULL;
  char block[4096];

  while (va_qmp_reader_next (client->reader, &message, error) && message == NULL)
    {
      gsize n = va_stream_receive (client->fd, block, sizeof block, client->end, error);

      if (n == 0 || !va_qmp_reader_feed (client->reader, block, n, error))
        return NULL;
    }
  return message;
}

static gboolean
receive_greeting (VaQmpClient *client, GError **error)
{
  g_autoptr(VaQmpMessage) message = receive_message (client, error);

  if (message == NULL)
    return FALSE;
  if (message->kind == VA_QMP_GREETING)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PEER, _("QEMU's monitor sent no greeting"));
  return FALSE;
}

VaQmpClient *
va_qmp_connect (const char *path, gint64 end, GError **error)
{
  g_autoptr(VaQmpClient) client = g_new0 (VaQmpClient, 1);
  g_autoptr(JsonObject) done = NULL;

  client->end = end;
  client->reader = va_qmp_reader_new ();
  client->fd = va_stream_connect (path, end, error);
  if (client->fd < 0 || !va_stream_peer (client->fd, &client->peer, error) || !receive_greeting (client, error))
    return NULL;
  done = va_qmp_execute (client, "qmp_capabilities", NULL, error);
  return done != NULL ? g_steal_pointer (&client) : NULL;
}

static gboolean
lose_order (const char *command, GError **error)
{
  g_set_error (error, VA_QMP_ERROR, VA_QMP_ERROR_ANSWER, _("%s: QEMU's monitor sent an unexpected answer"), command);
  return FALSE;
}

/* The answer to command @id; QEMU answers in order, so anything else but an event means that the two lost each other.
   */
static JsonObject *
receive_answer (VaQmpClient *client, const char *command, guint64 id, GError **error)
{
  for (;;)
    {
      g_autoptr(VaQmpMessage) message = receive_message (client, error);

      if (message == NULL)
        return NULL;
      if (message->kind == VA_QMP_EVENT)
        continue;
      if (message->kind == VA_QMP_REFUSAL && (!message->has_id || message->id == id))
        g_set_error (error, VA_QMP_ERROR, VA_QMP_ERROR_REFUSED, "%s: %s: %s", command, message->error_class,
                     message->description);
      else if (message->kind == VA_QMP_RETURN && message->has_id && message->id == id)
        return g_steal_pointer (&message->value);
      else
        lose_order (command, error);
      return NULL;
    }
}

gboolean
va_qmp_announce (VaQmpClient *client, const char *const *commands, GError **error)
{
  g_autoptr(GString) lines = g_string_new (NULL);

  /* What is left was announced before an error, and its answers are still to come. */
  if (client->count > 0 || g_strv_length ((char **) commands) > VA_QMP_ANNOUNCED_MAX)
    return lose_order (commands[0], error);
  client->first = 0;
  for (guint i = 0; commands[i] != NULL; i++)
    {
      g_autofree char *line = va_qmp_command (commands[i], NULL, ++client->last_id);

      client->announced[client->count++] = (Announced){ commands[i], client->last_id };
      g_string_append (lines, line);
    }
  return va_stream_send (client->fd, lines->str, lines->len, client->end, error);
}

JsonObject *
va_qmp_execute (VaQmpClient *client, const char *command, JsonObject *arguments, GError **error)
{
  const Announced *next = &client->announced[client->first];
  g_autofree char *line = NULL;
  guint64 id;

  if (client->count > 0)
    {
      if (arguments != NULL || !g_str_equal (next->command, command))
        {
          lose_order (command, error);
          return NULL;
        }
      client->first++;
      client->count--;
      return receive_answer (client, command, next->id, error);
    }
  id = ++client->last_id;
  line = va_qmp_command (command, arguments, id);
  if (!va_stream_send (client->fd, line, strlen (line), client->end, error))
    return NULL;
  return receive_answer (client, command, id, error);
}

static gboolean
qemu_lacks (GError **error, const char *command, const char *member)
{
  g_set_error (error, VA_QMP_ERROR, VA_QMP_ERROR_ANSWER, _("%s: QEMU's answer has no usable “%s”"), command, member);
  return FALSE;
}

static const char *
take_string (JsonObject *object, const char *command, const char *member, GError **error)
{
  JsonNode *node = json_object_get_member (object, member);

  if (node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    return json_node_get_string (node);
  qemu_lacks (error, command, member);
  return NULL;
}

static gboolean
take_number_member (JsonObject *object, const char *command, const char *member, guint64 max, guint64 *out,
                    GError **error)
{
  JsonNode *node = json_object_get_member (object, member);
  gboolean number = node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64;
  gint64 value = number ? json_node_get_int (node) : -1;

  if (value < 0 || (guint64) value > max)
    return qemu_lacks (error, command, member);
  *out = (guint64) value;
  return TRUE;
}

static gboolean
take_base64_member (JsonObject *object, const char *command, const char *member, gpointer out, gsize size,
                    GError **error)
{
  const char *text = take_string (object, command, member, error);

  if (text == NULL)
    return FALSE;
  return va_base64_decode_exact (text, out, size, NULL) || qemu_lacks (error, command, member);
}

gboolean
va_qmp_end_at_reset (VaQmpClient *client, GError **error)
{
  static const char command[] = "set-action", missing[] = "set-action: CommandNotFound: ";
  g_autoptr(JsonObject) arguments = json_object_new (), answer = NULL;
  GError *reason = NULL;

  json_object_set_string_member (arguments, "reboot", "shutdown");
  answer = va_qmp_execute (client, command, arguments, &reason);
  if (answer != NULL)
    return TRUE;
  if (g_error_matches (reason, VA_QMP_ERROR, VA_QMP_ERROR_REFUSED) && g_str_has_prefix (reason->message, missing))
    {
      g_error_free (reason);
      return TRUE;
    }
  g_propagate_error (error, reason);
  return FALSE;
}

char *
va_qmp_query_status (VaQmpClient *client, GError **error)
{
  g_autoptr(JsonObject) answer = va_qmp_execute (client, "query-status", NULL, error);

  return answer != NULL ? g_strdup (take_string (answer, "query-status", "status", error)) : NULL;
}

gboolean
va_qmp_query_sev (VaQmpClient *client, VaQmpSev *sev, GError **error)
{
  const char *command = "query-sev", *state;
  g_autoptr(JsonObject) answer = va_qmp_execute (client, command, NULL, error);
  guint64 major, minor, build, policy;
  JsonNode *enabled;

  if (answer == NULL)
    return FALSE;
  enabled = json_object_get_member (answer, "enabled");
  if (enabled == NULL || !JSON_NODE_HOLDS_VALUE (enabled) || json_node_get_value_type (enabled) != G_TYPE_BOOLEAN)
    return qemu_lacks (error, command, "enabled");
  state = take_string (answer, command, "state", error);
  if (state == NULL || !take_number_member (answer, command, "api-major", G_MAXUINT8, &major, error)
      || !take_number_member (answer, command, "api-minor", G_MAXUINT8, &minor, error)
      || !take_number_member (answer, command, "build-id", G_MAXUINT8, &build, error)
      || !take_number_member (answer, command, "policy", G_MAXUINT32, &policy, error))
    return FALSE;
  sev->enabled = json_node_get_boolean (enabled);
  sev->context = (VaLaunchContext){
    .api_major = (guint8) major, .api_minor = (guint8) minor, .build_id = (guint8) build, .policy = (guint32) policy
  };
  return g_strlcpy (sev->state, state, sizeof sev->state) < sizeof sev->state || qemu_lacks (error, command, "state");
}

gboolean
va_qmp_query_measure (VaQmpClient *client, guint8 out[VA_MEASUREMENT_SIZE], GError **error)
{
  const char *command = "query-sev-launch-measure";
  g_autoptr(JsonObject) answer = va_qmp_execute (client, command, NULL, error);

  return answer != NULL && take_base64_member (answer, command, "data", out, VA_MEASUREMENT_SIZE, error);
}

gboolean
va_qmp_inject (VaQmpClient *client, const guint8 header[VA_PACKET_HEADER_SIZE], GBytes *payload, guint32 address,
               GError **error)
{
  g_autofree char *header_text = va_base64_encode (header, VA_PACKET_HEADER_SIZE);
  g_autofree char *payload_text = va_base64_encode (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload));
  g_autoptr(JsonObject) arguments = json_object_new ();
  g_autoptr(JsonObject) answer = NULL;

  g_return_val_if_fail (address != 0, FALSE);
  json_object_set_string_member (arguments, "packet-header", header_text);
  json_object_set_string_member (arguments, "secret", payload_text);
  json_object_set_int_member (arguments, "gpa", address);
  answer = va_qmp_execute (client, "sev-inject-launch-secret", arguments, error);
  return answer != NULL;
}

gboolean
va_qmp_query_sev_capabilities (VaQmpClient *client, VaQmpSevCapabilities *capabilities, GError **error)
{
  const char *command = "query-sev-capabilities";
  g_autoptr(JsonObject) answer = va_qmp_execute (client, command, NULL, error);

  return answer != NULL
         && take_base64_member (answer, command, "pdh", capabilities->pdh, sizeof capabilities->pdh, error)
         && take_base64_member (answer, command, "cert-chain", capabilities->cert_chain,
                                sizeof capabilities->cert_chain, error)
         && take_number_member (answer, command, "cbitpos", 63, &capabilities->cbitpos, error)
         && take_number_member (answer, command, "reduced-phys-bits", 63, &capabilities->reduced_phys_bits, error);
}
