/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-attest-platform: makes software SEV platforms and starts QEMU on them. */
#include "config.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "core/error.h"
#include "core/file.h"
#include "core/i18n.h"
#include "core/number.h"
#include "platform/generate.h"

#define EXIT_USAGE 2
#define EXIT_BROKEN 3
#define LIBRARY "libvirt-attest-platform.so"
#define EMULATOR "qemu-system-x86_64"

static const char warning[] =
  N_("*** SOFTWARE PLATFORM: FOR TESTS ONLY. IT PROTECTS NOTHING. ***\n"
     "The memory of its guests is not encrypted, and its private key lies in its directory, readable by anyone.\n"
     "No service trusts it unless its root is configured there; never do that where real secrets are.\n");

static const char limits[] =
  N_("Limits: vCPUs never execute (boot the same memory under TCG for a guest that runs), memory is not\n"
     "encrypted, no attestation report, no SNP, no migration.\n");

static int
fail (int status, GError *error)
{
  g_printerr ("virt-attest-platform: %s\n", error->message);
  g_error_free (error);
  return status;
}

static gboolean
parse_api (const char *text, VaPlatform *platform, GError **error)
{
  g_auto(GStrv) parts = g_strsplit (text, ".", -1);
  guint64 major, minor;

  if (g_strv_length (parts) != 2)
    {
      g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("--api '%s' is not of the form MAJOR.MINOR"), text);
      return FALSE;
    }
  if (!va_number_parse (parts[0], 0, 255, &major, error) || !va_number_parse (parts[1], 0, 255, &minor, error))
    return FALSE;
  platform->api_major = (guint8) major;
  platform->api_minor = (guint8) minor;
  return TRUE;
}

static gboolean
parse_profile (const char *text, gboolean *fpu_reset, GError **error)
{
  *fpu_reset = strcmp (text, "reset") == 0;
  if (*fpu_reset || strcmp (text, "zero") == 0)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("--vmsa-fpu '%s' is neither zero nor reset"), text);
  return FALSE;
}

static gboolean
parse_generation (const char *text, VaPlatformGeneration *generation, GError **error)
{
  *generation = strcmp (text, "milan") == 0 ? VA_PLATFORM_MILAN : VA_PLATFORM_NAPLES;
  if (*generation == VA_PLATFORM_MILAN || strcmp (text, "naples") == 0)
    return TRUE;
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE, _("--generation '%s' is neither naples nor milan"), text);
  return FALSE;
}

/* Parses the options of one verb; afterwards argv[1] onwards are its other arguments. */
static gboolean
parse_options (const GOptionEntry *entries, int *argc, char ***argv, GError **error)
{
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_strict_posix (context, FALSE);
  return g_option_context_parse (context, argc, argv, error);
}

static int
run_init (int argc, char **argv)
{
  g_autofree char *generation = NULL, *api = NULL, *build = NULL, *profile = NULL;
  const GOptionEntry entries[] = {
    { "generation", 0, 0, G_OPTION_ARG_STRING, &generation, NULL, NULL },
    { "api", 0, 0, G_OPTION_ARG_STRING, &api, NULL, NULL },
    { "build", 0, 0, G_OPTION_ARG_STRING, &build, NULL, NULL },
    { "vmsa-fpu", 0, 0, G_OPTION_ARG_STRING, &profile, NULL, NULL },
    { NULL },
  };
  VaPlatformFolder folder = { .platform = { .api_major = 0, .api_minor = 24, .build = 15 } };
  guint64 number = folder.platform.build;
  GError *error = NULL;

  if (!parse_options (entries, &argc, &argv, &error)
      || (generation != NULL && !parse_generation (generation, &folder.generation, &error))
      || (api != NULL && !parse_api (api, &folder.platform, &error))
      || (profile != NULL && !parse_profile (profile, &folder.platform.vmsa_fpu_reset, &error))
      || (build != NULL && !va_number_parse (build, 0, 255, &number, &error)))
    return fail (EXIT_USAGE, error);
  if (argc != 2)
    {
      g_printerr (_("virt-attest-platform: init needs one argument, the directory to make\n"));
      return EXIT_USAGE;
    }
  folder.platform.build = (guint8) number;
  va_platform_generate (&folder);
  if (!va_platform_folder_save (&folder, argv[1], &error))
    return fail (EXIT_BROKEN, error);
  fputs (_(warning), stderr);
  return EXIT_SUCCESS;
}

static int
run_tamper (int argc, char **argv)
{
  VaPlatformFolder folder;
  GError *error = NULL;

  if (argc != 4)
    {
      g_printerr (_("virt-attest-platform: tamper needs DIR WHAT OUT; see --help for what can be made wrong\n"));
      return EXIT_USAGE;
    }
  if (!va_platform_folder_load (&folder, argv[1], &error))
    return fail (EXIT_BROKEN, error);
  if (!va_platform_tamper (&folder, argv[2], &error))
    return fail (EXIT_USAGE, error);
  if (!va_platform_folder_save (&folder, argv[3], &error))
    return fail (EXIT_BROKEN, error);
  return EXIT_SUCCESS;
}

/* The library lies in .libs beside a program that is not installed. */
static char *
find_library (GError **error)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = self != NULL ? g_path_get_dirname (self) : NULL;
  g_autofree char *built = folder != NULL ? g_build_filename (folder, ".libs", LIBRARY, NULL) : NULL;
  g_autofree char *installed = g_build_filename (VA_PLATFORM_LIBDIR, LIBRARY, NULL);

  if (built != NULL && access (built, R_OK) == 0)
    return g_steal_pointer (&built);
  if (access (installed, R_OK) == 0)
    return g_steal_pointer (&installed);
  g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND, _("%s is missing: install virt-attest"), installed);
  return NULL;
}

static char *
find_emulator (const char *given, GError **error)
{
  char *found = g_find_program_in_path (given != NULL ? given : EMULATOR);

  if (found == NULL)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_NOT_FOUND,
                 _("%s is not in PATH: install QEMU, or name it with "
                   "--emulator"),
                 given != NULL ? given : EMULATOR);
  return found;
}

/* What both verbs need to start QEMU: library, emulator, and a folder that holds a platform. */
static int
prepare (const char *given, const char *path, char **library, char **emulator, char **folder)
{
  VaPlatform platform;
  GError *error = NULL;

  *folder = g_canonicalize_filename (path, NULL);
  *library = find_library (&error);
  *emulator = *library != NULL ? find_emulator (given, &error) : NULL;
  if (*emulator == NULL || !va_platform_load (&platform, *folder, &error))
    return fail (EXIT_BROKEN, error);
  va_wipe (&platform, sizeof platform);
  return EXIT_SUCCESS;
}

static char *
preload_list (const char *library)
{
  const char *others = g_getenv ("LD_PRELOAD");

  return others != NULL && others[0] != '\0' ? g_strdup_printf ("%s:%s", library, others) : g_strdup (library);
}

static int
run_qemu (int argc, char **argv)
{
  g_autofree char *given = NULL, *library = NULL, *emulator = NULL, *folder = NULL, *preload = NULL;
  const GOptionEntry entries[] = { { "emulator", 0, 0, G_OPTION_ARG_FILENAME, &given, NULL, NULL }, { NULL } };
  GError *error = NULL;
  int split = 0, status;

  while (split < argc && strcmp (argv[split], "--") != 0)
    split++;
  if (split == argc)
    {
      g_printerr (_("virt-attest-platform: qemu needs DIR -- ARGUMENTS-OF-QEMU\n"));
      return EXIT_USAGE;
    }
  argc = split;
  if (!parse_options (entries, &argc, &argv, &error))
    return fail (EXIT_USAGE, error);
  if (argc != 2)
    {
      g_printerr (_("virt-attest-platform: qemu needs DIR -- ARGUMENTS-OF-QEMU\n"));
      return EXIT_USAGE;
    }
  status = prepare (given, argv[1], &library, &emulator, &folder);
  if (status != EXIT_SUCCESS)
    return status;
  preload = preload_list (library);
  g_setenv ("LD_PRELOAD", preload, TRUE);
  g_setenv ("VIRT_ATTEST_PLATFORM", folder, TRUE);
  argv[split] = emulator;
  execv (emulator, argv + split);
  g_printerr (_("virt-attest-platform: %s cannot be started: %s\n"), emulator, g_strerror (errno));
  return EXIT_BROKEN;
}

static int
run_wrapper (int argc, char **argv)
{
  g_autofree char *given = NULL, *library = NULL, *emulator = NULL, *folder = NULL, *text = NULL;
  g_autofree char *quoted_library = NULL, *quoted_emulator = NULL, *quoted_folder = NULL;
  const GOptionEntry entries[] = { { "emulator", 0, 0, G_OPTION_ARG_FILENAME, &given, NULL, NULL }, { NULL } };
  GError *error = NULL;
  int status;

  if (!parse_options (entries, &argc, &argv, &error))
    return fail (EXIT_USAGE, error);
  if (argc != 3)
    {
      g_printerr (_("virt-attest-platform: wrapper needs DIR FILE\n"));
      return EXIT_USAGE;
    }
  status = prepare (given, argv[1], &library, &emulator, &folder);
  if (status != EXIT_SUCCESS)
    return status;
  quoted_library = g_shell_quote (library);
  quoted_emulator = g_shell_quote (emulator);
  quoted_folder = g_shell_quote (folder);
  text =
    g_strdup_printf ("#!/bin/sh\n# Software SEV platform for tests; it protects nothing. See virt-attest-platform(1).\n"
                     "LD_PRELOAD=%s${LD_PRELOAD:+:$LD_PRELOAD} VIRT_ATTEST_PLATFORM=%s exec %s \"$@\"\n",
                     quoted_library, quoted_folder, quoted_emulator);
  return va_file_write (argv[2], text, strlen (text), 0755, &error) ? EXIT_SUCCESS : fail (EXIT_BROKEN, error);
}

static void
print_help (void)
{
  g_autofree char *ways = g_strjoinv (", ", (char **) va_platform_tamper_names ());

  printf (_("Usage: virt-attest-platform VERB\n\n"
            "  init DIR [--generation naples|milan] [--api MAJOR.MINOR] [--build N]\n"
            "           [--vmsa-fpu zero|reset]\n"
            "      makes a platform with a root of its own (naples is RSA-2048 and quick; milan is RSA-4096);\n"
            "      --vmsa-fpu: what an SEV-ES vCPU's save area holds for mxcsr and FCW, as old and new kernels differ\n"
            "  qemu DIR [--emulator PROGRAM] -- ARGUMENTS\n"
            "      starts QEMU on it\n"
            "  wrapper DIR FILE [--emulator PROGRAM]\n"
            "      writes a script that starts QEMU on it, for <emulator> or for libvirtd's PATH\n"
            "  tamper DIR WHAT OUT\n"
            "      a copy with one thing wrong: %s\n\n"
            "DIR/roots is what the service's trusted-folder takes. DIR/fault (lines: COMMAND FW_ERROR [NTH])\n"
            "makes firmware commands fail; DIR/log, if it is there, gets a line for each command.\n\n"),
          ways);
  fputs (_(limits), stdout);
  fputs (_(warning), stdout);
}

static const struct {
  const char *name;
  int (*run) (int argc, char **argv);
} verbs[] = {
  { "init", run_init },
  { "qemu", run_qemu },
  { "tamper", run_tamper },
  { "wrapper", run_wrapper },
};

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, VA_LOCALEDIR);
  textdomain (GETTEXT_PACKAGE);

  if (argc > 1 && strcmp (argv[1], "--help") == 0)
    {
      print_help ();
      return EXIT_SUCCESS;
    }
  if (argc > 1 && strcmp (argv[1], "--version") == 0)
    {
      puts (PACKAGE_STRING);
      return EXIT_SUCCESS;
    }
  for (gsize i = 0; argc > 1 && i < G_N_ELEMENTS (verbs); i++)
    if (strcmp (argv[1], verbs[i].name) == 0)
      return verbs[i].run (argc - 1, argv + 1);
  g_printerr (_("virt-attest-platform: init, qemu, wrapper or tamper expected; see --help\n"));
  return EXIT_USAGE;
}
