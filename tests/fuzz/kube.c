/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Fuzzes what a Kubernetes API server streams: cut anywhere, it brings the same objects as whole,
 * and what is read of an object lies within it.
 */
#include <string.h>

#include "../../plugins/common/kube-reflector-private.h"
#include "../../plugins/k8s-registry/kube-map.h"
#include "fuzz.h"

typedef struct
{
  GString *objects;
  KubeMap *map; /* (nullable): the objects are only noted */
} Seen;

static void
read_object (Seen *self, const char *json, gsize length)
{
  /* Without the NUL after it, so that reading past the end is seen. */
  g_autofree char *exact = g_memdup2 (json, length);
  g_autofree char *more = NULL;
  g_autofree char *version = kube_object_read_version (exact, length, &more);
  g_autoptr (KubeEntry) pod = kube_map_pod (self->map, exact, length);
  g_autoptr (KubeEntry) slice = kube_map_slice (self->map, exact, length);
  g_autoptr (KubeEntry) identity = kube_map_identity (exact, length);
  KubeEvent event;

  g_assert (version == NULL || *version != '\0');
  kube_object_is_marker (exact, length);
  for (guint i = 0; pod != NULL && i < pod->offers->len; i++)
    g_assert (micro_node_get_address (g_array_index (pod->offers, KubeOffer, i).node) != NULL);
  if (!kube_event_read (exact, length, &event))
    return;
  g_assert (event.object > exact && event.object + event.length < exact + length);
  g_free (event.type);
  read_object (self, event.object, event.length);
}

static gboolean
take (const char *json, gsize length, gpointer user_data)
{
  Seen *self = user_data;

  g_assert (length > 0);
  g_string_append_len (self->objects, json, (gssize) length);
  g_string_append_c (self->objects, '\n');
  if (self->map != NULL)
    read_object (self, json, length);
  return TRUE;
}

/* Says how it went: what came, whether all was well and whether it may end here. */
static GString *
split (gboolean is_list, const guint8 *data, gsize size, gsize step, KubeMap *map)
{
  Seen seen = { g_string_new (NULL), map };
  g_autoptr (KubeSplitter) splitter
      = is_list ? kube_splitter_new_list (take, &seen) : kube_splitter_new_watch (take, &seen);
  g_autoptr (GError) error = NULL;
  gboolean fine = TRUE;
  gsize length;

  for (gsize at = 0; fine && at < size; at += step)
    {
      gsize n = MIN (step, size - at);
      g_autofree char *piece = g_memdup2 (data + at, n);

      fine = kube_splitter_feed (splitter, piece, n, &error);
    }
  g_assert (fine == (error == NULL));
  g_string_append (seen.objects, fine ? "fine" : "bad");
  if (!fine || !kube_splitter_is_complete (splitter))
    return seen.objects;
  g_string_append (seen.objects, ", complete ");
  if (is_list)
    {
      const char *envelope = kube_splitter_get_envelope (splitter, &length);

      g_string_append_len (seen.objects, envelope, (gssize) length);
    }
  return seen.objects;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  gboolean is_list = fuzz_take (&data, &size, 2) == 1;
  gsize step = 1 + fuzz_take (&data, &size, 64);
  g_autoptr (KubeMap) map = kube_map_new ();
  Seen seen = { NULL, map };
  GString *whole = split (is_list, data, size, MAX (size, 1), map);
  GString *pieces = split (is_list, data, size, step, NULL);

  g_assert (g_string_equal (whole, pieces));
  /* The splitter brings no half objects, but who reads them need not rely on that. */
  if (size > 0)
    read_object (&seen, (const char *) data, size);
  g_string_free (whole, TRUE);
  g_string_free (pieces, TRUE);
  return 0;
}
