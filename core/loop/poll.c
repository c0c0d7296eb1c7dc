/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * How a loop's GMainContext waits: in the loop's own epoll, where it has nothing else to wait for.
 *
 * GLib would poll() the epoll descriptor and its own wake-up, and then we would ask epoll what it
 * was: two system calls, and every packet would wake the thread through two queues.
 */
#include "config.h"

#include "loop/loop.h"

/* (nullable): the one of @fds that is not the loop's own, if there are but the two of them. */
static GPollFD *
find_wakeup (MicroLoop *self, GPollFD *fds, guint n, GPollFD **ret_own)
{
  if (n != 2 || fds[0].fd == fds[1].fd)
    return NULL;
  *ret_own = fds[0].fd == self->epoll_fd ? &fds[0] : &fds[1];
  if ((*ret_own)->fd != self->epoll_fd || (*ret_own)->events != G_IO_IN)
    return NULL;
  return *ret_own == &fds[0] ? &fds[1] : &fds[0];
}

/* Only GLib's own wake-up is there from the first turn on, and stays. */
static gboolean
watch_wakeup (MicroLoop *self, int fd)
{
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = self };

  if (self->wakeup_fd < 0 && epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
    self->wakeup_fd = fd;
  return self->wakeup_fd == fd;
}

/* Takes the wake-up out of what has been fetched. */
static gboolean
take_wakeup (MicroLoop *self)
{
  for (int i = 0; i < self->n_events; i++)
    if (self->events[i].data.ptr == self)
      {
        self->events[i] = self->events[--self->n_events];
        return TRUE;
      }
  return FALSE;
}

static int
loop_poll (GPollFD *fds, guint n, int timeout_ms)
{
  MicroLoop *self = micro_loop_get_current ();
  GPollFD *own = NULL;
  GPollFD *wakeup = self != NULL && !self->dispatching ? find_wakeup (self, fds, n, &own) : NULL;
  int n_ready;

  if (wakeup == NULL || !watch_wakeup (self, wakeup->fd))
    return g_poll (fds, n, timeout_ms);
  /* Something else came first in the last turn; what is fetched may not be told again. */
  if (self->fetched && self->next_event < self->n_events)
    {
      g_poll (wakeup, 1, 0);
      own->revents = G_IO_IN;
      return 1 + (wakeup->revents != 0);
    }
  n_ready = epoll_wait (self->epoll_fd, self->events, MICRO_LOOP_MAX_EVENTS, timeout_ms);
  if (n_ready < 0)
    return n_ready;
  self->n_events = n_ready;
  self->next_event = 0;
  self->fetched = TRUE;
  wakeup->revents = take_wakeup (self) ? G_IO_IN : 0;
  own->revents = self->n_events > 0 ? G_IO_IN : 0;
  return (wakeup->revents != 0) + (own->revents != 0);
}

void
micro_loop_init_poll (MicroLoop *self)
{
  self->wakeup_fd = -1;
  g_main_context_set_poll_func (self->context, loop_poll);
}

/* What is ready: what was fetched when the turn began, or what there is now. */
void
micro_loop_fetch_events (MicroLoop *self)
{
  if (!self->fetched)
    {
      self->n_events = MAX (epoll_wait (self->epoll_fd, self->events, MICRO_LOOP_MAX_EVENTS, 0), 0);
      self->next_event = 0;
      take_wakeup (self);
    }
  self->fetched = FALSE;
}
