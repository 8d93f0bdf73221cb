/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "core/error.h"
#include "core/file.h"
#include "core/process.h"
#include "launch-fixture.h"
#include "tee/sev/firmware-error.h"

/* What QEMU printed, at the end of its log. */
static void
append_log (Bench *bench, const char *text)
{
  g_autofree char *path = g_build_filename (bench->site->settings->qemu_log_dir, "confidential.log", NULL);
  FILE *log = fopen (path, "a");

  g_assert_nonnull (log);
  g_assert_cmpint (fputs (text, log), >=, 0);
  g_assert_cmpint (fclose (log), ==, 0);
}

static void
check_owed (Bench *bench, int number, const char *words)
{
  const VaOutcome *owed = va_launch_owed (bench->launch);

  g_assert_cmpint (owed->state, ==, VA_OUTCOME_FAILED);
  g_assert_cmpint (owed->firmware_error, ==, number);
  if (strstr (owed->reason, words) == NULL)
    g_error ("“%s” is not in “%s”", words, owed->reason);
}

static void
test_firmware_error_of_a_qemu_that_ended (void)
{
  Bench bench;

  bench_open (&bench);
  make_folder (bench.site->folder, "log");
  append_log (&bench, "sev_launch_start: LAUNCH_START ret=1 fw_error=13 'Invalid ASID'\n");
  va_launch_finish (bench.launch, "the domain ended");
  check_owed (&bench, 13, "all ASIDs are in use: stop a guest");
  bench_close (&bench);
}

/* What an earlier start left in the log says nothing about this one. */
static void
test_firmware_error_of_an_earlier_start (void)
{
  Bench bench;

  bench_open (&bench);
  make_folder (bench.site->folder, "log");
  append_log (&bench, "sev_launch_start: LAUNCH_START ret=1 fw_error=13 'Invalid ASID'\n");
  g_assert_true (va_launch_begin (bench.launch, NULL));
  append_log (&bench, "qemu-system-x86_64: cannot open the disk\n");
  va_launch_finish (bench.launch, "the domain ended");
  check_owed (&bench, VA_FIRMWARE_ERROR_NONE, "the domain ended");
  bench_close (&bench);
}

/* The service's word or the agent's own is nearer to the cause than what QEMU says when it is told to end. */
static void
test_firmware_error_after_a_refusal (void)
{
  Bench bench;

  bench_open (&bench);
  make_folder (bench.site->folder, "log");
  va_launch_trouble (bench.launch, "the service cannot be reached");
  append_log (&bench, "fw_error=13\n");
  va_launch_finish (bench.launch, "the domain ended");
  check_owed (&bench, VA_FIRMWARE_ERROR_NONE, "cannot be reached");
  bench_close (&bench);
}

static void
test_firmware_error_at_the_injection (void)
{
  Bench bench;
  Scripted qmp = scripted ("QMP");
  g_autoptr(GError) error = NULL;

  bench_open (&bench);
  qmp.inject_fails = TRUE;
  qmp.inject_words = "SEV: LAUNCH_SECRET ret=1 fw_error=22 'Invalid parameter'";
  g_assert_false (va_launch_serve (bench.launch, &qmp.parent, g_get_monotonic_time () + 5 * G_TIME_SPAN_SECOND,
                                   &error));
  g_assert_nonnull (strstr (error->message,
                            "the SEV firmware's error 22 (Invalid parameter): a secret of the wrong size"));
  va_launch_trouble (bench.launch, error->message);
  va_launch_finish (bench.launch, NULL);
  check_owed (&bench, 22, "LAUNCH_SECRET");
  bench_close (&bench);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host/launch/firmware-error", test_firmware_error_of_a_qemu_that_ended);
  g_test_add_func ("/host/launch/firmware-error-of-an-earlier-start", test_firmware_error_of_an_earlier_start);
  g_test_add_func ("/host/launch/firmware-error-after-a-refusal", test_firmware_error_after_a_refusal);
  g_test_add_func ("/host/launch/firmware-error-at-the-injection", test_firmware_error_at_the_injection);
  return g_test_run ();
}
