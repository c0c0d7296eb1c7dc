/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What generated code says of a method: its names, kind and messages.
 */
#pragma once

#include <micro/micro-types.h>

G_BEGIN_DECLS

struct ProtobufCMessageDescriptor;

typedef enum
{
  MICRO_METHOD_UNARY = 0,
  MICRO_METHOD_CLIENT_STREAM = 1,
  MICRO_METHOD_SERVER_STREAM = 2,
  MICRO_METHOD_BIDI = 3
} MicroMethodKind;

/**
 * MicroCodec:
 * @MICRO_CODEC_PROTO: protobuf
 * @MICRO_CODEC_JSON: protobuf's JSON
 * @MICRO_CODEC_BYTES: what only the two sides know
 *
 * How messages are written.
 */
typedef enum
{
  MICRO_CODEC_PROTO,
  MICRO_CODEC_JSON,
  MICRO_CODEC_BYTES
} MicroCodec;

/**
 * MicroHandler:
 * @call: the call to answer, with micro_call_reply() or micro_call_fail(), now or later and from
 *   any thread, exactly once
 * @request: the request message (unary and server streams), %NULL otherwise; lives until the
 *   call is answered
 * @user_data: what was given with the handlers
 *
 * Runs on the loop thread of the connection; must not block.
 */
typedef void (*MicroHandler) (MicroCall *call, gconstpointer request, gpointer user_data);

/**
 * MicroMethod:
 *
 * One static object a method, emitted by protoc-gen-micro.
 */
struct _MicroMethod
{
  const char *package; /* "greeter", or "" */
  const char *service; /* "Say" */
  const char *name;    /* "Hello" */
  MicroMethodKind kind;
  const struct ProtobufCMessageDescriptor *request;
  const struct ProtobufCMessageDescriptor *response;

  /*< private >*/
  gpointer reserved[2];
};

/**
 * MicroServiceDescriptor:
 *
 * One static object a proto service: its methods, the descriptors of its file and of all that it
 * imports.
 */
typedef struct
{
  const char *package;
  const char *name;
  guint n_methods;
  const MicroMethod *methods;
  const guint8 *files; /* serialised google.protobuf.FileDescriptorSet, the service's file last */
  gsize files_length;

  /*< private >*/
  gpointer reserved[4];
} MicroServiceDescriptor;

G_END_DECLS
