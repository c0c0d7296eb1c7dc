/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * From the text of a flag or variable to the value of a property.
 */
#include "config.h"

#include <string.h>

#include "plugin/options.h"

static gboolean
options_value_fail (GError **error, const char *origin, const char *text, const char *why)
{
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: “%s” %s", origin, text, why);
  return FALSE;
}

static gboolean
set_boolean (GValue *value, const char *origin, const char *text, GError **error)
{
  static const char *const yes[] = { "true", "1", "yes", "on", "t", NULL };
  static const char *const no[] = { "false", "0", "no", "off", "f", NULL };
  g_autofree char *lower = g_ascii_strdown (text, -1);

  if (!g_strv_contains (yes, lower) && !g_strv_contains (no, lower))
    return options_value_fail (error, origin, text, "is neither true nor false");
  g_value_set_boolean (value, g_strv_contains (yes, lower));
  return TRUE;
}

static gboolean
fail_number (GError *local,
             const char *origin,
             const char *text,
             const char *low,
             const char *high,
             GError **error)
{
  gboolean range
      = g_error_matches (local, G_NUMBER_PARSER_ERROR, G_NUMBER_PARSER_ERROR_OUT_OF_BOUNDS);
  g_autofree char *why = g_strdup_printf ("is %s (%s to %s)",
                                          range ? "out of range" : "not a whole number", low, high);

  g_error_free (local);
  return options_value_fail (error, origin, text, why);
}

/* A minus before digits is a number, only not one of ours. */
static gboolean
looks_negative (const char *text)
{
  return text[0] == '-' && text[1] != '\0' && strspn (text + 1, "0123456789") == strlen (text + 1);
}

static gboolean
parse_unsigned (
    const char *text, guint64 low, guint64 high, guint64 *ret, const char *origin, GError **error)
{
  GError *local = NULL;
  g_autofree char *low_text = NULL;
  g_autofree char *high_text = NULL;

  if (!looks_negative (text) && g_ascii_string_to_unsigned (text, 10, low, high, ret, &local))
    return TRUE;
  if (local == NULL)
    local = g_error_new_literal (G_NUMBER_PARSER_ERROR, G_NUMBER_PARSER_ERROR_OUT_OF_BOUNDS, "");
  low_text = g_strdup_printf ("%" G_GUINT64_FORMAT, low);
  high_text = g_strdup_printf ("%" G_GUINT64_FORMAT, high);
  return fail_number (local, origin, text, low_text, high_text, error);
}

static gboolean
parse_signed (
    const char *text, gint64 low, gint64 high, gint64 *ret, const char *origin, GError **error)
{
  GError *local = NULL;
  g_autofree char *low_text = NULL;
  g_autofree char *high_text = NULL;

  if (g_ascii_string_to_signed (text, 10, low, high, ret, &local))
    return TRUE;
  low_text = g_strdup_printf ("%" G_GINT64_FORMAT, low);
  high_text = g_strdup_printf ("%" G_GINT64_FORMAT, high);
  return fail_number (local, origin, text, low_text, high_text, error);
}

static gboolean
set_double (GValue *value, GParamSpec *spec, const char *origin, const char *text, GError **error)
{
  GParamSpecDouble *range = G_PARAM_SPEC_DOUBLE (spec);
  char *end;
  double number = g_ascii_strtod (text, &end);
  g_autofree char *why = NULL;

  if (end == text || *end != '\0')
    return options_value_fail (error, origin, text, "is not a number");
  if (number >= range->minimum && number <= range->maximum)
    {
      g_value_set_double (value, number);
      return TRUE;
    }
  why = g_strdup_printf ("is out of range (%g to %g)", range->minimum, range->maximum);
  return options_value_fail (error, origin, text, why);
}

static gboolean
set_enum (GValue *value, GParamSpec *spec, const char *origin, const char *text, GError **error)
{
  GEnumClass *klass = G_PARAM_SPEC_ENUM (spec)->enum_class;
  const GEnumValue *found = g_enum_get_value_by_nick (klass, text);
  g_autoptr (GString) why = NULL;

  if (found != NULL)
    {
      g_value_set_enum (value, found->value);
      return TRUE;
    }
  why = g_string_new ("is not one of ");
  for (guint i = 0; i < klass->n_values; i++)
    g_string_append_printf (why, "%s%s", i > 0 ? ", " : "", klass->values[i].value_nick);
  return options_value_fail (error, origin, text, why->str);
}

static gboolean
set_unsigned (GValue *value, GParamSpec *spec, const char *origin, const char *text, GError **error)
{
  guint64 number;

  if (G_IS_PARAM_SPEC_UINT (spec))
    {
      GParamSpecUInt *range = G_PARAM_SPEC_UINT (spec);

      if (!parse_unsigned (text, range->minimum, range->maximum, &number, origin, error))
        return FALSE;
      g_value_set_uint (value, number);
    }
  else
    {
      GParamSpecUInt64 *range = G_PARAM_SPEC_UINT64 (spec);

      if (!parse_unsigned (text, range->minimum, range->maximum, &number, origin, error))
        return FALSE;
      g_value_set_uint64 (value, number);
    }
  return TRUE;
}

static gboolean
set_signed (GValue *value, GParamSpec *spec, const char *origin, const char *text, GError **error)
{
  gint64 number;

  if (G_IS_PARAM_SPEC_INT (spec))
    {
      GParamSpecInt *range = G_PARAM_SPEC_INT (spec);

      if (!parse_signed (text, range->minimum, range->maximum, &number, origin, error))
        return FALSE;
      g_value_set_int (value, number);
    }
  else
    {
      GParamSpecInt64 *range = G_PARAM_SPEC_INT64 (spec);

      if (!parse_signed (text, range->minimum, range->maximum, &number, origin, error))
        return FALSE;
      g_value_set_int64 (value, number);
    }
  return TRUE;
}

gboolean
micro_option_type_is_known (GParamSpec *spec)
{
  return G_IS_PARAM_SPEC_STRING (spec) || G_IS_PARAM_SPEC_BOOLEAN (spec)
         || G_IS_PARAM_SPEC_INT (spec) || G_IS_PARAM_SPEC_UINT (spec)
         || G_IS_PARAM_SPEC_INT64 (spec) || G_IS_PARAM_SPEC_UINT64 (spec)
         || G_IS_PARAM_SPEC_DOUBLE (spec) || G_IS_PARAM_SPEC_ENUM (spec)
         || spec->value_type == G_TYPE_STRV;
}

gboolean
micro_option_set_value (
    GValue *value, GParamSpec *spec, const char *origin, const char *text, GError **error)
{
  if (!g_utf8_validate (text, -1, NULL))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: is not valid UTF-8",
                   origin);
      return FALSE;
    }
  if (G_IS_PARAM_SPEC_STRING (spec))
    g_value_set_string (value, text);
  else if (G_IS_PARAM_SPEC_BOOLEAN (spec))
    return set_boolean (value, origin, text, error);
  else if (G_IS_PARAM_SPEC_UINT (spec) || G_IS_PARAM_SPEC_UINT64 (spec))
    return set_unsigned (value, spec, origin, text, error);
  else if (G_IS_PARAM_SPEC_INT (spec) || G_IS_PARAM_SPEC_INT64 (spec))
    return set_signed (value, spec, origin, text, error);
  else if (G_IS_PARAM_SPEC_DOUBLE (spec))
    return set_double (value, spec, origin, text, error);
  else if (G_IS_PARAM_SPEC_ENUM (spec))
    return set_enum (value, spec, origin, text, error);
  else if (spec->value_type == G_TYPE_STRV)
    g_value_take_boxed (value, g_strsplit (text, ",", -1));
  return TRUE;
}

char *
micro_option_default (GParamSpec *spec)
{
  const GValue *value = g_param_spec_get_default_value (spec);

  if (G_IS_PARAM_SPEC_STRING (spec))
    {
      const char *text = g_value_get_string (value);

      return text != NULL && *text != '\0' ? g_strdup (text) : NULL;
    }
  if (G_IS_PARAM_SPEC_BOOLEAN (spec))
    return g_value_get_boolean (value) ? g_strdup ("true") : NULL;
  if (G_IS_PARAM_SPEC_UINT (spec))
    return g_strdup_printf ("%u", g_value_get_uint (value));
  if (G_IS_PARAM_SPEC_INT (spec))
    return g_strdup_printf ("%d", g_value_get_int (value));
  if (G_IS_PARAM_SPEC_UINT64 (spec))
    return g_strdup_printf ("%" G_GUINT64_FORMAT, g_value_get_uint64 (value));
  if (G_IS_PARAM_SPEC_INT64 (spec))
    return g_strdup_printf ("%" G_GINT64_FORMAT, g_value_get_int64 (value));
  if (G_IS_PARAM_SPEC_DOUBLE (spec))
    return g_strdup_printf ("%g", g_value_get_double (value));
  if (G_IS_PARAM_SPEC_ENUM (spec))
    {
      const GEnumValue *found
          = g_enum_get_value (G_PARAM_SPEC_ENUM (spec)->enum_class, g_value_get_enum (value));

      return found != NULL ? g_strdup (found->value_nick) : NULL;
    }
  return NULL;
}
