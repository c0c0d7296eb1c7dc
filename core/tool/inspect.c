/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One plugin file: a child opens it and says what it is, the parent survives whatever it does.
 */
#include "config.h"

#include <signal.h>
#include <string.h>

#include <json-glib/json-glib.h>

#include "tool.h"

/* Of the line that a child prints: one. */
#define MAX_DEPTH 4
#define MAX_SECONDS 5

void
tool_plugin_free (gpointer data)
{
  ToolPlugin *self = data;

  g_free (self->name);
  g_free (self->kind);
  g_free (self->version);
  g_free (self->abi);
  g_free (self->file);
  g_free (self->slots);
  g_free (self->summary);
  g_strfreev (self->keys);
  g_ptr_array_unref (self->hidden);
  g_free (self);
}

static ToolPlugin *
new_plugin (const char *file)
{
  ToolPlugin *self = g_new0 (ToolPlugin, 1);

  self->file = g_strdup (file);
  self->hidden = g_ptr_array_new_with_free_func (g_free);
  return self;
}

char *
tool_plugin_key (const char *path)
{
  char *key = g_path_get_basename (path);

  if (g_str_has_suffix (key, ".so"))
    key[strlen (key) - strlen (".so")] = '\0';
  return key;
}

static char *
slots_of (const MicroPluginInfo *info)
{
  g_auto (GStrv) slots = micro_plugin_get_slots (info->get_type ());

  return g_strjoinv (",", slots);
}

ToolPlugin *
tool_plugin_new_builtin (const MicroPluginInfo *info, const char *kind)
{
  ToolPlugin *self = new_plugin ("(linked in)");

  self->name = g_strdup (info->name);
  self->kind = g_strdup (kind);
  self->version = g_strdup (info->version != NULL ? info->version : "");
  self->abi = g_strdup_printf ("%u.%u", info->abi_major, info->abi_minor);
  self->slots = slots_of (info);
  self->summary = g_strdup (info->summary != NULL ? info->summary : "");
  self->keys = g_new0 (char *, 3);
  self->keys[0] = g_strdup_printf ("%s-%s", info->name, kind);
  if (info->alias != NULL)
    self->keys[1] = g_strdup_printf ("%s-%s", info->alias, kind);
  return self;
}

/* --- In the child --- */

static void
inspect_add_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

int
tool_inspect (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *json = NULL;
  MicroPluginKind kind;
  const MicroPluginInfo *info = micro_plugin_inspect (path, &kind, &error);

  json_builder_begin_object (builder);
  inspect_add_string (builder, "file", path);
  /* As a program will: what crashes in there is to be known here. */
  if (info != NULL)
    g_object_unref (g_object_new (info->get_type (), NULL));
  if (info == NULL)
    inspect_add_string (builder, "error", error->message);
  else
    {
      g_autofree char *abi = g_strdup_printf ("%u.%u", info->abi_major, info->abi_minor);
      g_autofree char *slots = slots_of (info);

      inspect_add_string (builder, "name", info->name);
      inspect_add_string (builder, "kind", micro_plugin_kind_to_string (kind));
      inspect_add_string (builder, "version", info->version != NULL ? info->version : "");
      inspect_add_string (builder, "abi", abi);
      inspect_add_string (builder, "slots", slots);
      inspect_add_string (builder, "summary", info->summary != NULL ? info->summary : "");
    }
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  json = json_to_string (root, FALSE);
  g_print ("\n%s\n", json);
  return info != NULL ? EXIT_OK : EXIT_OTHER;
}

/* --- In the parent --- */

static ToolPlugin *
new_file (const char *path)
{
  ToolPlugin *self = new_plugin (path);

  self->keys = g_new0 (char *, 2);
  self->keys[0] = tool_plugin_key (path);
  return self;
}

static ToolPlugin *
new_broken (const char *path, const char *why)
{
  ToolPlugin *self = new_file (path);

  if (g_str_has_prefix (why, path) && g_str_has_prefix (why + strlen (path), ": "))
    why += strlen (path) + 2;
  self->name = g_strdup (self->keys[0]);
  self->kind = g_strdup ("-");
  self->version = g_strdup ("-");
  self->abi = g_strdup ("-");
  self->slots = g_strdup ("-");
  self->summary = g_strdup (why);
  self->problem = "does not load";
  return self;
}

/* (nullable): the kind that a file's name says */
static const char *
kind_of_key (const char *key)
{
  const char *dash = strrchr (key, '-');

  for (int kind = 0; dash != NULL && kind < MICRO_PLUGIN_N_KINDS; kind++)
    if (strcmp (dash + 1, micro_plugin_kind_to_string (kind)) == 0)
      return micro_plugin_kind_to_string (kind);
  return NULL;
}

/* It is found by the name of its file, whatever it calls itself. */
static void
inspect_take_name (ToolPlugin *self, const char *own)
{
  const char *key = self->keys[0];
  const char *kind = kind_of_key (key);
  g_autofree char *summary = g_steal_pointer (&self->summary);

  if (g_strcmp0 (kind, self->kind) == 0)
    {
      self->name = g_strndup (key, strlen (key) - strlen (kind) - 1);
      self->summary = strcmp (self->name, own) == 0
                          ? g_steal_pointer (&summary)
                          : g_strdup_printf ("%s; calls itself “%s”", summary, own);
      return;
    }
  self->name = g_strdup (key);
  self->problem = "misfiled";
  self->summary = kind != NULL
                      ? g_strdup_printf ("is a %s, not a %s; call it %.*s-%s.so, or say --%s=%s",
                                         self->kind, kind, (int) (strlen (key) - strlen (kind) - 1),
                                         key, self->kind, self->kind, self->file)
                      : g_strdup_printf ("is a %s; call it %s-%s.so, or say --%s=%s", self->kind,
                                         key, self->kind, self->kind, self->file);
}

/* The last line: a plugin may print while it is loaded. */
static ToolPlugin *
parse_answer (const char *path, char *output)
{
  g_autoptr (JsonNode) root = NULL;
  JsonObject *object;
  ToolPlugin *self;
  char *line;

  line = strrchr (g_strchomp (output), '\n');
  line = line != NULL ? line + 1 : output;
  if (micro_json_check (line, strlen (line), MAX_DEPTH, NULL))
    root = json_from_string (line, NULL);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    return new_broken (path, "ended the process that looked at it");
  object = json_node_get_object (root);
  if (json_object_has_member (object, "error"))
    return new_broken (path, json_object_get_string_member (object, "error"));
  self = new_file (path);
  self->kind = g_strdup (json_object_get_string_member (object, "kind"));
  self->version = g_strdup (json_object_get_string_member (object, "version"));
  self->abi = g_strdup (json_object_get_string_member (object, "abi"));
  self->slots = g_strdup (json_object_get_string_member (object, "slots"));
  self->summary = g_strdup (json_object_get_string_member (object, "summary"));
  inspect_take_name (self, json_object_get_string_member (object, "name"));
  return self;
}

static char *
crash_text (int signal)
{
  static const struct
  {
    int number;
    const char *name;
  } names[] = { { SIGSEGV, "SIGSEGV" }, { SIGABRT, "SIGABRT" }, { SIGBUS, "SIGBUS" },
                { SIGILL, "SIGILL" },   { SIGFPE, "SIGFPE" },   { SIGTRAP, "SIGTRAP" },
                { SIGKILL, "SIGKILL" }, { SIGSYS, "SIGSYS" } };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (names[i].number == signal)
      return g_strdup_printf ("crashed while it was loaded (signal %d, %s)", signal, names[i].name);
  return g_strdup_printf ("crashed while it was loaded (signal %d)", signal);
}

ToolPlugin *
tool_plugin_inspect (const char *path)
{
  g_autofree char *seconds = g_strdup_printf ("%d", MAX_SECONDS);
  g_autofree char *output = NULL;
  g_autofree char *crash = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) child
      = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                          &error, "/proc/self/exe", "plugins", "--inspect", path, seconds, NULL);
  int signal;

  if (child == NULL || !g_subprocess_communicate (child, NULL, NULL, &bytes, NULL, &error))
    return new_broken (path, error->message);
  if (!g_subprocess_get_if_signaled (child))
    {
      output = g_strndup (g_bytes_get_size (bytes) > 0 ? g_bytes_get_data (bytes, NULL) : "",
                          g_bytes_get_size (bytes));
      return parse_answer (path, output);
    }
  signal = g_subprocess_get_term_sig (child);
  if (signal == SIGALRM)
    return new_broken (path, "still loads after 5 seconds, and was stopped");
  crash = crash_text (signal);
  return new_broken (path, crash);
}
