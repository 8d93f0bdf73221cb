/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "domain/xml.h"
#include "core/error.h"
#include "core/file.h"

#define UUID "6f1d2c3b-4a59-4e87-9d10-0123456789ab"
#define OTHER "11111111-2222-3333-4444-555555555555"
#define BLOB "dmlydC1hdHRlc3Q6IHJlcGxhY2VkIGF0IGVhY2ggc3RhcnQ="

static char *
prepare (const char *xml, const char *registration)
{
  g_autoptr(GError) error = NULL;
  char *result = va_domain_xml_prepare (xml, strlen (xml), &(VaDomainWanted){ .registration = registration }, &error);

  g_assert_no_error (error);
  return result;
}

static void
assert_refused (const char *xml, const char *registration, const char *sentence)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *result =
    va_domain_xml_prepare (xml, strlen (xml), &(VaDomainWanted){ .registration = registration }, &error);

  g_assert_null (result);
  g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE);
  if (strstr (error->message, sentence) == NULL)
    g_error ("“%s” is not in “%s”", sentence, error->message);
}

static char *
read_data (const char *name)
{
  g_autofree char *path = g_build_filename (g_getenv ("VA_TEST_DATA"), "domains", name, NULL);
  g_autoptr(GError) error = NULL;
  char *text = va_file_read_text (path, VA_DOMAIN_XML_MAX, &error);

  g_assert_no_error (error);
  return text;
}

/* Every file X.xml comes out as X-prepared.xml, and that as itself. */
static void
test_files (void)
{
  static const char *const names[] = { "plain", "crowded", "half" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *before = g_strconcat (names[i], ".xml", NULL);
      g_autofree char *after = g_strconcat (names[i], "-prepared.xml", NULL);
      g_autofree char *xml = read_data (before);
      g_autofree char *expected = read_data (after);
      g_autofree char *once = prepare (xml, NULL);
      g_autofree char *twice = prepare (once, NULL);

      g_assert_cmpstr (once, ==, expected);
      g_assert_cmpstr (twice, ==, once);
    }
}

static void
test_compact (void)
{
  g_autofree char *xml = prepare ("<domain><name>a</name><uuid>" UUID "</uuid><metadata/><launchSecurity type='sev'>"
                                  "<policy>1</policy></launchSecurity></domain>",
                                  OTHER);

  g_assert_cmpstr (xml, ==,
                   "<domain><name>a</name><uuid>" UUID "</uuid><metadata><attest:launch "
                   "xmlns:attest=\"urn:virt-attest:launch:1\" id=\"" OTHER "\" mode=\"required\"/></metadata>"
                   "<launchSecurity type='sev'><policy>1</policy><dhCert>" BLOB "</dhCert><session>" BLOB "</session>"
                   "</launchSecurity><qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
                   "<qemu:arg value='-qmp'/><qemu:arg value='unix:/run/virt-attest/qmp/libvirt-" UUID
                   "/monitor.sock,server=on,wait=off'/></qemu:commandline></domain>");
}

static void
test_uuid_made (void)
{
  static const char xml[] = "<domain>\n  <name>a</name>\n  <launchSecurity type='sev'>\n    <policy>1</policy>\n"
                            "  </launchSecurity>\n</domain>\n";
  g_autofree char *a = prepare (xml, NULL);
  g_autofree char *b = prepare (xml, NULL);
  g_autoptr(VaDomainXml) x = va_domain_xml_parse (a, strlen (a), NULL);
  g_autoptr(VaDomainXml) y = va_domain_xml_parse (b, strlen (b), NULL);

  g_assert_cmpstr (x->uuid, !=, y->uuid);
  g_assert_cmpstr (x->registration, ==, x->uuid);
  g_assert_nonnull (strstr (a, "  <name>a</name>\n  <uuid>"));
}

/* A copied domain with a UUID of its own gets a monitor of its own; its registration stays. */
static void
test_copied (void)
{
  g_autofree char *plain = read_data ("plain-prepared.xml");
  g_auto(GStrv) parts = g_strsplit (plain, "<uuid>" UUID "</uuid>", 2);
  g_autofree char *copied = g_strjoinv ("<uuid>" OTHER "</uuid>", parts);
  g_autofree char *result = prepare (copied, NULL);
  g_autoptr(VaDomainXml) domain = va_domain_xml_parse (result, strlen (result), NULL);

  g_assert_cmpstr (domain->uuid, ==, OTHER);
  g_assert_cmpstr (domain->monitor_path, ==, "/run/virt-attest/qmp/libvirt-" OTHER "/monitor.sock");
  g_assert_cmpstr (domain->registration, ==, UUID);
  g_assert_cmpuint (strlen (result), ==, strlen (plain));
}

/* A domain that was prepared by an earlier version: only its monitor moves. */
static void
test_moved (void)
{
  g_autofree char *plain = read_data ("plain-prepared.xml");
  g_auto(GStrv) parts = g_strsplit (plain, "/qmp/libvirt-", 2);
  g_autofree char *older = g_strjoinv ("/qmp/", parts);
  g_autofree char *result = prepare (older, NULL);

  g_assert_cmpstr (older, !=, plain);
  g_assert_cmpstr (result, ==, plain);
}

#define QMP \
  "    <qemu:arg value='-qmp'/>\n" \
  "    <qemu:arg value='unix:/run/virt-attest/qmp/libvirt-" UUID "/monitor.sock,server=on,wait=off'/>"
#define CHARDEV(uuid) \
  "    <qemu:arg value='-chardev'/>\n" \
  "    <qemu:arg value='socket,id=virt-attest,path=/run/virt-attest/qmp/" uuid "/monitor.sock,server=on,wait=off'/>"
#define MON "\n    <qemu:arg value='-mon'/>\n    <qemu:arg value='chardev=virt-attest,mode=control'/>"
#define OBJECT "\n    <qemu:arg value='-object'/>\n    <qemu:arg value='monitor-qmp,id=m,chardev=virt-attest'/>"

static char *
with_monitor (const char *monitor)
{
  g_autofree char *plain = read_data ("plain-prepared.xml");
  g_auto(GStrv) parts = g_strsplit (plain, QMP, 2);

  g_assert_cmpuint (g_strv_length (parts), ==, 2);
  return g_strjoinv (monitor, parts);
}

/* Whatever form or part of one it has: one option, in the place of the first part. */
static void
test_monitor_rewritten (void)
{
  static const char *const forms[] = {
    CHARDEV ("libvirt-" UUID) MON,
    CHARDEV (UUID) MON,
    CHARDEV (OTHER) MON,
    CHARDEV ("libvirt-" UUID),
    &MON[1],
    &OBJECT[1],
    QMP MON,
    QMP "\n" CHARDEV ("libvirt-" UUID) MON,
  };
  g_autofree char *plain = read_data ("plain-prepared.xml");

  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      g_autofree char *before = with_monitor (forms[i]);
      g_autofree char *after = prepare (before, NULL);

      g_assert_cmpstr (after, ==, plain);
    }
}

/* This form is not deprecated, and stays; only its place is corrected. */
static void
test_monitor_object (void)
{
  g_autofree char *right = with_monitor (CHARDEV ("libvirt-" UUID) OBJECT);
  g_autofree char *wrong = with_monitor (CHARDEV (OTHER) OBJECT);
  g_autofree char *kept = prepare (right, NULL);
  g_autofree char *corrected = prepare (wrong, NULL);

  g_assert_cmpstr (kept, ==, right);
  g_assert_cmpstr (corrected, ==, right);
}

#define REBOOT(policy, before) \
  "<domain><name>a</name><uuid>" UUID "</uuid>" before "<launchSecurity type='sev'><policy>" policy \
  "</policy></launchSecurity></domain>"

/* Only a guest that QEMU cannot reset. */
static void
test_reboot (void)
{
  static const struct {
    const char *before, *after;
  } cases[] = {
    { REBOOT ("5", ""), "<name>a</name><on_reboot>destroy</on_reboot><uuid>" },
    { REBOOT ("5", "<os/>"), "<os/><on_reboot>destroy</on_reboot><launch" },
    { REBOOT ("5", "<on_poweroff>destroy</on_poweroff>"), "</on_poweroff><on_reboot>destroy</on_reboot><launch" },
    { REBOOT ("7", "<on_reboot> restart </on_reboot>"), "</uuid><on_reboot>destroy</on_reboot><launch" },
    { REBOOT ("5", "<on_reboot/>"), "</uuid><on_reboot>destroy</on_reboot><launch" },
    { REBOOT ("5", "<on_reboot>rename-restart</on_reboot>"), "</uuid><on_reboot>destroy</on_reboot><launch" },
    { REBOOT ("5", "<on_reboot>preserve</on_reboot>"), "<on_reboot>preserve</on_reboot><launch" },
    { REBOOT ("1", "<on_reboot>restart</on_reboot>"), "<on_reboot>restart</on_reboot><launch" },
    { REBOOT ("1", "<os/>"), "<os/><launch" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *xml = prepare (cases[i].before, UUID);
      g_autofree char *twice = prepare (xml, UUID);
      g_auto(GStrv) parts = g_regex_split_simple ("<metadata>.*</metadata>", xml, 0, 0);
      g_autofree char *rest = g_strjoinv ("", parts);

      if (strstr (rest, cases[i].after) == NULL)
        g_error ("“%s” is not in “%s”", cases[i].after, rest);
      g_assert_cmpstr (twice, ==, xml);
    }
}

static void
test_new_registration (void)
{
  g_autofree char *plain = read_data ("plain-prepared.xml");
  g_autofree char *result = prepare (plain, OTHER);
  g_autofree char *back = prepare (result, UUID);
  g_autofree char *without =
    prepare ("<domain><name>a</name><uuid>" UUID "</uuid><metadata><l:launch xmlns:l = \"urn:virt-attest:launch:1\"\n"
             "mode='required' /></metadata><launchSecurity type='sev'><policy>1</policy></launchSecurity></domain>",
             OTHER);

  g_assert_cmpstr (result, !=, plain);
  g_assert_cmpstr (back, ==, plain);
  g_assert_nonnull (strstr (without, "<l:launch id=\"" OTHER "\" xmlns:l = \"urn:virt-attest:launch:1\"\n"
                                     "mode='required' /></metadata>"));
}

static char *
prepare_for (const char *xml, const char *owner, const char *default_owner)
{
  const VaDomainWanted wanted = { .owner = owner, .default_owner = default_owner };
  g_autoptr(GError) error = NULL;
  char *result = va_domain_xml_prepare (xml, strlen (xml), &wanted, &error);

  g_assert_no_error (error);
  return result;
}

static void
assert_owner (const char *xml, const char *owner)
{
  g_autoptr(VaDomainXml) domain = va_domain_xml_parse (xml, strlen (xml), NULL);

  g_assert_nonnull (domain);
  g_assert_cmpstr (domain->owner, ==, owner);
}

/* A name that was asked for is written; one's own only where there is none. */
static void
test_owner (void)
{
  g_autofree char *plain = read_data ("plain.xml"), *prepared = read_data ("plain-prepared.xml");
  g_autofree char *own = prepare_for (plain, NULL, "alice"), *later = prepare_for (prepared, NULL, "alice");
  g_autofree char *kept = prepare_for (own, NULL, "bob"), *again = prepare_for (own, NULL, NULL);
  g_autofree char *other = prepare_for (own, "bob", "alice"), *back = prepare_for (other, "alice", NULL);
  const VaDomainWanted wrong = { .owner = "Bob" };

  assert_owner (prepared, NULL);
  assert_owner (own, "alice");
  assert_owner (later, "alice");
  assert_owner (other, "bob");
  g_assert_cmpstr (kept, ==, own);
  g_assert_cmpstr (again, ==, own);
  g_assert_cmpstr (back, ==, own);
  g_assert_nonnull (strstr (own, "\" owner=\"alice\" mode=\"required\"/>"));
  g_assert_null (va_domain_xml_prepare (plain, strlen (plain), &wrong, NULL));
}

/* What the owner put there stays; what is empty is filled. */
static void
test_placeholders (void)
{
  g_autofree char *xml = prepare ("<domain><name>a</name><uuid>" UUID "</uuid><launchSecurity type='sev'><session>mine"
                                  "</session><dhCert/><policy>1</policy></launchSecurity></domain>",
                                  NULL);

  g_assert_nonnull (strstr (xml,
                            "<session>mine</session><dhCert>" BLOB "</dhCert><policy>1</policy></launchSecurity>"));
}

/* Bytes of another encoding are not touched. */
static void
test_latin1 (void)
{
  static const char xml[] = "<?xml version='1.0' encoding='ISO-8859-1'?>\n<domain><name>a</name><title>f\xfcr</title>"
                            "<launchSecurity type='sev'><policy>1</policy></launchSecurity></domain>";
  g_autofree char *result = prepare (xml, NULL);

  g_assert_nonnull (strstr (result, "<title>f\xfcr</title>"));
  g_assert_true (g_str_has_prefix (result, "<?xml version='1.0' encoding='ISO-8859-1'?>\n<domain>"));
}

static void
test_refused (void)
{
#define SEV "<launchSecurity type='sev'><policy>1</policy></launchSecurity>"
  assert_refused ("<domain><name>a</name></domain>", NULL, "no <launchSecurity type='sev'>");
  assert_refused ("<domain><name>a</name><launchSecurity type='s390-pv'/></domain>", NULL, "Secure Execution");
  assert_refused ("<domain>" SEV "</domain>", NULL, "no <name>");
  assert_refused ("<domain><name>a</name><uuid>1</uuid>" SEV "</domain>", NULL, "is not a UUID");
  assert_refused ("<domain><name>a</name>" SEV "</domain>", "", "UUID in lower case");
  assert_refused ("<domain><name>a</name>" SEV "</domain>", "11111111-2222-3333-4444-55555555555A",
                  "UUID in lower case");
  assert_refused ("<domain><name>a</name>" SEV
                  "<metadata><a:b xmlns:a='urn:virt-attest:launch:1'/></metadata></domain>",
                  NULL, "may have one element");
  assert_refused ("<!DOCTYPE domain><domain><name>a</name>" SEV "</domain>", NULL, "document type");
  assert_refused ("<domain><name>a</name><launchSecurity type='sev'/></domain>", NULL, "no <policy>");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/domain-prepare/files", test_files);
  g_test_add_func ("/domain-prepare/compact", test_compact);
  g_test_add_func ("/domain-prepare/uuid-made", test_uuid_made);
  g_test_add_func ("/domain-prepare/copied", test_copied);
  g_test_add_func ("/domain-prepare/moved", test_moved);
  g_test_add_func ("/domain-prepare/monitor-rewritten", test_monitor_rewritten);
  g_test_add_func ("/domain-prepare/monitor-object", test_monitor_object);
  g_test_add_func ("/domain-prepare/reboot", test_reboot);
  g_test_add_func ("/domain-prepare/new-registration", test_new_registration);
  g_test_add_func ("/domain-prepare/owner", test_owner);
  g_test_add_func ("/domain-prepare/placeholders", test_placeholders);
  g_test_add_func ("/domain-prepare/latin1", test_latin1);
  g_test_add_func ("/domain-prepare/refused", test_refused);
  return g_test_run ();
}
