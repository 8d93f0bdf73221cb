/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "store-fixture.h"
#include "store/store-private.h"
#include "kek/seal.h"

#define OLD_KEYS "SELECT count(*) FROM data_keys WHERE id < (SELECT max(id) FROM data_keys)"

static guint
rekey (VaStore *store, guint limit)
{
  g_autoptr(GError) error = NULL;
  guint count, all = 0;

  g_assert_true (va_store_rekey_begin (store, NULL, &error));
  do
    {
      g_assert_true (va_store_rekey_step (store, limit, &count, &error));
      g_assert_no_error (error);
      all += count;
    }
  while (count > 0);
  return all;
}

static void
assert_secret (VaStore *store, const char *name, const char *expected)
{
  g_autoptr(VaStoredSecret) secret = va_store_get_secret (store, "alice", name, NULL);
  g_autoptr(VaSecret) value = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_nonnull (secret);
  value = va_store_open_secret (store, secret, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (va_secret_data (value), va_secret_size (value), expected, strlen (expected));
}

static void
put_proposal (VaStore *store, char **digest)
{
  VaStoredProposal proposal = { .vm = (char *) VM,
                                .owner = (char *) "alice",
                                .person = (char *) "one",
                                .created = 5,
                                .replaces = version_of (store),
                                .text = (char *) "{}" };
  g_autoptr(VaSecret) inline_secrets = va_secret_copy_in ("proposed", 8);

  g_assert_true (va_store_put_proposal (store, &proposal, inline_secrets, NULL, NULL));
  *digest = proposal.digest;
  g_bytes_unref (proposal.sealed);
}

static void
fill (VaStore *store)
{
  for (guint i = 0; i < 25; i++)
    {
      g_autofree char *name = g_strdup_printf ("secret-%u", i);

      put_secret (store, "alice", name, name);
    }
  g_assert_true (put_vm (store, "alice", NULL, NULL, NULL));
  g_assert_true (make_launch (store, "open", version_of (store), 1000, 0, 0, NULL));
}

static void
assert_filled (VaStore *store)
{
  g_autoptr(VaStoredLaunch) launch = va_store_get_launch (store, "open", NULL);
  g_autoptr(VaStoredRegistration) vm = va_store_get_registration (store, "alice", VM, NULL);
  g_autoptr(VaSecret) keys = NULL, table = NULL, inline_secrets = NULL;
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < 25; i++)
    {
      g_autofree char *name = g_strdup_printf ("secret-%u", i);

      assert_secret (store, name, name);
    }
  keys = va_store_open_keys (store, launch, &error);
  g_assert_no_error (error);
  table = va_store_open_table (store, launch, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (va_secret_data (table), va_secret_size (table), "the table", 9);
  inline_secrets = va_store_open_registration (store, vm, &error);
  g_assert_no_error (error);
}

/* Everything opens afterwards, under another key, and nothing is left under the old one. */
static void
test_everything_moves (Fixture *fixture, gconstpointer data)
{
  gint64 newest;

  fill (fixture->store);
  g_assert_true (make_launch (fixture->store, "ended", version_of (fixture->store), 1, 0, 0, NULL));
  g_assert_true (va_store_expire_launches (fixture->store, 1500, NULL, NULL));
  newest = ask_database (fixture, "SELECT max(id) FROM data_keys");
  g_assert_cmpuint (rekey (fixture->store, 7), ==, 26 + 1);
  g_assert_cmpint (ask_database (fixture, "SELECT max(id) FROM data_keys"), ==, newest + 1);
  g_assert_cmpint (ask_database (fixture, OLD_KEYS), ==, 0);
  assert_filled (fixture->store);
  reopen (fixture);
  assert_filled (fixture->store);
  g_assert_cmpuint (rekey (fixture->store, 1000), ==, 27);
  assert_filled (fixture->store);
}

/* Somebody who has the store open all the time sees nothing of it, and seals under the new key from the next time on.
   */
static void
test_others_go_on (Fixture *fixture, gconstpointer data)
{
  g_autoptr(VaStore) other = va_store_open (fixture->place, VA_STORE_ANY, fixture->kek, NULL);

  fill (other);
  rekey (fixture->store, 10);
  assert_filled (other);
  put_secret (other, "alice", "later", "later");
  g_assert_true (make_launch (other, "later", version_of (other), 1000, 0, 0, NULL));
  g_assert_true (put_vm (other, "alice", NULL, NULL, NULL));
  assert_secret (fixture->store, "later", "later");
  g_assert_cmpint (ask_database (fixture, "SELECT count(*) FROM secrets WHERE name = 'later' AND key_id ="
                                          " (SELECT max(id) FROM data_keys)"),
                   ==, 1);
  /* While it is under way, new values come under the old key and under the new one. */
  g_assert_true (va_store_rekey_begin (fixture->store, NULL, NULL));
  put_secret (other, "alice", "between", "between");
  rekey (fixture->store, 10);
  assert_secret (other, "between", "between");
  g_assert_cmpint (ask_database (fixture, OLD_KEYS), ==, 0);
}

/* What people have noted of a proposal stays true; one that was exchanged for an older one does not open. */
static void
test_proposal (Fixture *fixture, gconstpointer data)
{
  g_autofree char *first = NULL, *digest = NULL, *swap = NULL;
  g_autoptr(VaStoredProposal) moved = NULL, swapped = NULL;
  g_autoptr(VaSecret) value = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (put_vm (fixture->store, "alice", NULL, NULL, NULL));
  put_proposal (fixture->store, &first);
  put_proposal (fixture->store, &digest);
  g_assert_cmpstr (first, !=, digest);
  rekey (fixture->store, 10);
  moved = va_store_get_proposal (fixture->store, "alice", VM, NULL);
  g_assert_cmpstr (moved->digest, ==, digest);
  value = va_store_open_proposal (fixture->store, moved, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (va_secret_data (value), va_secret_size (value), "proposed", 8);
  swap = g_strdup_printf ("UPDATE proposals SET digest = '%s'", first);
  tamper (fixture, swap);
  swapped = va_store_get_proposal (fixture->store, "alice", VM, NULL);
  g_assert_null (va_store_open_proposal (fixture->store, swapped, &error));
  g_assert_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN);
}

/* Killed at any step, it goes on where it was. */
static void
test_killed (Fixture *fixture, gconstpointer data)
{
  int status, ends[2];
  char told;
  pid_t child;

  fill (fixture->store);
  close_store (fixture);
  g_assert_cmpint (pipe (ends), ==, 0);
  child = fork ();
  if (child == 0)
    {
      guint count;

      open_store (fixture);
      if (!va_store_rekey_begin (fixture->store, NULL, NULL) || !va_store_rekey_step (fixture->store, 5, &count, NULL)
          || write (ends[1], "x", 1) != 1)
        _exit (1);
      pause ();
    }
  g_assert_cmpint (read (ends[0], &told, 1), ==, 1);
  kill (child, SIGKILL);
  waitpid (child, &status, 0);
  g_assert_true (WIFSIGNALED (status));
  close (ends[0]);
  close (ends[1]);
  g_assert_cmpint (ask_database (fixture, "SELECT count(*) FROM data_keys"), ==, 2);
  open_store (fixture);
  assert_filled (fixture->store);
  g_assert_cmpuint (rekey (fixture->store, 5), ==, 27 - 5);
  g_assert_cmpint (ask_database (fixture, "SELECT count(*) FROM data_keys"), ==, 1);
  assert_filled (fixture->store);
}

/* Nothing can take a key away that something is under. */
static void
test_key_in_use_stays (Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  guint count;

  put_secret (fixture->store, "alice", "root", "hunter2");
  tamper (fixture, "UPDATE secrets SET guid = '00000000-0000-0000-0000-000000000001'");
  g_assert_true (va_store_rekey_begin (fixture->store, NULL, NULL));
  g_assert_false (va_store_rekey_step (fixture->store, 10, &count, &error));
  g_assert_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN);
  g_assert_cmpint (ask_database (fixture, OLD_KEYS), ==, 1);
}

static guint64
count_seals (const Fixture *fixture)
{
  guint64 seals;

  g_assert_true (va_store_count_seals (fixture->store, &seals, NULL));
  return seals;
}

/* Somebody who writes to the database has the key sealed more than it should, if a lower number there were believed. */
static void
test_count_is_not_lowered (Fixture *fixture, gconstpointer data)
{
  const guint64 announced = 65536;
  guint64 newest;

  put_secret (fixture->store, "alice", "one", "one");
  g_assert_cmpuint (count_seals (fixture), ==, announced);
  tamper (fixture, "UPDATE data_keys SET seals = 0");
  g_assert_cmpuint (count_seals (fixture), ==, announced);
  /* What others add is seen, and what was read once stays. */
  tamper (fixture, "UPDATE data_keys SET seals = 2147483647");
  g_assert_cmpuint (count_seals (fixture), ==, 2147483647);
  tamper (fixture, "UPDATE data_keys SET seals = 5");
  g_assert_cmpuint (count_seals (fixture), ==, 2147483647);
  /* The next announcement puts the database right. */
  for (guint64 i = 0; i < announced / 2; i++)
    va_store_newest_seal (fixture->store, &newest);
  g_assert_cmpint (ask_database (fixture, "SELECT seals FROM data_keys"), ==, 2147483647 + announced);
  g_assert_cmpuint (count_seals (fixture), ==, 2147483647 + announced);
  /* Another key begins at none. */
  rekey (fixture->store, 100);
  g_assert_cmpuint (count_seals (fixture), <=, announced);
}

#define ADD(path, function) g_test_add ("/rekey/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("everything-moves", test_everything_moves);
  ADD ("others-go-on", test_others_go_on);
  ADD ("proposal", test_proposal);
  ADD ("killed", test_killed);
  ADD ("key-in-use-stays", test_key_in_use_stays);
  ADD ("count-is-not-lowered", test_count_is_not_lowered);
  return g_test_run ();
}
