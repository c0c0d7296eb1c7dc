/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The path of a method, and its messages as bytes.
 */
#include "config.h"

#include <string.h>

#include <protobuf-c/protobuf-c.h>

#include "client/client.h"
#include "codec/unpack.h"
#include "loop/loop.h"

/* go-micro client/grpc methodToGRPC: "Say.Hello" of greeter is /greeter.Say/Hello. */
char *
micro_client_make_path (const char *service, const char *endpoint)
{
  const char *dot = strchr (endpoint, '.');

  if (endpoint[0] == '/')
    return g_strdup (endpoint);
  if (dot == NULL || strchr (dot + 1, '.') != NULL)
    return g_strconcat ("/", endpoint, NULL);
  if (service == NULL || service[0] == '\0')
    return g_strdup_printf ("/%.*s/%s", (int) (dot - endpoint), endpoint, dot + 1);
  return g_strdup_printf ("/%s.%.*s/%s", service, (int) (dot - endpoint), endpoint, dot + 1);
}

char *
micro_client_method_path (const char *service,
                          const MicroMethod *method,
                          const MicroCallOptions *options)
{
  const char *prefix = options != NULL && options->address != NULL ? method->package : service;

  return g_strconcat ("/", prefix, prefix[0] != '\0' ? "." : "", method->service, "/", method->name,
                      NULL);
}

GBytes *
micro_client_pack (const MicroMethod *method, gconstpointer request)
{
  const ProtobufCMessage *message = request;
  gsize size = protobuf_c_message_get_packed_size (message);
  guint8 *data = size >= MICRO_BLOCK_LARGE ? micro_block_realloc (NULL, size) : NULL;
  const gboolean large = data != NULL;

  g_warn_if_fail (message->descriptor == method->request);
  if (!large)
    data = g_malloc (size + 1);
  protobuf_c_message_pack (message, data);
  return large ? g_bytes_new_with_free_func (data, size, micro_block_free, data)
               : g_bytes_new_take (data, size);
}

gpointer
micro_client_unpack (const MicroMethod *method,
                     ProtobufCAllocator *allocator,
                     const guint8 *data,
                     gsize length,
                     GError **error)
{
  ProtobufCMessage *message = micro_unpack (method->response, allocator, length, data);

  if (message == NULL)
    g_set_error (error, MICRO_ERROR, MICRO_STATUS_INTERNAL,
                 "%s.%s: the reply of %" G_GSIZE_FORMAT " bytes is not a %s", method->service,
                 method->name, length, method->response->name);
  return message;
}

gpointer
micro_client_unpack_bytes (const MicroMethod *method, GBytes *reply, GError **error)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (reply, &length);

  return micro_client_unpack (method, NULL, data, length, error);
}
