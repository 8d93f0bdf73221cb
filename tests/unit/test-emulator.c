/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include "../../emulator/launch.h"
#include "../../emulator/next.h"
#include "../../emulator/object.h"

#define UUID "0112ee5b-4c96-4ccd-9ef6-eb44c3d401a9"
#define GUEST "{\"qom-type\":\"sev-guest\",\"id\":\"lsec0\",\"cbitpos\":51,\"reduced-phys-bits\":1,\"policy\":51}"

static void
test_strings (void)
{
  static const struct {
    const char *json, *value;
  } found[] = {
    { "{\"file\":\"a\"}", "a" },
    { " { \"x\" : [ 1 , {\"file\":2} ] , \"file\" : \"a\\/b\" } ", "a/b" },
    { "{\"file\":\"\\\"\\\\\\b\\f\\n\\r\\t\"}", "\"\\\b\f\n\r\t" },
    { "{\"\\u0066ile\":\"\\u00fc\\u20ac\\ud83d\\ude00\"}", "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80" },
    { "{\"file\":\"\"}", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (found); i++)
    {
      g_autofree char *value = NULL;

      g_assert_cmpint (va_object_find (found[i].json, "file", &value), ==, VA_OBJECT_STRING);
      g_assert_cmpstr (value, ==, found[i].value);
    }
}

static void
test_kinds (void)
{
  static const struct {
    const char *json;
    VaObjectKind kind;
  } kinds[] = {
    { "{}", VA_OBJECT_ABSENT },
    { "{\"a\":{\"file\":\"x\"},\"b\":\"file\"}", VA_OBJECT_ABSENT },
    { "{\"file\":false}", VA_OBJECT_OTHER },
    { "{\"file\":-1.5e+3}", VA_OBJECT_OTHER },
    { "{\"file\":{}}", VA_OBJECT_OTHER },
    { "", VA_OBJECT_BROKEN },
    { "[\"file\"]", VA_OBJECT_BROKEN },
    { "sev-guest,file=x", VA_OBJECT_BROKEN },
    { "{\"file\":\"x\"", VA_OBJECT_BROKEN },
    { "{\"file\":\"x\"}}", VA_OBJECT_BROKEN },
    { "{\"file\":\"x\",}", VA_OBJECT_BROKEN },
    { "{\"file\":\"x\",\"file\":\"y\"}", VA_OBJECT_BROKEN },
    { "{\"file\":\"x\",\"a\":1,\"\\u0061\":2}", VA_OBJECT_BROKEN },
    { "{\"file\":\"x\",\"a\":01}", VA_OBJECT_BROKEN },
    { "{\"file\":\"x\",\"a\":-}", VA_OBJECT_BROKEN },
    { "{\"file\":\"x\",\"a\":1.}", VA_OBJECT_BROKEN },
    { "{\"file\":\"x\",\"a\":tru}", VA_OBJECT_BROKEN },
    { "{\"file\":\"\n\"}", VA_OBJECT_BROKEN },
    { "{\"file\":\"\\u0000\"}", VA_OBJECT_BROKEN },
    { "{\"file\":\"\\ud83d\"}", VA_OBJECT_BROKEN },
    { "{\"file\":\"\\ude00\"}", VA_OBJECT_BROKEN },
    { "{\"file\":\"\\x\"}", VA_OBJECT_BROKEN },
    { "{\"file\":\"\\", VA_OBJECT_BROKEN },
    { "{\"a\":[[[[[[[[[]]]]]]]]]}", VA_OBJECT_BROKEN },
  };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_test_message ("%s", kinds[i].json);
      g_assert_cmpint (va_object_find (kinds[i].json, "file", NULL), ==, kinds[i].kind);
    }
}

static void
test_adds (void)
{
  g_autofree char *text = va_object_add ("{\"a\":1} ", "file", "/x/\"\\\x01\xc3\xbc");
  g_autofree char *flag = va_object_add ("{\"a\":1}", "kernel-hashes", NULL);
  g_autofree char *value = NULL;

  g_assert_cmpint (va_object_find (text, "file", &value), ==, VA_OBJECT_STRING);
  g_assert_cmpstr (value, ==, "/x/\"\\\x01\xc3\xbc");
  g_assert_cmpstr (flag, ==, "{\"a\":1,\"kernel-hashes\":true}");
  g_assert_null (va_object_add ("{", "file", "x"));
}

/* A place for one start: libvirt's folder of the domain, and a run directory. */
typedef struct {
  char *folder, *run_dir, *monitor;
} Place;

static void
place_set_up (Place *place, gconstpointer data)
{
  place->folder = g_dir_make_tmp ("domain \xc3\xbc\" XXXXXX", NULL);
  place->run_dir = g_dir_make_tmp (NULL, NULL);
  place->monitor = g_strdup_printf ("%s/qmp/libvirt-%s", place->run_dir, UUID);
}

static void
place_tear_down (Place *place, gconstpointer data)
{
  g_autofree char *command = g_strdup_printf ("rm -r '%s' '%s'", place->folder, place->run_dir);

  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_free (place->folder);
  g_free (place->run_dir);
  g_free (place->monitor);
}

static void
make_session (const Place *place)
{
  g_autofree char *path = g_build_filename (place->folder, "session.base64", NULL);

  g_assert_true (g_file_set_contents (path, "AAAA", -1, NULL));
}

/* What QEMU gets, with the objects of @guest and the master key, and @more (each nullable). */
static char *
launch_arguments (const Place *place, const char *guest, const char *uuid, const char *more)
{
  g_autofree char *escaped = g_strescape (place->folder, "\xc3\xbc");
  g_autofree char *key = g_strdup_printf ("{\"qom-type\":\"secret\",\"id\":\"masterKey0\",\"format\":\"raw\",\"file\":"
                                          "\"%s/master-key.aes\"}",
                                          escaped);
  const char *arguments[16] = { "/x/qemu-system-x86_64", "-S", "-object", key, "-uuid", uuid, "-object", guest };
  int count = 8;
  g_autofree char *text = NULL;
  const char *fault;

  if (more != NULL)
    {
      arguments[count++] = more;
      arguments[count++] = "x";
    }
  fault = va_launch_add (arguments, count, place->run_dir);
  if (fault != NULL)
    return g_strdup_printf ("fault: %s", fault);
  text = g_strjoinv ("\n", (char **) arguments);
  for (int i = 0; arguments[i] != NULL; i++)
    if (arguments[i] != guest && g_str_has_prefix (arguments[i], "{\"qom-type\":\"sev-guest\""))
      g_free ((char *) arguments[i]);
    else if (g_str_has_prefix (arguments[i], "unix:"))
      g_free ((char *) arguments[i]);
  return g_steal_pointer (&text);
}

static gboolean
is_changed (const Place *place, const char *guest, const char *uuid, const char *more)
{
  g_autofree char *text = launch_arguments (place, guest, uuid, more);

  g_assert_false (g_str_has_prefix (text, "fault"));
  return strstr (text, "-qmp") != NULL || strstr (text, "session.base64") != NULL;
}

static void
test_launch (Place *place, gconstpointer data)
{
  g_autofree char *monitor = g_strdup_printf ("-qmp\nunix:%s/monitor.sock,server=on,wait=off", place->monitor);
  g_autofree char *text = NULL, *with_kernel = NULL, *without = NULL;

  /* Nothing waits; a session without a place for its monitor is an old one. */
  g_assert_false (is_changed (place, GUEST, UUID, NULL));
  make_session (place);
  g_assert_false (is_changed (place, GUEST, UUID, NULL));
  g_assert_cmpint (g_mkdir_with_parents (place->monitor, 0700), ==, 0);

  text = launch_arguments (place, GUEST, UUID, NULL);
  g_assert_nonnull (strstr (text, monitor));
  g_assert_nonnull (strstr (text, "/dh_cert.base64\",\"session-file\":\""));
  g_assert_null (strstr (text, "kernel-hashes"));
  with_kernel = launch_arguments (place, GUEST, UUID, "-kernel");
  g_assert_nonnull (strstr (with_kernel, "\"policy\":51,\"kernel-hashes\":true,\"dh-cert-file\""));
  without = launch_arguments (place, "{\"qom-type\":\"sev-guest\",\"kernel-hashes\":false}", UUID, "-kernel");
  g_assert_nonnull (strstr (without, "{\"qom-type\":\"sev-guest\",\"kernel-hashes\":false,\"dh-cert-file\""));
}

static void
test_not_ours (Place *place, gconstpointer data)
{
  static const char *const guests[] = {
    "{\"qom-type\":\"sev-snp-guest\",\"id\":\"lsec0\"}",
    "{\"qom-type\":\"sev-guest\",\"id\":\"lsec0\",\"session-file\":\"/x\"}",
    "{\"qom-type\":\"sev-guest\",\"id\":\"lsec0\",\"dh-cert-file\":\"/x\"}",
    "{\"qom-type\":\"sev-guest\",\"id\":\"lsec0\"",
    "sev-guest,id=lsec0",
    "{\"qom-type\":\"rng-random\",\"id\":\"sev-guest\"}",
  };

  make_session (place);
  g_assert_cmpint (g_mkdir_with_parents (place->monitor, 0700), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (guests); i++)
    g_assert_false (is_changed (place, guests[i], UUID, NULL));
}

/* Where a launch waits and cannot be given to QEMU, QEMU does not start. */
static void
test_fault (Place *place, gconstpointer data)
{
  static const char upper[] = "0112EE5B-4C96-4CCD-9EF6-EB44C3D401A9";
  g_autofree char *folder = g_strdup_printf ("%s/qmp/libvirt-%s", place->run_dir, upper), *text = NULL;

  make_session (place);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  text = launch_arguments (place, GUEST, upper, NULL);
  g_assert_true (g_str_has_prefix (text, "fault: "));
}

static char *
make_program (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents_full (path, name, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
  return g_steal_pointer (&path);
}

static void
assert_next (const char *path, const struct stat *self, const char *expected)
{
  g_autofree char *next = va_next_program (path, "qemu", self);

  g_assert_cmpstr (next, ==, expected);
}

static void
test_next (Place *place, gconstpointer data)
{
  g_autofree char *a = g_build_filename (place->run_dir, "a", NULL), *b = g_build_filename (place->run_dir, "b", NULL);
  g_autofree char *c = g_build_filename (place->run_dir, "c", NULL), *path = NULL;
  g_autofree char *first = make_program (a, "qemu"), *second = make_program (b, "qemu"), *other = make_program (c, "x");
  g_autofree char *link = g_build_filename (c, "qemu", NULL), *around = NULL, *relative = NULL;
  struct stat self, last, foreign;

  g_assert_cmpint (stat (first, &self) | stat (second, &last) | stat (other, &foreign), ==, 0);
  path = g_strdup_printf ("/nowhere:%s:%s:%s", a, c, b);
  assert_next (path, &self, second);
  assert_next (path, &last, NULL);
  assert_next (path, &foreign, first);
  /* By another name, and in a circle: each program leads further on, and the last one nowhere. */
  g_assert_cmpint (symlink (first, link), ==, 0);
  around = g_strdup_printf ("%s:%s:%s:%s:%s", a, c, b, a, b);
  assert_next (around, &self, second);
  assert_next (around, &last, NULL);
  relative = g_strdup_printf ("%s:.:b::%s/", a, place->run_dir);
  assert_next (relative, &self, NULL);
  g_assert_cmpint (g_chmod (second, 0644), ==, 0);
  assert_next (path, &self, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/emulator/strings", test_strings);
  g_test_add_func ("/emulator/kinds", test_kinds);
  g_test_add_func ("/emulator/adds", test_adds);
  g_test_add ("/emulator/launch", Place, NULL, place_set_up, test_launch, place_tear_down);
  g_test_add ("/emulator/not-ours", Place, NULL, place_set_up, test_not_ours, place_tear_down);
  g_test_add ("/emulator/fault", Place, NULL, place_set_up, test_fault, place_tear_down);
  g_test_add ("/emulator/next", Place, NULL, place_set_up, test_next, place_tear_down);
  return g_test_run ();
}
