/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A list that the server streams, as the beginning of the watch that goes on from it.
 */
#include "config.h"

#include <string.h>

#include "kube-reflector-private.h"

#define PLAIN_US (3600 * (gint64) G_USEC_PER_SEC)

/* A list of the quorum is for when the watch cache is not trusted, which such a stream comes from.
 */
gboolean
kube_reflector_may_stream (KubeReflector *self)
{
  return kube_client_get_stream_lists (self->client) && self->funcs->item_gone != NULL
         && !self->rv_unavailable && self->continue_token == NULL && !self->no_bookmarks
         && !self->plain_next && kube_clock_get_time () >= self->plain_until_us;
}

static void
list_plainly (KubeReflector *self, const KubeReply *reply)
{
  g_info ("the API server streams no lists: %s", reply->message);
  self->plain_until_us = kube_clock_get_time () + PLAIN_US;
}

/* One whose etcd is too old says so in an event. */
gboolean
kube_reflector_must_list_after (KubeReflector *self, const KubeReply *reply, guint code)
{
  if (code != 500 || self->n_in_stream != 1)
    return FALSE;
  list_plainly (self, reply);
  return TRUE;
}

gboolean
kube_reflector_must_list (KubeReflector *self, const KubeReply *reply)
{
  switch (reply->status)
    {
    case 400:
    case 403:
    case 405:
    case 415:
    case 422:
      list_plainly (self, reply);
      return TRUE;
    default:
      return FALSE;
    }
}

gboolean
kube_reflector_take_initial (KubeReflector *self, const char *type, const char *json, gsize length)
{
  /* Between the first objects and the marker may be what happened meanwhile. */
  if (strcmp (type, "ADDED") == 0 || strcmp (type, "MODIFIED") == 0)
    self->funcs->item (json, length, self->user_data);
  else if (strcmp (type, "DELETED") == 0)
    self->funcs->item_gone (json, length, self->user_data);
  else if (strcmp (type, "BOOKMARK") == 0)
    {
      self->stats.n_bookmarks++;
      return !kube_object_is_marker (json, length);
    }
  else
    self->stats.n_strange_events++;
  return TRUE;
}
