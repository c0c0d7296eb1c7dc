/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What the load's two files share: connections, and what is still to be sent.
 */
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

#include <nghttp2/nghttp2.h>

typedef struct Connection Connection;

typedef struct
{
  int epoll;
  Connection *connections;
  int n_connections;
  int chat;
  double rate; /* calls a second; 0: as fast as they are answered */
  int calls;   /* of this round, or messages */
  int left;    /* not sent yet, when there is no rate */
  int answered;
  int streams; /* that are open */
  double seconds;
  float *latency; /* seconds, of each call */
} Load;

struct Connection
{
  Load *load;
  int fd;
  nghttp2_session *session;
};

double now_seconds (void);
void fail (const char *why);
int take_one (Load *load);
void answered (Load *load, double due);

/* --- session.c --- */
void open_session (Connection *connection);
/* A call, or a stream with its first message; @due is when it was to be sent, in seconds. */
void start_call (Connection *connection, double due);
