/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * micro plugins: what can be chosen, and why a broken file cannot.
 */
#include "config.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "tool.h"

static const char *
kind_of_info (const MicroPluginInfo *info)
{
  GType type = info->get_type ();

  for (int kind = 0; kind < MICRO_PLUGIN_N_KINDS; kind++)
    if (g_type_is_a (type, micro_plugin_kind_get_interface (kind)))
      return micro_plugin_kind_to_string (kind);
  return "";
}

static int
plugins_compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* (nullable): what is found instead of @path; as micro_plugin_find() has it, what is linked in
 * comes first, then the folders in their order. */
static ToolPlugin *
find_first (GPtrArray *plugins, const char *path)
{
  g_autofree char *key = tool_plugin_key (path);

  for (guint i = 0; i < plugins->len; i++)
    {
      ToolPlugin *plugin = plugins->pdata[i];

      if (g_strv_contains ((const char *const *) plugin->keys, key))
        return plugin;
    }
  return NULL;
}

static void
add_folder (GPtrArray *plugins, const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".so"))
      g_ptr_array_add (names, g_build_filename (folder, name, NULL));
  g_ptr_array_sort (names, plugins_compare_strings);
  for (guint i = 0; i < names->len; i++)
    {
      ToolPlugin *first = find_first (plugins, names->pdata[i]);

      if (first == NULL)
        g_ptr_array_add (plugins, tool_plugin_inspect (names->pdata[i]));
      else
        g_ptr_array_add (first->hidden, g_strdup (names->pdata[i]));
    }
}

static gboolean
is_named_before (char **folders, guint index)
{
  for (guint i = 0; i < index; i++)
    if (strcmp (folders[i], folders[index]) == 0)
      return TRUE;
  return FALSE;
}

static char *
plugins_to_json (const ToolPlugin *plugin)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *error = plugin->problem != NULL
                               ? g_strdup_printf ("%s: %s", plugin->problem, plugin->summary)
                               : NULL;
  const char *const members[] = {
    "name",
    plugin->name,
    "kind",
    plugin->kind,
    "version",
    plugin->version,
    "abi",
    plugin->abi,
    "slots",
    plugin->slots,
    "file",
    plugin->file,
    plugin->problem != NULL ? "error" : "summary",
    error != NULL ? error : plugin->summary,
  };

  json_builder_begin_object (builder);
  for (gsize i = 0; i < G_N_ELEMENTS (members); i += 2)
    {
      json_builder_set_member_name (builder, members[i]);
      json_builder_add_string_value (builder, members[i + 1]);
    }
  if (plugin->hidden->len > 0)
    {
      json_builder_set_member_name (builder, "hides");
      json_builder_begin_array (builder);
      for (guint i = 0; i < plugin->hidden->len; i++)
        json_builder_add_string_value (builder, plugin->hidden->pdata[i]);
      json_builder_end_array (builder);
    }
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

static void
print_json (Tool *tool, GPtrArray *plugins)
{
  g_autoptr (GPtrArray) objects = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < plugins->len; i++)
    g_ptr_array_add (objects, plugins_to_json (plugins->pdata[i]));
  tool_json_print_list (tool, "plugins", objects);
}

static char *
plugins_describe (const ToolPlugin *plugin)
{
  GString *text = g_string_new (plugin->problem);

  if (plugin->problem != NULL)
    g_string_append (text, ": ");
  g_string_append (text, plugin->summary);
  for (guint i = 0; i < plugin->hidden->len; i++)
    g_string_append_printf (text, "%s%s", i == 0 ? "; hides " : ", ",
                            (const char *) plugin->hidden->pdata[i]);
  return g_string_free (text, FALSE);
}

static void
plugins_print_table (GPtrArray *plugins)
{
  const char *heads[] = { "NAME", "KIND", "VERSION", "ABI", "FILE", "SLOTS", "SUMMARY", NULL };
  ToolTable *table = tool_table_new (heads);

  for (guint i = 0; i < plugins->len; i++)
    {
      const ToolPlugin *plugin = plugins->pdata[i];
      g_autofree char *summary = plugins_describe (plugin);

      tool_table_add (table, plugin->name, plugin->kind, plugin->version, plugin->abi, plugin->file,
                      plugin->slots, summary, NULL);
    }
  tool_table_print (table);
}

int
tool_plugins (Tool *tool)
{
  g_autoptr (GPtrArray) plugins = g_ptr_array_new_with_free_func (tool_plugin_free);
  g_autoptr (GPtrArray) builtin = micro_plugin_list_builtin ();
  g_auto (GStrv) folders = micro_plugin_get_path ();

  if (tool->argc > 0)
    return tool_fail (EXIT_USAGE, "micro plugins", "plugins: takes no argument “%s”",
                      tool->argv[0]);
  for (guint i = 0; i < builtin->len; i++)
    g_ptr_array_add (plugins,
                     tool_plugin_new_builtin (builtin->pdata[i], kind_of_info (builtin->pdata[i])));
  for (guint i = 0; folders != NULL && folders[i] != NULL; i++)
    if (!is_named_before (folders, i))
      add_folder (plugins, folders[i]);
  if (tool->output == TOOL_JSON || tool->output == TOOL_JSONL)
    print_json (tool, plugins);
  else if (tool->output == TOOL_NAME)
    for (guint i = 0; i < plugins->len; i++)
      g_print ("%s\n", ((const ToolPlugin *) plugins->pdata[i])->name);
  else
    plugins_print_table (plugins);
  return EXIT_OK;
}
