/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Calls a greeter as fast as it answers, through the generated stub, and says what that cost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "greeter.micro.h"

/* One of the calls in flight, which follows itself, or one stream. */
typedef struct
{
  struct _Load *load;
  MicroCallOptions options;
  MicroStream *stream;
} Lane;

typedef struct _Load
{
  MicroClient *client;
  Greeter__HelloRequest request;
  Lane *lanes;
  int n_lanes;
  gboolean chat;
  int left;    /* calls to begin, messages to send */
  int running; /* lanes; atomic both, as the first calls are begun on the main thread */
  GMutex mutex;
  GCond done;
} Load;

static gboolean
take_one (Load *load)
{
  return g_atomic_int_add (&load->left, -1) > 0;
}

static void
finish_lane (Load *load)
{
  if (!g_atomic_int_dec_and_test (&load->running))
    return;
  g_mutex_lock (&load->mutex);
  g_cond_signal (&load->done);
  g_mutex_unlock (&load->mutex);
}

static void
check (const GError *error)
{
  if (error == NULL)
    return;
  fprintf (stderr, "%s\n", error->message);
  exit (1);
}

/* --- Unary calls --- */

static void
answered (gconstpointer response, const GError *error, gpointer user_data)
{
  Lane *lane = user_data;
  Load *load = lane->load;

  check (error);
  if (take_one (load))
    greeter_say_hello (load->client, "greeter", &load->request, &lane->options, answered, lane);
  else
    finish_lane (load);
}

/* --- A stream both ways --- */

static void
message (MicroStream *stream, gconstpointer response, gpointer user_data)
{
  Load *load = ((Lane *) user_data)->load;

  if (take_one (load))
    greeter_say_chat_stream_send (stream, &load->request);
  else
    micro_stream_end (stream);
}

static void
closed (MicroStream *stream, const GError *error, gpointer user_data)
{
  check (error);
  finish_lane (((Lane *) user_data)->load);
}

static const MicroStreamEvents events = { .message = message, .closed = closed };

static void
start_lane (Load *load, Lane *lane)
{
  if (!load->chat)
    {
      greeter_say_hello (load->client, "greeter", &load->request, &lane->options, answered, lane);
      return;
    }
  g_clear_pointer (&lane->stream, micro_stream_unref);
  lane->stream = greeter_say_chat_open (load->client, "greeter", &lane->options, &events, lane);
  greeter_say_chat_stream_send (lane->stream, &load->request);
}

/* Makes so many calls, or sends so many messages, and waits for the answers. */
static void
run (Load *load, int calls)
{
  load->left = calls - load->n_lanes;
  load->running = load->n_lanes;
  for (int i = 0; i < load->n_lanes; i++)
    start_lane (load, &load->lanes[i]);
  g_mutex_lock (&load->mutex);
  while (g_atomic_int_get (&load->running) > 0)
    g_cond_wait (&load->done, &load->mutex);
  g_mutex_unlock (&load->mutex);
}

static double
cpu_seconds (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
         + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int
main (int argc, char *argv[])
{
  g_autoptr (MicroApp) app = micro_app_new ("bench-client", "1.0.0");
  g_autoptr (GError) error = NULL;
  Load load = { .request = GREETER__HELLO_REQUEST__INIT };
  int connections, calls;
  gint64 start;
  double cpu;

  if (!micro_app_init (app, &argc, &argv, &error) || argc != 7)
    {
      fprintf (stderr, "%s\n",
               error != NULL ? error->message
                             : "usage: client PORT unary|chat CONNECTIONS IN-FLIGHT CALLS BYTES");
      return 2;
    }
  load.client = micro_app_get_client (app);
  load.chat = g_str_equal (argv[2], "chat");
  connections = atoi (argv[3]);
  load.n_lanes = connections * atoi (argv[4]);
  calls = MAX (atoi (argv[5]), load.n_lanes);
  load.request.name = g_strnfill ((gsize) atoi (argv[6]), 'x');
  load.lanes = g_new0 (Lane, (gsize) load.n_lanes);
  for (int i = 0; i < load.n_lanes; i++)
    {
      /* A node has one connection, so each has an address of its own. */
      load.lanes[i].load = &load;
      load.lanes[i].options = (MicroCallOptions) MICRO_CALL_OPTIONS_INIT;
      load.lanes[i].options.address
          = g_strdup_printf ("127.0.0.%d:%s", 1 + i % connections, argv[1]);
    }

  run (&load, MAX (calls / 10, load.n_lanes));
  start = g_get_monotonic_time ();
  cpu = cpu_seconds ();
  run (&load, calls);
  printf ("%d %.6f %.6f\n", calls, (double) (g_get_monotonic_time () - start) / 1e6,
          cpu_seconds () - cpu);
  return 0;
}
