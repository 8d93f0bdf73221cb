/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/error.h"
#include "store-fixture.h"

/* Number @i of @owner's, whose text has @size bytes. */
static void
put_numbered (VaStore *store, const char *owner, guint i, gsize size)
{
  g_autofree char *id = g_strdup_printf ("%08x-0000-4000-8000-000000000000", i), *text = g_strnfill (size, 'x');
  VaStoredRegistration vm = { .id = id, .owner = (char *) owner, .text = text };
  g_autoptr(VaSecret) inline_secrets = va_secret_new (0);
  g_autoptr(GError) error = NULL;
  gboolean is_new;

  g_assert_true (va_store_put_registration (store, &vm, inline_secrets, NULL, NULL, NULL, &is_new, NULL, &error));
  g_assert_no_error (error);
  g_bytes_unref (vm.sealed);
}

static void
remove_numbered (VaStore *store, guint i)
{
  g_autofree char *id = g_strdup_printf ("%08x-0000-4000-8000-000000000000", i);

  g_assert_true (va_store_remove_registration (store, "alice", id, 0, NULL, NULL, NULL));
}

/* The numbers of a page, as "1 3 5 …", with " +" where there is more; @after: (inout): its last id. */
static char *
page_of (VaStore *store, const char *owner, guint limit, gsize bytes, char **after)
{
  const VaPage query = { .owner = owner, .after = *after, .limit = limit, .bytes = bytes };
  g_autoptr(GError) error = NULL;
  gboolean more;
  g_autoptr(GPtrArray) list = va_store_list_registrations (store, &query, &more, &error);
  GString *numbers = g_string_new (NULL);

  g_assert_no_error (error);
  for (guint i = 0; i < list->len; i++)
    {
      const VaStoredRegistration *vm = list->pdata[i];

      g_assert_cmpstr (vm->owner, ==, owner);
      g_string_append_printf (numbers, "%s%" G_GINT64_MODIFIER "x", i > 0 ? " " : "",
                              g_ascii_strtoull (vm->id, NULL, 16));
      g_free (*after);
      *after = g_strdup (vm->id);
    }
  return g_string_free (g_string_append (numbers, more ? " +" : ""), FALSE);
}

static void
assert_page (VaStore *store, const char *owner, guint limit, gsize bytes, char **after, const char *numbers)
{
  g_autofree char *page = page_of (store, owner, limit, bytes, after);

  g_assert_cmpstr (page, ==, numbers);
}

/* Every limit around those of the rows that are asked for at once: each registration once, and in order. */
static void
test_pages (Fixture *fixture, gconstpointer data)
{
  static const char all[] = "1 3 5 7 9 b d f 11 13 15 17 19 1b 1d 1f 21 23 25 27 29";
  g_autofree char *nothing = NULL;

  assert_page (fixture->store, "alice", 10, 1000, &nothing, "");
  for (guint i = 42; i > 0; i--)
    put_numbered (fixture->store, i % 2 == 1 ? "alice" : "bob", i, 10);
  for (guint limit = 1; limit <= 22; limit++)
    {
      g_autofree char *after = NULL;
      g_autoptr(GString) seen = g_string_new (NULL);
      gboolean more = TRUE;

      while (more)
        {
          g_autofree char *page = page_of (fixture->store, "alice", limit, 1000, &after);
          g_auto(GStrv) numbers = g_strsplit (page, " ", -1);

          more = g_str_has_suffix (page, " +");
          g_assert_cmpuint (g_strv_length (numbers), <=, limit + more);
          g_assert_true (!more || g_strv_length (numbers) == limit + 1);
          g_assert_cmpuint (seen->len, <, sizeof all);
          g_string_append_printf (seen, "%s%.*s", seen->len > 0 ? " " : "", (int) (strlen (page) - (more ? 2 : 0)),
                                  page);
        }
      g_assert_cmpstr (seen->str, ==, all);
    }
}

/* The one that goes beyond the bytes is the last, wherever it stands; one alone is a page, however large it is. */
static void
test_page_bytes (Fixture *fixture, gconstpointer data)
{
  VaStore *store = fixture->store;
  g_autofree char *after = NULL;

  for (guint i = 0; i < 15; i++)
    put_numbered (store, "alice", i, i == 12 ? 5000 : 100);
  assert_page (store, "alice", 100, 299, &after, "0 1 2 +");
  assert_page (store, "alice", 100, 300, &after, "3 4 5 6 +");
  assert_page (store, "alice", 100, 0, &after, "7 +");
  assert_page (store, "alice", 2, 200, &after, "8 9 +");
  assert_page (store, "alice", 100, 4000, &after, "a b c +");
  assert_page (store, "alice", 100, 150, &after, "d e");
  g_clear_pointer (&after, g_free);
  assert_page (store, "alice", 100, 1000, &after, "0 1 2 3 4 5 6 7 8 9 a +");
}

static void
test_changes_between_pages (Fixture *fixture, gconstpointer data)
{
  VaStore *store = fixture->store;
  g_autofree char *after = NULL, *of_bob = NULL;

  for (guint i = 1; i <= 12; i++)
    put_numbered (store, i == 5 ? "bob" : "alice", 2 * i, 10);
  assert_page (store, "alice", 3, 1000, &after, "2 4 6 +");
  /* The last one shown, one before it, one behind it; and two new ones. */
  remove_numbered (store, 6);
  remove_numbered (store, 2);
  remove_numbered (store, 12);
  put_numbered (store, "alice", 3, 10);
  put_numbered (store, "alice", 9, 10);
  assert_page (store, "alice", 3, 1000, &after, "8 9 e +");
  for (guint i = 8; i <= 12; i++)
    remove_numbered (store, 2 * i);
  assert_page (store, "alice", 3, 1000, &after, "");
  /* Another owner's id is a place like any other. */
  of_bob = g_strdup ("0000000a-0000-4000-8000-000000000000");
  assert_page (store, "alice", 3, 1000, &of_bob, "e");
}

static void
test_page_counts (Fixture *fixture, gconstpointer data)
{
  const VaPage query = { .owner = "alice", .limit = 2, .bytes = 1000 };
  g_autoptr(GPtrArray) list = NULL;
  gboolean more;

  g_assert_true (put_vm (fixture->store, "alice", NULL, NULL, NULL));
  put_numbered (fixture->store, "alice", 1, 10);
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *id = g_strdup_printf ("l%u", i);

      g_assert_true (make_launch (fixture->store, id, version_of (fixture->store), 1000, 0, 0, NULL));
    }
  move_launch (fixture->store, "l1", VA_LAUNCH_FAILED);
  list = va_store_list_registrations (fixture->store, &query, &more, NULL);
  g_assert_cmpuint (list->len, ==, 2);
  g_assert_false (more);
  g_assert_cmpuint (((const VaStoredRegistration *) list->pdata[0])->running, ==, 0);
  g_assert_cmpuint (((const VaStoredRegistration *) list->pdata[1])->running, ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_STORE_TEST ("pages", test_pages);
  ADD_STORE_TEST ("page-bytes", test_page_bytes);
  ADD_STORE_TEST ("changes-between-pages", test_changes_between_pages);
  ADD_STORE_TEST ("page-counts", test_page_counts);
  return g_test_run ();
}
