/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * micro plugins: what can be chosen, and why a broken file cannot.
 */
#include "config.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "tool.h"

typedef struct
{
  char *name;
  char *kind;
  char *version;
  char *abi;
  char *file;
  char *summary; /* or why it does not load */
  gboolean broken;
} Row;

static void
row_free (gpointer data)
{
  Row *row = data;

  g_free (row->name);
  g_free (row->kind);
  g_free (row->version);
  g_free (row->abi);
  g_free (row->file);
  g_free (row->summary);
  g_free (row);
}

static Row *
row_of_info (const MicroPluginInfo *info, const char *kind, const char *file)
{
  Row *row = g_new0 (Row, 1);

  row->name = g_strdup (info->name);
  row->kind = g_strdup (kind);
  row->version = g_strdup (info->version);
  row->abi = g_strdup_printf ("%u.%u", info->abi_major, info->abi_minor);
  row->file = g_strdup (file);
  row->summary = g_strdup (info->summary);
  return row;
}

static const char *
kind_of_info (const MicroPluginInfo *info)
{
  GType type = info->get_type ();

  for (int kind = 0; kind < MICRO_PLUGIN_N_KINDS; kind++)
    if (g_type_is_a (type, micro_plugin_kind_get_interface (kind)))
      return micro_plugin_kind_to_string (kind);
  return "";
}

/* --- In the child: one file, one line ------------------------------------------------------------
 */

int
tool_inspect (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *json = NULL;
  MicroPluginKind kind;
  const MicroPluginInfo *info = micro_plugin_inspect (path, &kind, &error);

  if (info == NULL)
    {
      g_print ("%s\n", error->message);
      return EXIT_OTHER;
    }
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "name");
  json_builder_add_string_value (builder, info->name);
  json_builder_set_member_name (builder, "kind");
  json_builder_add_string_value (builder, micro_plugin_kind_to_string (kind));
  json_builder_set_member_name (builder, "version");
  json_builder_add_string_value (builder, info->version);
  json_builder_set_member_name (builder, "summary");
  json_builder_add_string_value (builder, info->summary);
  json_builder_set_member_name (builder, "abiMajor");
  json_builder_add_int_value (builder, info->abi_major);
  json_builder_set_member_name (builder, "abiMinor");
  json_builder_add_int_value (builder, info->abi_minor);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  json = json_to_string (root, FALSE);
  g_print ("%s\n", json);
  return EXIT_OK;
}

/* --- In the parent
 * --------------------------------------------------------------------------------- */

static Row *
broken_row (const char *path, const char *why)
{
  g_autofree char *base = g_path_get_basename (path);
  Row *row = g_new0 (Row, 1);

  row->name = g_strndup (base, strlen (base) - strlen (".so"));
  row->kind = g_strdup ("-");
  row->version = g_strdup ("-");
  row->abi = g_strdup ("-");
  row->file = g_strdup (path);
  row->summary = g_strdup_printf ("does not load: %s", why);
  g_strdelimit (g_strchomp (row->summary), "\n", ' ');
  row->broken = TRUE;
  return row;
}

static Row *
parse_row (const char *path, const char *output)
{
  g_autoptr (JsonNode) root = json_from_string (output, NULL);
  JsonObject *object;
  Row *row;

  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    return broken_row (path, output);
  object = json_node_get_object (root);
  row = g_new0 (Row, 1);
  row->name = g_strdup (json_object_get_string_member (object, "name"));
  row->kind = g_strdup (json_object_get_string_member (object, "kind"));
  row->version = g_strdup (json_object_get_string_member (object, "version"));
  row->summary = g_strdup (json_object_get_string_member (object, "summary"));
  row->abi = g_strdup_printf ("%d.%d", (int) json_object_get_int_member (object, "abiMajor"),
                              (int) json_object_get_int_member (object, "abiMinor"));
  row->file = g_strdup (path);
  return row;
}

/* A plugin that crashes takes its child with it, not the list. */
static Row *
inspect_in_child (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) child
      = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                          &error, "/proc/self/exe", "plugins", "--inspect", path, NULL);
  g_autofree char *output = NULL;
  g_autofree char *crash = NULL;

  if (child == NULL || !g_subprocess_communicate_utf8 (child, NULL, NULL, &output, NULL, &error))
    return broken_row (path, error->message);
  if (g_subprocess_get_if_signaled (child))
    {
      crash = g_strdup_printf ("crashed (%s)", g_strsignal (g_subprocess_get_term_sig (child)));
      return broken_row (path, crash);
    }
  return parse_row (path, output);
}

static int
compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
add_folder (GPtrArray *rows, const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".so"))
      g_ptr_array_add (names, g_build_filename (folder, name, NULL));
  g_ptr_array_sort (names, compare_strings);
  for (guint i = 0; i < names->len; i++)
    g_ptr_array_add (rows, inspect_in_child (names->pdata[i]));
}

static void
print_json (GPtrArray *rows)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *json = NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "apiVersion");
  json_builder_add_string_value (builder, "micro/v1");
  json_builder_set_member_name (builder, "plugins");
  json_builder_begin_array (builder);
  for (guint i = 0; i < rows->len; i++)
    {
      Row *row = rows->pdata[i];
      const char *members[] = { "name",
                                row->name,
                                "kind",
                                row->kind,
                                "version",
                                row->version,
                                "abi",
                                row->abi,
                                "file",
                                row->file,
                                row->broken ? "error" : "summary",
                                row->summary };

      json_builder_begin_object (builder);
      for (gsize j = 0; j < G_N_ELEMENTS (members); j += 2)
        {
          json_builder_set_member_name (builder, members[j]);
          json_builder_add_string_value (builder, members[j + 1]);
        }
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  json = json_to_string (root, TRUE);
  g_print ("%s\n", json);
}

static void
print_table (GPtrArray *rows)
{
  const char *heads[] = { "NAME", "KIND", "VERSION", "ABI", "FILE", "SUMMARY", NULL };
  ToolTable *table = tool_table_new (heads);

  for (guint i = 0; i < rows->len; i++)
    {
      Row *row = rows->pdata[i];

      tool_table_add (table, row->name, row->kind, row->version, row->abi, row->file, row->summary,
                      NULL);
    }
  tool_table_print (table);
}

int
tool_plugins (Tool *tool)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (row_free);
  g_autoptr (GPtrArray) builtin = micro_plugin_list_builtin ();
  g_auto (GStrv) folders = micro_plugin_get_path ();

  for (guint i = 0; i < builtin->len; i++)
    g_ptr_array_add (
        rows, row_of_info (builtin->pdata[i], kind_of_info (builtin->pdata[i]), "(linked in)"));
  for (guint i = 0; folders != NULL && folders[i] != NULL; i++)
    add_folder (rows, folders[i]);
  if (tool->output == TOOL_JSON)
    print_json (rows);
  else
    print_table (rows);
  return EXIT_OK;
}
