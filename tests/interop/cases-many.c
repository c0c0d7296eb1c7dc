/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The interop cases of many calls, and those of broken HTTP/2 (grpc/grpc, test/http2_test).
 */
#include <micro/micro-transport.h>

#include "cases.h"

#define SOAK_CALLS 200
#define CONCURRENT_CALLS 1000
#define CONCURRENT_THREADS 50

static void
check_large_unary (const Peer *peer)
{
  Answer answer;

  CHECK (peer_large_unary (peer, &answer) == MICRO_STATUS_OK);
  CHECK (answer.size == LARGE_RESPONSE && answer.all_zero);
}

static void
rpc_soak (const Peer *peer)
{
  for (int i = 0; i < SOAK_CALLS; i++)
    check_large_unary (peer);
}

/* A connection a call: each client has a transport of its own. */
static void
channel_soak (const Peer *peer)
{
  for (int i = 0; i < SOAK_CALLS; i++)
    {
      g_autoptr (MicroTransport) transport = g_object_new (peer->transport_type, NULL);
      g_autoptr (MicroClient) client
          = micro_client_new (peer->cache, peer->selector, transport, peer->loops);
      Peer own = *peer;

      own.client = client;
      check_large_unary (&own);
      micro_transport_close (transport);
    }
}

/* --- At once --- */

static gpointer
call_often (gpointer data)
{
  for (int i = 0; i < CONCURRENT_CALLS / CONCURRENT_THREADS; i++)
    check_large_unary (data);
  return NULL;
}

static void
concurrent_large_unary (const Peer *peer)
{
  GThread *threads[CONCURRENT_THREADS];

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("caller", call_often, (gpointer) peer);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

/* --- Servers that break HTTP/2 --- */

static gpointer
call_once (gpointer data)
{
  check_large_unary (data);
  return NULL;
}

static void
max_streams (const Peer *peer)
{
  GThread *threads[10];

  check_large_unary (peer); /* afterwards the server's settings are known */
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("caller", call_once, (gpointer) peer);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

/* The server's log tells that the second call has come on a connection of its own. */
static void
go_away (const Peer *peer)
{
  check_large_unary (peer);
  g_usleep (G_USEC_PER_SEC); /* as the description has it, for the GOAWAY to arrive */
  check_large_unary (peer);
}

static void
check_reset (const Peer *peer)
{
  Answer answer;

  CHECK (peer_large_unary (peer, &answer) == MICRO_STATUS_INTERNAL);
}

const Case cases_many[] = {
  { "pick_first_unary", rpc_soak },
  { "rpc_soak", rpc_soak },
  { "channel_soak", channel_soak },
  { "concurrent_large_unary", concurrent_large_unary },
  { "goaway", go_away },
  { "max_streams", max_streams },
  { "data_frame_padding", check_large_unary },
  { "no_df_padding_sanity_test", check_large_unary },
  { "ping", check_large_unary },
  { "rst_after_header", check_reset },
  { "rst_during_data", check_reset },
  { "rst_after_data", check_reset },
  { NULL, NULL },
};
