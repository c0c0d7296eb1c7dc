/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * One call of the interop client, of whatever kind, for a thread that waits.
 */
#pragma once

#include "src/proto/grpc/testing/test.micro.h"

#define ECHO_INITIAL "x-grpc-test-echo-initial"
#define ECHO_TRAILING "x-grpc-test-echo-trailing-bin"

typedef Grpc__Testing__SimpleRequest SimpleRequest;
typedef Grpc__Testing__StreamingInputCallRequest InputRequest;
typedef Grpc__Testing__StreamingOutputCallRequest OutputRequest;

/* The place in grpc.testing.TestService. */
typedef enum
{
  METHOD_EMPTY,
  METHOD_UNARY,
  METHOD_OUTPUT = 3,
  METHOD_INPUT,
  METHOD_FULL_DUPLEX
} Method;

typedef struct
{
  int size;            /* of the payload, or what StreamingInputCall has counted */
  gboolean all_zero;   /* the payload */
  gboolean compressed; /* the message came so */
} Answer;

/**
 * Talk:
 *
 * What has come so far; made on the stack of the thread that waits.
 */
typedef struct
{
  GMutex mutex;
  GCond cond;
  MicroStream *stream;
  GQueue answers; /* of Answer */
  gboolean closed;
  MicroStatus status;
  char *message;
  char *initial;  /* the echoed header */
  char *trailing; /* the echoed trailer */
} Talk;

/* @options: (nullable) */
void talk_begin (Talk *self,
                 MicroClient *client,
                 const MicroMethod *method,
                 const MicroCallOptions *options);
/* FALSE: the call has ended without a further answer. */
gboolean talk_next (Talk *self, Answer *ret_answer);
/* Waits for the status. */
MicroStatus talk_end (Talk *self);
void talk_clear (Talk *self);
