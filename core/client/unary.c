/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A call of one message each way, as bytes or with the reply unpacked.
 */
#include "config.h"

#include <string.h>

#include <protobuf-c/protobuf-c.h>

#include "client/attempt.h"
#include "loop/loop.h"

typedef struct
{
  MicroRequest base;
  GBytes *message;
  guint n_replies;
  MicroBytesFunc callback;
  GBytes *reply; /* (nullable) */

  /* Instead of these two, when the method is known. */
  const MicroMethod *method;
  MicroReplyFunc typed_callback;
  ProtobufCMessage *typed_reply; /* (nullable) */
  GError *bad_reply;             /* (nullable): why there is none */
  gpointer user_data;

  MicroHeaderFunc answer_header; /* (nullable) */
  gpointer answer_data;
} Unary;

static void *
allocate (void *user_data, size_t size)
{
  return micro_block_realloc (NULL, MAX (size, 1));
}

static void
deallocate (void *user_data, void *pointer)
{
  micro_block_free (pointer);
}

/* Fields of 1 MiB come again with the next reply. */
static ProtobufCAllocator allocator = { allocate, deallocate, NULL };

static void
clear_reply (Unary *self)
{
  g_clear_pointer (&self->reply, g_bytes_unref);
  g_clear_error (&self->bad_reply);
  if (self->typed_reply != NULL)
    protobuf_c_message_free_unpacked (g_steal_pointer (&self->typed_reply), &allocator);
  self->n_replies = 0;
}

static void
unary_opened (MicroRequest *request, MicroCall *call)
{
  Unary *self = (Unary *) request;
  gsize length;
  const guint8 *data = g_bytes_get_data (self->message, &length);
  guint8 *space;

  if (G_UNLIKELY (request->intercepted != NULL))
    micro_request_intercept_message (request, TRUE, length);
  space = call->ops->begin_message (call, length);
  if (!micro_request_has_others (request, request->attempt))
    clear_reply (self);
  if (length > 0)
    memcpy (space, data, length);
  call->ops->end_message (call);
  call->ops->half_close (call);
}

static GBytes *
copy (const guint8 *data, gsize length)
{
  gpointer block = length >= MICRO_BLOCK_LARGE ? micro_block_realloc (NULL, length) : NULL;

  if (block == NULL)
    return g_bytes_new (data, length);
  return g_bytes_new_with_free_func (memcpy (block, data, length), length, micro_block_free, block);
}

static void
unary_on_message (MicroCall *call, const guint8 *data, gsize length)
{
  MicroAttempt *attempt = call->user_data;
  Unary *self = (Unary *) attempt->request;

  micro_request_settle_on (&self->base, attempt);
  if (G_UNLIKELY (self->base.intercepted != NULL))
    micro_request_intercept_message (&self->base, FALSE, length);
  if (self->n_replies++ > 0)
    {
      micro_request_end_doubled (&self->base);
      return;
    }
  if (self->method == NULL)
    self->reply = copy (data, length);
  else
    self->typed_reply
        = micro_client_unpack (self->method, &allocator, data, length, &self->bad_reply);
}

static const char *
unary_check (MicroRequest *request)
{
  return ((Unary *) request)->n_replies == 0 ? "the answer has no message" : NULL;
}

static void
show_headers (Unary *self)
{
  MicroCall *call = micro_request_get_call (&self->base);

  if (call == NULL)
    return;
  call->ops->foreach_header (call, FALSE, self->answer_header, self->answer_data);
  call->ops->foreach_header (call, TRUE, self->answer_header, self->answer_data);
}

static void
unary_ended (MicroRequest *request, const GError *error)
{
  Unary *self = (Unary *) request;

  if (self->answer_header != NULL)
    show_headers (self);
  if (self->method == NULL)
    self->callback (error == NULL ? self->reply : NULL, error, self->user_data);
  else
    self->typed_callback (error == NULL ? self->typed_reply : NULL,
                          error != NULL ? error : self->bad_reply, self->user_data);
}

static void
unary_clear (MicroRequest *request)
{
  Unary *self = (Unary *) request;

  clear_reply (self);
  g_bytes_unref (self->message);
}

static const MicroCallEvents events
    = { .message = unary_on_message, .closed = micro_attempt_closed, .sent = micro_attempt_sent };

static const MicroRequestFuncs funcs = { .events = &events,
                                         .opened = unary_opened,
                                         .check = unary_check,
                                         .ended = unary_ended,
                                         .clear = unary_clear };

static void
unary_start (Unary *self,
             MicroClient *client,
             const char *service,
             char *path,
             MicroCodec codec,
             GBytes *request,
             const MicroCallOptions *options,
             GCancellable *cancellable,
             gpointer user_data)
{
  micro_request_init (&self->base, &funcs, client, service, path, codec, client->timeout_ms,
                      options);
  self->message = g_bytes_ref (request);
  self->user_data = user_data;
  if (options != NULL)
    {
      self->answer_header = options->answer_header;
      self->answer_data = options->answer_data;
    }
  micro_request_start (&self->base, cancellable);
  micro_request_unref (&self->base);
}

void
micro_client_start (MicroClient *self,
                    const char *service,
                    char *path,
                    MicroCodec codec,
                    GBytes *request,
                    const MicroCallOptions *options,
                    GCancellable *cancellable,
                    MicroBytesFunc callback,
                    gpointer user_data)
{
  Unary *unary = g_new0 (Unary, 1);

  unary->callback = callback;
  unary_start (unary, self, service, path, codec, request, options, cancellable, user_data);
}

/* The reply is unpacked from where it has arrived. */
void
micro_client_start_typed (MicroClient *self,
                          const char *service,
                          const MicroMethod *method,
                          GBytes *request,
                          const MicroCallOptions *options,
                          MicroReplyFunc callback,
                          gpointer user_data)
{
  Unary *unary = g_new0 (Unary, 1);

  unary->method = method;
  unary->typed_callback = callback;
  unary_start (unary, self, service, micro_client_method_path (service, method, options),
               MICRO_CODEC_PROTO, request, options, NULL, user_data);
}
