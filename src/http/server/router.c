/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "http/server/router.h"

#include <string.h>
#include "core/i18n.h"

#define PART_MAX 128

void
va_route_match_clear (VaRouteMatch *match)
{
  for (guint i = 0; i < VA_ROUTE_PARTS; i++)
    g_clear_pointer (&match->parts[i], g_free);
}

/* Compares piece by piece between the slashes. */
static gboolean
pattern_matches (const char *pattern, const char *path, VaRouteMatch *match)
{
  guint found = 0;

  for (;;)
    {
      gsize want = strcspn (pattern, "/");
      gsize have = strcspn (path, "/");

      if (want == 2 && memcmp (pattern, "{}", 2) == 0)
        {
          if (have < 1 || have > PART_MAX || found == VA_ROUTE_PARTS)
            return FALSE;
          match->parts[found++] = g_strndup (path, have);
        }
      else if (want != have || memcmp (pattern, path, want) != 0)
        return FALSE;
      pattern += want;
      path += have;
      if (*pattern != *path)
        return FALSE;
      if (*pattern == '\0')
        return TRUE;
      pattern++;
      path++;
    }
}

const VaRoute *
va_route_find (const VaRoute *routes, const char *method, const char *path, VaRouteMatch *match, char **allow,
               GError **error)
{
  g_autoptr(GString) methods = g_string_new (NULL);

  *allow = NULL;
  for (const VaRoute *route = routes; route->method != NULL; route++)
    {
      gboolean fits = pattern_matches (route->pattern, path, match);

      if (fits && strcmp (route->method, method) == 0)
        return route;
      va_route_match_clear (match);
      if (fits)
        g_string_append_printf (methods, "%s%s", methods->len > 0 ? ", " : "", route->method);
    }
  if (methods->len == 0)
    {
      g_set_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_NOT_FOUND, _("this path does not exist"));
      return NULL;
    }
  g_set_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_METHOD, _("this path supports only %s"), methods->str);
  *allow = g_strdup (methods->str);
  return NULL;
}

static char *
role_list (guint roles)
{
  g_autoptr(GString) names = g_string_new (NULL);

  for (VaRole role = VA_ROLE_OWNER; role < VA_ROLES; role++)
    if ((roles & VA_ROLE_BIT (role)) != 0)
      g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", va_role_name (role));
  return g_string_free (g_steal_pointer (&names), FALSE);
}

gboolean
va_route_admit (const VaRoute *route, const VaIdentity *identity, GError **error)
{
  g_autofree char *names = NULL;

  if (route->roles == 0)
    return TRUE;
  if (identity == NULL)
    {
      g_set_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_UNAUTHENTICATED,
                   _("the client certificate is no longer valid; connect again with a new one"));
      return FALSE;
    }
  if ((route->roles & VA_ROLE_BIT (identity->role)) != 0)
    return TRUE;
  names = role_list (route->roles);
  g_set_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_FORBIDDEN,
               _("this requires the role %s, but your certificate has the role %s"), names,
               va_role_name (identity->role));
  return FALSE;
}

gboolean
va_target_check (const char *target, GError **error)
{
  gboolean in_path = TRUE;

  for (const char *p = target; *p != '\0'; p++)
    {
      int high, low, value;

      if (*p == '?')
        in_path = FALSE;
      if (*p > ' ' && *p < 0x7f && *p != '%')
        continue;
      high = *p == '%' ? g_ascii_xdigit_value (p[1]) : -1;
      low = high >= 0 ? g_ascii_xdigit_value (p[2]) : -1;
      value = low >= 0 ? high * 16 + low : 0;
      if (value < ' ' || value == 0x7f || (value == '/' && in_path))
        {
          g_set_error (error, VA_PROBLEM_ERROR, VA_PROBLEM_BAD_REQUEST,
                       _("the path or query has a character that is not escaped as it must be"));
          return FALSE;
        }
      p += 2;
    }
  return TRUE;
}
