/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include "domain/xml.h"

/* Domains that nobody prepared. */

#define NOVA \
  "<domain type='kvm'><name>a</name><uuid>46f63c17-e0c3-4552-9f47-e0a270f57f5f</uuid><metadata>" \
  "<n:instance xmlns:n='http://openstack.org/xmlns/libvirt/nova/%s'>%s</n:instance></metadata></domain>"

static VaDomainXml *
parse_nova (const char *version, const char *inside)
{
  g_autofree char *xml = g_strdup_printf (NOVA, version, inside);
  g_autoptr(GError) error = NULL;
  VaDomainXml *domain = va_domain_xml_parse (xml, strlen (xml), &error);

  g_assert_no_error (error);
  return domain;
}

static void
test_nova (void)
{
  g_autofree char *long_name = g_strnfill (VA_DOMAIN_NOVA_MAX + 1, 'x');
  g_autofree char *too_long = g_strdup_printf ("<n:name>%s</n:name><n:flavor name='a&#10;b'/>", long_name);
  g_autoptr(VaDomainXml) full =
    parse_nova ("1.2", "<n:name> a &lt;guest&gt; </n:name><n:flavor name='m1'><n:extraSpecs><n:extraSpec "
                       "name='x'>y</n:extraSpec>"
                       "<n:extraSpec name='virt-attest:registration'>r</n:extraSpec></n:extraSpecs></n:flavor>"
                       "<n:owner><n:project uuid='p'>demo</n:project></n:owner><n:root type='image' uuid='i'/>");
  g_autoptr(VaDomainXml) none = parse_nova ("2.0", "<n:name>a</n:name>");
  g_autoptr(VaDomainXml) dot = parse_nova ("1.x", "");
  g_autoptr(VaDomainXml) odd = parse_nova ("1.1",
                                           "<n:owner><n:project uuid='p'/><n:project uuid='q'/></n:owner><n:name/>"
                                           "<n:root type='volume' uuid='i'/><name>x</name>");
  g_autoptr(VaDomainXml) large = parse_nova ("1.1", too_long);

  g_assert_cmpstr (full->nova->name, ==, "a <guest>");
  g_assert_cmpstr (full->nova->flavor, ==, "m1");
  g_assert_cmpstr (full->nova->project, ==, "p");
  g_assert_cmpstr (full->nova->image, ==, "i");
  g_assert_cmpstr (full->nova->registration, ==, "r");
  g_assert_null (none->nova);
  g_assert_true (odd->nova->name == NULL && odd->nova->project == NULL && odd->nova->image == NULL);
  g_assert_true (large->nova->name == NULL && large->nova->flavor == NULL && large->nova->registration == NULL);
  g_assert_null (dot->nova);
}

/* What keeps a domain that has not opted in from being attested all the same. */
static void
test_unasked (void)
{
  static const struct {
    const char *inside, *reason;
  } cases[] = { { "<policy>0x33</policy>", NULL },
                { "<policy>0x33</policy><session/>", "<session>" },
                { "<policy>0x33</policy><dhCert>AAAA</dhCert>", "<dhCert>" },
                { "<policy>0xffff</policy>", "<policy>" },
                { "", "<policy>" } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *xml = g_strdup_printf ("<domain "
                                              "type='kvm'><name>a</name><uuid>46f63c17-e0c3-4552-9f47-e0a270f57f5f</"
                                              "uuid><os><type>hvm</type></os>"
                                              "<launchSecurity type='sev'>%s</launchSecurity></domain>",
                                              cases[i].inside);
      g_autoptr(VaDomainXml) domain = va_domain_xml_parse (xml, strlen (xml), NULL);
      g_autoptr(GPtrArray) reasons = va_domain_xml_reasons (domain, VA_DOMAIN_UNASKED, "/run/virt-attest");

      g_assert_cmpint (reasons->len > 0, ==, cases[i].reason != NULL);
      if (cases[i].reason != NULL)
        g_assert_nonnull (strstr (reasons->pdata[0], cases[i].reason));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/domain-nova/read", test_nova);
  g_test_add_func ("/domain-nova/unasked", test_unasked);
  return g_test_run ();
}
