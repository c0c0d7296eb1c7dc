/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Options: each is a GParamSpec, and so a flag, a variable, a range, a default and a help text.
 */
#include "config.h"

#include <string.h>

#include "base/similar.h"
#include "plugin/guard.h"
#include "plugin/options.h"
#include "plugin/plugin.h"

#define CORE (-1)

typedef struct
{
  int kind; /* a MicroPluginKind or CORE */
  GParamSpec *spec;
  char *flag;     /* "selector-port" */
  char *variable; /* "MICRO_SELECTOR_PORT" */
  char *alias;    /* one more variable, or NULL */
  char *brief;    /* one more flag, or NULL */
  char *help;
  char **texts; /* what the flag said, filled by GOption */
  GValue value;
  char *origin;
} Option;

struct _MicroOptions
{
  GPtrArray *options; /* of Option */
  GArray *entries;    /* of GOptionEntry: the program's own */
  GType types[MICRO_PLUGIN_N_KINDS];
  char *names[MICRO_PLUGIN_N_KINDS];
  GPtrArray *strings; /* that live as long as argv: rewritten flags */
};

static void
option_free (gpointer data)
{
  Option *option = data;

  g_param_spec_unref (option->spec);
  g_free (option->flag);
  g_free (option->variable);
  g_free (option->alias);
  g_free (option->brief);
  g_free (option->help);
  g_free (option->origin);
  g_strfreev (option->texts);
  g_value_unset (&option->value);
  g_free (option);
}

MicroOptions *
micro_options_new (void)
{
  MicroOptions *self = g_new0 (MicroOptions, 1);

  self->options = g_ptr_array_new_with_free_func (option_free);
  self->entries = g_array_new (FALSE, FALSE, sizeof (GOptionEntry));
  self->strings = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
micro_options_free (MicroOptions *self)
{
  g_ptr_array_unref (self->options);
  g_array_unref (self->entries);
  g_ptr_array_unref (self->strings);
  for (guint kind = 0; kind < MICRO_PLUGIN_N_KINDS; kind++)
    g_free (self->names[kind]);
  g_free (self);
}

/* --- What there is --- */

static void
add_option (MicroOptions *self, int kind, GParamSpec *spec, char *flag)
{
  Option *option = g_new0 (Option, 1);
  g_autofree char *preset = micro_option_default (spec);
  const char *blurb = g_param_spec_get_blurb (spec);

  option->kind = kind;
  option->spec = g_param_spec_ref_sink (spec);
  option->flag = g_strdelimit (flag, "_", '-');
  option->variable = micro_option_variable (flag);
  option->help = preset != NULL
                     ? g_strdup_printf ("%s [%s] (%s)", blurb, option->variable, preset)
                     : g_strdup_printf ("%s [%s]", blurb != NULL ? blurb : "", option->variable);
  g_value_init (&option->value, spec->value_type);
  g_param_value_set_default (spec, &option->value);
  g_ptr_array_add (self->options, option);
}

void
micro_options_add (MicroOptions *self, GParamSpec *spec)
{
  add_option (self, CORE, spec, g_strdup (g_param_spec_get_name (spec)));
}

void
micro_options_add_plugin (MicroOptions *self, MicroPluginKind kind, const char *name, GType type)
{
  g_autoptr (GTypeClass) klass = NULL;
  MicroPluginGuard guard;
  g_autofree GParamSpec **specs = NULL;
  const char *kind_name = micro_plugin_kind_to_string (kind);
  guint n_specs;

  micro_plugin_guard_enter (&guard, micro_plugin_get_file (type), "loaded");
  klass = g_type_class_ref (type);
  micro_plugin_guard_leave (&guard);
  self->types[kind] = type;
  g_free (self->names[kind]);
  self->names[kind] = g_strdup (name);
  specs = g_object_class_list_properties (G_OBJECT_CLASS (klass), &n_specs);
  for (guint i = 0; i < n_specs; i++)
    if ((specs[i]->flags & G_PARAM_WRITABLE) && micro_option_type_is_known (specs[i]))
      add_option (self, kind, specs[i], g_strdup_printf ("%s-%s", kind_name, specs[i]->name));
}

void
micro_options_add_entries (MicroOptions *self, const GOptionEntry *entries)
{
  for (; entries->long_name != NULL; entries++)
    g_array_append_val (self->entries, *entries);
}

static Option *
find_option (MicroOptions *self, const char *flag)
{
  for (guint i = 0; i < self->options->len; i++)
    {
      Option *option = g_ptr_array_index (self->options, i);

      if (g_str_equal (option->flag, flag) || g_strcmp0 (option->brief, flag) == 0)
        return option;
    }
  return NULL;
}

void
micro_options_add_alias (MicroOptions *self, const char *name, const char *variable)
{
  Option *option = find_option (self, name);

  if (option == NULL)
    return;
  g_free (option->alias);
  option->alias = g_strdup (variable);
}

void
micro_options_add_brief (MicroOptions *self, const char *name, const char *flag)
{
  Option *option = find_option (self, name);
  g_autofree char *variable = micro_option_variable (flag);
  g_autofree char *help = NULL;

  if (option == NULL || find_option (self, flag) != NULL)
    return;
  option->brief = g_strdup (flag);
  micro_options_add_alias (self, name, variable);
  help = g_strdup_printf ("%s, or --%s", option->help, flag);
  g_free (option->help);
  option->help = g_steal_pointer (&help);
}

gboolean
micro_options_has (MicroOptions *self, const char *name)
{
  return find_option (self, name) != NULL;
}

static const GOptionEntry *
find_entry (MicroOptions *self, const char *flag)
{
  for (guint i = 0; i < self->entries->len; i++)
    {
      const GOptionEntry *entry = &g_array_index (self->entries, GOptionEntry, i);

      if (g_str_equal (entry->long_name, flag))
        return entry;
    }
  return NULL;
}

/* --- GOption --- */

static GOptionEntry
entry_of_option (Option *option)
{
  gboolean bare = G_IS_PARAM_SPEC_BOOLEAN (option->spec);
  const char *nick = g_param_spec_get_nick (option->spec);

  /* The nick of a spec without one is its name. */
  if (nick == NULL || g_str_equal (nick, option->spec->name))
    nick = "VALUE";
  return (GOptionEntry){ .long_name = option->flag,
                         .arg = G_OPTION_ARG_FILENAME_ARRAY, /* the bytes as they are */
                         .arg_data = &option->texts,
                         .description = option->help,
                         .arg_description = bare ? NULL : nick };
}

static void
add_options_of_kind (MicroOptions *self, GOptionGroup *group, int kind)
{
  for (guint i = 0; i < self->options->len; i++)
    {
      Option *option = g_ptr_array_index (self->options, i);
      GOptionEntry entries[2] = { entry_of_option (option), { NULL } };

      if (option->kind == kind)
        g_option_group_add_entries (group, entries);
    }
}

static GOptionGroup *
new_plugin_group (MicroOptions *self, MicroPluginKind kind)
{
  const char *kind_name = micro_plugin_kind_to_string (kind);
  const MicroPluginInfo *info = micro_plugin_get_info (self->types[kind]);
  const char *summary = info != NULL ? info->summary : NULL;
  g_autofree char *title = NULL;
  g_autofree char *help = NULL;
  GOptionGroup *group;

  title = g_strdup_printf ("Options of the “%s” %s%s%s%s:", self->names[kind], kind_name,
                           summary != NULL ? " (" : "", summary != NULL ? summary : "",
                           summary != NULL ? ")" : "");
  help = g_strdup_printf ("Show the options of the “%s” %s", self->names[kind], kind_name);
  group = g_option_group_new (kind_name, title, help, NULL, NULL);
  add_options_of_kind (self, group, kind);
  return group;
}

static GOptionContext *
new_context (MicroOptions *self, const char *parameters, GOptionGroup *groups[MICRO_PLUGIN_N_KINDS])
{
  GOptionContext *context = g_option_context_new (parameters);
  GOptionGroup *core = g_option_group_new (NULL, NULL, NULL, NULL, NULL);
  const GOptionEntry end = { NULL };

  g_array_append_val (self->entries, end);
  g_option_group_add_entries (core, (const GOptionEntry *) self->entries->data);
  g_array_set_size (self->entries, self->entries->len - 1);
  add_options_of_kind (self, core, CORE);
  g_option_context_set_main_group (context, core);
  for (guint kind = 0; kind < MICRO_PLUGIN_N_KINDS; kind++)
    {
      groups[kind] = self->types[kind] != 0 ? new_plugin_group (self, kind) : NULL;
      if (groups[kind] != NULL)
        g_option_context_add_group (context, groups[kind]);
    }
  return context;
}

char *
micro_options_get_help (MicroOptions *self,
                        const char *flag,
                        const char *parameters,
                        const char *summary)
{
  GOptionGroup *groups[MICRO_PLUGIN_N_KINDS];
  g_autoptr (GOptionContext) context = new_context (self, parameters, groups);

  g_option_context_set_summary (context, summary);
  for (guint kind = 0; kind < MICRO_PLUGIN_N_KINDS; kind++)
    if (groups[kind] != NULL && g_str_has_prefix (flag, "--help-")
        && g_str_equal (flag + strlen ("--help-"), micro_plugin_kind_to_string (kind)))
      return g_option_context_get_help (context, FALSE, groups[kind]);
  return g_option_context_get_help (context, !g_str_equal (flag, "--help-all"), NULL);
}

/* --- Flags --- */

static void
set_unknown (MicroOptions *self, const char *flag, GError **error)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  const char *near;

  if (micro_options_refuse_foreign (flag, error))
    return;
  for (guint i = 0; i < self->options->len; i++)
    {
      Option *option = g_ptr_array_index (self->options, i);

      g_ptr_array_add (words, option->flag);
      if (option->brief != NULL)
        g_ptr_array_add (words, option->brief);
    }
  for (guint i = 0; i < self->entries->len; i++)
    g_ptr_array_add (words, (gpointer) g_array_index (self->entries, GOptionEntry, i).long_name);
  near = micro_similar (flag, words);
  if (near != NULL)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION,
                   "unknown option --%s; did you mean --%s?", flag, near);
      return;
    }
  for (guint kind = 0; kind < MICRO_PLUGIN_N_KINDS; kind++)
    {
      const char *kind_name = micro_plugin_kind_to_string (kind);

      if (self->names[kind] == NULL || !g_str_has_prefix (flag, kind_name)
          || flag[strlen (kind_name)] != '-')
        continue;
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION,
                   "unknown option --%s: the “%s” %s has no such option; see --help-%s", flag,
                   self->names[kind], kind_name, kind_name);
      return;
    }
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION,
               "unknown option --%s; see --help", flag);
}

static gboolean
entry_takes_value (const GOptionEntry *entry)
{
  if (entry->arg == G_OPTION_ARG_NONE)
    return FALSE;
  return entry->arg != G_OPTION_ARG_CALLBACK
         || !(entry->flags & (G_OPTION_FLAG_NO_ARG | G_OPTION_FLAG_OPTIONAL_ARG));
}

/* Flags with dashes, booleans with a value, unknown ones refused: GOption knows none of this. */
static gboolean
rewrite_arguments (MicroOptions *self, int argc, char **argv, GError **error)
{
  for (int i = 1; i < argc && !g_str_equal (argv[i], "--"); i++)
    {
      g_autofree char *flag = micro_option_flag (argv[i]);
      const char *equals = strchr (argv[i], '=');
      g_autofree char *verbatim = NULL;
      const GOptionEntry *entry;
      Option *option;
      char *rewritten;

      if (flag == NULL)
        continue;
      option = find_option (self, flag);
      verbatim = g_strndup (argv[i] + 2, strcspn (argv[i] + 2, "="));
      entry = find_entry (self, verbatim);
      if (entry == NULL)
        entry = find_entry (self, flag);
      if (option == NULL && entry == NULL)
        {
          set_unknown (self, flag, error);
          return FALSE;
        }
      if (entry != NULL)
        rewritten = g_strconcat ("--", entry->long_name, equals, NULL);
      else if (equals == NULL && G_IS_PARAM_SPEC_BOOLEAN (option->spec))
        rewritten = g_strconcat ("--", option->flag, "=true", NULL);
      else
        rewritten = g_strconcat ("--", option->flag, equals, NULL);
      g_ptr_array_add (self->strings, rewritten);
      argv[i] = rewritten;
      if (strchr (rewritten, '=') == NULL && (entry == NULL || entry_takes_value (entry)))
        i++;
    }
  return TRUE;
}

/* --- Values --- */

static void
take_origin (Option *option, char *origin)
{
  g_free (option->origin);
  option->origin = origin;
}

static gboolean
take_flag (Option *option, GError **error)
{
  g_autofree char *origin = g_strconcat ("--", option->flag, NULL);
  guint n_texts = g_strv_length (option->texts);

  if (option->kind == CORE && option->spec->value_type == G_TYPE_STRV)
    g_value_set_boxed (&option->value, option->texts);
  else if (option->spec->value_type == G_TYPE_STRV)
    {
      g_autofree char *all = g_strjoinv (",", option->texts);

      if (!micro_option_set_value (&option->value, option->spec, origin, all, error))
        return FALSE;
    }
  else if (!micro_option_set_value (&option->value, option->spec, origin,
                                    option->texts[n_texts - 1], error))
    return FALSE;
  take_origin (option, g_steal_pointer (&origin));
  return TRUE;
}

/* An empty variable is one that is not set: that is how deployments blank them. */
static gboolean
take_variable (Option *option, GError **error)
{
  const char *name = option->variable;
  const char *text = g_getenv (name);

  if ((text == NULL || *text == '\0') && option->alias != NULL)
    {
      name = option->alias;
      text = g_getenv (name);
    }
  if (text == NULL || *text == '\0')
    return TRUE;
  if (!micro_option_set_value (&option->value, option->spec, name, text, error))
    return FALSE;
  take_origin (option, g_strdup (name));
  return TRUE;
}

gboolean
micro_options_parse (MicroOptions *self, int *argc, char ***argv, GError **error)
{
  GOptionGroup *groups[MICRO_PLUGIN_N_KINDS];
  g_autoptr (GOptionContext) context = NULL;

  if (!rewrite_arguments (self, *argc, *argv, error))
    return FALSE;
  context = new_context (self, NULL, groups);
  g_option_context_set_help_enabled (context, FALSE);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  for (guint i = 0; i < self->options->len; i++)
    {
      Option *option = g_ptr_array_index (self->options, i);

      if (option->texts != NULL ? !take_flag (option, error) : !take_variable (option, error))
        return FALSE;
    }
  return TRUE;
}

const char *
micro_options_get_origin (MicroOptions *self, const char *name)
{
  Option *option = find_option (self, name);

  return option != NULL ? option->origin : NULL;
}

const char *
micro_options_get_string (MicroOptions *self, const char *name)
{
  return g_value_get_string (&find_option (self, name)->value);
}

guint
micro_options_get_uint (MicroOptions *self, const char *name)
{
  return g_value_get_uint (&find_option (self, name)->value);
}

const char *const *
micro_options_get_strv (MicroOptions *self, const char *name)
{
  return g_value_get_boxed (&find_option (self, name)->value);
}

GObject *
micro_options_construct (MicroOptions *self, MicroPluginKind kind, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GArray) values = g_array_new (FALSE, TRUE, sizeof (GValue));
  g_autoptr (GObject) object = NULL;
  MicroPluginGuard guard;
  gboolean fine;

  g_return_val_if_fail (self->types[kind] != 0, NULL);
  for (guint i = 0; i < self->options->len; i++)
    {
      Option *option = g_ptr_array_index (self->options, i);

      if (option->kind != (int) kind || option->origin == NULL)
        continue;
      g_ptr_array_add (names, (gpointer) option->spec->name);
      g_array_append_val (values, option->value); /* borrowed: values has no clear function */
    }
  micro_plugin_guard_enter (&guard, micro_plugin_get_file (self->types[kind]), "started");
  object
      = g_object_new_with_properties (self->types[kind], names->len, (const char **) names->pdata,
                                      (const GValue *) (gpointer) values->data);
  fine = !G_IS_INITABLE (object) || g_initable_init (G_INITABLE (object), NULL, error);
  micro_plugin_guard_leave (&guard);
  if (fine)
    return g_steal_pointer (&object);
  g_prefix_error (error, "%s %s: ", micro_plugin_kind_to_string (kind), self->names[kind]);
  return NULL;
}
