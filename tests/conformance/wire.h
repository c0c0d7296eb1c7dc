/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * How connectconformance talks to the programs under test: a length of four bytes, then a message.
 */
#pragma once

#include <stdio.h>

#include <micro/micro.h>

#include "connectrpc/conformance/v1/client_compat.pb-c.h"
#include "connectrpc/conformance/v1/server_compat.pb-c.h"
#include "connectrpc/conformance/v1/service.micro.h"
#include "status.pb-c.h"

#define V1(name) Connectrpc__Conformance__V1__##name

/* (transfer full) (nullable): NULL at the end of the input */
static inline GBytes *
wire_read (FILE *stream)
{
  guint8 head[4];
  guint32 length;
  guint8 *data;

  if (fread (head, 1, sizeof head, stream) != sizeof head)
    return NULL;
  length = (guint32) head[0] << 24 | (guint32) head[1] << 16 | (guint32) head[2] << 8 | head[3];
  data = g_malloc (length + 1);
  if (fread (data, 1, length, stream) != length)
    {
      g_free (data);
      return NULL;
    }
  return g_bytes_new_take (data, length);
}

static inline void
wire_write (FILE *stream, const ProtobufCMessage *message)
{
  gsize length = protobuf_c_message_get_packed_size (message);
  g_autofree guint8 *data = g_malloc (length + 4);

  data[0] = (guint8) (length >> 24);
  data[1] = (guint8) (length >> 16);
  data[2] = (guint8) (length >> 8);
  data[3] = (guint8) length;
  protobuf_c_message_pack (message, data + 4);
  fwrite (data, 1, length + 4, stream);
  fflush (stream);
}

/* --- Headers, collected by name --- */

typedef struct
{
  GPtrArray *headers; /* of V1 (Header) * */
} WireHeaders;

static inline void
wire_header_free (gpointer data)
{
  V1 (Header) *header = data;

  for (gsize i = 0; i < header->n_value; i++)
    g_free (header->value[i]);
  g_free (header->value);
  g_free (header->name);
  g_free (header);
}

static inline gboolean
wire_headers_add (const char *name, const char *value, gpointer user_data)
{
  WireHeaders *self = user_data;
  V1 (Header) *header = NULL;

  for (guint i = 0; header == NULL && i < self->headers->len; i++)
    if (g_str_equal (((V1 (Header) *) self->headers->pdata[i])->name, name))
      header = self->headers->pdata[i];
  if (header == NULL)
    {
      header = g_new (V1 (Header), 1);
      connectrpc__conformance__v1__header__init (header);
      header->name = g_strdup (name);
      g_ptr_array_add (self->headers, header);
    }
  header->value = g_renew (char *, header->value, header->n_value + 1);
  header->value[header->n_value++] = g_strdup (value);
  return TRUE;
}

static inline void
wire_headers_init (WireHeaders *self)
{
  self->headers = g_ptr_array_new_with_free_func (wire_header_free);
}
