/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "domain/document.h"

#include <string.h>
#include "codec/json.h"
#include "core/i18n.h"
#include "core/monitor-path.h"

#define COMMA '\xff' /* stands for a doubled comma; no UTF-8 text has this byte */

/* QEMU's options that open a monitor. */
static const char *const monitors[] = { "qmp", "qmp-pretty", "monitor", "mon" };

static xmlNode *
next_argument (xmlNode *node)
{
  while (node != NULL && !va_xml_is (node, VA_QEMU_NAMESPACE, "arg"))
    node = node->next;
  return node;
}

static xmlNode *
find_commandline (const VaXmlTree *tree)
{
  xmlNode *node = xmlDocGetRootElement (tree)->children;

  while (node != NULL && !va_xml_is (node, VA_QEMU_NAMESPACE, "commandline"))
    node = node->next;
  return node;
}

/* An option without its one or two dashes; "" if it has none. */
static const char *
skip_dashes (const char *option)
{
  if (option[0] != '-')
    return "";
  return option + (option[1] == '-' ? 2 : 1);
}

/* Splits what "a=1,b=2" has: at commas that are not doubled. */
static GStrv
split_properties (const char *value)
{
  g_autofree char *text = g_strdup (value);
  char *to = text;
  GStrv parts;

  for (const char *from = value; *from != '\0'; from++)
    {
      gboolean is_doubled = from[0] == ',' && from[1] == ',';

      *to++ = is_doubled ? COMMA : *from;
      from += is_doubled;
    }
  *to = '\0';
  parts = g_strsplit (text, ",", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    g_strdelimit (parts[i], (const char[]){ COMMA, '\0' }, ',');
  return parts;
}

static char *
read_json_property (const char *value, const char *name)
{
  g_autoptr(JsonObject) object = va_json_parse (value, strlen (value), NULL);
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) ? g_strdup (json_node_get_string (node)) : NULL;
}

/* What QEMU takes for @name in an option's value, which is "a=1,b=2", where the first may lack its name and is then
   called @implied, or JSON; %NULL if nothing. Of several, QEMU takes the last. */
static char *
read_property (const char *value, const char *implied, const char *name)
{
  g_auto(GStrv) parts = NULL;
  char *found = NULL;

  if (value[0] == '{')
    return read_json_property (value, name);
  parts = split_properties (value);
  for (guint i = 0; parts[i] != NULL; i++)
    {
      const char *equals = strchr (parts[i], '=');
      gsize length = equals != NULL ? (gsize) (equals - parts[i]) : 0;
      const char *text = NULL;

      if (equals == NULL && i == 0 && g_str_equal (implied, name))
        text = parts[i];
      else if (length == strlen (name) && strncmp (parts[i], name, length) == 0)
        text = equals + 1;
      if (text == NULL)
        continue;
      g_free (found);
      found = g_strdup (text);
    }
  return found;
}

/* The path of "unix:PATH,…", or %NULL. */
static char *
read_unix_path (const char *value)
{
  g_auto(GStrv) parts = g_str_has_prefix (value, "unix:") ? split_properties (value + strlen ("unix:")) : NULL;

  return parts != NULL ? g_strdup (parts[0]) : NULL;
}

static gboolean
is_own_chardev (const char *value)
{
  g_autofree char *backend = read_property (value, "backend", "backend");
  g_autofree char *id = read_property (value, "backend", "id");

  return g_strcmp0 (backend, "socket") == 0 && g_strcmp0 (id, VA_MONITOR_ID) == 0;
}

/* Whether the monitor in the value of -mon or -object uses our character device. */
static gboolean
uses_own_chardev (const char *value, const char *implied)
{
  g_autofree char *chardev = read_property (value, implied, "chardev");

  return g_strcmp0 (chardev, VA_MONITOR_ID) == 0;
}

static gboolean
is_qmp_object (const char *value)
{
  g_autofree char *type = read_property (value, "qom-type", "qom-type");

  return g_strcmp0 (type, "monitor-qmp") == 0;
}

/* The first of each kind is ours. */
static void
keep_argument (VaDomainMonitor *monitor, VaDomainArgument argument)
{
  g_autofree char *option = va_xml_attribute (argument.option, "value");
  g_autofree char *value = va_xml_attribute (argument.value, "value");
  g_autofree char *path = NULL;
  const char *name = option != NULL ? skip_dashes (option) : "";

  if (value == NULL)
    return;
  if (monitor->qmp.value == NULL && g_str_equal (name, "qmp"))
    {
      path = read_unix_path (value);
      if (path != NULL && va_monitor_path_is (path))
        monitor->qmp = argument;
    }
  else if (monitor->chardev.value == NULL && g_str_equal (name, "chardev") && is_own_chardev (value))
    monitor->chardev = argument;
  else if (monitor->mon.value == NULL && g_str_equal (name, "mon") && uses_own_chardev (value, "chardev"))
    monitor->mon = argument;
  else if (monitor->object.value == NULL && g_str_equal (name, "object") && is_qmp_object (value)
           && uses_own_chardev (value, "qom-type"))
    monitor->object = argument;
}

static VaDomainMonitorForm
choose_form (const VaDomainMonitor *monitor)
{
  if (monitor->qmp.value != NULL)
    return VA_DOMAIN_MONITOR_QMP;
  if (monitor->chardev.value == NULL)
    return VA_DOMAIN_MONITOR_NONE;
  if (monitor->mon.value != NULL)
    return VA_DOMAIN_MONITOR_MON;
  return monitor->object.value != NULL ? VA_DOMAIN_MONITOR_OBJECT : VA_DOMAIN_MONITOR_NONE;
}

void
va_domain_find_monitor (const VaXmlTree *tree, VaDomainMonitor *monitor)
{
  *monitor = (VaDomainMonitor){ .commandline = find_commandline (tree) };
  if (monitor->commandline == NULL)
    return;
  for (xmlNode *option = next_argument (monitor->commandline->children), *value; option != NULL; option = value)
    {
      value = next_argument (option->next);
      if (value != NULL)
        keep_argument (monitor, (VaDomainArgument){ option, value });
    }
  monitor->form = choose_form (monitor);
}

char *
va_domain_monitor_path (const VaDomainMonitor *monitor)
{
  const xmlNode *node = monitor->form == VA_DOMAIN_MONITOR_QMP ? monitor->qmp.value : monitor->chardev.value;
  g_autofree char *value = monitor->form != VA_DOMAIN_MONITOR_NONE ? va_xml_attribute (node, "value") : NULL;

  if (value == NULL)
    return NULL;
  return monitor->form == VA_DOMAIN_MONITOR_QMP ? read_unix_path (value) : read_property (value, "backend", "path");
}

/* Whether @node is an argument of the monitor that the agent uses. */
static gboolean
is_part_of (const VaDomainMonitor *monitor, const xmlNode *node)
{
  switch (monitor->form)
    {
    case VA_DOMAIN_MONITOR_QMP:
      return node == monitor->qmp.value;
    case VA_DOMAIN_MONITOR_MON:
      return node == monitor->chardev.value || node == monitor->mon.value;
    case VA_DOMAIN_MONITOR_OBJECT:
      return node == monitor->chardev.value || node == monitor->object.value;
    case VA_DOMAIN_MONITOR_NONE:
      break;
    }
  return node == monitor->chardev.value || node == monitor->mon.value || node == monitor->object.value;
}

/* "none" opens nothing. An object is known by its type's name, wherever that is: QEMU reads more forms of JSON than
   we do. */
static gboolean
opens_monitor (const char *name, const char *value)
{
  if (g_str_equal (name, "object"))
    return strstr (value, "monitor-qmp") != NULL || strstr (value, "monitor-hmp") != NULL;
  for (guint i = 0; i < G_N_ELEMENTS (monitors); i++)
    if (g_str_equal (name, monitors[i]))
      return !g_str_equal (value, "none");
  return FALSE;
}

/* Of two sockets in one place, the later one takes it from the other. */
static gboolean
uses_own_place (const VaDomainXml *domain, const char *value)
{
  g_autofree char *place = domain->uuid != NULL ? va_monitor_path ("", domain->uuid) : NULL;
  g_autofree char *older = domain->uuid != NULL ? va_monitor_path_older ("", domain->uuid) : NULL;

  return place != NULL && (strstr (value, place) != NULL || strstr (value, older) != NULL);
}

void
va_domain_judge_monitor (VaDomainXml *domain, const xmlNode *node, const char *option, const char *value,
                         const VaDomainMonitor *monitor)
{
  if (is_part_of (monitor, node))
    return;
  if (opens_monitor (skip_dashes (option), value))
    g_ptr_array_add (domain->warnings,
                     g_strdup_printf (_("<qemu:commandline> opens another monitor (%s %s), and anyone who can reach it "
                                        "can let the guest run before it is attested: remove it"),
                                      option, value));
  else if (uses_own_place (domain, value))
    g_ptr_array_add (domain->warnings,
                     g_strdup_printf (_("<qemu:commandline> uses the place of the second monitor for something else "
                                        "(%s %s), and then the agent cannot reach the monitor: remove it"),
                                      option, value));
}
