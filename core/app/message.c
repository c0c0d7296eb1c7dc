/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Messages of a type, unpacked as their Content-Type says, for generated code.
 */
#include "config.h"

#include <string.h>

#include <protobuf-c/protobuf-c.h>

#include "codec/unpack.h"
#include <micro/micro-app.h>
#include <micro/micro-codec.h>
#include <micro/micro-error.h>
#include <micro/micro-metadata.h>

#define CONTENT_TYPE "Content-Type"

typedef struct
{
  const ProtobufCMessageDescriptor *descriptor;
  MicroTypedMessageFunc callback;
  gpointer user_data;
  GDestroyNotify destroy;
} Receiver;

static void
message_receiver_free (gpointer data)
{
  Receiver *self = data;

  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_free (self);
}

/* (go-micro v2.9 server/grpc/codec.go) application/json, application/grpc+json; all else, and
 * nothing, is protobuf. */
static gboolean
is_json (MicroMetadata *headers)
{
  for (guint i = 0; i < micro_metadata_get_length (headers); i++)
    if (g_ascii_strcasecmp (micro_metadata_get_key (headers, i), CONTENT_TYPE) == 0)
      return strstr (micro_metadata_get_value (headers, i), "json") != NULL;
  return FALSE;
}

static ProtobufCMessage *
unpack (Receiver *self, MicroMetadata *headers, GBytes *body, GError **error)
{
  gsize size;
  const void *data = g_bytes_get_data (body, &size);
  ProtobufCMessage *message;

  if (is_json (headers))
    return micro_codec_from_json (self->descriptor, data != NULL ? data : "", size, NULL, error);
  message = micro_unpack (self->descriptor, NULL, size, data);
  if (message == NULL)
    g_set_error_literal (error, MICRO_ERROR, MICRO_STATUS_INVALID_ARGUMENT,
                         "its bytes are not protobuf's");
  return message;
}

static void
message_on_message (const char *topic, MicroMetadata *headers, GBytes *body, gpointer user_data)
{
  Receiver *self = user_data;
  g_autoptr (GError) error = NULL;
  ProtobufCMessage *message = unpack (self, headers, body, &error);

  if (message == NULL)
    {
      g_message ("topic “%s”: a message that is no %s was dropped: %s", topic,
                 self->descriptor->name, error->message);
      return;
    }
  self->callback (message, headers, self->user_data);
  protobuf_c_message_free_unpacked (message, NULL);
}

/**
 * micro_app_subscribe_message: (skip)
 * @self: a program, before micro_app_init()
 * @topic: what to hear about
 * @queue: (nullable): the name of a group of which one gets each message; %NULL: get each
 * @descriptor: of the messages' type
 * @callback: gets the messages, one after the other, on one of the loop threads
 * @user_data: for @callback
 * @destroy: (nullable): for @user_data
 *
 * As micro_app_subscribe(), for messages in protobuf or JSON.  What is neither is dropped, and the
 * log says so.
 */
void
micro_app_subscribe_message (MicroApp *self,
                             const char *topic,
                             const char *queue,
                             const ProtobufCMessageDescriptor *descriptor,
                             MicroTypedMessageFunc callback,
                             gpointer user_data,
                             GDestroyNotify destroy)
{
  Receiver *receiver;

  g_return_if_fail (MICRO_IS_APP (self) && descriptor != NULL && callback != NULL);
  receiver = g_new (Receiver, 1);
  *receiver = (Receiver){ descriptor, callback, user_data, destroy };
  micro_app_subscribe (self, topic, queue, message_on_message, receiver, message_receiver_free);
}
