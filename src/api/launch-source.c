/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "api/launch-source.h"

#include "api/limits.h"
#include "api/nova.h"
#include "core/i18n.h"

static const char *const kind_names[] = { "nova", NULL };

static const VaMember members[] = {
  { "kind", VA_REQUIRED, VA_MEMBER_CHOICE (VaLaunchSource, kind, kind_names) },
  { "project", VA_REQUIRED, VA_MEMBER_TEXT (VaLaunchSource, project), .min = 32, .max = 32, .valid = va_nova_is_project,
    .expected = VA_NOVA_PROJECT_EXPECTED },
  { "image", VA_OPTIONAL, VA_MEMBER_UUID (VaLaunchSource, image) },
  { "flavor", VA_OPTIONAL, VA_MEMBER_TEXT (VaLaunchSource, flavor), .max = VA_NOVA_NAME_MAX },
  { "instance", VA_OPTIONAL, VA_MEMBER_UUID (VaLaunchSource, instance) },
  { "name", VA_OPTIONAL, VA_MEMBER_TEXT (VaLaunchSource, name), .max = VA_NOVA_NAME_MAX },
  { "selector", VA_OPTIONAL, VA_MEMBER_TEXT (VaLaunchSource, selector), .max = VA_SELECTOR_MAX },
};

VA_MESSAGE_DEFINE (VaLaunchSource, va_launch_source) = {
  .where = N_("source"),
  .size = sizeof (VaLaunchSource),
  VA_MESSAGE_MEMBERS (members),
};

VaLaunchSource *
va_launch_source_copy (const VaLaunchSource *source)
{
  VaLaunchSource *copy;

  if (source == NULL)
    return NULL;
  copy = g_new0 (VaLaunchSource, 1);
  *copy = (VaLaunchSource){ .kind = source->kind,
                            .project = g_strdup (source->project),
                            .image = g_strdup (source->image),
                            .flavor = g_strdup (source->flavor),
                            .instance = g_strdup (source->instance),
                            .name = g_strdup (source->name),
                            .selector = g_strdup (source->selector) };
  return copy;
}
