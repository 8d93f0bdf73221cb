/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <dlfcn.h>
#include <glib/gstdio.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include "core/process.h"
#include "gate-fixture.h"

LockDriver *gate;
Recorder *chained;
GString *reported;

/* libvirt's own, as the gate finds it. */
void virReportErrorHelper (int domain, int code, const char *file, const char *function, size_t line,
                           const char *format, ...) G_GNUC_PRINTF (6, 7);
void
virReportErrorHelper (int domain, int code, const char *file, const char *function, size_t line, const char *format,
                      ...)
{
  va_list arguments;

  g_assert_cmpint (domain, ==, 10);
  g_assert_cmpint (code, ==, 29);
  g_assert_nonnull (file);
  g_assert_nonnull (function);
  va_start (arguments, format);
  g_string_append_vprintf (reported, format, arguments);
  va_end (arguments);
}

void
assert_reported (const char *words)
{
  g_assert_true (g_str_has_prefix (reported->str, "virt-attest: "));
  g_assert_nonnull (strstr (reported->str, words));
  g_string_truncate (reported, 0);
}

int
begin (const char *settings)
{
  g_string_truncate (reported, 0);
  own_machine_write (CONFIG, settings);
  return gate->init (LOCK_DRIVER_VERSION, CONFIG, 0);
}

void
begin_well (const char *settings)
{
  g_assert_cmpint (begin (settings), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (VA_RUNDIR "/domains", 0700), ==, 0);
  unlink (MARKER);
}

void
end (void)
{
  g_assert_cmpint (gate->deinit (), ==, 0);
}

void
open_manager (LockManager *manager, pid_t pid, unsigned int flags)
{
  LockParam params[] = {
    { LOCK_PARAM_UUID,
      "uuid",
      { .uuid = { 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff } } },
    { LOCK_PARAM_CSTRING, "name", { .cstr = "guest" } },
    { LOCK_PARAM_UINT, "id", { .ui = 1 } },
    { LOCK_PARAM_UINT, "pid", { .ui = (unsigned int) pid } },
    { LOCK_PARAM_CSTRING, "uri", { .cstr = NULL } },
  };

  memset (manager, 0, sizeof *manager);
  manager->driver = gate;
  g_assert_cmpint (gate->new_manager (manager, LOCK_OBJECT_DOMAIN, G_N_ELEMENTS (params), params, flags), ==, 0);
}

int
acquire (pid_t pid)
{
  LockManager manager;
  int result, fd = 5;

  open_manager (&manager, pid, 0);
  result = gate->acquire (&manager, NULL, 0, 0, &fd);
  gate->free_manager (&manager);
  g_assert_null (manager.private_data);
  return result;
}

char *
attested (pid_t pid, gint64 start_offset)
{
  guint64 start;

  g_assert_true (va_process_start_time (pid, &start, NULL));
  return g_strdup_printf ("attested %d %" G_GUINT64_FORMAT "\n", (int) pid, start + (guint64) start_offset);
}

static void
load_gate (void)
{
  static const char *const files[][2] = { { "plugin/.libs/virt-attest.so", "virt-attest.so" },
                                          { "tests/unit/.libs/recorder.so", "recorder.so" },
                                          { "tests/unit/.libs/foreign.so", "foreign.so" } };
  void *handle;

  g_assert_cmpint (g_mkdir (DRIVERS, 0755), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *from = g_build_filename (g_getenv ("VA_TOP_BUILDDIR"), files[i][0], NULL);
      g_autofree char *to = g_build_filename (DRIVERS, files[i][1], NULL);

      g_assert_true (g_file_test (from, G_FILE_TEST_IS_REGULAR));
      g_assert_cmpint (symlink (from, to), ==, 0);
    }
  own_machine_write (DRIVERS "/empty.so", "");
  handle = dlopen (DRIVERS "/recorder.so", RTLD_NOW | RTLD_LOCAL);
  g_assert_nonnull (handle);
  chained = dlsym (handle, "recorder");
  g_assert_nonnull (chained);
  handle = dlopen (DRIVERS "/virt-attest.so", RTLD_NOW | RTLD_LOCAL);
  g_assert_nonnull (handle);
  gate = dlsym (handle, "virLockDriverImpl");
  g_assert_nonnull (gate);
}

void
begin_tests (int *argc, char ***argv)
{
  own_machine_enter ();
  own_machine_cover (VA_SYSCONFDIR);
  g_test_init (argc, argv, NULL);
  reported = g_string_new (NULL);
  load_gate ();
}
