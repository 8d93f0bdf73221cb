/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "core/error.h"
#include "store-fixture.h"

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
                            .terms = (char *) "{}",
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
  move_launch (store, "b", VA_LAUNCH_FAILED);
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_STORE_TEST ("secrets", test_secrets);
  ADD_STORE_TEST ("tampered-secret", test_tampered_secret);
  ADD_STORE_TEST ("registrations", test_registrations);
  ADD_STORE_TEST ("owners-apart", test_owners_apart);
  ADD_STORE_TEST ("tampered-registration", test_tampered_registration);
  ADD_STORE_TEST ("artifacts", test_artifacts);
  return g_test_run ();
}
