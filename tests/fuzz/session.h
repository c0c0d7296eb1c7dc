/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A connection of the gRPC transport that is fed with the frames of an input.
 */
#pragma once

#include "../../plugins/grpc-transport/grpc-thread.h"
#include "fuzz.h"

G_BEGIN_DECLS

/* Frames of these types do not reach the connection. */
enum
{
  SESSION_TURN = 0xf0, /* the loop turns */
  SESSION_SAY,         /* our own side does something: what, to whom, and more */
  SESSION_DEAF,        /* the peer stops reading, or goes on */
  SESSION_GO_AWAY      /* the server wants no more calls */
};

/**
 * SessionSide:
 * @router: (nullable): a server's
 * @begin: (nullable): the connection is there
 * @say: the input wants something of our side
 * @end: the connection has gone; every call must have ended, or end now
 *
 * Which side it is, and what its program does.  All on the loop's thread.
 */
typedef struct
{
  MicroRouter *router;
  void (*begin) (GrpcThread *thread);
  void (*say) (GrpcThread *thread, const guint8 *data, gsize size);
  void (*end) (GrpcThread *thread);
} SessionSide;

/* The first byte of an input: bit 0 a turn after each frame; bit 1: bytes as they are,
 * neither a preface before them nor frames of ours among them; from bit 2 the size of the pieces in
 * which a frame arrives, 0: whole. */
void session_run (const SessionSide *side, const guint8 *data, gsize size);

/* The address that a client's session is the connection of. */
#define SESSION_ADDRESS "127.0.0.1:1"

/* --- frames.c: LLVMFuzzerCustomMutator() for such inputs --- */

G_END_DECLS
