/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "core/error.h"
#include "core/monitor-path.h"
#include "core/qemu-arguments.h"

#define RUN "/run/virt-attest"
#define UUID "00112233-4455-6677-8899-aabbccddeeff"
#define PATH RUN "/qmp/libvirt-" UUID "/monitor.sock"
#define OLDER RUN "/qmp/" UUID "/monitor.sock"

static void
test_paths (void)
{
  g_autofree char *path = va_monitor_path (RUN, UUID), *older = va_monitor_path_older (RUN, UUID);

  g_assert_cmpstr (path, ==, PATH);
  g_assert_cmpstr (older, ==, OLDER);
}

static void
test_parse (void)
{
  static const struct {
    const char *text;
    gsize size;
    gboolean monitor, loads_state;
  } cases[] = {
#define CASE(text, monitor, loads_state) { text, sizeof text, monitor, loads_state }
    CASE ("qemu\0-S", FALSE, FALSE),
    CASE ("qemu\0-chardev\0socket,id=virt-attest,path=" PATH ",server=on", TRUE, FALSE),
    CASE ("qemu\0-chardev\0socket,id=virt-attest,path=" OLDER, TRUE, FALSE),
    CASE ("qemu\0-chardev\0socket,path=" RUN "/qmp/libvirt-" UUID, FALSE, FALSE),
    CASE ("qemu\0" RUN "/qmp/libvirt-00112233-4455-6677-8899-aabbccddee00/monitor.sock", FALSE, FALSE),
    CASE ("qemu\0-incoming\0defer", FALSE, TRUE),
    CASE ("qemu\0--incoming\0defer", FALSE, TRUE),
    CASE ("qemu\0-loadvm\0a", FALSE, TRUE),
    CASE ("qemu\0--loadvm\0a\0" PATH, TRUE, TRUE),
    CASE ("qemu\0-S\0-incoming", FALSE, TRUE),
    CASE ("qemu\0-name\0guest=-incoming", FALSE, FALSE),
    CASE ("qemu\0incoming\0---incoming\0-incoming2\0-incomin\0-\0--", FALSE, FALSE),
    CASE ("", FALSE, FALSE),
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      VaQemuArguments with_end = va_qemu_arguments_parse (cases[i].text, cases[i].size, RUN, UUID);
      VaQemuArguments without = va_qemu_arguments_parse (cases[i].text, cases[i].size - 1, RUN, UUID);

      g_test_message ("case %u", i);
      g_assert_cmpint (with_end.monitor, ==, cases[i].monitor);
      g_assert_cmpint (with_end.loads_state, ==, cases[i].loads_state);
      g_assert_cmpint (without.monitor, ==, cases[i].monitor);
      g_assert_cmpint (without.loads_state, ==, cases[i].loads_state);
    }
}

static void
test_sev (void)
{
  static const struct {
    const char *text;
    gsize size;
    gboolean sev;
  } cases[] = {
#define SEV(text, sev) { text, sizeof text, sev }
    SEV ("qemu\0-object\0{\"qom-type\":\"sev-guest\",\"id\":\"lsec0\"}", TRUE),
    SEV ("qemu\0-incoming\0defer\0--object\0sev-snp-guest,id=lsec0", TRUE),
    SEV ("qemu\0-object\0-object\0sev-guest", TRUE),
    SEV ("qemu\0-object\0rng-random,id=sev", FALSE),
    SEV ("qemu\0-name\0guest=sev-guest\0-object", FALSE),
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (va_qemu_arguments_parse (cases[i].text, cases[i].size, RUN, UUID).sev, ==, cases[i].sev);
}

static void
test_read (void)
{
  g_autoptr(GError) error = NULL;
  VaQemuArguments arguments;

  g_assert_true (va_qemu_arguments_read (getpid (), RUN, UUID, 5000, &arguments, &error));
  g_assert_no_error (error);
  g_assert_false (arguments.monitor || arguments.loads_state);
  g_assert_false (va_qemu_arguments_read (G_MAXINT, RUN, UUID, 5000, &arguments, &error));
  g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND);
}

static char *own_arguments; /* where the kernel reads this process's command line */

/* In a child: its command line is on a page that nobody brings in. The byte at @out says whether that was possible. */
static void
block_own_arguments (int out)
{
  const gsize size = (gsize) sysconf (_SC_PAGESIZE);
  struct uffdio_api api = { .api = UFFD_API };
  struct uffdio_register wanted = { .mode = UFFDIO_REGISTER_MODE_MISSING };
  int fd = (int) syscall (SYS_userfaultfd, O_CLOEXEC);
  void *page = (void *) ((guintptr) own_arguments & ~(size - 1));
  gboolean ok;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  page = mmap (page, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  wanted.range.start = (guintptr) page;
  wanted.range.len = size;
  ok = fd >= 0 && page != MAP_FAILED && ioctl (fd, UFFDIO_API, &api) == 0 && ioctl (fd, UFFDIO_REGISTER, &wanted) == 0;
  if (write (out, ok ? "y" : "n", 1) != 1)
    _exit (1);
  for (;;)
    pause ();
}

/* A QEMU that was taken over can keep whoever reads its command line waiting. */
static void
test_blocked (void)
{
  g_autoptr(GError) error = NULL;
  VaQemuArguments arguments;
  gint64 began;
  int ends[2];
  char answer = 'n';
  pid_t pid;

  g_assert_cmpint (pipe (ends), ==, 0);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    block_own_arguments (ends[1]);
  g_assert_cmpint (read (ends[0], &answer, 1), ==, 1);
  began = g_get_monotonic_time ();
  if (answer == 'y')
    {
      g_assert_false (va_qemu_arguments_read (pid, RUN, UUID, 300, &arguments, &error));
      /* Some kernels wait for the page, others read nothing. */
      if (!g_error_matches (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND))
        g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_TIMEOUT);
      g_assert_cmpint (g_get_monotonic_time () - began, <, 10 * G_USEC_PER_SEC);
    }
  else
    g_test_skip ("this kernel does not let a process block its own command line");
  kill (pid, SIGKILL);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
  close (ends[0]);
  close (ends[1]);
}

/* Without any time the reader is left behind, as a rule; it must then clean up by itself. */
static void
test_left_behind (void)
{
  guint late = 0;

  for (guint i = 0; i < 2000; i++)
    {
      g_autoptr(GError) error = NULL;
      VaQemuArguments arguments;

      if (!va_qemu_arguments_read (getpid (), RUN, UUID, 0, &arguments, &error))
        {
          g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_TIMEOUT);
          late++;
        }
    }
  g_assert_cmpuint (late, >, 0);
}

int
main (int argc, char **argv)
{
  own_arguments = argv[0];
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/qemu-arguments/paths", test_paths);
  g_test_add_func ("/qemu-arguments/parse", test_parse);
  g_test_add_func ("/qemu-arguments/sev", test_sev);
  g_test_add_func ("/qemu-arguments/read", test_read);
  g_test_add_func ("/qemu-arguments/blocked", test_blocked);
  g_test_add_func ("/qemu-arguments/left-behind", test_left_behind);
  return g_test_run ();
}
