/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Flow control of a call: what arrives while it is held, and telling a sender that there is room.
 */
#include "config.h"

#include <nghttp2/nghttp2.h>

#include "grpc-call.h"
#include "grpc-connection.h"
#include "grpc-thread.h"
#include "grpc-wire.h"

/* --- Receiving --- */

static void
refuse_message (GrpcCall *self, MicroStatus status, const char *why, gsize length)
{
  g_autofree char *message = NULL;

  if (status == MICRO_STATUS_RESOURCE_EXHAUSTED)
    message
        = g_strdup_printf ("%s (%" G_GSIZE_FORMAT " bytes came, %" G_GSIZE_FORMAT " are allowed)",
                           why, length, self->max_receive_bytes);
  self->side->refuse_call (self, status, message != NULL ? message : why);
}

static gboolean
flow_is_over (GrpcCall *self)
{
  return self->owner > GRPC_LOST || self->receiving == GRPC_IN_REFUSED
         || (self->side->server && self->sending == GRPC_OUT_LAST);
}

static void
deliver_compressed (GrpcCall *self, const guint8 *data, gsize length)
{
  const char *encoding = self->grpc_encoding;
  g_autofree guint8 *plain = NULL;
  gboolean too_large;

  if (encoding == NULL || g_str_equal (encoding, "identity"))
    {
      refuse_message (self, MICRO_STATUS_INTERNAL,
                      "a message is flagged as compressed, but no grpc-encoding was said", 0);
      return;
    }
  plain = grpc_gzip_inflate (data, length, self->max_receive_bytes, &length, &too_large);
  if (plain != NULL)
    self->head.events->message (&self->head, plain, length);
  else if (too_large)
    refuse_message (self, MICRO_STATUS_RESOURCE_EXHAUSTED,
                    "a message inflates to more than max-receive-bytes allows", length);
  else
    refuse_message (self, MICRO_STATUS_INTERNAL, "a compressed message is not gzip", 0);
}

static gboolean
deliver_message (gpointer user_data, gboolean compressed, const guint8 *data, gsize length)
{
  GrpcCall *self = user_data;

  if (flow_is_over (self))
    return TRUE;
  self->head.was_compressed = compressed;
  if (compressed)
    deliver_compressed (self, data, length);
  else
    self->head.events->message (&self->head, data, length);
  return !self->held || flow_is_over (self);
}

/* What it holds goes at once: its peer may never read the answer. */
static void
refuse_greedy (GrpcCall *self)
{
  self->receiving = GRPC_IN_REFUSED;
  micro_call_refuse (&self->head, MICRO_STATUS_RESOURCE_EXHAUSTED, "%s", grpc_budget_why ());
  grpc_budget_change (self, -(gssize) self->framer.partial_size);
  grpc_framer_clear (&self->framer);
  if (self->pending != NULL)
    grpc_budget_change (self, -(gssize) self->pending->len);
  g_clear_pointer (&self->pending, g_byte_array_unref);
}

/* Returns how much was used; with *ret_gone the call has been freed. */
static gsize
feed (GrpcCall *self, const guint8 *data, gsize length, gboolean *ret_gone)
{
  const gsize before = self->framer.partial_size;
  const char *message;
  MicroStatus status;
  gsize used;

  if (self->receiving == GRPC_IN_REFUSED)
    {
      *ret_gone = FALSE;
      return length;
    }
  grpc_call_enter (self);
  if (!grpc_framer_feed (&self->framer, data, length, self->max_receive_bytes, deliver_message,
                         self, &used, &status, &message)
      && !flow_is_over (self))
    refuse_message (self, status, message, self->framer.length);
  if (self->framer.partial_size != before)
    {
      grpc_budget_change (self, (gssize) (self->framer.partial_size - before));
      if (grpc_budget_is_over (self) && !flow_is_over (self))
        refuse_greedy (self);
    }
  *ret_gone = grpc_call_leave (self);
  return used;
}

/* A stream's window grows by what was used, the connection's by what came: a call that is held
 * must not stop the others. */
void
grpc_flow_receive (GrpcCall *self, const guint8 *data, gsize length)
{
  GrpcConnection *connection = self->connection;
  gint32 stream_id = self->stream_id;
  gboolean gone = FALSE;
  gsize used = 0;

  grpc_connection_check (connection,
                         nghttp2_session_consume_connection (connection->session, length));
  if (!self->held && self->pending == NULL)
    used = feed (self, data, length, &gone);
  if (used > 0)
    grpc_connection_check (connection,
                           nghttp2_session_consume_stream (connection->session, stream_id, used));
  if (gone || used == length)
    return;
  if (self->pending == NULL)
    self->pending = g_byte_array_new ();
  g_byte_array_append (self->pending, data + used, (guint) (length - used));
  grpc_budget_change (self, (gssize) (length - used));
  if (grpc_budget_is_over (self) && !flow_is_over (self))
    refuse_greedy (self);
}

gboolean
grpc_flow_may_end (GrpcCall *self)
{
  self->end_pends = self->pending != NULL || self->held;
  return !self->end_pends;
}

/* TRUE: the call has been freed. */
static gboolean
deliver_pending (GrpcCall *self)
{
  GrpcConnection *connection = self->connection;
  gint32 stream_id = self->stream_id;
  gboolean gone = FALSE;

  if (self->held)
    return FALSE;
  if (self->pending != NULL)
    {
      GByteArray *pending = g_steal_pointer (&self->pending);
      gsize used;

      grpc_budget_change (self, -(gssize) pending->len);
      used = feed (self, pending->data, pending->len, &gone);

      if (connection != NULL && used > 0)
        {
          grpc_connection_check (
              connection, nghttp2_session_consume_stream (connection->session, stream_id, used));
          grpc_connection_flush_soon (connection);
        }
      if (!gone && used < pending->len)
        {
          g_byte_array_remove_range (pending, 0, (guint) used);
          self->pending = g_steal_pointer (&pending);
          grpc_budget_change (self, self->pending->len);
        }
      g_clear_pointer (&pending, g_byte_array_unref);
    }
  if (gone || self->pending != NULL || self->held || !self->end_pends)
    return gone;
  self->end_pends = FALSE;
  self->side->end_call (self);
  return TRUE;
}

/* --- Waking ---
 *
 * Nothing of this is told inside nghttp2's call-backs: the core would call back into them. */

static void
wake_one (GrpcCall *self)
{
  gsize sent = self->unreported;

  self->woken = FALSE;
  self->unreported = 0;
  if (sent > 0)
    {
      grpc_call_enter (self);
      micro_call_sent (&self->head, sent);
      if (grpc_call_leave (self))
        return;
    }
  if (self->owner != GRPC_LOST || self->end_pends)
    deliver_pending (self);
}

static void
wake_all (MicroLoopTask *task)
{
  GrpcThread *thread = MICRO_CONTAINER_OF (task, GrpcThread, wake);
  GPtrArray *waking = thread->woken;

  thread->woken = thread->waking;
  thread->waking = waking;
  for (guint i = 0; i < waking->len; i++)
    if (waking->pdata[i] != NULL)
      wake_one (waking->pdata[i]);
  g_ptr_array_set_size (waking, 0);
}

static void
flow_wake (GrpcCall *self)
{
  if (self->woken)
    return;
  self->woken = TRUE;
  g_ptr_array_add (self->thread->woken, self);
  self->thread->wake.run = wake_all;
  micro_loop_queue_task (self->thread->loop, &self->thread->wake);
}

void
grpc_flow_hold (MicroCall *call, gboolean hold)
{
  GrpcCall *self = (GrpcCall *) call;

  self->held = hold;
  if (!hold && (self->pending != NULL || self->end_pends))
    flow_wake (self);
}

void
grpc_flow_sent (GrpcCall *self, gsize bytes)
{
  if (!self->head.streaming || bytes == 0)
    return;
  self->unreported += bytes;
  flow_wake (self);
}
