/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * A TCP proxy that does one thing wrong, in one direction.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  FAULT_NONE,
  FAULT_DELAY,      /* every piece waits */
  FAULT_ONE_BYTE,   /* every byte is a write of its own */
  FAULT_CUT,        /* both sockets are closed in good order */
  FAULT_HALF_CLOSE, /* the receiver is told that nothing more comes; the other way goes on */
  FAULT_RESET,      /* both sockets are reset */
  FAULT_BLACK_HOLE, /* what comes is taken and never given; the other way goes on */
} Fault;

typedef enum
{
  WAY_UP,   /* to the server */
  WAY_DOWN, /* to the client */
  N_WAYS
} Way;

typedef struct _Proxy Proxy;

/* Listens on a port of its own, with threads of its own.  The fault happens to each connection when
 * exactly @after bytes have gone @way (of DELAY and ONE_BYTE: all the time). */
Proxy *proxy_new (const char *target, Fault fault, Way way, gsize after);
void proxy_free (Proxy *self); /* closes all its connections */
const char *proxy_get_address (Proxy *self);
gsize proxy_get_passed (Proxy *self, Way way); /* bytes of all connections */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Proxy, proxy_free)

G_END_DECLS
