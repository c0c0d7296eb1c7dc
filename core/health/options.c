/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Which targets to ask, and for how long.
 */
#include "config.h"

#include <string.h>

#include "health.h"

void
health_options_prepare (void)
{
  /* These name plugins and threads that nothing here needs, and that cost time and memory. */
  g_setenv ("MICRO_REGISTRY", "memory", TRUE);
  g_setenv ("MICRO_SELECTOR", "roundrobin", TRUE);
  g_setenv ("MICRO_SERVER_THREADS", "1", TRUE);
  g_unsetenv ("MICRO_BROKER");
  g_unsetenv ("MICRO_HEALTH");
  /* Who asks now wants to know how it is now, not how it was when it was asked last. */
  g_setenv ("MICRO_TRANSPORT_RECONNECT_MIN_MS", "0", FALSE);
}

void
health_options_add (HealthOptions *self, MicroApp *app)
{
  const GOptionEntry entries[] = {
    { "target", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->more,
      "One more to ask; repeatable [MICRO_TARGET]", "NAME=ADDRESS" },
    { "connect-timeout", 0, 0, G_OPTION_ARG_STRING, &self->connect_timeout,
      "How long connecting may take [MICRO_CONNECT_TIMEOUT]", "DURATION" },
    { "rpc-timeout", 0, 0, G_OPTION_ARG_STRING, &self->rpc_timeout,
      "How long the answer may take then [MICRO_RPC_TIMEOUT]", "DURATION" },
    G_OPTION_ENTRY_NULL,
  };

  *self = (HealthOptions){ NULL };
  micro_app_add_options (app, entries);
}

char *
health_option (const char *value, const char *name, const char *preset)
{
  const char *variable = g_getenv (name);

  if (value == NULL && variable != NULL && *variable != '\0')
    value = variable;
  return g_strdup (value != NULL ? value : preset);
}

static gboolean
read_timeout (const char *value,
              const char *flag,
              const char *variable,
              const char *preset,
              guint *ret_ms,
              GError **error)
{
  g_autofree char *text = health_option (value, variable, preset);

  if (micro_duration_parse (text, ret_ms) && *ret_ms > 0)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "%s: “%s” is not a duration; write it as 500ms, 5s or 1m30s",
               value != NULL ? flag : variable, text);
  return FALSE;
}

/* --- Targets --- */

static void
options_target_free (gpointer data)
{
  Target *target = data;

  g_free (target->name);
  g_free (target->address);
  g_free (target);
}

/* Where one listens on all interfaces, one is reached by loopback: manifests have the address that
 * the service beside us listens on. */
static char *
address_to_call (const char *address)
{
  static const char *const any[] = { "0.0.0.0:", "[::]:", "*:", ":" };

  for (guint i = 0; i < G_N_ELEMENTS (any); i++)
    if (g_str_has_prefix (address, any[i]))
      return g_strconcat ("localhost:", address + strlen (any[i]), NULL);
  return g_strdup (address);
}

/* It becomes a part of a path. */
static gboolean
health_options_is_name (const char *name)
{
  const char *at = name;

  while (g_ascii_isgraph (*at) && strchr ("?#\"\\", *at) == NULL)
    at++;
  return at != name && *at == '\0';
}

static gboolean
add_target (
    HealthOptions *self, const char *flag, const char *name, const char *address, GError **error)
{
  Target *target = g_new0 (Target, 1);

  target->name = g_strdup (name);
  target->address = address_to_call (address);
  g_ptr_array_add (self->targets, target);
  if (!health_options_is_name (name))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "%s: “%s” is not a name that a path can carry; use letters, digits, . - _ and /",
                   flag, name);
      return FALSE;
    }
  if (micro_transport_check_address (self->asker.transport, target->address, error))
    return TRUE;
  g_prefix_error (error, "%s: ", flag);
  return FALSE;
}

static gboolean
add_more (HealthOptions *self, GError **error)
{
  g_autofree char *variable = health_option (NULL, "MICRO_TARGET", "");
  g_auto (GStrv) listed = g_strsplit (variable, ",", -1);
  const char *flag = self->more != NULL ? "--target" : "MICRO_TARGET";

  for (char **text = self->more != NULL ? self->more : listed; *text != NULL; text++)
    {
      char *equals = strchr (*text, '=');
      g_autofree char *name = equals != NULL ? g_strndup (*text, equals - *text) : NULL;

      if (equals == NULL)
        {
          g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       "%s: “%s” is not NAME=ADDRESS, such as greeter=localhost:9091", flag, *text);
          return FALSE;
        }
      if (!add_target (self, flag, name, equals + 1, error))
        return FALSE;
    }
  return TRUE;
}

/* --server-name and --server-address, which are here whom to ask. */
static gboolean
add_first (HealthOptions *self, MicroApp *app, GError **error)
{
  const char *name = micro_app_get_option (app, "server-name");
  const char *address = micro_app_get_option (app, "server-address");
  gboolean named = strcmp (name, g_get_prgname ()) != 0;
  gboolean addressed = strcmp (address, ":0") != 0;

  if (!named && !addressed && self->targets->len > 0)
    return TRUE;
  if (named && addressed)
    return add_target (self, "--server-address", name, address, error);
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
               "%s is not set; whom to ask is said "
               "by --server-name=greeter --server-address=localhost:9091",
               named ? "--server-address" : "--server-name");
  return FALSE;
}

gboolean
health_options_read (HealthOptions *self, MicroApp *app, const char *rpc_timeout, GError **error)
{
  self->targets = g_ptr_array_new_with_free_func (options_target_free);
  self->asker.transport = micro_app_get_transport (app);
  self->asker.loop = micro_app_get_loops (app)->pdata[0];
  return read_timeout (self->connect_timeout, "--connect-timeout", "MICRO_CONNECT_TIMEOUT", "1s",
                       &self->asker.connect_timeout_ms, error)
         && read_timeout (self->rpc_timeout, "--rpc-timeout", "MICRO_RPC_TIMEOUT", rpc_timeout,
                          &self->asker.rpc_timeout_ms, error)
         && add_more (self, error) && add_first (self, app, error);
}

void
health_options_clear (HealthOptions *self)
{
  g_clear_pointer (&self->targets, g_ptr_array_unref);
  g_free (self->connect_timeout);
  g_free (self->rpc_timeout);
  g_strfreev (self->more);
}
