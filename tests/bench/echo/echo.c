/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What is left of a call when nothing is done: a TCP echo, one round trip at a time.
 *
 * echo PORT serves one client on 127.0.0.1; echo PORT N is the client, and prints what N round
 * trips took: N, seconds, CPU seconds of its own.  Both wait in epoll, as every event loop does.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* About a small call with its frames. */
#define BYTES 64

static void
check (int result, const char *what)
{
  if (result >= 0)
    return;
  perror (what);
  exit (1);
}

static double
seconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static double
cpu_seconds (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
         + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int
watch (int fd)
{
  struct epoll_event event = { .events = EPOLLIN };
  const int one = 1;
  int epoll = epoll_create1 (EPOLL_CLOEXEC);

  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  check (epoll_ctl (epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
  return epoll;
}

/* 0: the peer has closed. */
static ssize_t
await (int epoll, int fd, char *buffer)
{
  struct epoll_event event;
  ssize_t n;

  check (epoll_wait (epoll, &event, 1, -1), "epoll_wait");
  n = recv (fd, buffer, BYTES, 0);
  check ((int) n, "recv");
  return n;
}

static void
serve (int listener)
{
  char buffer[BYTES];
  int fd, epoll;
  ssize_t n;

  check (fd = accept (listener, NULL, NULL), "accept");
  epoll = watch (fd);
  while ((n = await (epoll, fd, buffer)) > 0)
    check ((int) send (fd, buffer, (size_t) n, MSG_NOSIGNAL), "send");
}

static void
ping (int fd, long count)
{
  char buffer[BYTES] = { 0 };
  int epoll = watch (fd);
  double began = seconds ();
  double used = cpu_seconds ();

  for (long i = 0; i < count; i++)
    {
      check ((int) send (fd, buffer, sizeof buffer, MSG_NOSIGNAL), "send");
      for (ssize_t got = 0; got < BYTES;)
        {
          ssize_t n = await (epoll, fd, buffer);

          check (n > 0 ? 0 : -1, "the echo has gone");
          got += n;
        }
    }
  printf ("%ld %f %f\n", count, seconds () - began, cpu_seconds () - used);
}

int
main (int argc, char *argv[])
{
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  const int one = 1;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (argc < 2)
    return 2;
  address.sin_port = htons ((uint16_t) atoi (argv[1]));
  check (fd, "socket");
  if (argc > 2)
    {
      check (connect (fd, (struct sockaddr *) &address, sizeof address), "connect");
      ping (fd, atol (argv[2]));
      return 0;
    }
  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  check (bind (fd, (struct sockaddr *) &address, sizeof address), "bind");
  check (listen (fd, 1), "listen");
  puts ("ready");
  fflush (stdout);
  serve (fd);
  return 0;
}
