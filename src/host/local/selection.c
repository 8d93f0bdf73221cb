/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/local/selection.h"

#include "api/nova.h"
#include "core/guid.h"

/* %NULL: the domain does not say what this selector needs. @source: (nullable): what Nova says of it */
static char *
select_id (VaSelector selector, const VaDomainXml *domain, const VaLaunchSource *source)
{
  switch (selector)
    {
    case VA_SELECT_UUID:
      return g_strdup (domain->uuid);
    case VA_SELECT_NOVA_IMAGE:
      return source != NULL && source->image != NULL ? va_nova_id_by_image (source->project, source->image) : NULL;
    case VA_SELECT_NOVA_FLAVOR:
      return source != NULL && source->flavor != NULL ? va_nova_id_by_flavor (source->project, source->flavor) : NULL;
    case VA_SELECT_NOVA_EXTRA_SPEC:
      return domain->nova != NULL && domain->nova->registration != NULL
               ? va_uuid_canonical (domain->nova->registration, NULL)
               : NULL;
    default:
      return NULL;
    }
}

static void
add_candidate (VaLaunchSelection *selection, VaSelector selector, const VaDomainXml *domain)
{
  g_autofree char *id = select_id (selector, domain, selection->request.source);
  VaLaunchCandidate *candidate;

  if (id == NULL || va_launch_selection_has (selection, id))
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

  selection->request.source = make_source (domain);
  selection->candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) va_launch_candidate_free);
  for (guint i = 0; i < settings->n_select; i++)
    add_candidate (selection, settings->select[i], domain);
  return selection;
}
