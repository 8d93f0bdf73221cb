/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <dlfcn.h>
#include <string.h>
#include <unistd.h>
#include "core/ask.h"
#include "core/file.h"
#include "core/i18n.h"
#include "core/number.h"
#include "core/process.h"
#include "cli/site/host-check.h"

#define QEMU_CONF "/etc/libvirt/qemu.conf"
#define HOOK "/etc/libvirt/hooks/qemu.d/virt-attest" /* where libvirt looks, wherever we were installed */
#define QEMU_CONF_MAX (1024 * 1024)
#define LOCK_DRIVER "virt-attest"
#define ASK_MS 2000

/* The value of the last "lock_manager = " line, without quotes. */
static char *
find_lock_manager (const char *text)
{
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);
  char *found = NULL;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *line = g_strstrip (lines[i]);
      gsize length = strlen ("lock_manager");
      g_auto(GStrv) halves = NULL;

      if (!g_str_has_prefix (line, "lock_manager") || strchr (" \t=", line[length]) == NULL)
        continue;
      halves = g_strsplit (line, "\"", 3);
      g_free (found);
      found = g_strdup (g_strv_length (halves) == 3 ? halves[1] : "");
    }
  return found;
}

void
va_check_lock_manager (VaHostCheck *check, VaFinding *finding)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *text = va_file_read_text (QEMU_CONF, QEMU_CONF_MAX, &error);
  g_autofree char *name = text != NULL ? find_lock_manager (text) : NULL;
  g_autofree char *daemon = va_process_daemon_name (0);

  if (text == NULL)
    va_finding_fix (finding, "%s", error->message);
  else if (name == NULL)
    va_finding_fix (finding, _("add the line lock_manager = \"%s\" to %s and restart %s"), LOCK_DRIVER, QEMU_CONF,
                    daemon);
  else if (strcmp (name, LOCK_DRIVER) != 0)
    va_finding_fix (finding,
                    _("%s has lock_manager = \"%s\": change it to \"%s\", and keep the other one with chain = \"%s\" "
                      "in /etc/libvirt/qemu-virt-attest.conf, then restart %s"),
                    QEMU_CONF, name, LOCK_DRIVER, name, daemon);
  else
    va_finding_ok (finding, _("%s names \"%s\""), QEMU_CONF, name);
}

/* Where libvirt looks for a lock driver. */
static char *
find_lock_driver (const char *name)
{
  const char *folder = g_getenv ("LIBVIRT_LOCK_MANAGER_PLUGIN_DIR");

  return g_strdup_printf ("%s/%s.so", folder != NULL ? folder : VA_LOCKDRIVERDIR, name);
}

char *
va_missing_lock_driver (void)
{
  g_autofree char *text = va_file_read_text (QEMU_CONF, QEMU_CONF_MAX, NULL);
  g_autofree char *name = text != NULL ? find_lock_manager (text) : NULL;
  g_autofree char *path = name != NULL && name[0] != '\0' ? find_lock_driver (name) : NULL;

  /* "nop" is in libvirt itself. */
  if (path == NULL || strcmp (name, "nop") == 0 || g_file_test (path, G_FILE_TEST_EXISTS))
    return NULL;
  return g_steal_pointer (&path);
}

void
va_check_gate_file (VaHostCheck *check, VaFinding *finding)
{
  g_autofree char *path = find_lock_driver (LOCK_DRIVER);
  void *handle = dlopen (path, RTLD_NOW | RTLD_LOCAL);

  if (handle == NULL)
    va_finding_fix (finding, _("the launch gate cannot be loaded: %s. Install it where libvirt looks for lock drivers"),
                    dlerror ());
  else if (dlsym (handle, "virLockDriverImpl") == NULL)
    va_finding_fix (finding, _("%s is not a lock driver: install virt-attest again"), path);
  else
    va_finding_ok (finding, "%s", path);
  /* Not closed: the gate stays loaded once it is. */
}

/* The process that the mark names; FALSE when there is no such mark or process any more. */
static gboolean
read_mark (pid_t *pid)
{
  g_autofree char *text = va_file_read_text (VA_RUNDIR "/gate", 64, NULL);
  g_auto(GStrv) words = text != NULL ? g_strsplit (g_strchomp (text), " ", 3) : NULL;
  guint64 number, start;

  if (words == NULL || g_strv_length (words) != 2 || !va_number_parse (words[0], 1, G_MAXINT, &number, NULL)
      || !va_number_parse (words[1], 0, G_MAXINT64, &start, NULL))
    return FALSE;
  *pid = (pid_t) number;
  return va_process_is (*pid, start);
}

pid_t
va_gate_daemon (void)
{
  pid_t pid = 0;

  return read_mark (&pid) ? pid : 0;
}

void
va_check_gate_loaded (VaHostCheck *check, VaFinding *finding)
{
  pid_t pid = 0;
  gboolean loaded = read_mark (&pid);
  g_autofree char *daemon = va_process_daemon_name (loaded ? pid : 0);

  if (loaded)
    va_finding_ok (finding, _("%s, process %d, has loaded the launch gate"), daemon, (int) pid);
  else
    va_finding_fix (finding,
                    _("no running libvirt daemon has loaded the launch gate: set lock_manager in %s and restart %s"),
                    QEMU_CONF, daemon);
}

void
va_check_hook (VaHostCheck *check, VaFinding *finding)
{
  g_autofree char *daemon = va_process_daemon_name (0);

  if (!g_file_test (HOOK, G_FILE_TEST_IS_REGULAR))
    va_finding_fix (finding,
                    _("%s is missing, or leads nowhere: make it a symbolic link to %s, which installation puts there, "
                      "then restart %s"),
                    HOOK, VA_SBINDIR "/virt-attest-hook", daemon);
  else if (access (HOOK, X_OK) != 0)
    va_finding_fix (finding, _("%s is not executable: set its mode to 0755"), HOOK);
  else
    va_finding_ok (finding, "%s", HOOK);
}

/* The end of a domain that there is not: the agent has nothing to do, and says so. */
void
va_check_agent (VaHostCheck *check, VaFinding *finding)
{
  g_autofree char *question = g_strdup_printf ("virt-attest hook 1\nrelease %d\n\n<domain><name>host-check</name>"
                                               "<uuid>00000000-0000-0000-0000-000000000000</uuid></domain>",
                                               (int) getpid ());
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) answer = va_ask (VA_RUNDIR "/hook.sock", question, strlen (question), ASK_MS, 4096, &error);

  if (answer == NULL)
    va_finding_fix (finding, _("the agent does not answer: %s. Start virt-attest-hostd"), error->message);
  else if (g_bytes_get_size (answer) != 5 || memcmp (g_bytes_get_data (answer, NULL), "pass\n", 5) != 0)
    va_finding_fix (finding, _("the agent sent an unexpected answer: hook, gate, agent and this program must have the "
                               "same version; restart virt-attest-hostd"));
  else
    va_finding_ok (finding, _("it answers"));
}
