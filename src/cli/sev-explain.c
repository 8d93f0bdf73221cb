/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "verbs.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "core/encoding.h"
#include "core/file.h"
#include "core/i18n.h"
#include "print.h"
#include "sev-measured.h"

#define CPUS_TRIED 64
#define CMDLINE_MAX 65536

/* One search for the change that makes the measurement fit. */
typedef struct {
  const VaCall *call;
  const VaSevMeasuredOptions *options;
  VaSecret *tik, *tek; /* tek: may be %NULL */
  VaLaunchContext context;
  guint8 measurement[VA_MEASUREMENT_SIZE];
  GArray *digests;
  char *found;          /* the change, or %NULL */
  GPtrArray *ruled_out; /* of char *, borrowed */
} Search;

static void
search_clear (Search *search)
{
  va_secret_free (search->tik);
  va_secret_free (search->tek);
  g_clear_pointer (&search->digests, g_array_unref);
  g_clear_pointer (&search->ruled_out, g_ptr_array_unref);
  g_free (search->found);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Search, search_clear)

static gboolean G_GNUC_PRINTF (2, 3)
found (Search *search, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  search->found = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  return TRUE;
}

static gboolean
fits (const Search *search, const VaLaunchContext *context)
{
  return va_sev_measured_find (search->digests, search->tik, context, search->measurement) != NULL;
}

/* The digest that fits when the launch is the one of @options, or %NULL. @held: keeps it alive. */
static const VaSevLaunchDigest *
launch_fits (const Search *search, const VaSevLaunchOptions *options, GArray **held)
{
  VaSevLaunchOptions silent = *options;

  g_clear_pointer (held, g_array_unref);
  silent.silent = TRUE;
  if (va_sev_launch_digests (search->call, &silent, TRUE, held) != VA_EXIT_YES)
    return NULL;
  return va_sev_measured_find (*held, search->tik, &search->context, search->measurement);
}

static gboolean
try_keys (Search *search)
{
  if (search->tek != NULL
      && va_sev_measured_find (search->digests, search->tek, &search->context, search->measurement) != NULL)
    return found (search, "%s", _("TIK and TEK are swapped: the measurement was made with the key in --tek"));
  return FALSE;
}

static gboolean
try_version (Search *search)
{
  VaLaunchContext other = search->context;

  other.api_major = search->context.api_minor;
  other.api_minor = search->context.api_major;
  if (fits (search, &other))
    return found (search, "%s", _("--api: major and minor are swapped"));
  other = search->context;
  for (guint i = 0; i < 256; i++)
    {
      other.build_id = (guint8) i;
      if (fits (search, &other))
        return found (search, _("--build: the host's SEV firmware is build %u, not %u"), i, search->context.build_id);
    }
  other = search->context;
  for (guint i = 0; i < 2 * 256; i++)
    {
      other.api_major = (guint8) (i / 256);
      other.api_minor = (guint8) (i % 256);
      if (fits (search, &other))
        return found (search, _("--api: the host's SEV firmware has API version %u.%u, not %u.%u"), other.api_major,
                      other.api_minor, search->context.api_major, search->context.api_minor);
    }
  return FALSE;
}

static gboolean
try_policy (Search *search)
{
  guint32 policy = search->context.policy;
  guint32 tries[32 + 3] = { policy & 0xff, policy & 0xffff, GUINT32_SWAP_LE_BE (policy) };

  for (guint i = 0; i < 32; i++)
    tries[3 + i] = policy ^ 1u << i;
  for (guint i = 0; i < G_N_ELEMENTS (tries); i++)
    {
      VaLaunchContext other = search->context;

      other.policy = tries[i];
      if (fits (search, &other))
        return found (search, _("--policy: the guest was started with policy 0x%x, not 0x%x"), tries[i], policy);
    }
  return FALSE;
}

static gboolean
try_without (Search *search, gboolean initrd, gboolean cmdline, gboolean kernel, const char *text)
{
  VaSevLaunchOptions other = search->options->launch;
  g_autoptr(GArray) held = NULL;

  if ((initrd && other.initrd == NULL) || (cmdline && other.cmdline == NULL && other.cmdline_file == NULL))
    return FALSE;
  if (initrd)
    other.initrd = NULL;
  if (cmdline)
    other.cmdline = other.cmdline_file = NULL;
  if (kernel)
    other.kernel = NULL;
  return launch_fits (search, &other, &held) != NULL && found (search, "%s", text);
}

static gboolean
try_cmdline_text (Search *search, const char *text, gboolean without_nul, const char *cause)
{
  VaSevLaunchOptions other = search->options->launch;
  g_autofree char *copy = g_strdup (text);
  g_autoptr(GArray) held = NULL;

  other.cmdline = copy;
  other.cmdline_file = NULL;
  other.cmdline_without_nul = without_nul;
  return launch_fits (search, &other, &held) != NULL && found (search, "%s", cause);
}

/* Line breaks and zero bytes that editors and tools add or leave out. */
static gboolean
try_cmdline (Search *search)
{
  const VaSevLaunchOptions *o = &search->options->launch;
  g_autofree char *text = o->cmdline_file != NULL ? va_file_read_text (o->cmdline_file, CMDLINE_MAX, NULL)
                                                  : g_strdup (o->cmdline != NULL ? o->cmdline : "");
  g_autofree char *longer = g_strconcat (text != NULL ? text : "", "\n", NULL);
  g_autofree char *shorter = g_strchomp (g_strdup (text != NULL ? text : ""));

  return try_cmdline_text (search, longer, FALSE,
                           _("the guest's command line has a line break at its end, which --cmdline lacks"))
         || try_cmdline_text (search, shorter, FALSE,
                              _("the guest's command line has no white space at its end, which --cmdline has"))
         || try_cmdline_text (search, text != NULL ? text : "", TRUE,
                              _("the guest's command line was hashed without the zero byte at its end"));
}

static gboolean
try_kernel (Search *search)
{
  if (search->options->launch.kernel == NULL)
    return FALSE;
  return try_without (search, TRUE, FALSE, FALSE, _("the guest was started without the initrd"))
         || try_without (search, FALSE, TRUE, FALSE, _("the guest was started without the command line"))
         || try_without (search, TRUE, TRUE, FALSE, _("the guest was started without initrd and command line"))
         || try_without (search, search->options->launch.initrd != NULL,
                         search->options->launch.cmdline != NULL || search->options->launch.cmdline_file != NULL, TRUE,
                         _("the guest was started without kernel hashes (kernelHashes='yes' is missing)"))
         || try_cmdline (search);
}

static gboolean
try_counts (Search *search)
{
  VaSevLaunchOptions other = search->options->launch;
  g_autoptr(GPtrArray) counts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GArray) held = NULL;
  const VaSevLaunchDigest *digest;

  if (other.vmsa0 != NULL)
    return FALSE;
  for (guint i = 1; i <= CPUS_TRIED; i++)
    g_ptr_array_add (counts, g_strdup_printf ("%u", i));
  g_ptr_array_add (counts, NULL);
  other.profile = NULL;
  digest = launch_fits (search, &search->options->launch, &held);
  if (digest == NULL)
    {
      VaSevLaunchOptions profile = search->options->launch;

      profile.profile = NULL;
      digest = launch_fits (search, &profile, &held);
      if (digest != NULL)
        return found (search, _("--vmsa-profile: the host's is “%s”"), digest->profile);
    }
  other.vcpus = (char **) counts->pdata;
  digest = launch_fits (search, &other, &held);
  return digest != NULL
         && found (search, _("--vcpus: the guest was started with %u (VMSA profile “%s”)"), digest->cpus, digest->profile);
}

static gboolean
try_models (Search *search)
{
  VaSevLaunchOptions other = search->options->launch;
  gsize count;
  const VaCpuModel *models = va_cpu_models (&count);

  if (other.vmsa0 != NULL)
    return FALSE;
  other.profile = NULL;
  for (gsize i = 0; i < count; i++)
    {
      g_autofree char *name = g_strdup (models[i].name);
      g_autoptr(GArray) held = NULL;
      const VaSevLaunchDigest *digest;

      other.cpu = name;
      digest = launch_fits (search, &other, &held);
      if (digest != NULL)
        return found (search, _("--cpu: the guest's CPU is %s, %u/%u/%u (VMSA profile “%s”)"), name, models[i].family,
                      models[i].model, models[i].stepping, digest->profile);
    }
  return FALSE;
}

static gboolean
try_cpus (Search *search)
{
  return search->options->launch.vcpus != NULL && (try_counts (search) || try_models (search));
}

static gboolean
try_firmware (Search *search, const char *folder)
{
  g_autoptr(GDir) dir = folder != NULL ? g_dir_open (folder, 0, NULL) : NULL;
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      VaSevLaunchOptions other = search->options->launch;
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autoptr(GArray) held = NULL;

      other.firmware = path;
      if (g_file_test (path, G_FILE_TEST_IS_REGULAR) && launch_fits (search, &other, &held) != NULL)
        return found (search, _("--firmware: the guest was started with %s"), path);
    }
  return FALSE;
}

static void
look (Search *search, const char *firmware_dir)
{
  const struct { gboolean tried; gboolean (*try_it) (Search *search); const char *what; } groups[] = {
    { search->tek != NULL, try_keys, _("TIK and TEK swapped") },
    { TRUE, try_version, _("another API version or build") },
    { TRUE, try_policy, _("another policy that differs by one bit, or by the order of bytes") },
    { search->options->launch.kernel != NULL, try_kernel,
      _("no kernel hashes, no initrd, no command line, a command line with another end") },
    { search->options->launch.vcpus != NULL && search->options->launch.vmsa0 == NULL, try_cpus,
      _("1 to 64 vCPUs, each known CPU model, both VMSA profiles") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    {
      if (!groups[i].tried)
        continue;
      if (groups[i].try_it (search))
        return;
      g_ptr_array_add (search->ruled_out, (gpointer) groups[i].what);
    }
  if (firmware_dir == NULL || try_firmware (search, firmware_dir))
    return;
  g_ptr_array_add (search->ruled_out, (gpointer) _("each firmware of the folder"));
}

/* The measurement's bytes; or what is wrong with its text, in search->found. */
static gboolean
read_measurement (Search *search, gboolean *as_it_is)
{
  const char *text = search->options->measurement;
  g_autofree char *plain = g_uri_unescape_string (text, NULL), *usual = NULL;
  g_autoptr(GBytes) bytes = NULL;

  *as_it_is = va_base64_decode_exact (text, search->measurement, VA_MEASUREMENT_SIZE, NULL);
  if (*as_it_is)
    return TRUE;
  usual = g_strdelimit (g_strdelimit (g_strstrip (g_strdup (plain != NULL ? plain : text)), "-", '+'), "_", '/');
  if (va_base64_decode_exact (usual, search->measurement, VA_MEASUREMENT_SIZE, NULL))
    return TRUE;
  bytes = va_base64_decode (usual, 4096, NULL);
  if (bytes == NULL)
    return found (search, "%s", _("--measurement: that is no base64, or it was cut in the middle")) && FALSE;
  return found (search, _("--measurement: %" G_GSIZE_FORMAT " bytes, where there must be 48: 32 of measure and 16 of nonce"),
                g_bytes_get_size (bytes)) && FALSE;
}

static void
print (const Search *search, gboolean matches)
{
  if (search->call->json)
    {
      g_autoptr(JsonObject) object = json_object_new ();
      JsonArray *ruled_out = json_array_new ();

      json_object_set_boolean_member (object, "matches", matches);
      if (search->found != NULL)
        json_object_set_string_member (object, "cause", search->found);
      for (guint i = 0; i < search->ruled_out->len; i++)
        json_array_add_string_element (ruled_out, search->ruled_out->pdata[i]);
      json_object_set_array_member (object, "ruled-out", ruled_out);
      va_print_json (object);
      return;
    }
  if (matches)
    puts (_("yes: the measurement matches as it is"));
  else if (search->found != NULL)
    printf (_("no: %s\n"), search->found);
  else
    puts (_("no: the cause is none of the usual mistakes; the firmware, kernel, initrd or command line differs, or the TIK "
            "is that of another launch"));
  for (guint i = 0; i < search->ruled_out->len; i++)
    printf (_("ruled out: %s\n"), (const char *) search->ruled_out->pdata[i]);
}

/* Exit code of a search whose options are read. */
static VaExit
explain (Search *search, const char *firmware_dir)
{
  gboolean as_it_is, matches = FALSE;

  if (read_measurement (search, &as_it_is))
    {
      gboolean fitting = fits (search, &search->context);

      matches = as_it_is && fitting;
      if (fitting && !as_it_is)
        found (search, "%s", _("--measurement: it is URL-encoded or has white space around it; decode it first"));
      if (!fitting)
        look (search, firmware_dir);
    }
  print (search, matches);
  return matches ? VA_EXIT_YES : VA_EXIT_REFUSED;
}

VaExit
va_verb_sev_explain (VaCall *call)
{
  g_auto(VaSevMeasuredOptions) options = { .measurement = NULL };
  g_autofree char *tek = NULL, *firmware_dir = NULL;
  GOptionEntry entries[VA_SEV_MEASURED_ENTRIES + 3] = { { 0 } };
  g_auto(Search) search = { .call = call, .options = &options, .ruled_out = g_ptr_array_new () };
  g_autoptr(GError) error = NULL;
  VaExit code;

  va_sev_measured_entries (&options, entries);
  entries[VA_SEV_MEASURED_ENTRIES] = (GOptionEntry){ "tek", 0, 0, G_OPTION_ARG_FILENAME, &tek,
                                                     N_("The launch's encryption key, in case they are swapped"),
                                                     N_("FILE") };
  entries[VA_SEV_MEASURED_ENTRIES + 1] = (GOptionEntry){ "firmware-dir", 0, 0, G_OPTION_ARG_FILENAME, &firmware_dir,
                                                         N_("Try each firmware in DIR too"), N_("DIR") };
  if (!va_call_parse (call, entries, 0, 0))
    return VA_EXIT_USAGE;
  code = va_sev_measured_context (call, &options, &search.context);
  if (code == VA_EXIT_YES)
    code = va_sev_measured_digests (call, &options, &search.digests);
  if (code != VA_EXIT_YES)
    return code;
  search.tik = va_sev_key_read (options.tik, &error);
  if (search.tik != NULL && tek != NULL)
    search.tek = va_sev_key_read (tek, &error);
  if (search.tik == NULL || (tek != NULL && search.tek == NULL))
    return va_sev_fail (error);
  return explain (&search, firmware_dir);
}
