/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "domain/xml.h"
#include "core/error.h"

#define UUID "6f1d2c3b-4a59-4e87-9d10-0123456789ab"
#define ATTEST "xmlns:attest='urn:virt-attest:launch:1'"
#define DOMAIN(metadata, rest) \
  "<domain type='kvm' id='7'><name>vm</name><uuid>" UUID "</uuid>" metadata "<vcpu>4</vcpu>" \
  "<launchSecurity type='sev' kernelHashes='yes'><policy>0x10001</policy></launchSecurity>" rest "</domain>"
#define LAUNCH(attributes) "<metadata><attest:launch " ATTEST " " attributes "/></metadata>"

static VaDomainXml *
parse (const char *xml, GError **error)
{
  return va_domain_xml_parse (xml, strlen (xml), error);
}

static void
assert_refused (const char *xml, const char *sentence)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaDomainXml) domain = parse (xml, &error);

  if (domain != NULL)
    g_error ("not refused: %s", xml);
  g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE);
  if (strstr (error->message, sentence) == NULL)
    g_error ("“%s” is not in “%s”", sentence, error->message);
}

static void
test_opted_in (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaDomainXml) domain =
    parse ("<?xml version='1.0'?>\n" DOMAIN (LAUNCH ("id='11111111-2222-3333-4444-555555555555' mode='required'"),
                                             "<os><loader>/fw</loader></os>"),
           &error);

  g_assert_no_error (error);
  g_assert_cmpstr (domain->uuid, ==, UUID);
  g_assert_cmpstr (domain->name, ==, "vm");
  g_assert_cmpint (domain->id, ==, 7);
  g_assert_true (domain->opted_in);
  g_assert_cmpstr (domain->registration, ==, "11111111-2222-3333-4444-555555555555");
  g_assert_true (domain->confidential);
  g_assert_cmphex (domain->policy, ==, 0x10001);
  g_assert_true (domain->kernel_hashes);
  g_assert_false (domain->has_blobs);
  g_assert_cmpstr (domain->loader, ==, "/fw");
  g_assert_null (domain->monitor_path);
  g_assert_cmpuint (domain->vcpus, ==, 4);
}

static void
test_defaults (void)
{
  g_autoptr(VaDomainXml) domain = parse ("<domain><name>a</name><uuid>6F1D2C3B4A594E879D100123456789AB</uuid>"
                                         "<metadata><launch xmlns='urn:virt-attest:launch:1' mode='required'> <!-- -->"
                                         "</launch><other xmlns='urn:other'><deep/></other></metadata></domain>",
                                         NULL);

  g_assert_nonnull (domain);
  g_assert_cmpstr (domain->registration, ==, UUID);
  g_assert_cmpint (domain->id, ==, -1);
  g_assert_cmpuint (domain->vcpus, ==, 1);
  g_assert_false (domain->confidential);
}

/* A policy without 0x is hexadecimal all the same: so libvirt reads it. */
static void
test_policy (void)
{
  g_autoptr(VaDomainXml) domain =
    parse ("<domain><launchSecurity type='sev'><policy> 11 </policy></launchSecurity></domain>", NULL);

  g_assert_nonnull (domain);
  g_assert_cmphex (domain->policy, ==, 0x11);
  assert_refused ("<domain><name>a</name><uuid>" UUID
                  "</uuid>" LAUNCH ("mode='required'") "<launchSecurity "
                                                       "type='sev'><policy>0x100000000</policy></launchSecurity></"
                                                       "domain>",
                  "domain XML");
  assert_refused ("<domain><name>a</name><uuid>" UUID
                  "</uuid>" LAUNCH ("mode='required'") "<launchSecurity "
                                                       "type='sev'><policy>0x0x1</policy></launchSecurity></domain>",
                  "domain XML");
  assert_refused ("<domain><name>a</name><uuid>" UUID
                  "</uuid>" LAUNCH ("mode='required'") "<launchSecurity type='sev'/></domain>",
                  "no <policy>");
}

/* Whatever is in a domain without our metadata, it is not for us to judge. */
static void
test_not_ours (void)
{
  g_autoptr(VaDomainXml) domain =
    parse ("<domain id='x'><uuid>?</uuid><vcpu current='-1'>many</vcpu><metadata><a:launch xmlns:a='urn:else' b='c'>"
           "text</a:launch></metadata><launchSecurity type='sev'><policy>?</policy></launchSecurity></domain>",
           NULL);

  g_assert_nonnull (domain);
  g_assert_false (domain->opted_in);
  g_assert_null (domain->uuid);
}

#define NEEDLE "hunter2needle"

/* The document may have passwords in it, of consoles for instance. */
static void
assert_silent (const char *xml)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(VaDomainXml) domain = parse (xml, &error);

  g_assert_null (domain);
  g_assert_null (strstr (error->message, NEEDLE));
  g_assert_nonnull (strstr (error->message, "line 1"));
}

static void
test_refused (void)
{
  assert_refused ("", "not well-formed");
  assert_refused ("<domain>", "not well-formed");
  assert_refused ("<domain/><domain/>", "not well-formed");
  assert_refused ("<network/>", "not a domain");
  /* The hook takes a declaration for an opt-in, so the agent must not take this one for a foreign domain. */
  assert_refused ("<domain><metadata><b:c xmlns:b='urn:b' xmlns:a='" VA_DOMAIN_NAMESPACE "'/></metadata></domain>",
                  "may have one element");
  assert_refused ("<domain xmlns='urn:x'/>", "not a domain");
  assert_refused ("<!DOCTYPE domain><domain/>", "document type");
  assert_refused ("<!DOCTYPE domain [<!ENTITY a 'aaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><domain>&b;</domain>",
                  "document type");
  assert_refused ("<!DOCTYPE domain SYSTEM 'file:///etc/passwd'><domain/>", "document type");
  assert_refused ("<domain>&undeclared;</domain>", "not well-formed");
  assert_silent ("<domain><graphics passwd='" NEEDLE "/></domain>");
  assert_silent ("<domain><graphics passwd='&" NEEDLE ";'/></domain>");
  assert_silent ("<domain><" NEEDLE "></domain>");
  assert_silent ("<domain><a " NEEDLE "></a></domain>");
  assert_refused (DOMAIN (LAUNCH (""), ""), "mode");
  assert_refused (DOMAIN (LAUNCH ("mode='optional'"), ""), "mode");
  assert_refused (DOMAIN (LAUNCH ("mode=' required'"), ""), "mode");
  assert_refused (DOMAIN (LAUNCH ("attest:mode='required'"), ""), "may have one element");
  assert_refused (DOMAIN (LAUNCH ("mode='required' id=''"), ""), "id must be");
  assert_refused (DOMAIN (LAUNCH ("mode='required' id='6F1D2C3B-4A59-4E87-9D10-0123456789AB'"), ""), "id must be");
  assert_refused (DOMAIN (LAUNCH ("mode='required' extra=''"), ""), "“extra” is unknown");
  assert_refused (DOMAIN (LAUNCH ("mode='required' xml:id='a'"), ""), "“id” is unknown");
  assert_refused (DOMAIN ("<metadata><launch xmlns='urn:virt-attest:launch:1' mode='required'>x</launch></metadata>",
                          ""),
                  "empty");
  assert_refused (DOMAIN ("<metadata><launch xmlns='urn:virt-attest:launch:1' mode='required'><a xmlns=''/></launch>"
                          "</metadata>",
                          ""),
                  "empty");
  assert_refused (DOMAIN ("<metadata><launch xmlns='urn:virt-attest:launch:1' mode='required'><![CDATA[x]]></launch>"
                          "</metadata>",
                          ""),
                  "empty");
  assert_refused (DOMAIN ("<metadata><attest:launch " ATTEST " mode='required'/><attest:launch " ATTEST
                          " mode='required'/></metadata>",
                          ""),
                  "may have one element");
  assert_refused (DOMAIN ("<metadata><attest:lunch " ATTEST " mode='required'/></metadata>", ""),
                  "may have one element");
  assert_refused (DOMAIN ("<metadata><a xmlns='urn:a'><attest:launch " ATTEST " mode='required'/></a></metadata>", ""),
                  "may have one element");
  assert_refused (DOMAIN ("", "<attest:launch " ATTEST " mode='required'/>"), "may have one element");
  assert_refused (DOMAIN ("<metadata/>", LAUNCH ("mode='required'")), "may have one element");
  assert_refused (DOMAIN ("", "<devices><disk " ATTEST " attest:x=''/></devices>"), "may have one element");
  assert_refused ("<domain><name>a</name>" LAUNCH ("mode='required'") "</domain>", "no <uuid>");
  assert_refused ("<domain><uuid>" UUID "</uuid>" LAUNCH ("mode='required'") "</domain>", "no <name>");
  assert_refused ("<domain id='-5'><name>a</name><uuid>" UUID "</uuid>" LAUNCH ("mode='required'") "</domain>",
                  "domain XML");
}

static void
test_large_and_deep (void)
{
  g_autofree char *large = g_strnfill (VA_DOMAIN_XML_MAX + 1, ' ');
  GString *deep = g_string_new ("<domain>");
  g_autoptr(GError) error = NULL;

  g_assert_null (va_domain_xml_parse (large, VA_DOMAIN_XML_MAX + 1, &error));
  g_assert_error (error, VA_CORE_ERROR, VA_CORE_ERROR_RANGE);
  for (guint i = 0; i < 100000; i++)
    g_string_append (deep, "<a>");
  assert_refused (deep->str, "not well-formed");
  g_string_free (deep, TRUE);
}

#define QEMU "xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'"
#define ARG(option, value) "<q:arg value='" option "'/><q:arg value='" value "'/>"
#define PLACE "/r/qmp/libvirt-" UUID "/monitor.sock"
#define QMP ARG ("-qmp", "unix:" PLACE ",server=on,wait=off")
#define CHARDEV ARG ("-chardev", "socket,id=virt-attest,path=" PLACE ",server=on,wait=off")
#define MON ARG ("-mon", "chardev=virt-attest,mode=control")
#define JSON ARG ("-object", "{\"qom-type\":\"monitor-qmp\",\"id\":\"m\",\"chardev\":\"virt-attest\"}")
#define KEYS ARG ("-object", "monitor-qmp,id=m,chardev=virt-attest")

/* What of it is our monitor: its path, or none; and what is warned of. */
static const struct {
  const char *arguments, *path, *warning;
} monitor_forms[] = {
  { QMP, PLACE, NULL },
  { ARG ("--qmp", "unix:/r/qmp/" UUID "/monitor.sock"), "/r/qmp/" UUID "/monitor.sock", NULL },
  { "<q:arg value='-S'/>" CHARDEV "<q:env name='a'/>" MON, PLACE, "which version 11.1 deprecates" },
  { ARG ("-chardev", "socket,path=/p,,q,server=on,id=virt-attest") JSON, "/p,q", NULL },
  { JSON CHARDEV, PLACE, NULL },
  { KEYS CHARDEV, PLACE, NULL },
  { CHARDEV ARG ("-object", "qom-type=monitor-qmp,chardev=virt-attest,id=m"), PLACE, NULL },
  /* The last one counts for QEMU. */
  { CHARDEV ARG ("-object", "monitor-qmp,chardev=virt-attest,id=m,chardev=a"), NULL, "another monitor (-object" },
  { CHARDEV, NULL, NULL },
  { MON, NULL, NULL },
  { KEYS, NULL, NULL },
  { CHARDEV ARG ("-object", "monitor-hmp,id=m,chardev=virt-attest"), NULL, "another monitor (-object monitor-hmp" },
  { CHARDEV ARG ("-object", "{\"qom-type\":\"monitor-qmp\",\"chardev\":7}"), NULL, "another monitor (-object {" },
  { ARG ("-chardev", "pty,id=virt-attest,path=" PLACE) MON, NULL, "place of the second monitor" },
  { ARG ("-qmp", "tcp:" PLACE), NULL, "another monitor (-qmp tcp:" },
  { ARG ("-qmp", "unix:/tmp/monitor.sock,server=on"), NULL, "another monitor (-qmp unix:/tmp" },
  { ARG ("-qmp-pretty", "unix:" PLACE ",server=on"), NULL, "another monitor (-qmp-pretty" },
  /* Beside ours. */
  { QMP ARG ("-qmp", "unix:" PLACE ",server=on"), PLACE, "another monitor (-qmp" },
  { QMP ARG ("--monitor", "stdio"), PLACE, "another monitor (--monitor" },
  { QMP ARG ("-monitor", "none"), PLACE, NULL },
  { QMP MON, PLACE, "another monitor (-mon" },
  { QMP ARG ("-object", "{&apos;qom-type&apos;:&apos;monitor-qmp&apos;}"), PLACE, "another monitor (-object {" },
  { QMP ARG ("-object", "monitor-hmp,id=a,chardev=b"), PLACE, "another monitor (-object monitor-hmp" },
  { QMP ARG ("-object", "rng-random,id=a"), PLACE, NULL },
  { QMP ARG ("-serial", "unix:" PLACE ",server=on"), PLACE, "for something else (-serial" },
  { QMP ARG ("-chardev", "socket,id=a,path=/r/qmp/" UUID "/monitor.sock"), PLACE, "for something else (-chardev" },
};

static void
assert_monitor (const char *arguments, const char *path, const char *warning)
{
  g_autofree char *xml = g_strdup_printf ("<domain type='kvm'><uuid>" UUID "</uuid><launchSecurity type='sev'>"
                                          "<policy>1</policy></launchSecurity><q:commandline " QEMU
                                          ">%s</q:commandline></domain>",
                                          arguments);
  g_autoptr(VaDomainXml) domain = parse (xml, NULL);

  g_assert_nonnull (domain);
  g_assert_cmpstr (domain->monitor_path, ==, path);
  if (warning == NULL && domain->warnings->len > 0)
    g_error ("%s: %s", arguments, (const char *) domain->warnings->pdata[0]);
  if (warning != NULL && (domain->warnings->len != 1 || strstr (domain->warnings->pdata[0], warning) == NULL))
    g_error ("%s: %u warnings, none is “%s”", arguments, domain->warnings->len, warning);
}

static void
test_monitor (void)
{
  g_autoptr(VaDomainXml) other =
    parse ("<domain><q:commandline xmlns:q='urn:q'>" QMP "</q:commandline></domain>", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (monitor_forms); i++)
    assert_monitor (monitor_forms[i].arguments, monitor_forms[i].path, monitor_forms[i].warning);
  g_assert_null (other->monitor_path);
}

#define ES "<launchSecurity type='sev'><policy>5</policy></launchSecurity>"
#define SEV "<launchSecurity type='sev'><policy>0x1</policy></launchSecurity>"
#define TYPE "<type arch='x86_64' machine='q35'>hvm</type>"
#define LOADER "<loader>/fw</loader>"
#define OS "<os>" TYPE LOADER "</os>"
#define KVM(rest) "<domain type='kvm'><name>a</name><uuid>" UUID "</uuid>" rest "</domain>"

/* What keeps such a domain from being attested, or surprises: [obstacle, doubt, warning], each a part of the one
   sentence that is expected, or NULL. */
static const struct {
  const char *xml, *obstacle, *doubt, *warning;
} judged[] = {
  { KVM (OS SEV), NULL, NULL, NULL },
  { "<domain type='qemu'><name>a</name>" OS SEV "</domain>", "TCG", NULL, NULL },
  { "<domain type='xen'><name>a</name>" OS SEV "</domain>", "type is 'xen'", NULL, NULL },
  { "<domain type='hvf'><name>a</name>" OS SEV "</domain>", "type is 'hvf'", NULL, NULL },
  { "<domain><name>a</name>" OS SEV "</domain>", NULL, "has no type", NULL },
  { KVM ("<os><type arch='aarch64' machine='virt'>hvm</type>" LOADER "</os>" SEV), "architecture is “aarch64”", NULL,
    NULL },
  { KVM ("<os><type arch='i686' machine='pc'>hvm</type>" LOADER "</os>" SEV), "architecture is “i686”", NULL, NULL },
  { KVM ("<os><type machine='virt'>hvm</type>" LOADER "</os>" SEV), "machine type “virt”", NULL, NULL },
  { KVM ("<os><type machine='isapc'>hvm</type>" LOADER "</os>" SEV), "machine type “isapc”", NULL, NULL },
  { KVM ("<os><type machine='pc-q35-rhel9.2.0'>hvm</type>" LOADER "</os>" SEV), NULL, NULL, NULL },
  { KVM ("<os><type>hvm</type>" LOADER "</os>" SEV), NULL, NULL, NULL },
  { KVM ("<os><type>linux</type>" LOADER "</os>" SEV), "<os><type> is “linux”", NULL, NULL },
  { KVM ("<os>" LOADER "</os>" SEV), NULL, "no <os><type>", NULL },
  { KVM (OS SEV "<devices><emulator>/usr/bin/qemu-system-aarch64</emulator></devices>"), "emulates other processors",
    NULL, NULL },
  { KVM (OS SEV "<devices><emulator>/usr/libexec/qemu-kvm</emulator></devices>"), NULL, NULL, NULL },
  { KVM (OS SEV SEV), "<launchSecurity> 2 times", NULL, NULL },
  { KVM (OS SEV "<launchSecurity type='sev-snp'/>"), "<launchSecurity> 2 times", NULL, NULL },
  { KVM (OS OS SEV), "<os> 2 times", NULL, NULL },
  { KVM ("<os>" TYPE LOADER LOADER "</os>" SEV), "<loader> 2 times", NULL, NULL },
  { KVM (OS "<launchSecurity type='sev'><policy>1</policy><policy>5</policy></launchSecurity>"), "<policy> 2 times",
    NULL, NULL },
  { KVM (OS SEV "<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'/>"
                "<p:commandline xmlns:p='http://libvirt.org/schemas/domain/qemu/1.0'/>"),
    "<commandline> 2 times", NULL, NULL },
  { KVM ("<os firmware='efi'>" TYPE "</os>" SEV), NULL, "libvirt chooses the firmware", NULL },
  { KVM ("<os firmware='efi'>" TYPE "<loader secure='no'/></os>" SEV), NULL, "libvirt chooses the firmware", NULL },
  { KVM ("<os firmware='efi'>" TYPE LOADER "</os>" SEV), NULL, NULL, NULL },
  { KVM ("<os firmware='bios'>" TYPE "</os>" SEV), "is a BIOS", NULL, NULL },
  { KVM ("<os>" TYPE "</os>" SEV), NULL, "names no firmware", NULL },
  { KVM ("<os>" TYPE "</os>" SEV
         "<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:arg value='-bios'/>"
         "<q:arg value='/fw'/></q:commandline>"),
    NULL, NULL, NULL },
  { KVM ("<os>" TYPE LOADER "<kernel>/k</kernel></os>" SEV), NULL, NULL, "<kernel> is not measured" },
  { KVM ("<os>" TYPE LOADER "<kernel>/k</kernel></os><launchSecurity type='sev' kernelHashes='no'><policy>1</policy>"
         "</launchSecurity>"),
    NULL, NULL, "<kernel> is not measured" },
  { KVM ("<os>" TYPE LOADER "<kernel>/k</kernel></os><launchSecurity type='sev' kernelHashes='yes'><policy>1</policy>"
         "</launchSecurity>"),
    NULL, NULL, NULL },
  { KVM (OS "<launchSecurity type='sev'><policy>0x0</policy></launchSecurity>"), NULL, NULL, "0x0 allows debugging" },
  { KVM (OS "<launchSecurity type='sev'><policy>0x4</policy></launchSecurity>"), NULL, NULL, "0x4 allows debugging" },
  { KVM (OS "<launchSecurity type='sev'><policy>0x30000</policy></launchSecurity>"), "SEV-SNP", NULL, NULL },
  { KVM (OS "<launchSecurity type='sev'><policy>0x41</policy></launchSecurity>"), "reserved bits", NULL, NULL },
  { KVM (OS "<launchSecurity type='sev'><policy>nodbg</policy></launchSecurity>"), "nodbg", NULL, NULL },
  { KVM (OS "<launchSecurity type='sev'/>"), "no <policy>", NULL, NULL },
  { KVM (OS SEV "<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:arg value='-loadvm'/>"
                "<q:arg value='a'/></q:commandline>"),
    "load a saved state (-loadvm)", NULL, NULL },
  { KVM (OS SEV "<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:arg value='-S'/>"
                "<q:arg value='--incoming'/></q:commandline>"),
    "load a saved state (--incoming)", NULL, NULL },
  { KVM (OS SEV "<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:arg value='-S'/>"
                "<q:arg value='incoming'/></q:commandline>"),
    NULL, NULL, NULL },
  { KVM (OS ES "<features><smm/></features>"), NULL, "uses SMM", NULL },
  { KVM (OS ES "<features><smm state='on'/></features>"), NULL, "uses SMM", NULL },
  { KVM (OS ES "<features><smm state='off'/></features>"), NULL, NULL, NULL },
  { KVM ("<os>" TYPE "<loader secure='yes'>/fw</loader></os>" ES), NULL, "uses SMM", NULL },
  { KVM ("<os>" TYPE "<loader secure='yes'>/fw</loader></os>" SEV), NULL, NULL, NULL },
  { KVM (OS "<launchSecurity type='sev'><policy> 1 </policy></launchSecurity>"), NULL, "spaces around its value",
    NULL },
  /* A domain that is not confidential is not for us to judge. */
  { "<domain type='xen'><name>a</name><os firmware='efi'><kernel>/k</kernel></os></domain>", NULL, NULL, NULL },
};

static void
assert_list (const char *xml, const GPtrArray *sentences, const char *part)
{
  if (sentences->len != (part != NULL ? 1 : 0) || (part != NULL && strstr (sentences->pdata[0], part) == NULL))
    g_error ("%s: %u sentences, the first “%s”, expected “%s”", xml, sentences->len,
             sentences->len > 0 ? (const char *) sentences->pdata[0] : "", part != NULL ? part : "none");
}

static void
test_judged (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (judged); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(VaDomainXml) domain = parse (judged[i].xml, &error);

      g_assert_no_error (error);
      assert_list (judged[i].xml, domain->obstacles, judged[i].obstacle);
      assert_list (judged[i].xml, domain->doubts, judged[i].doubt);
      assert_list (judged[i].xml, domain->warnings, judged[i].warning);
    }
}

#define BLOBS \
  "<launchSecurity type='sev'><policy>1</policy><dhCert>QQ==</dhCert><session>QQ==</session></launchSecurity>"
#define MONITOR(path) "<q:commandline " QEMU ">" ARG ("-qmp", "unix:" path ",server=on,wait=off") "</q:commandline>"
#define OWN MONITOR ("/r/qmp/libvirt-" UUID "/monitor.sock")
#define IN LAUNCH ("mode='required'")

/* What is said at which stage; NULL: nothing. */
static const struct {
  const char *xml, *unprepared, *kept, *starting;
} staged[] = {
  { KVM (IN OS BLOBS OWN), NULL, NULL, NULL },
  { KVM (IN OS BLOBS MONITOR ("/r/qmp/" UUID "/monitor.sock")), NULL, NULL, NULL },
  { KVM (IN OS BLOBS MONITOR ("/r/qmp/libvirt-11111111-2222-3333-4444-555555555555/monitor.sock")), NULL,
    "to another domain", "to another domain" },
  { KVM (IN OS BLOBS MONITOR ("/r/qmp/libvirt-1/monitor.sock")), NULL, "monitor is missing", "monitor is missing" },
  { KVM (IN OS BLOBS "<q:commandline " QEMU ">" CHARDEV MON "</q:commandline>"), NULL, NULL, NULL },
  { KVM (IN OS BLOBS "<q:commandline " QEMU ">" CHARDEV JSON "</q:commandline>"), NULL, NULL, NULL },
  { KVM (IN OS BLOBS), NULL, "second monitor is missing", "second monitor is missing" },
  { KVM (IN OS SEV OWN), NULL, "placeholders", "placeholders" },
  { KVM (OS BLOBS OWN), NULL, "not opted in", "not opted in" },
  /* libvirt has chosen by then, or QEMU has its own: the measurement tells. */
  { KVM (IN "<os firmware='efi'>" TYPE "</os>" BLOBS OWN), NULL, "libvirt chooses", NULL },
  { KVM (IN OS BLOBS SEV OWN), "2 times", "2 times", "2 times" },
  { KVM (IN OS), "not confidential", "not confidential", "not confidential" },
  { KVM (IN OS "<launchSecurity type='tdx'/>"), "Intel TDX", "Intel TDX", "Intel TDX" },
};

static void
assert_first (const VaDomainXml *domain, VaDomainStage stage, const char *part)
{
  g_autoptr(GPtrArray) reasons = va_domain_xml_reasons (domain, stage, "/r");

  if (part == NULL)
    g_assert_cmpuint (reasons->len, ==, 0);
  else
    g_assert_true (reasons->len > 0 && strstr (reasons->pdata[0], part) != NULL);
}

static void
test_reasons (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (staged); i++)
    {
      g_autoptr(VaDomainXml) domain = parse (staged[i].xml, NULL);

      g_assert_nonnull (domain);
      assert_first (domain, VA_DOMAIN_UNPREPARED, staged[i].unprepared);
      assert_first (domain, VA_DOMAIN_KEPT, staged[i].kept);
      assert_first (domain, VA_DOMAIN_STARTING, staged[i].starting);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/domain-xml/opted-in", test_opted_in);
  g_test_add_func ("/domain-xml/defaults", test_defaults);
  g_test_add_func ("/domain-xml/policy", test_policy);
  g_test_add_func ("/domain-xml/not-ours", test_not_ours);
  g_test_add_func ("/domain-xml/refused", test_refused);
  g_test_add_func ("/domain-xml/large-and-deep", test_large_and_deep);
  g_test_add_func ("/domain-xml/monitor", test_monitor);
  g_test_add_func ("/domain-xml/judged", test_judged);
  g_test_add_func ("/domain-xml/reasons", test_reasons);
  return g_test_run ();
}
