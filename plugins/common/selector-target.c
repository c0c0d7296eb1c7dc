/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * From the name of a service to its host and port, for selectors that ask no registry.
 */
#include "config.h"

#include <string.h>

#include "selector-target.h"

#define NAMESPACE_FILE "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
/* RFC 1035 §2.3.4, without the root's own label. */
#define MAX_LABEL 63
#define MAX_NAME 253

static gboolean
selector_target_refuse (const char *name, const char *why, GError **error)
{
  g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
               "“%s” cannot be made an address: %s; write NAME, NAME:PORT or [IPV6]:PORT", name,
               why);
  return FALSE;
}

/* @host, which has been made of @name: what it was made with may be at fault. */
static gboolean
refuse_host (const char *name, const char *host, const char *why, GError **error)
{
  if (g_str_equal (name, host) || strchr (name, ':') != NULL)
    return selector_target_refuse (name, why, error);
  g_set_error (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
               "“%s” cannot be called at “%s”: %s; see the name, and what --selector-domain and "
               "--selector-template add to it",
               name, host, why);
  return FALSE;
}

/* @host may be unqualified or end in a dot; what it means is for a name server to say. */
static gboolean
check_host (const char *name, const char *host, GError **error)
{
  gsize length = strlen (host);
  gsize label = 0;

  if (length > 0 && host[length - 1] == '.')
    length--;
  if (length > MAX_NAME)
    return refuse_host (name, host, "a host name has at most 253 characters", error);
  for (gsize i = 0; i <= length; i++)
    if (i == length || host[i] == '.')
      {
        if (label == 0)
          return refuse_host (name, host, "a part of it is empty", error);
        if (label > MAX_LABEL)
          return refuse_host (name, host, "a part of it has more than 63 characters", error);
        label = 0;
      }
    else if (g_ascii_isspace (host[i]) || g_ascii_iscntrl (host[i]) || host[i] == '/')
      return refuse_host (name, host, "a host name has no blanks and no slashes", error);
    else
      label++;
  return TRUE;
}

/* (transfer full): @host in ASCII (IDNA) and a port. */
static char *
selector_target_join (const char *name, const char *host, const char *port, GError **error)
{
  g_autofree char *ascii = NULL;

  if (g_hostname_is_non_ascii (host))
    ascii = g_hostname_to_ascii (host);
  else
    ascii = g_strdup (host);
  if (ascii == NULL)
    return refuse_host (name, host, "it is no international host name", error), NULL;
  if (!check_host (name, ascii, error))
    return NULL;
  return g_strdup_printf ("%s:%s", ascii, port);
}

static char *
find_namespace (const SelectorTarget *self)
{
  char *namespace = NULL;

  if (self->namespace != NULL && self->namespace[0] != '\0')
    return g_strdup (self->namespace);
  if (g_file_get_contents (NAMESPACE_FILE, &namespace, NULL, NULL))
    g_strstrip (namespace);
  return namespace;
}

/* (transfer full) (nullable): what {@word} stands for. */
static char *
expand_word (const SelectorTarget *self, const char *name, const char *word, GError **error)
{
  g_autofree char *namespace = NULL;

  if (g_str_equal (word, "name"))
    return g_strdup (name);
  if (g_str_equal (word, "port"))
    return g_strdup_printf ("%u", self->port);
  if (g_str_equal (word, "domain") && self->domain != NULL)
    return g_strdup (self->domain);
  if (g_str_equal (word, "namespace") && (namespace = find_namespace (self)) != NULL)
    return g_steal_pointer (&namespace);
  if (g_str_equal (word, "namespace") || g_str_equal (word, "domain"))
    g_set_error (error, MICRO_ERROR, MICRO_STATUS_FAILED_PRECONDITION,
                 "the template “%s” wants a %s, and there is none; give --selector-%s",
                 self->pattern, word, word);
  else
    g_set_error (error, MICRO_ERROR, MICRO_STATUS_FAILED_PRECONDITION,
                 "the template “%s” has {%s}, which is none of {name}, {namespace}, {domain} and "
                 "{port}; mend --selector-template",
                 self->pattern, word);
  return NULL;
}

static char *
selector_target_expand (const SelectorTarget *self, const char *name, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (const char *at = self->pattern; *at != '\0';)
    {
      const char *open = strchr (at, '{');
      const char *close = open != NULL ? strchr (open, '}') : NULL;
      g_autofree char *word = NULL;
      g_autofree char *value = NULL;

      if (open == NULL)
        {
          g_string_append (text, at);
          break;
        }
      if (close == NULL)
        {
          g_set_error (error, MICRO_ERROR, MICRO_STATUS_FAILED_PRECONDITION,
                       "the template “%s” has a { without its }; mend --selector-template",
                       self->pattern);
          return NULL;
        }
      g_string_append_len (text, at, open - at);
      word = g_strndup (open + 1, (gsize) (close - open - 1));
      value = expand_word (self, name, word, error);
      if (value == NULL)
        return NULL;
      g_string_append (text, value);
      at = close + 1;
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
from_name (const SelectorTarget *self, const char *name, GError **error)
{
  g_autofree char *mapped = self->dashes ? g_strdelimit (g_strdup (name), ".", '-') : NULL;
  g_autofree char *port = g_strdup_printf ("%u", self->port);
  g_autofree char *host = NULL;
  char *colon;

  if (mapped == NULL)
    mapped = g_strdup (name);
  if (self->pattern != NULL && self->pattern[0] != '\0')
    {
      host = selector_target_expand (self, mapped, error);
      if (host == NULL)
        return NULL;
      colon = strchr (host, ':');
      if (colon == NULL)
        return selector_target_join (name, host, port, error);
      *colon = '\0';
      return selector_target_join (name, host, colon + 1, error);
    }
  if (self->domain != NULL && self->domain[0] != '\0')
    host = g_strdup_printf ("%s.%s", mapped, self->domain);
  else
    host = g_steal_pointer (&mapped);
  return selector_target_join (name, host, port, error);
}

static gboolean
selector_target_is_port (const char *text)
{
  guint64 port;

  return g_ascii_string_to_unsigned (text, 10, 1, 65535, &port, NULL);
}

char *
selector_target_make (const SelectorTarget *self, const char *name, GError **error)
{
  const char *colon = strchr (name, ':');
  g_autofree char *host = NULL;

  if (g_str_has_prefix (name, "unix:/"))
    return g_strdup (name);
  if (name[0] == '\0')
    return selector_target_refuse (name, "it is empty", error), NULL;
  if (g_hostname_is_ip_address (name))
    return g_strdup_printf (colon != NULL ? "[%s]:%u" : "%s:%u", name, self->port);
  if (name[0] == '[')
    {
      const char *end = strchr (name, ']');

      host = end != NULL ? g_strndup (name + 1, (gsize) (end - name - 1)) : NULL;
      if (host == NULL || !g_hostname_is_ip_address (host))
        return selector_target_refuse (name, "there is no IPv6 address in the brackets", error),
               NULL;
      if (end[1] == '\0')
        return g_strdup_printf ("%s:%u", name, self->port);
      if (end[1] != ':' || !selector_target_is_port (end + 2))
        return selector_target_refuse (name, "there is no port after the brackets", error), NULL;
      return g_strdup (name);
    }
  if (colon == NULL)
    return from_name (self, name, error);
  host = g_strndup (name, (gsize) (colon - name));
  if (!selector_target_is_port (colon + 1))
    return selector_target_refuse (name, "what follows the colon is no port", error), NULL;
  return selector_target_join (name, host, colon + 1, error);
}

void
selector_target_clear (SelectorTarget *self)
{
  g_clear_pointer (&self->pattern, g_free);
  g_clear_pointer (&self->namespace, g_free);
  g_clear_pointer (&self->domain, g_free);
}
