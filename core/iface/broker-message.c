/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Messages of a type, packed for a broker; for generated code.
 */
#include "config.h"

#include <protobuf-c/protobuf-c.h>

#include <micro/micro-broker.h>
#include <micro/micro-metadata.h>

/**
 * micro_broker_publish_message_async: (skip)
 * @self: a broker
 * @topic: what the message is about
 * @message: a message, which is packed before this returns
 * @headers: (nullable): string pairs to go with it
 * @cancellable: (nullable): ends the wait; the message may have left
 * @callback: told of the end, to call micro_broker_publish_finish()
 * @user_data: for @callback
 *
 * As micro_broker_publish_async(), with protobuf's bytes and the Content-Type that says so.
 */
void
micro_broker_publish_message_async (MicroBroker *self,
                                    const char *topic,
                                    const ProtobufCMessage *message,
                                    MicroMetadata *headers,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  gsize size;
  guint8 *data;
  g_autoptr (GBytes) body = NULL;
  g_autoptr (MicroMetadata) all = NULL;

  g_return_if_fail (MICRO_IS_BROKER (self) && message != NULL);
  size = protobuf_c_message_get_packed_size (message);
  data = g_malloc (size);
  body = g_bytes_new_take (data, protobuf_c_message_pack (message, data));
  all = micro_metadata_with (headers, "Content-Type", "application/protobuf");
  micro_broker_publish_async (self, topic, all, body, cancellable, callback, user_data);
}
