/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Happy Eyeballs: connects to the first of several addresses that answers (RFC 8305).
 */
#include "config.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/tcp.h>

#include "grpc-address.h"

typedef struct
{
  MicroLoopSource source; /* fd -1: over */
  GrpcRace *race;
  gint64 until_us;
} Attempt;

struct _GrpcRace
{
  MicroLoop *loop;
  GPtrArray *addresses;
  guint next;
  Attempt *attempts; /* one an address */
  guint n_running;
  MicroLoopTimer timer;
  gint64 timeout_us;
  gint64 stagger_us;
  gint64 stagger_at_us;
  int last_errno;
  GrpcRaceFunc done;
  gpointer user_data;
};

static void race_go_on (GrpcRace *self);

/* As many of one family as possible take turns with the other, in the resolver's order otherwise
 * (RFC 8305, 4). */
static GPtrArray *
interleave (GPtrArray *addresses)
{
  GPtrArray *result = g_ptr_array_new_with_free_func (g_free);
  gboolean first = TRUE;
  int family = 0;

  while (addresses->len > 0)
    {
      guint at = 0;

      while (!first && at < addresses->len
             && ((GrpcSocketAddress *) addresses->pdata[at])->storage.ss_family == family)
        at++;
      if (at == addresses->len)
        at = 0;
      first = FALSE;
      family = ((GrpcSocketAddress *) addresses->pdata[at])->storage.ss_family;
      g_ptr_array_add (result, g_ptr_array_steal_index (addresses, at));
    }
  g_ptr_array_unref (addresses);
  return result;
}

static void
stop_attempt (Attempt *attempt, gboolean keep)
{
  if (attempt->source.fd < 0)
    return;
  micro_loop_remove_source (attempt->race->loop, &attempt->source);
  if (!keep)
    close (attempt->source.fd);
  attempt->source.fd = -1;
  attempt->race->n_running--;
}

/* The race may be gone afterwards. */
static void
race_finish (GrpcRace *self, int fd)
{
  for (guint i = 0; i < self->next; i++)
    stop_attempt (&self->attempts[i], FALSE);
  micro_loop_stop_timer (self->loop, &self->timer);
  self->done (fd, self->last_errno, self->user_data);
}

static void
attempt_ready (MicroLoopSource *source, guint32 events)
{
  Attempt *attempt = MICRO_CONTAINER_OF (source, Attempt, source);
  GrpcRace *self = attempt->race;
  socklen_t length = sizeof (int);
  int fd = source->fd;
  int code = 0;

  getsockopt (fd, SOL_SOCKET, SO_ERROR, &code, &length);
  stop_attempt (attempt, code == 0);
  if (code == 0)
    {
      race_finish (self, fd);
      return;
    }
  self->last_errno = code;
  self->stagger_at_us = 0;
  race_go_on (self);
}

static gboolean
start_attempt (GrpcRace *self, Attempt *attempt, const GrpcSocketAddress *address)
{
  int fd = socket (address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int one = 1;

  if (fd < 0)
    return FALSE;
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  *attempt = (Attempt){ { fd, EPOLLOUT, attempt_ready },
                        self,
                        g_get_monotonic_time () + self->timeout_us };
  if ((connect (fd, (const struct sockaddr *) &address->storage, address->length) == 0
       || errno == EINPROGRESS)
      && micro_loop_add_source (self->loop, &attempt->source, NULL))
    {
      self->n_running++;
      return TRUE;
    }
  self->last_errno = errno;
  attempt->source.fd = -1;
  close (fd);
  return FALSE;
}

/* Starts what is due, or ends the race. */
static void
race_go_on (GrpcRace *self)
{
  gint64 now = g_get_monotonic_time ();
  gint64 due = G_MAXINT64;

  while (self->next < self->addresses->len && (self->n_running == 0 || now >= self->stagger_at_us))
    {
      guint i = self->next++;

      self->attempts[i].source.fd = -1;
      if (start_attempt (self, &self->attempts[i], self->addresses->pdata[i]))
        self->stagger_at_us = now + self->stagger_us;
    }
  if (self->n_running == 0)
    {
      race_finish (self, -1);
      return;
    }
  if (self->next < self->addresses->len)
    due = self->stagger_at_us;
  for (guint i = 0; i < self->next; i++)
    if (self->attempts[i].source.fd >= 0)
      due = MIN (due, self->attempts[i].until_us);
  micro_loop_start_timer (self->loop, &self->timer, due);
}

static void
time_passed (MicroLoopTimer *timer)
{
  GrpcRace *self = MICRO_CONTAINER_OF (timer, GrpcRace, timer);
  gint64 now = g_get_monotonic_time ();

  for (guint i = 0; i < self->next; i++)
    if (self->attempts[i].source.fd >= 0 && now >= self->attempts[i].until_us)
      {
        self->last_errno = ETIMEDOUT;
        stop_attempt (&self->attempts[i], FALSE);
      }
  race_go_on (self);
}

/* @addresses: (transfer full): of GrpcSocketAddress; @timeout_ms is each one's. */
GrpcRace *
grpc_race_new (MicroLoop *loop,
               GPtrArray *addresses,
               guint timeout_ms,
               guint stagger_ms,
               GrpcRaceFunc done,
               gpointer user_data)
{
  GrpcRace *self = g_new0 (GrpcRace, 1);

  self->loop = loop;
  self->addresses = interleave (addresses);
  self->attempts = g_new0 (Attempt, self->addresses->len);
  self->timer.expired = time_passed;
  self->timeout_us = timeout_ms * (gint64) 1000;
  self->stagger_us = stagger_ms * (gint64) 1000;
  self->last_errno = EADDRNOTAVAIL;
  self->done = done;
  self->user_data = user_data;
  return self;
}

/* @done is called once, maybe before this returns, and may free @self. */
void
grpc_race_start (GrpcRace *self)
{
  race_go_on (self);
}

void
grpc_race_free (GrpcRace *self)
{
  for (guint i = 0; i < self->next; i++)
    stop_attempt (&self->attempts[i], FALSE);
  micro_loop_stop_timer (self->loop, &self->timer);
  g_ptr_array_unref (self->addresses);
  g_free (self->attempts);
  g_free (self);
}
