/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/local/selection.h"

#include "api/nova.h"
#include "core/guid.h"

static char *
select_by_image (const VaDomainNova *nova)
{
  g_autofree char *project = nova->project != NULL ? va_nova_project (nova->project, NULL) : NULL;
  g_autofree char *image = nova->image != NULL ? va_nova_image (nova->image, NULL) : NULL;

  return project != NULL && image != NULL ? va_nova_id_by_image (project, image) : NULL;
}

static char *
select_by_flavor (const VaDomainNova *nova)
{
  g_autofree char *project = nova->project != NULL ? va_nova_project (nova->project, NULL) : NULL;

  return project != NULL && nova->flavor != NULL ? va_nova_id_by_flavor (project, nova->flavor) : NULL;
}

/* %NULL: the domain does not say what this selector needs. */
static char *
select_id (VaSelector selector, const VaDomainXml *domain)
{
  if (selector == VA_SELECT_UUID)
    return g_strdup (domain->uuid);
  if (domain->nova == NULL)
    return NULL;
  switch (selector)
    {
    case VA_SELECT_NOVA_IMAGE:
      return select_by_image (domain->nova);
    case VA_SELECT_NOVA_EXTRA_SPEC:
      return domain->nova->registration != NULL ? va_uuid_canonical (domain->nova->registration, NULL) : NULL;
    case VA_SELECT_NOVA_FLAVOR:
      return select_by_flavor (domain->nova);
    default:
      return NULL;
    }
}

static gboolean
is_candidate (const VaLaunchSelection *selection, const char *id)
{
  for (guint i = 0; i < selection->candidates->len; i++)
    if (g_str_equal (((const VaLaunchCandidate *) selection->candidates->pdata[i])->id, id))
      return TRUE;
  return FALSE;
}

static void
add_candidate (VaLaunchSelection *selection, VaSelector selector, const VaDomainXml *domain)
{
  g_autofree char *id = select_id (selector, domain);
  VaLaunchCandidate *candidate;

  if (id == NULL || is_candidate (selection, id))
    return;
  candidate = g_new0 (VaLaunchCandidate, 1);
  candidate->id = g_steal_pointer (&id);
  candidate->selector = g_strdup (va_selector_name (selector));
  g_ptr_array_add (selection->candidates, candidate);
}

/* What Nova says of the domain; %NULL where it says not even whose it is. */
static VaLaunchSource *
make_source (const VaDomainXml *domain)
{
  const VaDomainNova *nova = domain->nova;
  g_autofree char *project = nova != NULL && nova->project != NULL ? va_nova_project (nova->project, NULL) : NULL;
  VaLaunchSource *source;

  if (project == NULL)
    return NULL;
  source = g_new0 (VaLaunchSource, 1);
  source->kind = VA_SOURCE_NOVA;
  source->project = g_steal_pointer (&project);
  source->image = nova->image != NULL ? va_nova_image (nova->image, NULL) : NULL;
  source->flavor = g_strdup (nova->flavor);
  source->instance = g_strdup (domain->uuid);
  source->name = g_strdup (nova->name);
  return source;
}

VaLaunchSelection *
va_selection_make (const VaHostSettings *settings, const VaDomainXml *domain)
{
  VaLaunchSelection *selection = g_new0 (VaLaunchSelection, 1);

  selection->candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) va_launch_candidate_free);
  for (guint i = 0; i < settings->n_select; i++)
    add_candidate (selection, settings->select[i], domain);
  selection->request.source = make_source (domain);
  return selection;
}

char *
va_selection_text (const VaLaunchSelection *selection)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < selection->candidates->len; i++)
    {
      const VaLaunchCandidate *candidate = selection->candidates->pdata[i];

      g_string_append_printf (text, "%s%s (%s)", i > 0 ? ", " : "", candidate->id, candidate->selector);
    }
  return g_string_free (text, FALSE);
}
