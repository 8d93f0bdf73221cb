/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "host/local/selection.h"

#include "api/nova.h"
#include "core/guid.h"
#include "core/i18n.h"

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

static void
selected_free (gpointer data)
{
  VaSelected *selected = data;

  g_free (selected->id);
  g_free (selected);
}

static gboolean
is_selected (const GPtrArray *selection, const char *id)
{
  for (guint i = 0; i < selection->len; i++)
    if (g_str_equal (((const VaSelected *) selection->pdata[i])->id, id))
      return TRUE;
  return FALSE;
}

GPtrArray *
va_selection_make (const VaHostSettings *settings, const VaDomainXml *domain)
{
  GPtrArray *selection = g_ptr_array_new_with_free_func (selected_free);

  for (guint i = 0; i < settings->n_select; i++)
    {
      g_autofree char *id = select_id (settings->select[i], domain);
      VaSelected *selected;

      if (id == NULL || is_selected (selection, id))
        continue;
      selected = g_new0 (VaSelected, 1);
      *selected = (VaSelected){ g_steal_pointer (&id), settings->select[i] };
      g_ptr_array_add (selection, selected);
    }
  return selection;
}

VaLaunchGrant *
va_selection_launch (VaClient *client, const GPtrArray *selection, VaLaunchRequest *request, gint64 end,
                     const VaSelected **chosen, GError **error)
{
  for (guint i = 0; i < selection->len; i++)
    {
      GError *reason = NULL;
      VaLaunchGrant *grant;

      *chosen = selection->pdata[i];
      grant = va_service_client_launch (client, (*chosen)->id, request, end, &reason);
      if (grant != NULL)
        return grant;
      if (!g_error_matches (reason, VA_PROBLEM_ERROR, VA_PROBLEM_VM_UNKNOWN) || i + 1 == selection->len)
        {
          g_propagate_error (error, reason);
          return NULL;
        }
      g_error_free (reason);
    }
  g_set_error_literal (error, VA_PROBLEM_ERROR, VA_PROBLEM_VM_UNKNOWN,
                       _("the domain's XML has nothing that a registration could be found by"));
  return NULL;
}

char *
va_selection_text (const GPtrArray *selection)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < selection->len; i++)
    {
      const VaSelected *selected = selection->pdata[i];

      g_string_append_printf (text, "%s%s (%s)", i > 0 ? ", " : "", selected->id,
                              va_selector_name (selected->selector));
    }
  return g_string_free (text, FALSE);
}
