/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/error.h"
#include "store-fixture.h"

static void
test_permit (Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  guint64 version;
  guint count;

  g_assert_true (put_vm (fixture->store, "alice", NULL, NULL, NULL));
  version = version_of (fixture->store);
  g_assert_true (make_launch (fixture->store, "a", version, 1000, 2, 0, &error));
  g_assert_true (make_launch (fixture->store, "b", version, 1000, 2, 0, &error));
  g_assert_false (make_launch (fixture->store, "c", version, 1000, 2, 0, &error));
  g_assert_error (error, VA_STORE_ERROR, VA_STORE_ERROR_PERMIT);
  g_clear_error (&error);
  assert_counts (fixture->store, 2, 2);

  move_launch (fixture->store, "a", VA_LAUNCH_VALIDATED);
  move_launch (fixture->store, "b", VA_LAUNCH_REFUSED);
  assert_counts (fixture->store, 1, 1);
  g_assert_false (make_launch (fixture->store, "c", version, 1000, 2, 1, &error));
  g_assert_error (error, VA_STORE_ERROR, VA_STORE_ERROR_RUNNING);
  g_clear_error (&error);
  move_launch (fixture->store, "a", VA_LAUNCH_FAILED);
  assert_counts (fixture->store, 1, 0);
  g_assert_true (make_launch (fixture->store, "c", version, 1000, 2, 1, &error));

  g_assert_true (va_store_expire_launches (fixture->store, 1999, &count, &error));
  g_assert_cmpuint (count, ==, 0);
  assert_counts (fixture->store, 2, 1);
  g_assert_true (va_store_expire_launches (fixture->store, 2000, &count, &error));
  g_assert_cmpuint (count, ==, 1);
  assert_counts (fixture->store, 1, 0);
  /* One that is due is expired by the next launch, without anybody sweeping. */
  g_assert_true (make_launch (fixture->store, "d", version, 3000, 2, 1, &error));
  g_assert_true (make_launch (fixture->store, "e", version, 4000, 2, 1, &error));
  assert_counts (fixture->store, 2, 1);

  /* Replaced: counted anew, and the old version's launches give nothing back to the new one. */
  g_assert_true (put_vm (fixture->store, "alice", NULL, NULL, NULL));
  assert_counts (fixture->store, 0, 1);
  g_assert_false (make_launch (fixture->store, "f", version, 4000, 2, 2, &error));
  g_assert_error (error, VA_STORE_ERROR, VA_STORE_ERROR_CHANGED);
  version = version_of (fixture->store);
  g_assert_true (make_launch (fixture->store, "f", version, 4000, 2, 2, NULL));
  move_launch (fixture->store, "e", VA_LAUNCH_FAILED);
  assert_counts (fixture->store, 1, 1);
}

static void
test_launch_keys (Fixture *fixture, gconstpointer data)
{
  static const VaLaunchState ends[] = { VA_LAUNCH_VALIDATED, VA_LAUNCH_REFUSED, VA_LAUNCH_FAILED, VA_LAUNCH_EXPIRED };
  g_autoptr(GError) error = NULL;
  guint64 version;

  g_assert_true (put_vm (fixture->store, "alice", NULL, NULL, NULL));
  version = version_of (fixture->store);
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autofree char *id = g_strdup_printf ("l%u", i);
      g_autoptr(VaStoredLaunch) open = NULL, closed = NULL;
      g_autoptr(VaSecret) keys = NULL, table = NULL;

      g_assert_true (make_launch (fixture->store, id, version, 1000, 0, 0, &error));
      open = va_store_get_launch (fixture->store, id, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (open->policy, ==, 0xffffffffu);
      keys = va_store_open_keys (fixture->store, open, &error);
      table = va_store_open_table (fixture->store, open, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (va_secret_size (keys), ==, 32);
      g_assert_cmpmem (va_secret_data (table), va_secret_size (table), "the table", 9);
      move_launch (fixture->store, id, ends[i]);
      closed = va_store_get_launch (fixture->store, id, &error);
      g_assert_null (closed->sealed_keys);
      g_assert_null (closed->sealed_table);
      g_assert_null (va_store_open_keys (fixture->store, closed, NULL));
    }
}

static void
test_tampered_launch (Fixture *fixture, gconstpointer data)
{
  static const char *const changes[] = {
    "fixed = '{\"digests\":[]}'", "policy = 0",        "host = 'node2'", "owner = 'bob'",
    "expires = 99999999999",      "domain_uuid = 'x'", "vm = 'x'",       "sealed_keys = sealed_table"
  };
  guint64 version;

  g_assert_true (put_vm (fixture->store, "alice", NULL, NULL, NULL));
  version = version_of (fixture->store);
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_autofree char *id = g_strdup_printf ("l%u", i);
      g_autofree char *sql = g_strdup_printf ("UPDATE launches SET %s WHERE id = '%s'", changes[i], id);
      g_autoptr(VaStoredLaunch) launch = NULL;
      g_autoptr(GError) error = NULL;

      g_assert_true (make_launch (fixture->store, id, version, 1000, 0, 0, NULL));
      tamper (fixture, sql);
      launch = va_store_get_launch (fixture->store, id, NULL);
      g_assert_null (va_store_open_keys (fixture->store, launch, &error));
      g_assert_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN);
    }
}

static void
test_removal_refuses_launches (Fixture *fixture, gconstpointer data)
{
  g_autoptr(VaStoredLaunch) open = NULL, validated = NULL;
  guint64 version;

  g_assert_true (put_vm (fixture->store, "alice", NULL, NULL, NULL));
  version = version_of (fixture->store);
  g_assert_true (make_launch (fixture->store, "a", version, 1000, 0, 0, NULL));
  g_assert_true (make_launch (fixture->store, "b", version, 1000, 0, 0, NULL));
  move_launch (fixture->store, "b", VA_LAUNCH_VALIDATED);
  g_assert_true (va_store_remove_registration (fixture->store, "alice", VM, 1500, NULL, NULL, NULL));
  open = va_store_get_launch (fixture->store, "a", NULL);
  validated = va_store_get_launch (fixture->store, "b", NULL);
  g_assert_cmpint (open->state, ==, VA_LAUNCH_REFUSED);
  g_assert_null (open->sealed_keys);
  g_assert_cmpstr (open->code, ==, "vm-unknown");
  g_assert_cmpstr (open->timeline, ==, "[{\"step\":\"refused\",\"time\":1500}]");
  g_assert_cmpint (validated->state, ==, VA_LAUNCH_VALIDATED);
}

typedef struct {
  const Fixture *fixture;
  VaStore *store; /* shared, or the thread's own */
  guint number, limit;
  gboolean running;
  guint granted;
} Racer;

static gpointer
race (gpointer data)
{
  Racer *racer = data;
  int refusal = racer->running ? VA_STORE_ERROR_RUNNING : VA_STORE_ERROR_PERMIT;
  guint64 version = version_of (racer->store);

  for (guint i = 0; i < 8; i++)
    {
      g_autofree char *id = g_strdup_printf ("t%u-%u", racer->number, i);
      g_autoptr(GError) error = NULL;

      if (make_launch (racer->store, id, version, 1000, racer->running ? 0 : racer->limit,
                       racer->running ? racer->limit : 0, &error))
        racer->granted++;
      else
        g_assert_error (error, VA_STORE_ERROR, refusal);
    }
  return NULL;
}

/* Eight threads, half of them through a second opening of the same database, ask for 64 launches; ten are allowed. */
static void
test_permit_race (Fixture *fixture, gconstpointer data)
{
  g_autoptr(VaStore) second = va_store_open (fixture->place, VA_STORE_ANY, fixture->kek, NULL);
  Racer racers[8];
  GThread *threads[8];
  guint granted = 0;

  g_assert_nonnull (second);
  g_assert_true (put_vm (fixture->store, "alice", NULL, NULL, NULL));
  for (guint i = 0; i < 8; i++)
    {
      racers[i] = (Racer){ fixture, i % 2 ? second : fixture->store, i, 10, GPOINTER_TO_INT (data), 0 };
      threads[i] = g_thread_new ("racer", race, &racers[i]);
    }
  for (guint i = 0; i < 8; i++)
    {
      g_thread_join (threads[i]);
      granted += racers[i].granted;
    }
  g_assert_cmpuint (granted, ==, 10);
  assert_counts (fixture->store, 10, 10);
}

static gboolean
claim (VaStoredLaunch *launch, gpointer data, GError **error)
{
  if (launch->state != VA_LAUNCH_OPEN)
    {
      g_set_error_literal (error, VA_STORE_ERROR, VA_STORE_ERROR_IN_USE, "taken");
      return FALSE;
    }
  launch->state = VA_LAUNCH_VALIDATED;
  return TRUE;
}

static gpointer
try_claim (gpointer store)
{
  return GINT_TO_POINTER (va_store_change_launch (store, "a", claim, NULL, NULL, NULL));
}

static void
test_claim_race (Fixture *fixture, gconstpointer data)
{
  g_autoptr(VaStore) second = va_store_open (fixture->place, VA_STORE_ANY, fixture->kek, NULL);
  GThread *threads[8];
  int claimed = 0;

  g_assert_true (put_vm (fixture->store, "alice", NULL, NULL, NULL));
  g_assert_true (make_launch (fixture->store, "a", version_of (fixture->store), 1000, 0, 0, NULL));
  for (guint i = 0; i < 8; i++)
    threads[i] = g_thread_new ("claim", try_claim, i % 2 ? second : fixture->store);
  for (guint i = 0; i < 8; i++)
    claimed += GPOINTER_TO_INT (g_thread_join (threads[i]));
  g_assert_cmpint (claimed, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_STORE_TEST ("permit", test_permit);
  ADD_STORE_TEST ("launch-keys", test_launch_keys);
  ADD_STORE_TEST ("tampered-launch", test_tampered_launch);
  ADD_STORE_TEST ("removal-refuses-launches", test_removal_refuses_launches);
  g_test_add ("/store/max-launches-race", Fixture, GINT_TO_POINTER (FALSE), set_up, test_permit_race, tear_down);
  g_test_add ("/store/max-running-race", Fixture, GINT_TO_POINTER (TRUE), set_up, test_permit_race, tear_down);
  ADD_STORE_TEST ("claim-race", test_claim_race);
  return g_test_run ();
}
