/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "platform/runtime.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define AMD 0x68747541, 0x444d4163, 0x69746e65 /* "Auth" "cAMD" "enti": EBX, ECX, EDX */

/* A third generation EPYC as KVM offers it, with SEV and SEV-ES, encryption bit 51 and one address bit less. */
static const VaCpuid table[] = {
  { 0x0, 0, 0x10, AMD },
  { 0x1, 0, 0x00a00f11, 0x00000800, 0xf7f83203, 0x178bfbff },
  { 0x6, 0, 0x4, 0, 0, 0 },
  { 0x7, 0, 0, 0x219c07ab, 0x0040060c, 0x00000010 },
  { 0xd, 0, 0x207, 0x240, 0x988, 0 },
  { 0xd, 1, 0xf, 0x240, 0, 0 },
  { 0xd, 2, 0x100, 0x240, 0, 0 },
  { 0xd, 9, 0x8, 0x980, 0, 0 },
  { 0x40000000, 0, 0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d },
  { 0x40000001, 0, 0x010000fb, 0, 0, 0 },
  { 0x80000000, 0, 0x8000001f, AMD },
  { 0x80000001, 0, 0x00a00f11, 0x40000000, 0x00c003f7, 0x2fd3fbff },
  { 0x80000002, 0, 0x74726976, 0x7474612d, 0x20747365, 0x74666f73 }, /* virt-attest soft */
  { 0x80000003, 0, 0x65726177, 0x616c7020, 0x726f6674, 0x6e28206d }, /* ware platform (n */
  { 0x80000004, 0, 0x7270206f, 0x6365746f, 0x6e6f6974, 0x29 },       /* o protection) */
  { 0x80000008, 0, 0x3030, 0x0100d205, 0, 0 },
  { 0x8000000a, 0, 0x1, 0x8, 0, 0xd },
  { 0x8000001f, 0, 0xf, 51 | 1 << 6, 509, 1 },
};

const VaCpuid *
va_cpuid_table (gsize *count)
{
  *count = G_N_ELEMENTS (table);
  return table;
}

static void
put (guint32 *out, guint32 value)
{
  if (out != NULL)
    *out = value;
}

static void
answer (guint32 function, guint32 index, guint32 *eax, guint32 *ebx, guint32 *ecx, guint32 *edx)
{
  static const VaCpuid nothing;
  const VaCpuid *found = &nothing;

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    if (table[i].function == function && (table[i].index == index || function != 0xd))
      {
        found = &table[i];
        break;
      }
  put (eax, found->eax);
  put (ebx, found->ebx);
  put (ecx, found->ecx);
  put (edx, found->edx);
}

void
va_cpuid_install (void)
{
#ifdef __x86_64__
  /* mov rax, imm64; jmp rax */
  guint8 jump[12] = { 0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0 };
  guint8 *code = dlsym (RTLD_DEFAULT, "host_cpuid");
  guintptr page = (guintptr) sysconf (_SC_PAGESIZE);
  guintptr begin = (guintptr) code & ~(page - 1);
  guintptr end = ((guintptr) code + sizeof jump + page - 1) & ~(page - 1);
  void (*target) (guint32, guint32, guint32 *, guint32 *, guint32 *, guint32 *) = answer;

  if (code == NULL)
    return;
  memcpy (jump + 2, &target, sizeof target);
  if (mprotect ((gpointer) begin, end - begin, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
    {
      g_printerr ("virt-attest-platform: host_cpuid() cannot be replaced, so the cbitpos check will fail\n");
      return;
    }
  memcpy (code, jump, sizeof jump);
  mprotect ((gpointer) begin, end - begin, PROT_READ | PROT_EXEC);
#endif
}
