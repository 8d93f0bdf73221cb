/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include "core/error.h"
#include "core/file.h"
#include "kek/seal.h"
#include "db/backend.h"
#include "store/store-private.h"
#include "store-fixture.h"

static gboolean
to_state (VaStoredLaunch *launch, gpointer data, GError **error)
{
  launch->state = *(VaLaunchState *) data;
  return TRUE;
}

static void
move (VaStore *store, const char *id, VaLaunchState state)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (va_store_change_launch (store, id, to_state, &state, NULL, &error));
  g_assert_no_error (error);
}

static void
test_files (Fixture *fixture, gconstpointer data)
{
  g_autofree char *folder = g_path_get_dirname (fixture->path), *wal = g_strconcat (fixture->path, "-wal", NULL);
  g_autoptr(GError) error = NULL;
  struct stat info;

  g_assert_cmpint (stat (folder, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0700);
  g_assert_cmpint (stat (fixture->path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0600);
  put_secret (fixture->store, "alice", "root", "hunter2");
  g_assert_cmpint (stat (wal, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0600);

  close_store (fixture);
  g_chmod (fixture->path, 0640);
  g_assert_false (try_to_open (fixture, &error));
  g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION);
  g_clear_error (&error);
  g_chmod (fixture->path, 0600);
  g_chmod (folder, 0755);
  g_assert_false (try_to_open (fixture, &error));
  g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION);
  g_chmod (folder, 0700);
  open_store (fixture);
}

static void
assert_does_not_open (Fixture *fixture, GQuark domain, int code)
{
  g_autoptr(GError) error = NULL;

  close_store (fixture);
  g_assert_false (try_to_open (fixture, &error));
  g_assert_error (error, domain, code);
}

static void
test_keys (Fixture *fixture, gconstpointer data)
{
  guint8 key[33] = { 8 };

  g_chmod (fixture->key, 0640);
  assert_does_not_open (fixture, VA_CORE_ERROR, VA_CORE_ERROR_PERMISSION);
  g_assert_true (va_file_write (fixture->key, key, 32, 0600, NULL));
  assert_does_not_open (fixture, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN);
  g_assert_true (va_file_write (fixture->key, key, 31, 0600, NULL));
  assert_does_not_open (fixture, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN);
  g_assert_true (va_file_write (fixture->key, key, 33, 0600, NULL));
  assert_does_not_open (fixture, VA_CORE_ERROR, VA_CORE_ERROR_RANGE);
  g_assert_cmpint (g_unlink (fixture->key), ==, 0);
  assert_does_not_open (fixture, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND);
}

static void
test_newer_schema (Fixture *fixture, gconstpointer data)
{
  if (on_postgresql ())
    tamper (fixture, "UPDATE store_version SET version = 99");
  else
    {
      sqlite3 *db = NULL;

      g_assert_cmpint (sqlite3_open (fixture->path, &db), ==, SQLITE_OK);
      g_assert_cmpint (sqlite3_exec (db, "PRAGMA user_version = 99", NULL, NULL, NULL), ==, SQLITE_OK);
      sqlite3_close (db);
    }
  assert_does_not_open (fixture, VA_STORE_ERROR, VA_STORE_ERROR_FAILED);
}

static void
test_secrets (Fixture *fixture, gconstpointer data)
{
  const VaPage page = { .owner = "alice", .limit = 10, .bytes = 1000 };
  gboolean more;
  g_autoptr(VaStoredSecret) secret = NULL;
  g_autoptr(VaSecret) value = NULL;
  g_autoptr(GPtrArray) list = NULL;
  g_autoptr(GError) error = NULL;

  put_secret (fixture->store, "alice", "root", "first");
  put_secret (fixture->store, "alice", "root", "hunter2");
  put_secret (fixture->store, "bob", "root", "his own");
  reopen (fixture);
  secret = va_store_get_secret (fixture->store, "alice", "root", &error);
  g_assert_no_error (error);
  value = va_store_open_secret (fixture->store, secret, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (va_secret_data (value), va_secret_size (value), "hunter2", 7);
  list = va_store_list_secrets (fixture->store, &page, &more, NULL);
  g_assert_cmpuint (list->len, ==, 1);

  g_assert_false (va_store_remove_secret (fixture->store, "carol", "root", NULL, &error));
  g_assert_error (error, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_true (va_store_remove_secret (fixture->store, "alice", "root", NULL, &error));
  g_assert_null (va_store_get_secret (fixture->store, "alice", "root", &error));
  g_assert_error (error, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND);
}

static void
assert_secret_is_closed (VaStore *store)
{
  g_autoptr(VaStoredSecret) secret = va_store_get_secret (store, "alice", "root", NULL);
  g_autoptr(GError) error = NULL;

  g_assert_nonnull (secret);
  g_assert_null (va_store_open_secret (store, secret, &error));
  g_assert_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN);
}

static void
test_tampered_secret (Fixture *fixture, gconstpointer data)
{
  put_secret (fixture->store, "alice", "root", "hunter2");
  put_secret (fixture->store, "bob", "root", "his own");
  tamper (fixture, "UPDATE secrets SET guid = '00000000-0000-0000-0000-000000000001' WHERE owner = 'alice'");
  assert_secret_is_closed (fixture->store);
  put_secret (fixture->store, "alice", "root", "hunter2");
  tamper (fixture, "UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE owner = 'bob')");
  assert_secret_is_closed (fixture->store);
}

static void
test_registrations (Fixture *fixture, gconstpointer data)
{
  static const char *const named[] = { "root", NULL }, *const missing[] = { "no-such", NULL };
  g_autoptr(VaStoredRegistration) vm = NULL;
  g_autoptr(VaSecret) inline_secrets = NULL;
  g_autoptr(GError) error = NULL;

  put_secret (fixture->store, "alice", "root", "hunter2");
  g_assert_false (put_vm (fixture->store, "alice", missing, NULL, &error));
  g_assert_error (error, VA_STORE_ERROR, VA_STORE_ERROR_SECRET_MISSING);
  g_clear_error (&error);
  g_assert_false (put_vm (fixture->store, "bob", named, NULL, &error));
  g_assert_error (error, VA_STORE_ERROR, VA_STORE_ERROR_SECRET_MISSING);
  g_clear_error (&error);
  g_assert_false (put_vm (fixture->store, "alice", NULL, missing, &error));
  g_assert_error (error, VA_STORE_ERROR, VA_STORE_ERROR_ARTIFACT_MISSING);
  g_clear_error (&error);
  g_assert_true (put_vm (fixture->store, "alice", named, NULL, &error));

  vm = va_store_get_registration (fixture->store, "alice", VM, &error);
  g_assert_no_error (error);
  inline_secrets = va_store_open_registration (fixture->store, vm, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (va_secret_data (inline_secrets), va_secret_size (inline_secrets), "the inline value", 16);
  g_assert_null (va_store_get_registration (fixture->store, "bob", VM, &error));
  g_assert_error (error, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND);
  g_clear_error (&error);

  g_assert_false (va_store_remove_secret (fixture->store, "alice", "root", NULL, &error));
  g_assert_error (error, VA_STORE_ERROR, VA_STORE_ERROR_IN_USE);
  g_clear_error (&error);
  g_assert_false (va_store_remove_registration (fixture->store, "bob", VM, 0, NULL, NULL, &error));
  g_assert_error (error, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_true (va_store_remove_registration (fixture->store, "alice", VM, 0, NULL, NULL, &error));
  g_assert_true (va_store_remove_secret (fixture->store, "alice", "root", NULL, &error));
}

static gboolean
make_for (VaStore *store, const char *id, const char *owner, guint64 version, gboolean any_owner, GError **error)
{
  VaStoredLaunch launch = { .id = (char *) id,
                            .vm = (char *) VM,
                            .owner = (char *) owner,
                            .host = (char *) "node1",
                            .domain_uuid = (char *) VM,
                            .domain_name = (char *) "guest",
                            .policy = 1,
                            .generation = (char *) "milan",
                            .version = version,
                            .created = 1000,
                            .expires = 2000,
                            .fixed = (char *) "{}",
                            .timeline = (char *) "[]" };
  g_autoptr(VaSecret) keys = va_secret_copy_in ("0123456789abcdef0123456789abcdef", 32);
  const VaPermit permit = { .max_running = 1, .any_owner = any_owner };
  gboolean ok = va_store_create_launch (store, &launch, keys, NULL, &permit, NULL, error);

  g_clear_pointer (&launch.sealed_keys, g_bytes_unref);
  return ok;
}

static void
assert_owner (VaStore *store, const char *owner, const char *found)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaStoredRegistration) vm = va_store_find_registration (store, owner, VM, &error);

  if (found != NULL)
    g_assert_cmpstr (vm->owner, ==, found);
  else
    g_assert_error (error, VA_STORE_ERROR, VA_STORE_ERROR_AMBIGUOUS);
}

/* Two owners with one id: neither sees, counts, or ends anything of the other's. */
static void
test_owners_apart (Fixture *fixture, gconstpointer data)
{
  VaStore *store = fixture->store;
  g_autoptr(VaStoredRegistration) other = NULL;
  g_autoptr(VaStoredLaunch) launch = NULL;
  g_autoptr(GError) error = NULL;
  guint64 version;

  g_assert_true (put_vm (store, "alice", NULL, NULL, NULL));
  version = version_of (store);
  assert_owner (store, NULL, "alice");
  g_assert_true (put_vm (store, "bob", NULL, NULL, &error));
  g_assert_no_error (error);
  other = va_store_get_registration (store, "bob", VM, NULL);
  g_assert_cmpuint (other->version, !=, version);
  assert_owner (store, NULL, NULL);
  assert_owner (store, "alice", "alice");
  assert_owner (store, "bob", "bob");

  g_assert_false (make_for (store, "a", "alice", version, TRUE, &error));
  g_assert_error (error, VA_STORE_ERROR, VA_STORE_ERROR_AMBIGUOUS);
  g_clear_error (&error);
  assert_counts (store, 0, 0);
  g_assert_false (make_for (store, "a", "bob", version, FALSE, &error));
  g_assert_error (error, VA_STORE_ERROR, VA_STORE_ERROR_CHANGED);
  g_clear_error (&error);
  g_assert_true (make_for (store, "a", "alice", version, FALSE, &error));
  g_assert_true (make_for (store, "b", "bob", other->version, FALSE, &error));
  assert_counts (store, 1, 1);
  move (store, "b", VA_LAUNCH_FAILED);
  assert_counts (store, 1, 1);
  g_assert_true (va_store_remove_registration (store, "bob", VM, 1500, NULL, NULL, &error));
  assert_counts (store, 1, 1);
  launch = va_store_get_launch (store, "a", NULL);
  g_assert_cmpint (launch->state, ==, VA_LAUNCH_OPEN);
  assert_owner (store, NULL, "alice");
}

static void
test_tampered_registration (Fixture *fixture, gconstpointer data)
{
  g_autoptr(VaStoredRegistration) vm = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (put_vm (fixture->store, "alice", NULL, NULL, NULL));
  tamper (fixture, "UPDATE registrations SET text = '{\"policy\":0}'");
  vm = va_store_get_registration (fixture->store, "alice", VM, NULL);
  g_assert_null (va_store_open_registration (fixture->store, vm, &error));
  g_assert_error (error, VA_SEAL_ERROR, VA_SEAL_ERROR_BROKEN);
}

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
  move (fixture->store, "l1", VA_LAUNCH_FAILED);
  list = va_store_list_registrations (fixture->store, &query, &more, NULL);
  g_assert_cmpuint (list->len, ==, 2);
  g_assert_false (more);
  g_assert_cmpuint (((const VaStoredRegistration *) list->pdata[0])->running, ==, 0);
  g_assert_cmpuint (((const VaStoredRegistration *) list->pdata[1])->running, ==, 2);
}

static void
test_artifacts (Fixture *fixture, gconstpointer data)
{
  VaStoredArtifact artifact = { .owner = (char *) "alice",
                                .hash = (char *) "abc",
                                .firmware = { .size = 3,
                                              .has_table = TRUE,
                                              .secret_base = 0x810000,
                                              .secret_size = 0xc00,
                                              .hashes_base = 0xffffffff,
                                              .ap_reset = 5 } };
  g_autoptr(VaStoredArtifact) again = NULL;
  g_autoptr(GBytes) image = NULL;
  g_autoptr(GError) error = NULL;
  gboolean is_new;

  g_assert_true (va_store_put_artifact (fixture->store, &artifact, "xyz", &is_new, NULL, &error));
  g_assert_true (is_new);
  g_assert_true (va_store_put_artifact (fixture->store, &artifact, "xyz", &is_new, NULL, &error));
  g_assert_false (is_new);
  again = va_store_get_artifact (fixture->store, "alice", "abc", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (again->firmware.hashes_base, ==, 0xffffffff);
  g_assert_true (again->firmware.has_table);
  image = va_store_get_image (fixture->store, "alice", "abc", &error);
  g_assert_cmpmem (g_bytes_get_data (image, NULL), g_bytes_get_size (image), "xyz", 3);
  g_assert_null (va_store_get_image (fixture->store, "bob", "abc", &error));
  g_assert_error (error, VA_STORE_ERROR, VA_STORE_ERROR_NOT_FOUND);
}

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

  move (fixture->store, "a", VA_LAUNCH_VALIDATED);
  move (fixture->store, "b", VA_LAUNCH_REFUSED);
  assert_counts (fixture->store, 1, 1);
  g_assert_false (make_launch (fixture->store, "c", version, 1000, 2, 1, &error));
  g_assert_error (error, VA_STORE_ERROR, VA_STORE_ERROR_RUNNING);
  g_clear_error (&error);
  move (fixture->store, "a", VA_LAUNCH_FAILED);
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
  move (fixture->store, "e", VA_LAUNCH_FAILED);
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
      move (fixture->store, id, ends[i]);
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
  move (fixture->store, "b", VA_LAUNCH_VALIDATED);
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

/* The child makes launches and tells each number only after the store said yes, until it is killed. */
static void
child_of_crash (const Fixture *fixture, int out)
{
  Fixture own = *fixture;
  guint64 version;

  open_store (&own);
  version = version_of (own.store);
  for (guint32 i = 0;; i++)
    {
      g_autofree char *id = g_strdup_printf ("crash-%u", i);

      if (!make_launch (own.store, id, version, 1000, 0, 0, NULL) || write (out, &i, sizeof i) != sizeof i)
        _exit (1);
    }
}

static void
test_crash (Fixture *fixture, gconstpointer data)
{
  guint32 last = 0, told = 0;
  int ends[2], status;
  pid_t child;

  g_assert_true (put_vm (fixture->store, "alice", NULL, NULL, NULL));
  close_store (fixture);
  g_assert_cmpint (pipe (ends), ==, 0);
  child = fork ();
  if (child == 0)
    child_of_crash (fixture, ends[1]);
  close (ends[1]);
  while (told < 25 && read (ends[0], &last, sizeof last) == sizeof last)
    told++;
  kill (child, SIGKILL);
  while (read (ends[0], &last, sizeof last) == sizeof last)
    told++;
  close (ends[0]);
  waitpid (child, &status, 0);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpuint (told, >=, 25);
  g_assert_cmpuint (last, ==, told - 1);

  open_store (fixture);
  for (guint32 i = 0; i <= last; i++)
    {
      g_autofree char *id = g_strdup_printf ("crash-%u", i);
      g_autoptr(VaStoredLaunch) launch = va_store_get_launch (fixture->store, id, NULL);

      g_assert_nonnull (launch);
    }
  {
    const VaPage page = { .owner = "alice", .vm = VM, .limit = G_MAXINT32, .bytes = G_MAXSIZE };
    gboolean more;
    g_autoptr(GPtrArray) all = va_store_list_launches (fixture->store, &page, &more, NULL);

    /* The counter and the launches agree, whatever the kill interrupted. */
    assert_counts (fixture->store, all->len, all->len);
  }
}

static gboolean
file_has (const char *path, const char *needle)
{
  g_autofree char *text = NULL;
  gsize size;

  return g_file_get_contents (path, &text, &size, NULL) && memmem (text, size, needle, strlen (needle)) != NULL;
}

static void
test_nothing_in_the_clear (Fixture *fixture, gconstpointer data)
{
  static const char *const needles[] = { "hunter2-hunter2", "TIKTIKTIK", "TEKTEKTEK", "the table", "the inline value" };
  g_autofree char *wal = g_strconcat (fixture->path, "-wal", NULL);

  put_secret (fixture->store, "alice", "root", "hunter2-hunter2");
  g_assert_true (put_vm (fixture->store, "alice", NULL, NULL, NULL));
  g_assert_true (make_launch (fixture->store, "launch-needle", version_of (fixture->store), 1000, 0, 0, NULL));
  g_assert_true (file_has (wal, "launch-needle"));
  for (guint i = 0; i < G_N_ELEMENTS (needles); i++)
    {
      g_assert_false (file_has (wal, needles[i]));
      g_assert_false (file_has (fixture->path, needles[i]));
    }
}

static void
test_hosts (Fixture *fixture, gconstpointer data)
{
  VaStoredHost host = { (char *) "node1", 5, (char *) "{}" };
  const VaPage page = { .limit = 10, .bytes = 1000 };
  gboolean more;
  g_autoptr(GPtrArray) list = NULL;

  g_assert_true (va_store_put_host (fixture->store, &host, NULL, NULL));
  host.seen = 6;
  g_assert_true (va_store_put_host (fixture->store, &host, NULL, NULL));
  list = va_store_list_hosts (fixture->store, &page, &more, NULL);
  g_assert_cmpuint (list->len, ==, 1);
  g_assert_cmpint (((VaStoredHost *) list->pdata[0])->seen, ==, 6);
}

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
add_host (VaSql *sql, gpointer data, GError **error)
{
  Writer *writer = data;

  writer->written = g_get_monotonic_time ();
  if (g_str_equal (writer->name, "reads"))
    {
      g_autoptr(VaStatement) row = va_sql_query (sql, error, "SELECT count(*) FROM hosts", "");

      if (row == NULL || va_sql_row (row, error) != 1)
        return FALSE;
    }
  if (!va_sql_send (sql, error, INSERT_HOST, "t", writer->name))
    return FALSE;
  if (g_str_equal (writer->name, "twice"))
    return va_sql_send (sql, error, INSERT_HOST, "t", writer->name);
  if (!g_str_equal (writer->name, "refused"))
    return TRUE;
  g_set_error_literal (error, VA_STORE_ERROR, VA_STORE_ERROR_PERMIT, "refused");
  return FALSE;
}

static gpointer
write_one (gpointer data)
{
  Writer *writer = data;

  writer->ok = (writer->large ? va_sql_transact_large : va_sql_transact) (writer->store->backend, add_host, writer,
                                                                          NULL, &writer->error);
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
hold (VaSql *sql, gpointer data, GError **error)
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

  g_assert_true (va_sql_transact (holder->store->backend, hold, holder, NULL, &error) || on_postgresql ());
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
  VaCommitQueue *queue = &((VaSqlBackend *) store->backend)->queue;
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

#define ADD(path, function) g_test_add ("/store/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!on_postgresql ())
    {
      ADD ("files", test_files);
      ADD ("log-is-reserved", test_log_is_reserved);
      ADD ("nothing-in-the-clear", test_nothing_in_the_clear);
    }
  ADD ("keys", test_keys);
  ADD ("newer-schema", test_newer_schema);
  ADD ("secrets", test_secrets);
  ADD ("tampered-secret", test_tampered_secret);
  ADD ("registrations", test_registrations);
  ADD ("owners-apart", test_owners_apart);
  ADD ("tampered-registration", test_tampered_registration);
  ADD ("pages", test_pages);
  ADD ("page-bytes", test_page_bytes);
  ADD ("changes-between-pages", test_changes_between_pages);
  ADD ("page-counts", test_page_counts);
  ADD ("artifacts", test_artifacts);
  ADD ("permit", test_permit);
  ADD ("launch-keys", test_launch_keys);
  ADD ("tampered-launch", test_tampered_launch);
  ADD ("removal-refuses-launches", test_removal_refuses_launches);
  g_test_add ("/store/max-launches-race", Fixture, GINT_TO_POINTER (FALSE), set_up, test_permit_race, tear_down);
  g_test_add ("/store/max-running-race", Fixture, GINT_TO_POINTER (TRUE), set_up, test_permit_race, tear_down);
  ADD ("claim-race", test_claim_race);
  ADD ("refused-in-group", test_refused_in_group);
  ADD ("failed-in-group", test_failed_in_group);
  ADD ("large-ones-take-turns", test_large_ones_take_turns);
  ADD ("locked", test_locked);
  ADD ("crash", test_crash);
  ADD ("hosts", test_hosts);
  return g_test_run ();
}
