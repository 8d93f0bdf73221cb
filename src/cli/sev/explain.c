/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>
#include "core/encoding.h"
#include "core/file.h"
#include "core/i18n.h"
#include "cli/firmware.h"
#include "cli/given-input.h"
#include "cli/print.h"
#include "cli/sev/measured.h"
#include "tee/sev/explain.h"

#define BYTES_MAX ((gsize) 1024 * 1024 * 1024) /* hashed at most: a second or two */

/* One search for the change that makes the measurement fit. */
typedef struct {
  const VaCall *call;
  const VaSevMeasuredOptions *options;
  VaSecret *tik, *tek; /* tek: may be %NULL */
  VaLaunchContext context;
  guint8 measurement[VA_MEASUREMENT_SIZE];
  VaSevLaunch launch;
  GPtrArray *firmware;  /* of char *: paths, the expected one first */
  char *found;          /* the change, or %NULL */
  GPtrArray *ruled_out; /* of char *, borrowed */
} Search;

static void
search_clear (Search *search)
{
  va_secret_free (search->tik);
  va_secret_free (search->tek);
  va_sev_launch_clear (&search->launch);
  g_clear_pointer (&search->firmware, g_ptr_array_unref);
  g_clear_pointer (&search->ruled_out, g_ptr_array_unref);
  g_free (search->found);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Search, search_clear)

static const char *
name_searched_firmware (guint index, gpointer user_data)
{
  const Search *search = user_data;

  return search->firmware->pdata[index];
}

static gboolean
open_searched_firmware (guint index, VaLaunchDigest **begun, VaFirmware *footer, gpointer user_data)
{
  const Search *search = user_data;

  if (index == 0 && search->launch.begun != NULL)
    {
      *begun = va_launch_digest_copy (search->launch.begun);
      *footer = search->launch.footer;
      return TRUE;
    }
  return va_firmware_file_begin (search->firmware->pdata[index], begun, footer, NULL);
}

/* The firmware in @folder, sorted; that there is none is said. Returns: FALSE when it cannot be read, which has been
   said. */
static gboolean
list_firmware (Search *search, const char *folder)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) names = va_folder_names (folder, &error);
  const guint before = search->firmware->len;

  if (names == NULL)
    {
      va_sev_fail (error);
      return FALSE;
    }
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (folder, names->pdata[i], NULL);

      if (va_firmware_file_looks (path))
        g_ptr_array_add (search->firmware, g_steal_pointer (&path));
    }
  if (search->firmware->len == before)
    va_print_error_line (_("virt-attest: note: --firmware-dir: no firmware was found in %s, so no other firmware was "
                           "tried"),
                         folder);
  return TRUE;
}

static void
search_causes (Search *search)
{
  const VaSevLaunch *launch = &search->launch;
  g_autoptr(GByteArray) digests = g_byte_array_new ();
  VaSevMismatch mismatch = {
    .tik = search->tik,
    .tek = search->tek,
    .context = search->context,
    .measurement = search->measurement,
    .kernels = &launch->kernel,
    .kernel_count = launch->has_kernel ? 1 : 0,
    .cmdlines = (const char *const *) &launch->cmdline,
    .cmdline_count = launch->has_kernel ? 1 : 0,
    .budget = BYTES_MAX,
    .kernel_has_no_hashes = launch->has_kernel && launch->kernel_kind != VA_KERNEL_HASHED,
    .cpu_signature = launch->signature,
    .firmware_count = search->firmware->len,
    .expected_count = launch->begun != NULL ? 1 : 0,
    .firmware_name = name_searched_firmware,
    .open_firmware = open_searched_firmware,
    .user_data = search,
  };

  for (guint i = 0; i < launch->digests->len; i++)
    g_byte_array_append (digests, g_array_index (launch->digests, VaSevLaunchDigest, i).digest, VA_SHA256_SIZE);
  mismatch.digests = digests->data;
  mismatch.digest_count = launch->digests->len;
  if (launch->cpus != NULL)
    {
      mismatch.cpus = (const guint32 *) (gpointer) launch->cpus->data;
      mismatch.cpus_length = launch->cpus->len;
    }
  memcpy (mismatch.profiles, launch->profiles, sizeof mismatch.profiles);
  mismatch.vmsa[0] = launch->vmsa0 != NULL ? g_bytes_get_data (launch->vmsa0, NULL) : NULL;
  mismatch.vmsa[1] = launch->vmsa1 != NULL ? g_bytes_get_data (launch->vmsa1, NULL) : NULL;
  search->found = va_sev_mismatch_explain (&mismatch, search->ruled_out);
}

/* The measurement's bytes; or what is wrong with its text, in search->found. */
static gboolean
read_measurement (Search *search)
{
  g_autoptr(GError) error = NULL;

  if (va_input_text (VA_GIVEN_MEASUREMENT, "--measurement", search->options->measurement, search->measurement, &error))
    return TRUE;
  search->found = g_strdup (error->message);
  return FALSE;
}

static void
print_explanation (const Search *search, gboolean matches)
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
    puts (_("no: none of the usual mistakes is the cause; the firmware, kernel, initrd or command line differs, or the "
            "TIK belongs to another launch"));
  for (guint i = 0; i < search->ruled_out->len; i++)
    printf (_("ruled out: %s\n"), (const char *) search->ruled_out->pdata[i]);
}

/* Exit code of a search whose options are read. */
static VaExit
explain_measurement (Search *search)
{
  gboolean matches = FALSE;

  if (read_measurement (search))
    {
      matches = va_sev_measured_find (&search->launch, search->tik, &search->context, search->measurement) != NULL;
      if (!matches)
        search_causes (search);
    }
  print_explanation (search, matches);
  return matches ? VA_EXIT_YES : VA_EXIT_REFUSED;
}

VaExit
va_verb_sev_explain (VaCall *call)
{
  g_auto(VaSevMeasuredOptions) options = { .measurement = NULL };
  g_autofree char *tek = NULL, *firmware_dir = NULL;
  GOptionEntry entries[VA_SEV_MEASURED_ENTRIES + 3] = { { 0 } };
  g_auto(Search) search = { .call = call,
                            .options = &options,
                            .ruled_out = g_ptr_array_new (),
                            .firmware = g_ptr_array_new_with_free_func (g_free) };
  g_autoptr(GError) error = NULL;
  VaExit code;

  va_sev_measured_entries (&options, entries);
  entries[VA_SEV_MEASURED_ENTRIES] =
    (GOptionEntry){ "tek",     0,
                    0,         G_OPTION_ARG_FILENAME,
                    &tek,      N_("The launch's encryption key, in case it was swapped with the TIK"),
                    N_("FILE") };
  entries[VA_SEV_MEASURED_ENTRIES + 1] =
    (GOptionEntry){ "firmware-dir", 0, 0, G_OPTION_ARG_FILENAME, &firmware_dir, N_("Also try each firmware in DIR"),
                    N_("DIR") };
  if (!va_call_parse (call, entries, 0, 0))
    return VA_EXIT_USAGE;
  code = va_sev_measured_context (call, &options, &search.context);
  if (code == VA_EXIT_YES)
    code = va_sev_measured_read (call, &options, &search.launch);
  if (code != VA_EXIT_YES)
    return code;
  search.tik = va_input_key (VA_GIVEN_TIK, options.tik, &error);
  if (search.tik != NULL && tek != NULL)
    search.tek = va_input_key (VA_GIVEN_TEK, tek, &error);
  if (search.tik == NULL
      || (tek != NULL && (search.tek == NULL || !va_input_keys_differ (search.tik, search.tek, &error))))
    return va_sev_fail (error);
  if (options.launch.firmware != NULL)
    g_ptr_array_add (search.firmware, g_strdup (options.launch.firmware));
  if (firmware_dir != NULL && !list_firmware (&search, firmware_dir))
    return VA_EXIT_BROKEN;
  return explain_measurement (&search);
}
