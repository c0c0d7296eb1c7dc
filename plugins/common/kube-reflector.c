/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Mirrors a collection of the API server: lists it once and watches it from there, for ever.
 */
#include "config.h"

#include <string.h>

#include "kube-reflector-private.h"

#define BUFFER_BYTES 65536
#define SHORT_WATCH_US G_USEC_PER_SEC
#define MALFORMED_MOST 3
#define TRUSTED_US ((gint64) 60 * 60 * G_USEC_PER_SEC)

static void proceed (KubeReflector *self, KubeNext next);
static void reflector_ask (KubeReflector *self);

static KubeReflector *
ref (KubeReflector *self)
{
  self->ref_count++;
  return self;
}

static void
unref (KubeReflector *self)
{
  if (--self->ref_count > 0)
    return;
  g_clear_object (&self->client);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->stream);
  g_clear_pointer (&self->stream_error, kube_reply_free);
  kube_splitter_free (self->splitter);
  g_main_context_unref (self->context);
  g_free (self->path);
  g_free (self->query);
  g_free (self->rv);
  g_free (self->gone_rv);
  g_free (self->continue_token);
  g_free (self->buffer);
  g_free (self);
}

static void
end_stream (KubeReflector *self)
{
  /* Not closed in an orderly way: what is left of a watch would have to be read for that. */
  g_clear_object (&self->stream);
  g_clear_pointer (&self->splitter, kube_splitter_free);
  self->live = FALSE;
}

static void
give_up_list (KubeReflector *self)
{
  if (self->in_list)
    self->funcs->end_list (FALSE, self->user_data);
  self->in_list = FALSE;
  g_clear_pointer (&self->continue_token, g_free);
}

static void
trouble (KubeReflector *self, const KubeReply *reply, const GError *error, KubeNext next)
{
  end_stream (self);
  if (self->phase == KUBE_PHASE_LIST)
    give_up_list (self);
  proceed (self, next);
  self->funcs->trouble (reply, error, self->user_data);
}

static KubeNext
reflector_back_off (KubeReflector *self)
{
  return (KubeNext){ self->phase, kube_backoff_next (&self->backoff) };
}

static void
list_is_whole (KubeReflector *self)
{
  if (self->quorum)
    self->rv_trusted_until_us = kube_clock_get_time () + TRUSTED_US;
  self->in_list = FALSE;
  self->plain_next = FALSE;
  self->gone_pages = 0;
  self->too_large_in_row = 0;
  self->no_limit = FALSE;
  self->rv_unavailable = FALSE;
  self->synced = TRUE;
  self->funcs->end_list (TRUE, self->user_data);
}

/* --- What the streams bring --- */

static gboolean
reflector_take_item (const char *json, gsize length, gpointer user_data)
{
  KubeReflector *self = user_data;

  self->funcs->item (json, length, self->user_data);
  self->n_in_stream++;
  return TRUE;
}

static void
take_version (KubeReflector *self, char *version)
{
  if (version == NULL)
    return;
  g_free (self->rv);
  self->rv = version;
  self->gone_in_row = 0;
  self->malformed_in_row = 0;
  self->errors_since_us = 0;
}

static gboolean
take_error_event (KubeReflector *self, const KubeEvent *event)
{
  self->stream_error = g_new0 (KubeReply, 1);
  self->stream_error->status = 200;
  self->stream_error->message = g_strdup ("the API server ended the watch");
  self->stream_error_code
      = kube_reply_read_status (self->stream_error, event->object, event->length);
  return FALSE;
}

static void
pass_event (KubeReflector *self, KubeEventKind kind, const KubeEvent *event)
{
  self->stats.n_events++;
  self->funcs->event (kind, event->object, event->length, self->user_data);
  take_version (self, kube_object_read_version (event->object, event->length, NULL));
}

/* The marker was read, in the midst of what the server has sent until now. */
static void
initial_is_whole (KubeReflector *self, const KubeEvent *marker)
{
  take_version (self, kube_object_read_version (marker->object, marker->length, NULL));
  self->initial = FALSE;
  self->phase = KUBE_PHASE_WATCH;
  self->live = TRUE;
  list_is_whole (self);
}

static gboolean
reflector_take_event (const char *json, gsize length, gpointer user_data)
{
  KubeReflector *self = user_data;
  KubeEvent event;
  g_autofree char *type = NULL;

  if (!kube_event_read (json, length, &event))
    {
      /* What it said is lost: the server has to say it again. */
      self->stats.n_strange_events++;
      self->stream_malformed = TRUE;
      return FALSE;
    }
  self->n_in_stream++;
  type = event.type;
  if (strcmp (type, "ERROR") == 0)
    return take_error_event (self, &event);
  if (self->initial)
    {
      if (!kube_reflector_take_initial (self, type, event.object, event.length))
        initial_is_whole (self, &event);
    }
  else if (strcmp (type, "MODIFIED") == 0)
    pass_event (self, KUBE_EVENT_MODIFIED, &event);
  else if (strcmp (type, "ADDED") == 0)
    pass_event (self, KUBE_EVENT_ADDED, &event);
  else if (strcmp (type, "DELETED") == 0)
    pass_event (self, KUBE_EVENT_DELETED, &event);
  else if (strcmp (type, "BOOKMARK") == 0)
    {
      self->stats.n_bookmarks++;
      take_version (self, kube_object_read_version (event.object, event.length, NULL));
    }
  else
    self->stats.n_strange_events++;
  return TRUE;
}

/* --- How they end --- */

static void
list_ended (KubeReflector *self)
{
  gsize length;
  const char *envelope = kube_splitter_get_envelope (self->splitter, &length);
  g_autofree char *more = NULL;
  char *version = kube_object_read_version (envelope, length, &more);

  g_clear_pointer (&self->continue_token, g_free);
  if (version == NULL)
    {
      g_autoptr (GError) error = g_error_new (G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                                              "the API server sent a list without a version");

      trouble (self, NULL, error, reflector_back_off (self));
      return;
    }
  end_stream (self);
  g_free (self->rv);
  self->rv = version;
  if (more != NULL && *more != '\0')
    {
      self->continue_token = g_steal_pointer (&more);
      proceed (self, (KubeNext){ KUBE_PHASE_LIST, 0 });
      return;
    }
  if (!self->quorum && self->gone_in_row > 0 && g_strcmp0 (self->rv, self->gone_rv) == 0)
    {
      /* Watching from there would end as it did before. */
      give_up_list (self);
      kube_reflector_distrust_version (self);
      proceed (self, (KubeNext){ KUBE_PHASE_LIST, 0 });
      return;
    }
  list_is_whole (self);
  proceed (self, (KubeNext){ KUBE_PHASE_WATCH, 0 });
  self->funcs->flush (self->user_data);
}

static void
list_cut_short (KubeReflector *self, GError *error)
{
  g_autoptr (GError) own = NULL;

  if (error == NULL)
    error = own
        = g_error_new (G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, "the API server sent half of a list");
  trouble (self, NULL, error, reflector_back_off (self));
}

/* The marker is all that tells a list from a part of one. */
static void
initial_cut_short (KubeReflector *self, GError *error)
{
  g_autoptr (KubeReply) reply = g_steal_pointer (&self->stream_error);
  g_autoptr (GError) own = NULL;

  self->plain_next = TRUE;
  if (reply != NULL && kube_reflector_must_list_after (self, reply, self->stream_error_code))
    {
      end_stream (self);
      give_up_list (self);
      reflector_ask (self);
      return;
    }
  if (reply != NULL)
    {
      trouble (self, reply, NULL,
               kube_reflector_judge_event (self, reply, self->stream_error_code));
      return;
    }
  if (error == NULL)
    error = own = g_error_new (G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                               "the API server streamed a list and not its end");
  trouble (self, NULL, error, reflector_back_off (self));
}

static KubeNext
after_bad_bytes (KubeReflector *self)
{
  if (++self->malformed_in_row >= MALFORMED_MOST)
    {
      self->malformed_in_row = 0;
      kube_reflector_distrust_version (self);
      return (KubeNext){ KUBE_PHASE_LIST, kube_backoff_next (&self->backoff) };
    }
  return self->n_in_stream > 0 ? (KubeNext){ KUBE_PHASE_WATCH, 0 } : reflector_back_off (self);
}

static gboolean
was_silent (KubeReflector *self, const GError *error)
{
  return self->n_in_stream == 0 && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* Not even a bookmark came.  Where nothing at all changes a server of today sends none; but it also
 * says nothing to who asks for a version of its future, as ours may be once we have lost it and its
 * etcd has been restored. */
static KubeNext
after_silence (KubeReflector *self)
{
  if (kube_clock_get_time () < self->rv_trusted_until_us)
    return (KubeNext){ KUBE_PHASE_WATCH, 0 };
  kube_reflector_distrust_version (self);
  return (KubeNext){ KUBE_PHASE_LIST, kube_backoff_next (&self->backoff) };
}

/* Every end means: go on from the last version, but not in a tight loop. */
static void
watch_ended (KubeReflector *self, GError *error)
{
  gint64 lasted_us = kube_clock_get_time () - self->opened_us;
  g_autoptr (KubeReply) reply = g_steal_pointer (&self->stream_error);
  KubeNext next = { KUBE_PHASE_WATCH, 0 };

  if (reply != NULL)
    {
      next = kube_reflector_judge_event (self, reply, self->stream_error_code);
      if (next.delay_ms == 0)
        reply->status = 0; /* nothing that anybody needs to know of */
    }
  else if (self->stream_malformed || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA))
    next = after_bad_bytes (self);
  else if (was_silent (self, error))
    next = after_silence (self);
  else if (self->n_in_stream == 0 && lasted_us < SHORT_WATCH_US)
    next = reflector_back_off (self);
  if (!was_silent (self, error))
    self->rv_trusted_until_us = 0;
  end_stream (self);
  proceed (self, next);
  if (next.delay_ms > 0)
    self->funcs->trouble (reply, error, self->user_data);
}

/* --- Reading --- */

static void reflector_read_more (KubeReflector *self);

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KubeReflector *self = user_data;
  g_autoptr (GError) error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);
  guint64 before = self->n_in_stream;
  gboolean more;

  if (self->stopped)
    {
      unref (self);
      return;
    }
  more = n > 0 && kube_splitter_feed (self->splitter, self->buffer, (gsize) n, &error);
  if (self->phase == KUBE_PHASE_WATCH && self->n_in_stream > before)
    self->funcs->flush (self->user_data);
  if (!self->stopped)
    {
      if (more)
        reflector_read_more (self);
      else if (self->phase == KUBE_PHASE_WATCH)
        watch_ended (self, error);
      else if (self->initial)
        initial_cut_short (self, error);
      else if (error == NULL && kube_splitter_is_complete (self->splitter))
        list_ended (self);
      else
        list_cut_short (self, error);
    }
  unref (self);
}

static void
reflector_read_more (KubeReflector *self)
{
  g_input_stream_read_async (self->stream, self->buffer, BUFFER_BYTES, G_PRIORITY_DEFAULT,
                             self->cancellable, on_read, ref (self));
}

static void
begin_stream (KubeReflector *self, KubeReply *reply)
{
  self->stream = g_steal_pointer (&reply->stream);
  self->opened_us = kube_clock_get_time ();
  self->n_in_stream = 0;
  self->stream_malformed = FALSE;
  if (self->phase == KUBE_PHASE_LIST)
    {
      self->splitter = self->initial ? kube_splitter_new_watch (reflector_take_event, self)
                                     : kube_splitter_new_list (reflector_take_item, self);
      if (!self->in_list)
        self->funcs->begin_list (self->user_data);
      self->in_list = TRUE;
    }
  else
    {
      self->splitter = kube_splitter_new_watch (reflector_take_event, self);
      self->live = TRUE;
    }
  reflector_read_more (self);
}

/* --- Asking --- */

static void
try_other_path (KubeReflector *self, const KubeReply *reply)
{
  char *path = self->funcs->missing != NULL ? self->funcs->missing (self->user_data) : NULL;
  KubeNext next = reflector_back_off (self);

  if (path != NULL)
    {
      g_free (self->path);
      self->path = path;
      next = (KubeNext){ KUBE_PHASE_LIST, self->synced ? next.delay_ms : 0 };
    }
  trouble (self, reply, NULL, next);
}

static void
on_open (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KubeReflector *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KubeReply) reply = kube_client_open_finish (KUBE_CLIENT (source), result, &error);

  if (self->stopped)
    ;
  else if (reply == NULL)
    {
      /* Whoever answers next may have another etcd, or an older one. */
      self->rv_trusted_until_us = 0;
      trouble (self, NULL, error, reflector_back_off (self));
    }
  else if (reply->status == 200 && reply->stream != NULL)
    begin_stream (self, reply);
  else if (self->initial && kube_reflector_must_list (self, reply))
    reflector_ask (self);
  else if (reply->status == 404)
    try_other_path (self, reply);
  else
    trouble (self, reply, NULL, kube_reflector_judge_reply (self, reply));
  unref (self);
}

static void
reflector_ask (KubeReflector *self)
{
  g_autofree char *path = NULL;

  if (self->phase == KUBE_PHASE_WATCH && self->rv == NULL)
    self->phase = KUBE_PHASE_LIST;
  self->initial = self->phase == KUBE_PHASE_LIST && kube_reflector_may_stream (self);
  if (self->initial)
    {
      path = kube_reflector_initial_path (self);
      self->stats.n_lists++;
      self->stats.n_streamed_lists++;
    }
  else if (self->phase == KUBE_PHASE_LIST)
    {
      path = kube_reflector_list_path (self);
      self->stats.n_lists += self->continue_token == NULL;
      self->stats.n_quorum_lists += self->continue_token == NULL && self->quorum;
    }
  else
    {
      path = kube_reflector_watch_path (self);
      self->stats.n_watches++;
    }
  kube_client_open_async (self->client, path, self->initial || self->phase == KUBE_PHASE_WATCH,
                          self->cancellable, on_open, ref (self));
}

static gboolean
reflector_on_timer (gpointer user_data)
{
  KubeReflector *self = user_data;

  g_clear_pointer (&self->timer, g_source_unref);
  reflector_ask (self);
  return G_SOURCE_REMOVE;
}

static void
proceed (KubeReflector *self, KubeNext next)
{
  self->phase = next.phase;
  if (next.delay_ms == 0)
    {
      reflector_ask (self);
      return;
    }
  self->timer = kube_clock_wait (next.delay_ms);
  g_source_set_callback (self->timer, reflector_on_timer, self, NULL);
  g_source_attach (self->timer, self->context);
}

/* --- Life --- */

KubeReflector *
kube_reflector_new (KubeClient *client,
                    const char *path,
                    const char *query,
                    const KubeReflectorFuncs *funcs,
                    gpointer user_data)
{
  KubeReflector *self = g_new0 (KubeReflector, 1);

  self->ref_count = 1;
  self->client = g_object_ref (client);
  self->path = g_strdup (path);
  self->query = g_strdup (query);
  self->funcs = funcs;
  self->user_data = user_data;
  self->context = g_main_context_ref_thread_default ();
  self->cancellable = g_cancellable_new ();
  self->buffer = g_malloc (BUFFER_BYTES);
  return self;
}

void
kube_reflector_start (KubeReflector *self)
{
  proceed (self, (KubeNext){ KUBE_PHASE_LIST, 0 });
}

void
kube_reflector_free (KubeReflector *self)
{
  if (self == NULL)
    return;
  self->stopped = TRUE;
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  g_cancellable_cancel (self->cancellable);
  unref (self);
}

gboolean
kube_reflector_is_synced (KubeReflector *self)
{
  return self->synced;
}

gboolean
kube_reflector_is_live (KubeReflector *self)
{
  return self->live;
}

const KubeReflectorStats *
kube_reflector_get_stats (KubeReflector *self)
{
  return &self->stats;
}
