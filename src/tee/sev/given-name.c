/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/given.h"

#include <string.h>
#include "core/i18n.h"
#include "tee/sev/bytes.h"
#include "tee/sev/certificate.h"

#define AT_USAGE 8      /* of an SEV certificate */
#define AT_AMD_USAGE 36 /* of AMD's */
#define SNP_REPORT 1184
#define VLEK_OR_VMSA 4096

/* How files of other kinds begin. */
static const struct {
  const char *magic;
  gsize size;
  const char *name;
} beginnings[] = {
  { "-----BEGIN CERTIFICATE-----\nMII", 31, N_("a PEM X.509 certificate") },
  { "-----BEGIN OPENSSH PRIVATE KEY", 30, N_("an SSH private key") },
  { "PK\3\4", 4, N_("a ZIP archive: unpack it first") },
  { "\x1f\x8b", 2, N_("a gzip file: unpack it first") },
  { "\xfd"
    "7zXZ",
    5, N_("an xz file: unpack it first") },
  { "QFI\xfb", 4, N_("a qcow2 image") },
  { "\x7f"
    "ELF",
    4, N_("an ELF file") },
  { "<!DOCTYPE html", 14, N_("a web page: the download did not work") },
  { "<!doctype html", 14, N_("a web page: the download did not work") },
  { "<html", 5, N_("a web page: the download did not work") },
  { "<domain", 7, N_("a domain's XML") },
  { "<", 1, N_("XML") },
  { "{", 1, N_("JSON that contains nothing of this kind") },
  { "[", 1, N_("JSON that contains nothing of this kind") },
};

/* What is told by its size alone. */
static const struct {
  gsize size;
  const char *name;
} sizes[] = {
  { 16, N_("16 bytes: a key, TIK or TEK") },
  { 32, N_("32 bytes: a digest, or a pair of keys TEK and TIK as sev-tool writes it") },
  { 48, N_("48 bytes: a measurement") },
  { 52, N_("52 bytes: the header of a launch secret") },
  { 64, N_("64 bytes: the id of a processor") },
  { 128, N_("128 bytes: a session, or the ids of two processors") },
  { SNP_REPORT, N_("an attestation report of SEV-SNP, which is another scheme") },
  { VLEK_OR_VMSA, N_("4096 bytes: the save area of a vCPU (VMSA)") },
};

static gboolean
data_begins (const guint8 *data, gsize size, const char *magic, gsize length)
{
  return size >= length && memcmp (data, magic, length) == 0;
}

/* SEV's and AMD's certificates have a version and a usage; X.509 in DER is a sequence with a length of two bytes. */
static char *
name_certificate (const guint8 *data, gsize size)
{
  guint32 usage;

  if (size >= 4 && data[0] == 0x30 && data[1] == 0x82 && (gsize) (data[2] << 8 | data[3]) + 4 == size)
    return g_strdup (_("an X.509 certificate or a key in DER form"));
  if (size < VA_SEV_CERT_SIZE && (size < 576 || va_get_le32 (data) != 1))
    return NULL;
  if (va_get_le32 (data) != 1)
    return NULL;
  usage = va_get_le32 (data + AT_USAGE);
  if (size >= VA_SEV_CERT_SIZE && usage >= VA_SEV_USAGE_OCA && usage <= VA_SEV_USAGE_CEK)
    return size == VA_SEV_CERT_SIZE ? g_strdup_printf (_("a certificate of the %s"), va_sev_usage_name (usage))
                                    : g_strdup (_("a chain of SEV certificates"));
  usage = va_get_le32 (data + AT_AMD_USAGE);
  if (usage == VA_SEV_USAGE_ARK || usage == VA_SEV_USAGE_ASK)
    return g_strdup_printf (_("AMD's certificate of the %s"), va_sev_usage_name (usage));
  return NULL;
}

/* What somebody pasted, by the names in it. */
static const char *
name_text (const guint8 *data, gsize size)
{
  static const struct {
    const char *member, *name;
  } told[] = {
    { "sev-measurement", N_("what “virsh domlaunchsecinfo” prints") },
    { "cert-chain", N_("what “virsh nodesevinfo” or QEMU's query-sev-capabilities says") },
    { "interface-types", N_("a firmware descriptor (JSON)") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (told); i++)
    if (g_strstr_len ((const char *) data, (gssize) size, told[i].member) != NULL)
      return _(told[i].name);
  if (g_strstr_len ((const char *) data, (gssize) size, "PRIVATE KEY-----") != NULL)
    return _("a private key in PEM form");
  return NULL;
}

char *
va_given_name (const guint8 *data, gsize size)
{
  char *certificate;
  const char *text;

  if (size == 0)
    return g_strdup (_("it is empty"));
  certificate = name_certificate (data, size);
  if (certificate != NULL)
    return certificate;
  text = name_text (data, size);
  if (text != NULL)
    return g_strdup (text);
  for (guint i = 0; i < G_N_ELEMENTS (beginnings); i++)
    if (data_begins (data, size, beginnings[i].magic, beginnings[i].size))
      return g_strdup (_(beginnings[i].name));
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    if (size == sizes[i].size)
      return g_strdup (_(sizes[i].name));
  return g_strdup_printf (ngettext ("%zu byte", "%zu bytes", size), size);
}
