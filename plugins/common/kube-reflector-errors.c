/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a reflector does about every answer that is not what it asked for.
 */
#include "config.h"

#include <string.h>

#include "kube-reflector-private.h"

#define FORBIDDEN_MOST_MS 30000
#define REFUSED_MS 30000
#define TOO_LARGE_MOST 3
#define ERRORS_MOST_US (60 * G_USEC_PER_SEC)

void
kube_reflector_distrust_version (KubeReflector *self)
{
  self->rv_unavailable = TRUE;
  g_clear_pointer (&self->rv, g_free);
  g_clear_pointer (&self->continue_token, g_free);
}

static KubeNext
again (KubeReflector *self, guint at_least_ms)
{
  guint ms = kube_backoff_next (&self->backoff);

  if (at_least_ms > ms)
    ms = at_least_ms + (guint) g_random_int_range (0, (gint32) at_least_ms / 2 + 1);
  return (KubeNext){ self->phase, ms };
}

/* The version is too old.  A list that brings the same version again would do so for ever
 * (kubernetes/kubernetes#133810): then the watch cache is not to be trusted. */
KubeNext
kube_reflector_gone (KubeReflector *self)
{
  self->gone_in_row++;
  if (self->gone_in_row > 1)
    kube_reflector_distrust_version (self);
  g_free (self->gone_rv);
  self->gone_rv = g_strdup (self->rv);
  return (KubeNext){ KUBE_PHASE_LIST,
                     self->gone_in_row > 2 ? kube_backoff_next (&self->backoff) : 0 };
}

static KubeNext
gone_in_list (KubeReflector *self)
{
  g_clear_pointer (&self->continue_token, g_free);
  self->gone_pages++;
  if (self->gone_pages > 2)
    self->no_limit = TRUE;
  kube_reflector_distrust_version (self);
  return (KubeNext){ KUBE_PHASE_LIST,
                     self->gone_pages > 3 ? kube_backoff_next (&self->backoff) : 0 };
}

static gboolean
is_too_large (const KubeReply *reply)
{
  return g_strcmp0 (reply->cause, "ResourceVersionTooLarge") == 0
         || strstr (reply->message, "Too large resource version") != NULL;
}

static KubeNext
too_large (KubeReflector *self, const KubeReply *reply)
{
  self->too_large_in_row++;
  if (self->too_large_in_row >= TOO_LARGE_MOST)
    {
      kube_reflector_distrust_version (self);
      self->too_large_in_row = 0;
    }
  return (KubeNext){ KUBE_PHASE_LIST, MAX (reply->retry_after_ms, 100) };
}

/* An old server, or a proxy, does not know a parameter that we can do without. */
static gboolean
drop_parameter (KubeReflector *self, const KubeReply *reply)
{
  if (!self->no_bookmarks && strstr (reply->message, "allowWatchBookmarks") != NULL)
    self->no_bookmarks = TRUE;
  else if (!self->no_match && strstr (reply->message, "resourceVersionMatch") != NULL)
    self->no_match = TRUE;
  else
    return FALSE;
  return TRUE;
}

/* Usually a right that somebody has yet to give; but an API server that has just started refuses
 * everybody, too, until it has read its roles, and that takes it a moment. */
static KubeNext
forbidden (KubeReflector *self)
{
  guint ms = kube_backoff_next (&self->backoff);
  guint most_ms = FORBIDDEN_MOST_MS + (guint) g_random_int_range (0, 3000);

  return (KubeNext){ self->phase, MIN (ms, most_ms) };
}

KubeNext
kube_reflector_judge_reply (KubeReflector *self, const KubeReply *reply)
{
  switch (reply->status)
    {
    case 403:
      return forbidden (self);
    case 400:
    case 415:
    case 422:
      if (drop_parameter (self, reply))
        return (KubeNext){ self->phase, 0 };
      return again (self, REFUSED_MS);
    case 410:
      return self->phase == KUBE_PHASE_LIST ? gone_in_list (self) : kube_reflector_gone (self);
    case 504:
      if (is_too_large (reply))
        return too_large (self, reply);
      return again (self, reply->retry_after_ms);
    default:
      return again (self, reply->retry_after_ms);
    }
}

KubeNext
kube_reflector_judge_event (KubeReflector *self, const KubeReply *reply, guint code)
{
  gint64 now = kube_clock_get_time ();

  if (code == 410 || g_strcmp0 (reply->reason, "Expired") == 0
      || g_strcmp0 (reply->reason, "Gone") == 0)
    return kube_reflector_gone (self);
  if (self->errors_since_us == 0)
    self->errors_since_us = now;
  if (now - self->errors_since_us > ERRORS_MOST_US)
    {
      self->errors_since_us = 0;
      self->phase = KUBE_PHASE_LIST;
    }
  return again (self, 0);
}
