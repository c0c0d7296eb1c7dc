/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What all settings were at one moment, and how their values are read.
 */
#include "config.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "config/settings.h"
#include <micro/micro-duration.h>
#include <micro/micro-error.h>

#define SHOWN_BYTES 60

struct _MicroSettings
{
  GHashTable *table; /* of MicroSetting */
};

G_DEFINE_BOXED_TYPE (MicroSettings, micro_settings, micro_settings_ref, micro_settings_unref)

MicroSettings *
micro_settings_new (GHashTable *table)
{
  MicroSettings *self = g_atomic_rc_box_new0 (MicroSettings);

  self->table = table;
  return self;
}

/**
 * micro_settings_ref:
 * @self: settings
 *
 * Returns: (transfer full): @self
 */
MicroSettings *
micro_settings_ref (MicroSettings *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
settings_clear (gpointer data)
{
  g_hash_table_unref (((MicroSettings *) data)->table);
}

/**
 * micro_settings_unref:
 * @self: (transfer full): settings
 *
 * Drops a reference.  Any thread.
 */
void
micro_settings_unref (MicroSettings *self)
{
  g_atomic_rc_box_release_full (self, settings_clear);
}

gboolean
micro_settings_equal (MicroSettings *a, MicroSettings *b)
{
  GHashTableIter iter;
  gpointer key, value;

  if (g_hash_table_size (a->table) != g_hash_table_size (b->table))
    return FALSE;
  g_hash_table_iter_init (&iter, a->table);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      const MicroSetting *mine = value;
      const MicroSetting *other = g_hash_table_lookup (b->table, key);

      if (other == NULL || !g_bytes_equal (mine->bytes, other->bytes)
          || !g_str_equal (mine->origin, other->origin))
        return FALSE;
    }
  return TRUE;
}

static MicroSetting *
settings_find (MicroSettings *self, const char *key)
{
  g_autofree char *spelled = NULL;

  g_return_val_if_fail (self != NULL && key != NULL, NULL);
  spelled = micro_setting_key (key);
  return g_hash_table_lookup (self->table, spelled);
}

/* --- What cannot be read --- */

static void
settings_refuse (MicroSetting *setting, const char *key, const char *wanted, GError **error)
{
  g_autofree char *message = NULL;

  if (setting->text == NULL)
    message = g_strdup_printf ("%s (from %s) is no UTF-8 text", key, setting->origin);
  else
    {
      g_autofree char *begin = g_utf8_substring (
          setting->text, 0, MIN (g_utf8_strlen (setting->text, -1), SHOWN_BYTES));

      message = g_strdup_printf ("%s (from %s): “%s”%s is not %s", key, setting->origin, begin,
                                 strlen (begin) < strlen (setting->text) ? "…" : "", wanted);
    }
  if (error != NULL)
    g_set_error_literal (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT, message);
  else if (g_atomic_int_compare_and_exchange (&setting->warned, FALSE, TRUE))
    g_warning ("%s; its default is used", message);
}

/* --- Getters --- */

/**
 * micro_settings_get_string:
 * @self: settings
 * @key: what is asked for
 * @fallback: (nullable): what holds where nothing is said
 * @error: (nullable): return location, for bytes that are no UTF-8 text
 *
 * Returns: (transfer none) (nullable): its text, without the ends of lines at its end
 */
const char *
micro_settings_get_string (MicroSettings *self,
                           const char *key,
                           const char *fallback,
                           GError **error)
{
  MicroSetting *setting = settings_find (self, key);

  if (setting == NULL)
    return fallback;
  if (setting->text != NULL)
    return setting->text;
  settings_refuse (setting, key, "text", error);
  return fallback;
}

/**
 * micro_settings_get_int:
 * @self: settings
 * @key: what is asked for
 * @fallback: what holds where nothing is said
 * @error: (nullable): return location
 *
 * Returns: its whole number, in decimal
 */
gint64
micro_settings_get_int (MicroSettings *self, const char *key, gint64 fallback, GError **error)
{
  MicroSetting *setting = settings_find (self, key);
  gint64 value;

  if (setting == NULL)
    return fallback;
  if (setting->text != NULL
      && g_ascii_string_to_signed (setting->text, 10, G_MININT64, G_MAXINT64, &value, NULL))
    return value;
  settings_refuse (setting, key, "a whole number of 64 bits, such as 42", error);
  return fallback;
}

/**
 * micro_settings_get_double:
 * @self: settings
 * @key: what is asked for
 * @fallback: what holds where nothing is said
 * @error: (nullable): return location
 *
 * Returns: its number, finite, with a dot before the fraction
 */
double
micro_settings_get_double (MicroSettings *self, const char *key, double fallback, GError **error)
{
  MicroSetting *setting = settings_find (self, key);

  if (setting == NULL)
    return fallback;
  if (setting->text != NULL && *setting->text != '\0' && !g_ascii_isspace (*setting->text))
    {
      char *end;
      double value = g_ascii_strtod (setting->text, &end);

      if (*end == '\0' && isfinite (value))
        return value;
    }
  settings_refuse (setting, key, "a number, such as 0.5", error);
  return fallback;
}

/**
 * micro_settings_get_boolean:
 * @self: settings
 * @key: what is asked for
 * @fallback: what holds where nothing is said
 * @error: (nullable): return location
 *
 * Returns: whether it is true, yes, on or 1, and not false, no, off or 0
 */
gboolean
micro_settings_get_boolean (MicroSettings *self, const char *key, gboolean fallback, GError **error)
{
  static const char *const words[] = { "false", "true", "no", "yes", "off", "on", "0", "1" };
  MicroSetting *setting = settings_find (self, key);

  if (setting == NULL)
    return fallback;
  for (guint i = 0; setting->text != NULL && i < G_N_ELEMENTS (words); i++)
    if (g_ascii_strcasecmp (setting->text, words[i]) == 0)
      return i % 2 == 1;
  settings_refuse (setting, key, "true or false", error);
  return fallback;
}

/**
 * micro_settings_get_duration:
 * @self: settings
 * @key: what is asked for
 * @fallback_ms: what holds where nothing is said, in milliseconds
 * @error: (nullable): return location
 *
 * Returns: its time in milliseconds, written as micro_duration_parse() takes it
 */
guint
micro_settings_get_duration (MicroSettings *self,
                             const char *key,
                             guint fallback_ms,
                             GError **error)
{
  MicroSetting *setting = settings_find (self, key);
  guint value;

  if (setting == NULL)
    return fallback_ms;
  if (setting->text != NULL && micro_duration_parse (setting->text, &value))
    return value;
  settings_refuse (setting, key, "a duration, such as 500ms, 5s or 1m30s", error);
  return fallback_ms;
}

/**
 * micro_settings_get_list:
 * @self: settings
 * @key: what is asked for
 * @error: (nullable): return location, for bytes that are no UTF-8 text
 *
 * Returns: (transfer full): what stands between commas or ends of lines, without the space around
 *   it and without what is empty; or the elements KEY.0, KEY.1 of an array of JSON
 */
char **
micro_settings_get_list (MicroSettings *self, const char *key, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  MicroSetting *setting = settings_find (self, key);

  if (setting != NULL && setting->text == NULL)
    settings_refuse (setting, key, "a list", error);
  else if (setting != NULL)
    {
      g_auto (GStrv) parts = g_strsplit_set (setting->text, ",\n", -1);

      for (char **part = parts; *part != NULL; part++)
        if (*g_strstrip (*part) != '\0')
          g_strv_builder_add (builder, *part);
    }
  else
    for (guint i = 0; TRUE; i++)
      {
        g_autofree char *element = g_strdup_printf ("%s.%u", key, i);
        const char *text = micro_settings_get_string (self, element, NULL, error);

        if (text == NULL)
          break;
        g_strv_builder_add (builder, text);
      }
  return g_strv_builder_end (builder);
}

/**
 * micro_settings_get_bytes:
 * @self: settings
 * @key: what is asked for
 *
 * Returns: (transfer none) (nullable): what the source has, to the byte, be it text or not
 */
GBytes *
micro_settings_get_bytes (MicroSettings *self, const char *key)
{
  MicroSetting *setting = settings_find (self, key);

  return setting != NULL ? setting->bytes : NULL;
}

/**
 * micro_settings_has:
 * @self: settings
 * @key: what is asked for
 *
 * Returns: whether any source says something of it
 */
gboolean
micro_settings_has (MicroSettings *self, const char *key)
{
  return settings_find (self, key) != NULL;
}

/**
 * micro_settings_get_origin:
 * @self: settings
 * @key: what is asked for
 *
 * Returns: (transfer none) (nullable): what says it, for people: a variable, a file, a ConfigMap
 */
const char *
micro_settings_get_origin (MicroSettings *self, const char *key)
{
  MicroSetting *setting = settings_find (self, key);

  return setting != NULL ? setting->origin : NULL;
}

static int
settings_compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/**
 * micro_settings_list_keys:
 * @self: settings
 *
 * Returns: (transfer full): all keys, in the order of their bytes
 */
char **
micro_settings_list_keys (MicroSettings *self)
{
  g_autofree gpointer *keys = NULL;
  char **copy;
  guint n;

  g_return_val_if_fail (self != NULL, NULL);
  keys = g_hash_table_get_keys_as_array (self->table, &n);
  copy = g_new0 (char *, n + 1);
  for (guint i = 0; i < n; i++)
    copy[i] = g_strdup (keys[i]);
  qsort (copy, n, sizeof *copy, settings_compare);
  return copy;
}
