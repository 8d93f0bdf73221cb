/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "fake-qemu.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "core/encoding.h"
#include "monitor.h"
#include "qmp/client.h"

#define MARK "--fake-qemu"

typedef struct {
  GMutex lock;
  char *status, *state, *inject;
  gint64 policy, address;
  guint injected;
  char *reboot, *action; /* what set-action was told last; why it refuses */
} Machine;

static void
set_string (char **where, JsonObject *arguments, const char *name)
{
  if (!json_object_has_member (arguments, name))
    return;
  g_free (*where);
  *where = g_strdup (json_object_get_string_member (arguments, name));
}

static char *
on_set (Machine *machine, JsonObject *arguments)
{
  set_string (&machine->status, arguments, "status");
  set_string (&machine->state, arguments, "state");
  set_string (&machine->inject, arguments, "inject");
  set_string (&machine->action, arguments, "action");
  if (json_object_has_member (arguments, "policy"))
    machine->policy = json_object_get_int_member (arguments, "policy");
  return g_strdup ("{\"return\": {}, \"id\": @ID}\r\n");
}

static char *
on_inject (Machine *machine, JsonObject *arguments)
{
  if (!g_str_equal (machine->state, "launch-secret"))
    return g_strdup ("{\"id\": @ID, \"error\": {\"class\": \"GenericError\", \"desc\": \"SEV: Not in correct "
                     "state\"}}\r\n");
  if (machine->inject != NULL)
    return g_strdup_printf ("{\"id\": @ID, \"error\": {\"class\": \"GenericError\", \"desc\": \"%s\"}}\r\n",
                            machine->inject);
  machine->injected++;
  machine->address = json_object_get_int_member (arguments, "gpa");
  return g_strdup ("{\"return\": {}, \"id\": @ID}\r\n");
}

static char *
on_action (Machine *machine, JsonObject *arguments)
{
  if (machine->action != NULL)
    return g_strdup_printf ("{\"id\": @ID, \"error\": {\"class\": \"%s\", \"desc\": \"set-action\"}}\r\n",
                            machine->action);
  set_string (&machine->reboot, arguments, "reboot");
  return g_strdup ("{\"return\": {}, \"id\": @ID}\r\n");
}

static char *
answer (const char *command, JsonObject *arguments, gpointer data)
{
  Machine *machine = data;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&machine->lock);
  g_autofree char *measure = NULL;
  guint8 bytes[VA_MEASUREMENT_SIZE];

  if (g_str_equal (command, "test-set"))
    return on_set (machine, arguments);
  if (g_str_equal (command, "test-get"))
    return g_strdup_printf ("{\"return\": {\"injected\": %u, \"address\": %" G_GINT64_FORMAT
                            ", \"reboot\": \"%s\"}, \"id\": @ID}\r\n",
                            machine->injected, machine->address, machine->reboot);
  if (g_str_equal (command, "set-action"))
    return on_action (machine, arguments);
  if (g_str_equal (command, "query-status"))
    return g_strdup_printf ("{\"return\": {\"status\": \"%s\", \"running\": false}, \"id\": @ID}\r\n", machine->status);
  if (g_str_equal (command, "query-sev"))
    return g_strdup_printf ("{\"return\": {\"enabled\": true, \"api-major\": 1, \"api-minor\": 51, \"build-id\": 3, "
                            "\"policy\": %" G_GINT64_FORMAT ", \"state\": \"%s\", \"handle\": 1}, \"id\": @ID}\r\n",
                            machine->policy, machine->state);
  if (g_str_equal (command, "sev-inject-launch-secret"))
    return on_inject (machine, arguments);
  if (!g_str_equal (command, "query-sev-launch-measure"))
    return g_strdup ("{\"return\": {}, \"id\": @ID}\r\n");
  memset (bytes, 0x44, sizeof bytes);
  measure = va_base64_encode (bytes, sizeof bytes);
  return g_strdup_printf ("{\"return\": {\"data\": \"%s\"}, \"id\": @ID}\r\n", measure);
}

void
fake_qemu_main (int argc, char *argv[])
{
  Machine machine = { .policy = 1 };

  if (argc < 4 || !g_str_equal (argv[1], MARK))
    return;
  machine.status = g_strdup ("prelaunch");
  machine.state = g_strdup ("launch-secret");
  machine.reboot = g_strdup ("reset");
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  monitor_new (argv[2], NULL, answer, &machine);
  monitor_new (argv[3], NULL, answer, &machine); /* of the test's own: the agent takes the first one away */
  if (write (STDOUT_FILENO, "x", 1) != 1)
    _exit (1);
  for (;;)
    pause ();
}

FakeQemu
fake_qemu_start_with (const char *path, const char *argument)
{
  static guint count;
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  FakeQemu qemu = { 0, g_strdup_printf ("%s/q-%d-%u", g_get_tmp_dir (), (int) getpid (), count++) };
  const char *arguments[] = { self, MARK, path, qemu.path, argument, NULL };
  g_autoptr(GError) error = NULL;
  int out;
  char x;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_spawn_async_with_pipes (NULL, (char **) arguments, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &qemu.pid, NULL,
                            &out, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (read (out, &x, 1), ==, 1);
  close (out);
  return qemu;
}

FakeQemu
fake_qemu_start (const char *path)
{
  return fake_qemu_start_with (path, NULL);
}

static JsonObject *
ask (const FakeQemu *qemu, const char *command, JsonObject *arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaQmpClient) client = va_qmp_connect (qemu->path, g_get_monotonic_time () + 5 * G_TIME_SPAN_SECOND, &error);
  JsonObject *reply;

  g_assert_no_error (error);
  reply = va_qmp_execute (client, command, arguments, &error);
  g_assert_no_error (error);
  return reply;
}

void
fake_qemu_set (const FakeQemu *qemu, const char *json)
{
  g_autoptr(JsonObject) arguments = va_json_parse (json, strlen (json), NULL);
  g_autoptr(JsonObject) reply = ask (qemu, "test-set", arguments);

  g_assert_nonnull (reply);
}

guint
fake_qemu_injected (const FakeQemu *qemu, guint64 *address)
{
  g_autoptr(JsonObject) reply = ask (qemu, "test-get", NULL);

  if (address != NULL)
    *address = (guint64) json_object_get_int_member (reply, "address");
  return (guint) json_object_get_int_member (reply, "injected");
}

char *
fake_qemu_reboot (const FakeQemu *qemu)
{
  g_autoptr(JsonObject) reply = ask (qemu, "test-get", NULL);

  return g_strdup (json_object_get_string_member (reply, "reboot"));
}

void
fake_qemu_kill (FakeQemu *qemu)
{
  kill (qemu->pid, SIGKILL);
  g_assert_cmpint (waitpid (qemu->pid, NULL, 0), ==, qemu->pid);
  unlink (qemu->path);
  g_clear_pointer (&qemu->path, g_free);
}
