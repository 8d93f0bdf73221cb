/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "cli/owner/registration-options.h"

#include <string.h>
#include "api/nova.h"
#include "core/error.h"
#include "core/i18n.h"

/* The options that say which guests of OpenStack Nova a registration is for. */

/* As Nova writes them. */
typedef struct {
  char *project, *image;
  const char *flavor;
} NovaNames;

static void
nova_names_clear (NovaNames *names)
{
  g_free (names->project);
  g_free (names->image);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (NovaNames, nova_names_clear)

static gboolean
check_flavor (const char *flavor, GError **error)
{
  gsize length = strlen (flavor);
  gboolean good = length > 0 && length <= VA_NOVA_NAME_MAX && g_utf8_validate (flavor, -1, NULL);

  /* Nova takes no blank at either end. */
  good = good && !g_ascii_isspace (flavor[0]) && !g_ascii_isspace (flavor[length - 1]);

  for (const char *at = flavor; good && *at != '\0'; at = g_utf8_next_char (at))
    good = !g_unichar_iscntrl (g_utf8_get_char (at));
  if (!good)
    g_set_error (error, VA_CORE_ERROR, VA_CORE_ERROR_PARSE,
                 _("--nova-flavor: this is not the name of a flavor: expected 1 to 255 characters without blanks at "
                   "the ends, as “openstack flavor list” prints it"));
  return good;
}

static gboolean
read_nova_names (const VaRegistrationOptions *o, NovaNames *names, GError **error)
{
  names->project = va_nova_project (o->nova_project, error);
  if (names->project == NULL)
    {
      g_prefix_error (error, "--nova-project: ");
      return FALSE;
    }
  names->image = o->nova_image != NULL ? va_nova_image (o->nova_image, error) : NULL;
  if (o->nova_image != NULL && names->image == NULL)
    {
      g_prefix_error (error, "--nova-image: ");
      return FALSE;
    }
  names->flavor = o->nova_flavor;
  return names->flavor == NULL || check_flavor (names->flavor, error);
}

gboolean
va_registration_options_nova (JsonObject *object, const VaRegistrationOptions *o, GError **error)
{
  g_auto(NovaNames) names = { NULL, NULL, NULL };
  JsonObject *nova;

  if (o->nova_project == NULL)
    return TRUE;
  if (!read_nova_names (o, &names, error))
    return FALSE;
  nova = json_object_new ();
  json_object_set_string_member (nova, "project", names.project);
  if (names.image != NULL)
    json_object_set_string_member (nova, "image", names.image);
  if (names.flavor != NULL)
    json_object_set_string_member (nova, "flavor", names.flavor);
  json_object_set_object_member (object, "nova", nova);
  return TRUE;
}

char *
va_registration_options_id (const VaRegistrationOptions *o, GError **error)
{
  g_auto(NovaNames) names = { NULL, NULL, NULL };

  if (!read_nova_names (o, &names, error))
    return NULL;
  return names.image != NULL ? va_nova_id_by_image (names.project, names.image)
                             : va_nova_id_by_flavor (names.project, names.flavor);
}
