/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * From a plugin's name to its type: linked in, offered by the program, or from a file.
 */
#include "config.h"

#include <string.h>

#include "base/similar.h"
#include "plugin/builtin.h"
#include "plugin/file.h"
#include "plugin/guard.h"
#include "plugin/plugin.h"
#include <micro/micro-plugin.h>
#include <micro/micro-transport.h>

typedef struct
{
  const MicroPluginInfo *info;
  char *file;      /* NULL when linked in */
  GType type;      /* G_TYPE_INVALID until asked for, and when that failed */
  GError *failure; /* why; get_type is never called twice after a 0, it could wait for ever */
  MicroPluginKind kind;
} Plugin;

static const char *const point_names[MICRO_PLUGIN_N_KINDS]
    = { "micro-registry", "micro-selector", "micro-transport", "micro-health", "micro-broker" };

static GMutex mutex;
static GPtrArray *plugins; /* of Plugin, for ever */

void
micro_plugin_init (void)
{
  static gsize done;

  if (!g_once_init_enter (&done))
    return;
  for (guint kind = 0; kind < MICRO_PLUGIN_N_KINDS; kind++)
    g_io_extension_point_set_required_type (g_io_extension_point_register (point_names[kind]),
                                            micro_plugin_kind_get_interface (kind));
  for (const MicroBuiltinEntry *entry = micro_builtin_plugins; *entry != NULL; entry++)
    micro_plugin_add_builtin ((*entry) ());
  g_once_init_leave (&done, 1);
}

static Plugin *
add_plugin (const MicroPluginInfo *info, const char *file)
{
  Plugin *self = g_new0 (Plugin, 1);

  self->info = info;
  self->file = g_strdup (file);
  if (plugins == NULL)
    plugins = g_ptr_array_new ();
  g_ptr_array_add (plugins, self);
  return self;
}

static Plugin *
plugin_of_info (const MicroPluginInfo *info)
{
  for (guint i = 0; plugins != NULL && i < plugins->len; i++)
    {
      Plugin *plugin = g_ptr_array_index (plugins, i);

      if (plugin->info == info)
        return plugin;
    }
  return NULL;
}

static Plugin *
plugin_of_type (GType type)
{
  for (guint i = 0; plugins != NULL && i < plugins->len; i++)
    {
      Plugin *plugin = g_ptr_array_index (plugins, i);

      if (plugin->type == type)
        return plugin;
    }
  return NULL;
}

/* --- The type behind an info --- */

/* GObject complains aloud of a type name that is taken; the first complaint becomes our reason. */
static void
keep_first_complaint (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  char **ret_message = data;

  if (*ret_message == NULL)
    *ret_message = g_strdup (message);
}

static GType
call_get_type (const MicroPluginInfo *info, char **ret_complaint)
{
  const GLogLevelFlags levels = G_LOG_LEVEL_WARNING | G_LOG_LEVEL_CRITICAL;
  guint gobject = g_log_set_handler ("GLib-GObject", levels, keep_first_complaint, ret_complaint);
  guint glib = g_log_set_handler ("GLib", levels, keep_first_complaint, ret_complaint);
  GType type = info->get_type ();

  g_log_remove_handler ("GLib-GObject", gobject);
  g_log_remove_handler ("GLib", glib);
  return type;
}

/* A transport embeds what a call is made of, so nothing but the same will do. */
static gboolean
check_transport_abi (Plugin *self, const char *where)
{
  if (self->info->transport_abi == MICRO_TRANSPORT_ABI)
    return TRUE;
  if (self->info->transport_abi == 0)
    g_set_error (&self->failure, MICRO_PLUGIN_ERROR, MICRO_PLUGIN_ERROR_ABI,
                 "%s: is a transport and does not say for which transport ABI it was built: define "
                 "it with MICRO_TRANSPORT_DEFINE",
                 where);
  else
    g_set_error (&self->failure, MICRO_PLUGIN_ERROR, MICRO_PLUGIN_ERROR_ABI,
                 "%s: built for transport ABI %u, but this micro %s has %u; rebuild the plugin",
                 where, self->info->transport_abi, PACKAGE_VERSION, MICRO_TRANSPORT_ABI);
  return FALSE;
}

static void
take_type (Plugin *self, const char *where)
{
  g_autofree char *complaint = NULL;
  MicroPluginGuard guard;
  const Plugin *other;
  GType type;

  micro_plugin_guard_enter (&guard, self->file, "loaded");
  type = call_get_type (self->info, &complaint);
  micro_plugin_guard_leave (&guard);
  if (type == G_TYPE_INVALID)
    {
      g_set_error (&self->failure, MICRO_PLUGIN_ERROR, MICRO_PLUGIN_ERROR_ENTRY,
                   "%s: its type could not be registered: %s; is the same plugin loaded from "
                   "another file?",
                   where, complaint != NULL ? complaint : "get_type gives 0");
      return;
    }
  other = plugin_of_type (type);
  if (other != NULL)
    {
      g_set_error (&self->failure, MICRO_PLUGIN_ERROR, MICRO_PLUGIN_ERROR_ENTRY,
                   "%s: its type %s is already that of %s", where, g_type_name (type),
                   other->file != NULL ? other->file : "a linked-in plugin");
      return;
    }
  for (guint kind = 0; kind < MICRO_PLUGIN_N_KINDS; kind++)
    if (g_type_is_a (type, G_TYPE_OBJECT) && !G_TYPE_IS_ABSTRACT (type)
        && g_type_is_a (type, micro_plugin_kind_get_interface (kind)))
      {
        if (kind == MICRO_PLUGIN_TRANSPORT && !check_transport_abi (self, where))
          return;
        self->kind = kind;
        self->type = type;
        return;
      }
  g_set_error (&self->failure, MICRO_PLUGIN_ERROR, MICRO_PLUGIN_ERROR_KIND,
               "%s: its type %s implements none of registry, selector, transport, health, broker",
               where, g_type_name (type));
}

static gboolean
ensure_type (Plugin *self, GError **error)
{
  const char *where = self->file != NULL ? self->file : self->info->name;

  if (self->type == G_TYPE_INVALID && self->failure == NULL)
    take_type (self, where);
  if (self->failure == NULL)
    return TRUE;
  if (error != NULL)
    *error = g_error_copy (self->failure);
  return FALSE;
}

/* --- Files --- */

static Plugin *
plugin_open_file (const char *path, GError **error)
{
  const MicroPluginInfo *info = micro_plugin_file_open (path, error);
  Plugin *self;

  if (info == NULL)
    return NULL;
  self = plugin_of_info (info); /* another name for a file that is open already */
  if (self == NULL)
    {
      g_info ("loading %s (%s %s)", path, info->name, info->version != NULL ? info->version : "");
      self = add_plugin (info, path);
    }
  if (!ensure_type (self, error))
    return NULL;
  g_io_extension_point_implement (point_names[self->kind], self->type, info->name, 0);
  return self;
}

static Plugin *
open_file_of_kind (const char *path, MicroPluginKind kind, GError **error)
{
  Plugin *self = plugin_open_file (path, error);

  if (self == NULL || self->kind == kind)
    return self;
  g_set_error (error, MICRO_PLUGIN_ERROR, MICRO_PLUGIN_ERROR_KIND,
               "%s: is a %s, not a %s; use it with --%s", path,
               micro_plugin_kind_to_string (self->kind), micro_plugin_kind_to_string (kind),
               micro_plugin_kind_to_string (self->kind));
  return NULL;
}

/* (nullable) (transfer full): the first directory's NAME.so. */
static char *
search_file (const char *name)
{
  g_auto (GStrv) path = micro_plugin_file_path ();

  for (char **dir = path; *dir != NULL; dir++)
    {
      g_autofree char *file = g_strdup_printf ("%s/%s.so", *dir, name);

      if (g_file_test (file, G_FILE_TEST_EXISTS) || g_file_test (file, G_FILE_TEST_IS_SYMLINK))
        return g_steal_pointer (&file);
    }
  return NULL;
}

/* (element-type char *): the names that micro_plugin_find() would know. */
static GPtrArray *
plugin_list_names (MicroPluginKind kind)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *suffix = g_strdup_printf ("-%s.so", micro_plugin_kind_to_string (kind));
  g_auto (GStrv) path = micro_plugin_file_path ();
  GIOExtensionPoint *point = g_io_extension_point_lookup (point_names[kind]);

  for (guint i = 0; plugins != NULL && i < plugins->len; i++)
    {
      Plugin *plugin = g_ptr_array_index (plugins, i);

      if (plugin->file == NULL && ensure_type (plugin, NULL) && plugin->kind == kind)
        g_ptr_array_add (names, g_strdup (plugin->info->name));
    }
  for (GList *l = g_io_extension_point_get_extensions (point); l != NULL; l = l->next)
    g_ptr_array_add (names, g_strdup (g_io_extension_get_name (l->data)));
#ifdef MICRO_ENABLE_MODULES
  for (char **folder = path; *folder != NULL; folder++)
    {
      g_autoptr (GDir) dir = g_dir_open (*folder, 0, NULL);
      const char *file;

      while (dir != NULL && (file = g_dir_read_name (dir)) != NULL)
        if (g_str_has_suffix (file, suffix))
          g_ptr_array_add (names, g_strndup (file, strlen (file) - strlen (suffix)));
    }
#endif
  return names;
}

/* What to try; @names: of @kind */
static char *
make_hint (const char *name, GPtrArray *names)
{
  const char *near = micro_similar (name, names);

  for (guint other = 0; other < MICRO_PLUGIN_N_KINDS; other++)
    {
      g_autoptr (GPtrArray) others = plugin_list_names (other);
      const char *kind = micro_plugin_kind_to_string (other);

      if (g_ptr_array_find_with_equal_func (others, name, g_str_equal, NULL))
        return g_strdup_printf ("“%s” is a %s: use it with --%s", name, kind, kind);
    }
  return near != NULL ? g_strdup_printf ("did you mean “%s”?", near)
                      : g_strdup ("“micro plugins” lists what there is");
}

static void
set_not_found (MicroPluginKind kind, const char *name, GError **error)
{
  g_autoptr (GPtrArray) names = plugin_list_names (kind);
  g_autofree char *hint = make_hint (name, names);
#ifdef MICRO_ENABLE_MODULES
  g_auto (GStrv) path = micro_plugin_file_path ();
  g_autofree char *dirs = g_strjoinv (", ", path);

  g_set_error (error, MICRO_PLUGIN_ERROR, MICRO_PLUGIN_ERROR_NOT_FOUND,
               "no %s named “%s”: looked for %s-%s.so in %s; %s",
               micro_plugin_kind_to_string (kind), name, name, micro_plugin_kind_to_string (kind),
               dirs, hint);
#else
  g_autoptr (GString) have = g_string_new (NULL);

  for (guint i = 0; i < names->len; i++)
    g_string_append_printf (have, "%s%s", i > 0 ? ", " : "", (char *) names->pdata[i]);
  g_set_error (error, MICRO_PLUGIN_ERROR, MICRO_PLUGIN_ERROR_NOT_FOUND,
               "no %s named “%s” is compiled in (have: %s); %s", micro_plugin_kind_to_string (kind),
               name, have->str, hint);
#endif
}

/* --- Look-up --- */

static Plugin *
find_builtin (MicroPluginKind kind, const char *name)
{
  for (guint i = 0; plugins != NULL && i < plugins->len; i++)
    {
      Plugin *plugin = g_ptr_array_index (plugins, i);

      if (plugin->file == NULL
          && (g_str_equal (plugin->info->name, name) || g_strcmp0 (plugin->info->alias, name) == 0)
          && ensure_type (plugin, NULL) && plugin->kind == kind)
        return plugin;
    }
  return NULL;
}

static GType
find_locked (MicroPluginKind kind, const char *name, GError **error)
{
  GIOExtension *extension;
  Plugin *plugin;
  g_autofree char *file_name = NULL;
  g_autofree char *file = NULL;

  if (strchr (name, '/') != NULL)
    {
      plugin = open_file_of_kind (name, kind, error);
      return plugin != NULL ? plugin->type : G_TYPE_INVALID;
    }
  if (!micro_plugin_name_is_valid (name))
    {
      g_set_error (error, MICRO_PLUGIN_ERROR, MICRO_PLUGIN_ERROR_NOT_FOUND,
                   "“%s” is not the name of a %s: names are of a-z, 0-9 and -; a path needs a “/”",
                   name, micro_plugin_kind_to_string (kind));
      return G_TYPE_INVALID;
    }
  plugin = find_builtin (kind, name);
  if (plugin != NULL)
    return plugin->type;
  extension = g_io_extension_point_get_extension_by_name (
      g_io_extension_point_lookup (point_names[kind]), name);
  if (extension != NULL)
    return g_io_extension_get_type (extension);
#ifdef MICRO_ENABLE_MODULES
  file_name = g_strdup_printf ("%s-%s", name, micro_plugin_kind_to_string (kind));
  file = search_file (file_name);
#endif
  if (file == NULL)
    {
      set_not_found (kind, name, error);
      return G_TYPE_INVALID;
    }
  plugin = open_file_of_kind (file, kind, error);
  return plugin != NULL ? plugin->type : G_TYPE_INVALID;
}

/**
 * micro_plugin_find:
 * @kind: what kind of plugin
 * @name: its name ("static"), or the path of its file if there is a slash in it
 * @error: return location for a #MicroPluginError
 *
 * Looks at what is linked in, then at what the program offered at the extension point
 * `micro-KIND`, then for `NAME-KIND.so` in the directories of micro_plugin_get_path().  The first
 * hit counts, also when it does not load.  Any thread.
 *
 * Returns: the type to construct, or %G_TYPE_INVALID
 */
GType
micro_plugin_find (MicroPluginKind kind, const char *name, GError **error)
{
  GType type;

  g_return_val_if_fail (kind < MICRO_PLUGIN_N_KINDS && name != NULL, G_TYPE_INVALID);
  micro_plugin_init ();
  g_mutex_lock (&mutex);
  type = find_locked (kind, name, error);
  g_mutex_unlock (&mutex);
  return type;
}

static char *
path_of_name (const char *name, GError **error)
{
  g_autofree char *stem
      = g_str_has_suffix (name, ".so") ? g_strndup (name, strlen (name) - 3) : g_strdup (name);
  g_auto (GStrv) path = NULL;
  g_autofree char *dirs = NULL;
  char *file;

  if (strchr (name, '/') != NULL)
    return g_strdup (name);
  file = search_file (stem);
  if (file != NULL)
    return file;
  path = micro_plugin_file_path ();
  dirs = g_strjoinv (", ", path);
  g_set_error (
      error, MICRO_PLUGIN_ERROR, MICRO_PLUGIN_ERROR_NOT_FOUND,
      "no plugin file %s.so in %s; write its name with the kind (“roundrobin-selector”) or its "
      "path with a “/”",
      stem, dirs);
  return NULL;
}

/**
 * micro_plugin_load:
 * @name_or_path: a file name without ".so" such as "ewma-selector", or a path with a slash
 * @error: return location for a #MicroPluginError
 *
 * Loads one more plugin file, whose name then is known to micro_plugin_find().  Any thread.
 *
 * Returns: whether it is loaded, or was before
 */
gboolean
micro_plugin_load (const char *name_or_path, GError **error)
{
  g_autofree char *file = NULL;

  g_return_val_if_fail (name_or_path != NULL, FALSE);
  file = path_of_name (name_or_path, error);
  return file != NULL && micro_plugin_inspect (file, NULL, error) != NULL;
}

/**
 * micro_plugin_inspect:
 * @path: a file
 * @ret_kind: (out) (optional): what kind of plugin it is
 * @error: return location for a #MicroPluginError
 *
 * Opens @path and says what is in it.  A file that crashes takes the process with it,
 * after a sentence on standard error that names it.
 *
 * Returns: (transfer none) (nullable): what the plugin says of itself
 */
const MicroPluginInfo *
micro_plugin_inspect (const char *path, MicroPluginKind *ret_kind, GError **error)
{
  Plugin *plugin;

  g_return_val_if_fail (path != NULL, NULL);
  micro_plugin_init ();
  g_mutex_lock (&mutex);
  plugin = plugin_open_file (path, error);
  g_mutex_unlock (&mutex);
  if (plugin == NULL)
    return NULL;
  if (ret_kind != NULL)
    *ret_kind = plugin->kind;
  return plugin->info;
}

/**
 * micro_plugin_add_builtin: (skip)
 * @info: (transfer none): a linked-in plugin, there for ever
 *
 * Offers a plugin that is part of the program.  Its type is not asked for until it is looked up.
 */
void
micro_plugin_add_builtin (const MicroPluginInfo *info)
{
  g_return_if_fail (info != NULL && info->name != NULL && info->get_type != NULL);
  g_mutex_lock (&mutex);
  if (plugin_of_info (info) == NULL)
    add_plugin (info, NULL);
  g_mutex_unlock (&mutex);
}

/**
 * micro_plugin_list_builtin:
 *
 * Returns: (transfer container) (element-type MicroPluginInfo): the linked-in plugins; their types
 * are registered, so that `info->get_type ()` tells the kind
 */
GPtrArray *
micro_plugin_list_builtin (void)
{
  GPtrArray *infos = g_ptr_array_new ();

  micro_plugin_init ();
  g_mutex_lock (&mutex);
  for (guint i = 0; plugins != NULL && i < plugins->len; i++)
    {
      Plugin *plugin = g_ptr_array_index (plugins, i);

      if (plugin->file == NULL && ensure_type (plugin, NULL))
        g_ptr_array_add (infos, (gpointer) plugin->info);
    }
  g_mutex_unlock (&mutex);
  return infos;
}

/**
 * micro_plugin_get_info:
 * @type: what micro_plugin_find() gave
 *
 * Returns: (transfer none) (nullable): what its plugin says of itself, or %NULL for a type that
 * the program offered
 */
const MicroPluginInfo *
micro_plugin_get_info (GType type)
{
  const Plugin *plugin;

  g_return_val_if_fail (type != G_TYPE_INVALID, NULL);
  g_mutex_lock (&mutex);
  plugin = plugin_of_type (type);
  g_mutex_unlock (&mutex);
  return plugin != NULL ? plugin->info : NULL;
}

const char *
micro_plugin_get_file (GType type)
{
  const Plugin *plugin;

  g_mutex_lock (&mutex);
  plugin = plugin_of_type (type);
  g_mutex_unlock (&mutex);
  return plugin != NULL ? plugin->file : NULL;
}
