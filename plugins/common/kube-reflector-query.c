/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a reflector asks for.
 */
#include "config.h"

#include <string.h>

#include "kube-reflector-private.h"

#define PAGE 500
/* client-go's: random, so that the watches of a cluster do not end together. */
#define WATCH_LEAST_S 300
#define WATCH_MOST_S 600

static void
reflector_query_add (GString *path, const char *name, const char *value)
{
  g_string_append_c (path, path->len > 0 && strchr (path->str, '?') != NULL ? '&' : '?');
  g_string_append (path, name);
  g_string_append_c (path, '=');
  g_string_append_uri_escaped (path, value, NULL, FALSE);
}

static GString *
reflector_query_begin (KubeReflector *self)
{
  GString *path = g_string_new (self->path);

  if (self->query != NULL)
    g_string_append_printf (path, "?%s", self->query);
  return path;
}

/* From the watch cache if that will do: a quorum list of ten pods among ten thousand costs the API
 * server a hundred times as much. */
char *
kube_reflector_list_path (KubeReflector *self)
{
  GString *path = reflector_query_begin (self);

  self->quorum = self->rv_unavailable;
  if (self->quorum)
    {
      if (!self->no_limit)
        reflector_query_add (path, "limit", G_STRINGIFY (PAGE));
      if (self->continue_token != NULL)
        reflector_query_add (path, "continue", self->continue_token);
    }
  else
    {
      /* Without the match, a version is "not older than" all the same. */
      reflector_query_add (path, "resourceVersion", self->rv != NULL ? self->rv : "0");
      if (self->rv != NULL && !self->no_match)
        reflector_query_add (path, "resourceVersionMatch", "NotOlderThan");
    }
  return g_string_free (path, FALSE);
}

static void
reflector_query_add_watch (GString *path, const char *rv, gboolean bookmarks)
{
  g_autofree char *seconds
      = g_strdup_printf ("%d", g_random_int_range (WATCH_LEAST_S, WATCH_MOST_S + 1));

  reflector_query_add (path, "watch", "true");
  reflector_query_add (path, "resourceVersion", rv);
  if (bookmarks)
    reflector_query_add (path, "allowWatchBookmarks", "true");
  reflector_query_add (path, "timeoutSeconds", seconds);
}

char *
kube_reflector_watch_path (KubeReflector *self)
{
  GString *path = reflector_query_begin (self);

  reflector_query_add_watch (path, self->rv, !self->no_bookmarks);
  return g_string_free (path, FALSE);
}

char *
kube_reflector_initial_path (KubeReflector *self)
{
  GString *path = reflector_query_begin (self);

  reflector_query_add_watch (path, self->rv != NULL ? self->rv : "0", TRUE);
  reflector_query_add (path, "resourceVersionMatch", "NotOlderThan");
  reflector_query_add (path, "sendInitialEvents", "true");
  return g_string_free (path, FALSE);
}
