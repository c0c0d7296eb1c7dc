/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Looking at flags and variables before it is known which there are.
 */
#include "config.h"

#include <string.h>

#include "plugin/options.h"

char *
micro_option_variable (const char *flag)
{
  g_autofree char *upper = g_ascii_strup (flag, -1);

  return g_strconcat ("MICRO_", g_strdelimit (upper, "-", '_'), NULL);
}

char *
micro_option_flag (const char *argument)
{
  if (!g_str_has_prefix (argument, "--") || argument[2] == '\0')
    return NULL;
  return g_strdelimit (g_strndup (argument + 2, strcspn (argument + 2, "=")), "_", '-');
}

char *
micro_options_peek (int argc, char **argv, const char *name)
{
  g_autofree char *variable = micro_option_variable (name);
  const char *found = NULL;

  for (int i = 1; i < argc && !g_str_equal (argv[i], "--"); i++)
    {
      g_autofree char *flag = micro_option_flag (argv[i]);
      const char *equals = strchr (argv[i], '=');

      if (flag == NULL || !g_str_equal (flag, name))
        continue;
      if (equals != NULL)
        found = equals + 1;
      else if (i + 1 < argc)
        found = argv[i + 1];
    }
  if (found == NULL)
    found = g_getenv (variable);
  return found != NULL && *found != '\0' ? g_strdup (found) : NULL;
}

const char *
micro_options_find_flag (int argc, char **argv, const char *const *flags)
{
  for (int i = 1; i < argc && !g_str_equal (argv[i], "--"); i++)
    for (const char *const *flag = flags; *flag != NULL; flag++)
      if (g_str_equal (argv[i], *flag))
        return *flag;
  return NULL;
}
