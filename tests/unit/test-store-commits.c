/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include "db/backend.h"
#include "store/store-private.h"
#include "store-fixture.h"

/* A transaction that adds a host, and goes wrong as its name says. */
typedef struct {
  VaStore *store;
  const char *name;
  GError *error;
  gint64 written, ended;
  gboolean ok, large;
} Writer;

#define INSERT_HOST "INSERT INTO hosts (name, features, seen) VALUES (?, '{}', 0)"

static gboolean
add_host (VaDb *sql, gpointer data, GError **error)
{
  Writer *writer = data;

  writer->written = g_get_monotonic_time ();
  if (g_str_equal (writer->name, "reads"))
    {
      g_autoptr(VaDbStatement) row = va_db_query (sql, error, "SELECT count(*) FROM hosts", "");

      if (row == NULL || va_db_row (row, error) != 1)
        return FALSE;
    }
  if (!va_db_send (sql, error, INSERT_HOST, "t", writer->name))
    return FALSE;
  if (g_str_equal (writer->name, "twice"))
    return va_db_send (sql, error, INSERT_HOST, "t", writer->name);
  if (!g_str_equal (writer->name, "refused"))
    return TRUE;
  g_set_error_literal (error, VA_STORE_ERROR, VA_STORE_ERROR_PERMIT, "refused");
  return FALSE;
}

static gpointer
write_one (gpointer data)
{
  Writer *writer = data;

  writer->ok = (writer->large ? va_db_transact_large : va_db_transact) (writer->store->backend, add_host, writer, NULL,
                                                                        &writer->error);
  writer->ended = g_get_monotonic_time ();
  g_assert_true (writer->ok == (writer->error == NULL));
  return NULL;
}

/* A transaction that holds the database until it is let go. */
typedef struct {
  VaStore *store;
  GMutex mutex;
  GCond changed;
  gboolean held, let_go;
} Holder;

static gboolean
hold (VaDb *sql, gpointer data, GError **error)
{
  Holder *holder = data;

  (void) sql, (void) error;
  g_mutex_lock (&holder->mutex);
  holder->held = TRUE;
  g_cond_signal (&holder->changed);
  while (!holder->let_go)
    g_cond_wait (&holder->changed, &holder->mutex);
  g_mutex_unlock (&holder->mutex);
  return TRUE;
}

/* On PostgreSQL, one that holds it for too long loses it. */
static gpointer
hold_database (gpointer data)
{
  Holder *holder = data;
  g_autoptr(GError) error = NULL;

  g_assert_true (va_db_transact (holder->store->backend, hold, holder, NULL, &error) || on_postgresql ());
  return NULL;
}

static GThread *
start_to_hold (Holder *holder)
{
  GThread *thread;

  g_mutex_init (&holder->mutex);
  g_cond_init (&holder->changed);
  thread = g_thread_new ("holder", hold_database, holder);
  g_mutex_lock (&holder->mutex);
  while (!holder->held)
    g_cond_wait (&holder->changed, &holder->mutex);
  g_mutex_unlock (&holder->mutex);
  return thread;
}

static void
let_go (Holder *holder, GThread *thread)
{
  g_mutex_lock (&holder->mutex);
  holder->let_go = TRUE;
  g_cond_signal (&holder->changed);
  g_mutex_unlock (&holder->mutex);
  g_thread_join (thread);
  g_cond_clear (&holder->changed);
  g_mutex_clear (&holder->mutex);
}

static void
wait_for_queue (VaStore *store, guint length)
{
  VaDbCommitQueue *queue = &((VaDbPool *) store->backend)->queue;
  guint there;

  do
    {
      g_usleep (1000);
      g_mutex_lock (&queue->mutex);
      there = queue->jobs.length + queue->large.length;
      g_mutex_unlock (&queue->mutex);
    }
  while (there < length);
}

/* All of them in one group, behind somebody who holds the writer. */
static void
write_together (VaStore *store, Writer *writers, guint count)
{
  Holder holder = { .store = store };
  GThread *holding = start_to_hold (&holder), *threads[8];

  for (guint i = 0; i < count; i++)
    {
      writers[i].store = store;
      threads[i] = g_thread_new ("writer", write_one, &writers[i]);
      wait_for_queue (store, i + 1);
    }
  let_go (&holder, holding);
  for (guint i = 0; i < count; i++)
    g_thread_join (threads[i]);
}

static void
assert_hosts (Fixture *fixture, const Writer *writers, guint count)
{
  for (guint i = 0; i < count; i++)
    {
      g_autofree char *sql = g_strdup_printf ("SELECT count(*) FROM hosts WHERE name = '%s'", writers[i].name);

      g_assert_cmpint (ask_database (fixture, sql), ==, writers[i].ok);
    }
}

static void
test_refused_in_group (Fixture *fixture, gconstpointer data)
{
  Writer writers[] = { { .name = "a" }, { .name = "refused" }, { .name = "b" } };

  write_together (fixture->store, writers, G_N_ELEMENTS (writers));
  g_assert_true (writers[0].ok);
  g_assert_error (writers[1].error, VA_STORE_ERROR, VA_STORE_ERROR_PERMIT);
  g_assert_true (writers[2].ok);
  assert_hosts (fixture, writers, G_N_ELEMENTS (writers));
  g_clear_error (&writers[1].error);
}

/* What only turns out later takes all with it that nobody has heard a yes for, where it turns out later; and never one
   that did. */
static void
test_failed_in_group (Fixture *fixture, gconstpointer data)
{
  Writer writers[] = { { .name = "a" }, { .name = "twice" }, { .name = "reads" }, { .name = "refused" } };
  Writer after = { .store = fixture->store, .name = "after" };

  write_together (fixture->store, writers, G_N_ELEMENTS (writers));
  g_assert_false (writers[1].ok);
  g_assert_false (writers[3].ok);
  g_assert_true (writers[0].ok == !on_postgresql ());
  g_assert_true (writers[2].ok == !on_postgresql ());
  write_one (&after);
  g_assert_no_error (after.error);
  assert_hosts (fixture, writers, G_N_ELEMENTS (writers));
  assert_hosts (fixture, &after, 1);
  for (guint i = 0; i < G_N_ELEMENTS (writers); i++)
    g_clear_error (&writers[i].error);
}

/* SQLite's log has its size from the beginning, and grows no more for a while: with each growth a commit takes twice
   as long. */
static void
test_log_is_reserved (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_strconcat (fixture->place, "-wal", NULL);
  Writer writer = { .store = fixture->store, .name = "before" };
  struct stat before, after;
  struct statvfs disk;

  g_assert_cmpint (statvfs (fixture->place, &disk), ==, 0);
  if ((guint64) disk.f_bavail * disk.f_frsize < 1024 * 1024 * 1024)
    {
      g_test_skip ("less than 1 GiB is free, so nothing is reserved");
      return;
    }
  g_assert_cmpint (stat (path, &before), ==, 0);
  g_assert_cmpint (before.st_size, >, 4 * 1024 * 1024);
  write_one (&writer);
  g_assert_cmpint (stat (path, &after), ==, 0);
  g_assert_cmpint (after.st_size, ==, before.st_size);
  g_assert_cmpint (ask_database (fixture, "SELECT count(*) FROM hosts"), ==, 1);
  reopen (fixture);
  g_assert_cmpint (ask_database (fixture, "SELECT count(*) FROM hosts"), ==, 1);
}

/* Three that take long, and two that do not, which came last: they go before the second that takes long, together, and
   each of the others goes by itself. */
static void
test_large_ones_take_turns (Fixture *fixture, gconstpointer data)
{
  Writer writers[5] = { { .name = "first", .large = TRUE },
                        { .name = "second", .large = TRUE },
                        { .name = "third", .large = TRUE },
                        { .name = "quick" },
                        { .name = "quick-too" } };
  VaStoreStatistics before, after;

  va_store_statistics (fixture->store, &before);
  write_together (fixture->store, writers, G_N_ELEMENTS (writers));
  va_store_statistics (fixture->store, &after);
  assert_hosts (fixture, writers, G_N_ELEMENTS (writers));
  g_assert_cmpint (after.transactions - before.transactions, ==, 6); /* with that of who held the writer */
  g_assert_cmpint (after.commits - before.commits, ==, 5);
  for (guint i = 3; i < G_N_ELEMENTS (writers); i++)
    {
      g_assert_cmpint (writers[i].written, >, writers[0].written);
      g_assert_cmpint (writers[i].written, <, writers[1].written);
    }
  g_assert_cmpint (writers[1].written, <, writers[2].written);
}

/* Somebody else has the lock. Whoever waits already when the first one gives up does not wait as long once more. */
static void
test_locked (Fixture *fixture, gconstpointer data)
{
  g_autoptr(VaStore) other = va_store_open (fixture->place, VA_STORE_ANY, fixture->kek, NULL);
  Writer first = { .store = fixture->store, .name = "first" }, second = { .store = fixture->store, .name = "second" };
  Writer third = { .store = fixture->store, .name = "third" };
  Holder holder = { .store = other };
  GThread *holding = start_to_hold (&holder), *threads[2];

  threads[0] = g_thread_new ("first", write_one, &first);
  g_usleep (G_USEC_PER_SEC / 2);
  threads[1] = g_thread_new ("second", write_one, &second);
  g_thread_join (threads[0]);
  g_thread_join (threads[1]);
  g_assert_error (first.error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED);
  g_assert_error (second.error, VA_STORE_ERROR, VA_STORE_ERROR_FAILED);
  g_assert_cmpint (second.ended - first.ended, <, 2 * G_USEC_PER_SEC);
  let_go (&holder, holding);
  /* And it is tried again soon. */
  for (guint i = 0; i < 100 && !third.ok; i++)
    {
      g_clear_error (&third.error);
      g_usleep (G_USEC_PER_SEC / 10);
      write_one (&third);
    }
  g_assert_true (third.ok);
  g_clear_error (&first.error);
  g_clear_error (&second.error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!on_postgresql ())
    ADD_STORE_TEST ("log-is-reserved", test_log_is_reserved);
  ADD_STORE_TEST ("refused-in-group", test_refused_in_group);
  ADD_STORE_TEST ("failed-in-group", test_failed_in_group);
  ADD_STORE_TEST ("large-ones-take-turns", test_large_ones_take_turns);
  ADD_STORE_TEST ("locked", test_locked);
  return g_test_run ();
}
