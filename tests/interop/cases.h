/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The cases of the interop client.
 */
#pragma once

#include "talk.h"

/**
 * Peer:
 * @client: what calls it
 * @address: host:port
 * @transport_type: and the rest: for further clients
 */
typedef struct
{
  MicroClient *client;
  const char *address;
  GType transport_type;
  MicroCache *cache;
  MicroSelector *selector;
  GPtrArray *loops;
} Peer;

typedef struct
{
  const char *name;
  void (*run) (const Peer *peer);
} Case;

#define LARGE_REQUEST 271828
#define LARGE_RESPONSE 314159

/* Ends the process: a case has failed. */
G_NORETURN void case_failed (const char *format, ...) G_GNUC_PRINTF (1, 2);
#define CHECK(condition)                                                                           \
  do                                                                                               \
    {                                                                                              \
      if (!(condition))                                                                            \
        case_failed ("%s:%d: not true: %s", __FILE__, __LINE__, #condition);                       \
    }                                                                                              \
  while (0)

void peer_options (const Peer *peer, MicroCallOptions *ret_options);
void peer_begin (const Peer *peer, Talk *talk, Method method, const MicroCallOptions *options);
void check_status (Talk *talk, MicroStatus wanted);
/* One UnaryCall of LARGE_REQUEST for LARGE_RESPONSE; its status. */
MicroStatus peer_large_unary (const Peer *peer, Answer *ret_answer);

/* Ended by an entry without a name. */
extern const Case cases_usual[];
extern const Case cases_compressed[];
extern const Case cases_many[]; /* soak, concurrent and http2 cases */
