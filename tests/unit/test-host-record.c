/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "core/file.h"
#include "core/process.h"
#include "host/launch/marker.h"
#include "host/launch/record.h"
#include "host/launch/watch.h"

#define UUID "6f1d2c3b-4a59-4e87-9d10-0123456789ab"
#define ID "11111111-2222-4333-8444-555555555555"

static VaLaunchRecord *
sample (void)
{
  VaLaunchRecord *record = va_launch_record_new ();
  VaOutcome *outcome = va_outcome_new (VA_OUTCOME_FAILED, "because");
  VaStep *step = g_new0 (VaStep, 1);

  record->launch_id = g_strdup (ID);
  record->registration = g_strdup (UUID);
  record->domain_uuid = g_strdup (UUID);
  record->domain_name = g_strdup ("a “domain”");
  record->policy = 0xffffffffu;
  record->vcpus = 2;
  record->firmware_hash = g_strnfill (64, 'a');
  record->secret_address = 0x810000;
  record->secret_size = 0xc00;
  record->boot_id = va_boot_id ();
  record->asked = 123456789;
  record->state = VA_HOST_LAUNCH_ATTESTED;
  record->pid = 42;
  record->start = 4711;
  record->has_measurement = TRUE;
  memset (record->measurement, 0x5a, sizeof record->measurement);
  step->name = g_strdup ("granted");
  step->ms = 17;
  g_ptr_array_add (record->steps, step);
  va_outcome_add_step (outcome, "granted", 17);
  g_ptr_array_add (record->owed, outcome);
  return record;
}

static void
test_round_trip (void)
{
  g_autoptr(VaLaunchRecord) record = sample ();
  g_autofree char *text = va_launch_record_print (record);
  g_autofree char *again = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(VaLaunchRecord) copy = va_launch_record_parse (text, strlen (text), &error);

  g_assert_no_error (error);
  again = va_launch_record_print (copy);
  g_assert_cmpstr (text, ==, again);
  g_assert_cmpint (copy->state, ==, VA_HOST_LAUNCH_ATTESTED);
  g_assert_cmpuint (copy->policy, ==, 0xffffffffu);
  g_assert_cmpuint (copy->owed->len, ==, 1);
  g_assert_true (copy->has_measurement);
  g_assert_cmpmem (copy->measurement, sizeof copy->measurement, record->measurement, sizeof record->measurement);
  g_assert_cmpuint (((VaStep *) g_ptr_array_index (copy->steps, 0))->ms, ==, 17);
}

static char *
replace (const char *text, const char *from, const char *to)
{
  g_auto(GStrv) parts = g_strsplit (text, from, -1);

  g_assert_cmpuint (g_strv_length (parts), >, 1);
  return g_strjoinv (to, parts);
}

static void
test_refuses (void)
{
  static const struct {
    const char *from, *to;
  } changes[] = {
    { "\"attested\"", "\"running\"" },
    { "\"pid\":42", "\"pid\":-1" },
    { "\"pid\":42", "\"pid\":\"42\"" },
    { "\"pid\":42,", "" },
    { "\"launch-id\":\"" ID "\"", "\"launch-id\":\"../x\"" },
    { "\"gone\"", "\"went\"" },
    { "\"policy\":4294967295", "\"policy\":4294967296" },
    { "\"steps\":[", "\"steps\":[1," },
    { "\"owed\":[", "\"owed\":[{}," },
    { "\"ms\":17", "\"ms\":1.5" },
    { "aaaaaaaa", "AAAAAAAA" },
    { "\"domain-uuid\":\"6f", "\"domain-uuid\":\"6F" },
    { "\"boot-id\"", "\"boot\"" },
  };
  g_autoptr(VaLaunchRecord) record = sample ();
  g_autofree char *text = va_launch_record_print (record);

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_autofree char *bad = replace (text, changes[i].from, changes[i].to);

      if (va_launch_record_parse (bad, strlen (bad), NULL) != NULL)
        g_error ("taken: %s for %s", changes[i].to, changes[i].from);
    }
  for (gsize length = 0; length < strlen (text); length += 7)
    g_assert_null (va_launch_record_parse (text, length, NULL));
}

static void
test_load (void)
{
  g_autofree char *folder = g_dir_make_tmp ("record-XXXXXX", NULL);
  g_autofree char *launches = g_build_filename (folder, "launches", NULL);
  g_autofree char *broken = g_build_filename (launches, "broken.json", NULL);
  g_autofree char *aside = g_build_filename (launches, "broken.json.broken", NULL);
  g_autofree char *file = g_build_filename (launches, ID ".json", NULL);
  g_autoptr(VaLaunchRecord) record = sample ();
  g_autoptr(GPtrArray) records = NULL, none = NULL;
  struct stat info;

  g_assert_cmpint (g_mkdir (launches, 0700), ==, 0);
  g_assert_true (va_file_write (broken, "{\"launch-id\"", 12, 0600, NULL));
  g_assert_true (va_launch_record_save (record, folder, NULL));
  g_assert_cmpint (stat (file, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
  records = va_launch_records_load (folder);
  g_assert_cmpuint (records->len, ==, 1);
  g_assert_cmpstr (((VaLaunchRecord *) g_ptr_array_index (records, 0))->launch_id, ==, ID);
  g_assert_true (g_file_test (aside, G_FILE_TEST_EXISTS));
  va_launch_record_remove (ID, folder);
  none = va_launch_records_load (folder);
  g_assert_cmpuint (none->len, ==, 0);
  g_unlink (aside);
  g_rmdir (launches);
  g_rmdir (folder);
}

static void
test_marker (void)
{
  static const char *const bad[] = { "",
                                     "pending",
                                     "pending\n\n",
                                     "attested\n",
                                     "attested 1\n",
                                     "attested 1 2",
                                     "attested 0 2\n",
                                     "attested 1 2 3\n",
                                     "attested x 2\n",
                                     "attested 1 2\nx",
                                     "Pending\n" };
  g_autofree char *run = g_dir_make_tmp ("run-XXXXXX", NULL);
  g_autofree char *domains = g_build_filename (run, "domains", NULL);
  g_autofree char *path = g_build_filename (domains, UUID, NULL);
  g_auto(GStrv) list = NULL;
  VaMarker marker;

  g_assert_cmpint (g_mkdir (domains, 0700), ==, 0);
  g_assert_cmpint (va_marker_read (run, UUID).state, ==, VA_MARKER_NONE);
  g_assert_true (va_marker_write_pending (run, UUID, NULL));
  g_assert_cmpint (va_marker_read (run, UUID).state, ==, VA_MARKER_PENDING);
  g_assert_true (va_marker_write_attested (run, UUID, 42, 4711, NULL));
  marker = va_marker_read (run, UUID);
  g_assert_cmpint (marker.state, ==, VA_MARKER_ATTESTED);
  g_assert_cmpint (marker.pid, ==, 42);
  g_assert_cmpuint (marker.start, ==, 4711);
  list = va_marker_list (run);
  g_assert_cmpuint (g_strv_length (list), ==, 1);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_true (va_file_write (path, bad[i], strlen (bad[i]), 0600, NULL));
      g_assert_cmpint (va_marker_read (run, UUID).state, ==, VA_MARKER_BROKEN);
    }
  va_marker_remove (run, UUID);
  g_assert_cmpint (va_marker_read (run, UUID).state, ==, VA_MARKER_NONE);
  va_marker_remove (run, UUID);
  g_rmdir (domains);
  g_rmdir (run);
}

static void
test_process (void)
{
  const char *arguments[] = { "sleep", "60", NULL };
  guint64 start;
  GPid pid;

  g_assert_true (g_spawn_async (NULL, (char **) arguments, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                                NULL, &pid, NULL));
  g_assert_true (va_process_start_time (pid, &start, NULL));
  g_assert_false (va_process_ended (pid, start));
  g_assert_true (va_process_ended (pid, start + 1));
  kill (pid, SIGKILL);
  /* Nobody has waited for it: /proc still has it, and it runs no more. */
  for (guint i = 0; i < 500 && !va_process_ended (pid, start); i++)
    g_usleep (10000);
  g_assert_true (va_process_is (pid, start));
  g_assert_true (va_process_ended (pid, start));
  g_spawn_close_pid (pid);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host/record/round-trip", test_round_trip);
  g_test_add_func ("/host/record/refuses", test_refuses);
  g_test_add_func ("/host/record/load", test_load);
  g_test_add_func ("/host/marker", test_marker);
  g_test_add_func ("/host/process", test_process);
  return g_test_run ();
}
