/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Loads a greeter: unary calls or streams both ways, as fast as it answers or at a rate.  With a
 * rate the time of an answer counts from when its call was due, not from when it was sent.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

#define BUFFER_SIZE (256 * 1024)
#define MAX_SECONDS 120

double
now_seconds (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

void
fail (const char *why)
{
  fprintf (stderr, "load: %s\n", why);
  exit (1);
}

/* --- Counting --- */

/* TRUE: one more is to be sent. */
int
take_one (Load *load)
{
  if (load->rate > 0 || load->left <= 0)
    return 0;
  load->left--;
  return 1;
}

void
answered (Load *load, double due)
{
  if (load->answered < load->calls)
    load->latency[load->answered] = (float) (now_seconds () - due);
  load->answered++;
}

static int
compare (const void *a, const void *b)
{
  const float x = *(const float *) a;
  const float y = *(const float *) b;

  return (x > y) - (x < y);
}

static void
print (const Load *load, double seconds)
{
  qsort (load->latency, (size_t) load->calls, sizeof (float), compare);
  printf ("%d %.6f %.1f %.1f\n", load->calls, seconds, 1e6 * load->latency[load->calls / 2],
          1e6 * load->latency[(long) load->calls * 99 / 100]);
}

/* --- Input and output --- */

/* What all frames of a turn come to leaves at once. */
static void
flush (Connection *connection)
{
  static unsigned char buffer[BUFFER_SIZE];
  size_t filled = 0;

  for (;;)
    {
      const uint8_t *data;
      ssize_t n = nghttp2_session_mem_send (connection->session, &data);

      if (n < 0)
        fail (nghttp2_strerror ((int) n));
      if (n == 0 || filled + (size_t) n > sizeof buffer)
        {
          if (filled > 0 && write (connection->fd, buffer, filled) != (ssize_t) filled)
            fail ("the server does not read, or has gone");
          filled = 0;
        }
      if (n == 0)
        return;
      memcpy (buffer + filled, data, (size_t) n);
      filled += (size_t) n;
    }
}

static void
receive (Connection *connection)
{
  static unsigned char buffer[BUFFER_SIZE];
  ssize_t n = recv (connection->fd, buffer, sizeof buffer, MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n <= 0)
    fail ("the server has closed a connection");
  if (nghttp2_session_mem_recv (connection->session, buffer, (size_t) n) != n)
    fail ("the server breaks the rules of HTTP/2");
  flush (connection);
}

static void
open_connection (Load *load, Connection *connection, int port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons ((uint16_t) port) };
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
  int one = 1;

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  connection->load = load;
  connection->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connection->fd < 0
      || connect (connection->fd, (struct sockaddr *) &address, sizeof address) != 0)
    fail (strerror (errno));
  setsockopt (connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  epoll_ctl (load->epoll, EPOLL_CTL_ADD, connection->fd, &event);
  open_session (connection);
  flush (connection);
}

/* --- Rounds --- */

/* Sends what is due by now; returns how many calls have been made so far. */
static int
make_due_calls (Load *load, double start, int made)
{
  const double now = now_seconds ();
  int first = made;

  while (made < load->calls && start + made / load->rate <= now)
    {
      start_call (&load->connections[made % load->n_connections], start + made / load->rate);
      made++;
    }
  for (int i = first; i < made && i < first + load->n_connections; i++)
    flush (&load->connections[i % load->n_connections]);
  return made;
}

static void
run (Load *load, int in_flight, int calls)
{
  const double start = now_seconds ();
  int made = 0;

  load->calls = calls;
  load->answered = 0;
  load->left = calls - load->n_connections * in_flight;
  for (int i = 0; load->rate == 0 && i < load->n_connections; i++)
    {
      for (int j = 0; j < in_flight; j++)
        start_call (&load->connections[i], now_seconds ());
      flush (&load->connections[i]);
    }
  while (load->answered < calls || load->streams > 0)
    {
      struct epoll_event events[64];
      int n;

      if (load->rate > 0)
        made = make_due_calls (load, start, made);
      n = epoll_wait (load->epoll, events, 64, load->rate > 0 ? 0 : 10000);
      for (int i = 0; i < n; i++)
        receive (events[i].data.ptr);
      if (now_seconds () - start > MAX_SECONDS)
        fail ("the server takes too long");
    }
  load->seconds = now_seconds () - start;
}

int
main (int argc, char *argv[])
{
  Load load = { 0 };
  int in_flight, calls;

  if (argc != 7)
    {
      fprintf (stderr, "usage: load PORT unary|chat CONNECTIONS IN-FLIGHT CALLS RATE\n");
      return 2;
    }
  load.chat = strcmp (argv[2], "chat") == 0;
  load.n_connections = atoi (argv[3]);
  in_flight = atoi (argv[4]);
  calls = atoi (argv[5]);
  if (calls < load.n_connections * in_flight)
    calls = load.n_connections * in_flight;
  load.rate = atof (argv[6]);
  load.epoll = epoll_create1 (EPOLL_CLOEXEC);
  load.connections = calloc ((size_t) load.n_connections, sizeof (Connection));
  load.latency = calloc ((size_t) calls, sizeof (float));
  if (load.connections == NULL || load.latency == NULL)
    fail ("no memory");
  for (int i = 0; i < load.n_connections; i++)
    open_connection (&load, &load.connections[i], atoi (argv[1]));
  run (&load, in_flight, calls);
  print (&load, load.seconds);
  return 0;
}
