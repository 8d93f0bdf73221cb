/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tee/sev/vmsa.h"

#include <string.h>
#include "core/i18n.h"
#include "core/number.h"
#include "tee/sev/bytes.h"
#include "tee/sev/error.h"

#define CODE_READ_ACCESSED 0x9b
#define DATA_WRITE_ACCESSED 0x93
#define LDT 0x82
#define TSS_BUSY 0x8b
#define LIMIT 0xffff
#define EFER_SVME 0x1000
#define CR4_MCE 0x40
#define CR0_ET 0x10
#define DR7_RESET 0x400
#define DR6_RESET 0xffff0ff0u
#define RFLAGS_RESET 2
#define PAT_RESET G_GUINT64_CONSTANT (0x0007040600070406)
#define XCR0_X87 1
#define MXCSR_RESET 0x1f80
#define FCW_RESET 0x37f

/* Base family in four bits; what is above 15 goes to the extended family. */
#define FAMILY_MAX (15 + 255)

/* Family, model and stepping of QEMU's built-in models; their versions (-v1 and so on) share them. */
static const VaCpuModel models[] = {
  { "EPYC", 23, 1, 2 },        { "EPYC-IBPB", 23, 1, 2 },  { "EPYC-Rome", 23, 49, 0 }, { "EPYC-Milan", 25, 1, 1 },
  { "EPYC-Genoa", 25, 17, 0 }, { "EPYC-Turin", 26, 0, 0 }, { "qemu64", 15, 107, 1 },
};

/* What libvirt and QEMU call the host's own processor. */
static const char *const host_models[] = { "host", "host-passthrough", "host-model", "max", "maximum", NULL };

static const char *const profiles[] = { "zero", "fpu", "zero-debug-swap", "fpu-debug-swap" };
G_STATIC_ASSERT (G_N_ELEMENTS (profiles) == VA_VMSA_PROFILES);

/* Bits of sev_features, and what the specification calls them. Spec: AMD 24593, table B-4 */
static const char *const features_names[] = {
  "SNPActive",         "vTOM",         "ReflectVC",   "RestrictedInjection", "AlternateInjection", "DebugSwap",
  "PreventHostIBS",    "BTBIsolation", "VmplSSS",     "SecureTSC",           "VmgexitParameter",   NULL,
  "IbsVirtualization", NULL,           "VmsaRegProt", "SmtProtection",       "SecureAVIC",
};

const char *
va_vmsa_profile_name (VaVmsaProfile profile)
{
  return profiles[profile];
}

gboolean
va_vmsa_profile_parse (const char *name, VaVmsaProfile *profile)
{
  for (guint i = 0; i < VA_VMSA_PROFILES; i++)
    if (g_str_equal (name, profiles[i]))
      {
        *profile = (VaVmsaProfile) i;
        return TRUE;
      }
  return FALSE;
}

gboolean
va_vmsa_profile_allowed (const char *choice, VaVmsaProfile profile)
{
  if (choice == NULL || g_str_equal (choice, "either"))
    return profile < VA_VMSA_USUAL_PROFILES;
  if (g_str_equal (choice, "debug-swap"))
    return va_vmsa_profile_features (profile) == VA_VMSA_DEBUG_SWAP;
  return g_str_equal (choice, "any") || g_str_equal (choice, profiles[profile]);
}

gboolean
va_vmsa_profile_has_fpu (VaVmsaProfile profile)
{
  return profile == VA_VMSA_FPU || profile == VA_VMSA_FPU_DEBUG_SWAP;
}

guint32
va_vmsa_profile_features (VaVmsaProfile profile)
{
  return profile == VA_VMSA_ZERO_DEBUG_SWAP || profile == VA_VMSA_FPU_DEBUG_SWAP ? VA_VMSA_DEBUG_SWAP : 0;
}

char *
va_vmsa_features_text (guint64 features)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < 64; i++)
    if ((features >> i & 1) != 0 && i < G_N_ELEMENTS (features_names) && features_names[i] != NULL)
      g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", features_names[i]);
    else if ((features >> i & 1) != 0)
      g_string_append_printf (text, "%sbit %u", text->len > 0 ? ", " : "", i);
  return g_string_free (text, FALSE);
}

const VaCpuModel *
va_cpu_models (gsize *count)
{
  *count = G_N_ELEMENTS (models);
  return models;
}

guint32
va_cpu_signature (guint family, guint8 model, guint8 stepping)
{
  guint base = MIN (family, 15);

  return (guint32) ((family - base) << 20 | (guint) (model >> 4) << 16 | base << 8 | (guint) (model & 15) << 4
                    | (stepping & 15));
}

char *
va_cpu_describe (guint32 signature)
{
  guint family = (signature >> 8 & 15) + (signature >> 20 & 255),
        model = (signature >> 4 & 15) | (signature >> 12 & 240);

  for (gsize i = 0; i < G_N_ELEMENTS (models); i++)
    if (va_cpu_signature (models[i].family, models[i].model, models[i].stepping) == signature)
      return g_strdup_printf ("%u/%u/%u (%s)", family, model, signature & 15, models[i].name);
  return g_strdup_printf ("%u/%u/%u", family, model, signature & 15);
}

/* "25/1/1" */
static gboolean
parse_numbers (const char *text, guint32 *signature)
{
  g_auto(GStrv) parts = g_strsplit (text, "/", 4);
  guint64 family, model, stepping;

  if (g_strv_length (parts) != 3 || !va_number_parse (parts[0], 0, FAMILY_MAX, &family, NULL)
      || !va_number_parse (parts[1], 0, 255, &model, NULL) || !va_number_parse (parts[2], 0, 15, &stepping, NULL))
    return FALSE;
  *signature = va_cpu_signature ((guint) family, (guint8) model, (guint8) stepping);
  return TRUE;
}

/* The length of a name without "-v" and a number at its end. */
static gsize
measure_unversioned (const char *text)
{
  gsize end = strlen (text);

  while (end > 0 && g_ascii_isdigit (text[end - 1]))
    end--;
  return end >= 2 && text[end] != '\0' && text[end - 1] == 'v' && text[end - 2] == '-' ? end - 2 : strlen (text);
}

gboolean
va_cpu_parse (const char *text, guint32 *signature, GError **error)
{
  gsize length = measure_unversioned (text);
  GString *known;

  for (gsize i = 0; i < G_N_ELEMENTS (models); i++)
    if (strlen (models[i].name) == length && strncmp (models[i].name, text, length) == 0)
      {
        *signature = va_cpu_signature (models[i].family, models[i].model, models[i].stepping);
        return TRUE;
      }
  if (parse_numbers (text, signature))
    return TRUE;
  if (g_strv_contains (host_models, text))
    {
      g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
                   _("“%s” is the host's own processor: give its numbers as FAMILY/MODEL/STEPPING, e.g. 25/17/1; "
                     "“cpu family”, “model” and “stepping” in the host's /proc/cpuinfo have them"),
                   text);
      return FALSE;
    }
  known = g_string_new (NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (models); i++)
    g_string_append_printf (known, "%s%s", i > 0 ? ", " : "", models[i].name);
  g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT,
               _("“%s” is not a known CPU model: expected one of %s, or FAMILY/MODEL/STEPPING, e.g. 25/1/1"), text,
               known->str);
  g_string_free (known, TRUE);
  return FALSE;
}

static void
put_u64 (guint8 *out, guint64 value)
{
  va_put_le32 (out, (guint32) value);
  va_put_le32 (out + 4, (guint32) (value >> 32));
}

static void
put_segment (guint8 *out, guint16 selector, guint16 attributes, guint64 base)
{
  va_put_le16 (out, selector);
  va_put_le16 (out + 2, attributes);
  va_put_le32 (out + 4, LIMIT);
  put_u64 (out + 8, base);
}

void
va_sev_vmsa_build (guint32 reset, guint32 signature, VaVmsaProfile profile, guint8 out[VA_VMSA_SIZE])
{
  static const guint16 data_segments[] = { 0x00, 0x20, 0x30, 0x40, 0x50 }; /* es, ss, ds, fs, gs */

  memset (out, 0, VA_VMSA_SIZE);
  for (gsize i = 0; i < G_N_ELEMENTS (data_segments); i++)
    put_segment (out + data_segments[i], 0, DATA_WRITE_ACCESSED, 0);
  put_segment (out + 0x10, 0xf000, CODE_READ_ACCESSED, reset & 0xffff0000u); /* cs */
  put_segment (out + 0x60, 0, 0, 0);                                         /* gdtr */
  put_segment (out + 0x70, 0, LDT, 0);
  put_segment (out + 0x80, 0, 0, 0); /* idtr */
  put_segment (out + 0x90, 0, TSS_BUSY, 0);
  put_u64 (out + 0xd0, EFER_SVME);
  put_u64 (out + 0x148, CR4_MCE);
  put_u64 (out + 0x158, CR0_ET);
  put_u64 (out + 0x160, DR7_RESET);
  put_u64 (out + 0x168, DR6_RESET);
  put_u64 (out + 0x170, RFLAGS_RESET);
  put_u64 (out + 0x178, reset & 0xffff); /* rip */
  put_u64 (out + 0x268, PAT_RESET);
  put_u64 (out + 0x310, signature); /* rdx */
  put_u64 (out + 0x3b0, va_vmsa_profile_features (profile));
  put_u64 (out + 0x3e8, XCR0_X87);
  if (!va_vmsa_profile_has_fpu (profile))
    return;
  va_put_le32 (out + 0x408, MXCSR_RESET);
  va_put_le16 (out + 0x410, FCW_RESET);
}

/* Of a segment selector, attributes and limit are one field; the bases that are not 0 have one too. */
static const VaVmsaField fields[] = {
  { "es", 0x00, 8 },     { "cs", 0x10, 8 },      { "cs.base", 0x18, 8 },
  { "ss", 0x20, 8 },     { "ds", 0x30, 8 },      { "fs", 0x40, 8 },
  { "gs", 0x50, 8 },     { "gdtr", 0x60, 8 },    { "ldtr", 0x70, 8 },
  { "idtr", 0x80, 8 },   { "tr", 0x90, 8 },      { "efer", 0xd0, 8 },
  { "cr4", 0x148, 8 },   { "cr0", 0x158, 8 },    { "dr7", 0x160, 8 },
  { "dr6", 0x168, 8 },   { "rflags", 0x170, 8 }, { "rip", 0x178, 8 },
  { "g_pat", 0x268, 8 }, { "rdx", 0x310, 8 },    { "sev_features", 0x3b0, 8 },
  { "xcr0", 0x3e8, 8 },  { "mxcsr", 0x408, 4 },  { "fcw", 0x410, 2 },
};

const VaVmsaField *
va_vmsa_fields (gsize *count)
{
  *count = G_N_ELEMENTS (fields);
  return fields;
}

guint64
va_vmsa_field_get (const VaVmsaField *field, const guint8 page[VA_VMSA_SIZE])
{
  guint64 value = 0;

  for (guint i = field->size; i > 0; i--)
    value = value << 8 | page[field->offset + i - 1];
  return value;
}

static guint64
get_u64 (const guint8 *p)
{
  return va_get_le32 (p) | (guint64) va_get_le32 (p + 4) << 32;
}

void
va_sev_vmsa_read (const guint8 page[VA_VMSA_SIZE], VaVmsa *out)
{
  guint8 usual[VA_VMSA_SIZE];

  memset (out, 0, sizeof *out);
  out->reset = get_u64 (page + 0x18) + get_u64 (page + 0x178);
  out->signature = va_get_le32 (page + 0x310);
  out->features = get_u64 (page + 0x3b0);
  out->profile = va_bytes_are_zero (page + 0x408, 4) && va_bytes_are_zero (page + 0x410, 2) ? VA_VMSA_ZERO
                                                                                            : VA_VMSA_FPU;
  if ((out->features & VA_VMSA_DEBUG_SWAP) != 0)
    out->profile = out->profile == VA_VMSA_ZERO ? VA_VMSA_ZERO_DEBUG_SWAP : VA_VMSA_FPU_DEBUG_SWAP;
  va_sev_vmsa_build ((guint32) out->reset, out->signature, out->profile, usual);
  for (guint i = VA_VMSA_SIZE; i > 0; i--)
    if (page[i - 1] != usual[i - 1])
      {
        out->differing++;
        out->first_differing = i - 1;
      }
}

gboolean
va_launch_digest_add_cpus (VaLaunchDigest *digest, const VaFirmware *firmware, guint cpus, guint32 signature,
                           VaVmsaProfile profile, GError **error)
{
  guint8 page[VA_VMSA_SIZE];

  if (firmware->ap_reset == 0)
    {
      g_set_error_literal (error, VA_SEV_ERROR, VA_SEV_ERROR_FIRMWARE,
                           _("it has no reset address for SEV-ES; use firmware that supports SEV-ES, or a policy "
                             "without bit 2"));
      return FALSE;
    }
  if (cpus < 1 || cpus > VA_VMSA_CPUS_MAX)
    {
      g_set_error (error, VA_SEV_ERROR, VA_SEV_ERROR_FORMAT, _("%u vCPUs: expected 1 to %d"), cpus, VA_VMSA_CPUS_MAX);
      return FALSE;
    }
  va_sev_vmsa_build (VA_VMSA_FIRST_RESET, signature, profile, page);
  va_launch_digest_add (digest, page, sizeof page);
  if (cpus > 1)
    va_sev_vmsa_build (firmware->ap_reset, signature, profile, page);
  for (guint i = 1; i < cpus; i++)
    va_launch_digest_add (digest, page, sizeof page);
  return TRUE;
}
