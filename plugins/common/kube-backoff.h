/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * How long to wait after a failure, so that a thousand clients do not come back as one.
 */
#pragma once

#include "kube-clock.h"

G_BEGIN_DECLS

/**
 * KubeBackoff:
 *
 * Zero-initialised to begin with.  client-go's numbers: 0.8 s, doubled up to 30 s, and as much
 * again at random; forgotten after two minutes without a failure.
 */
typedef struct
{
  guint failures;
  gint64 last_us;
} KubeBackoff;

#define KUBE_BACKOFF_FIRST_MS 800
#define KUBE_BACKOFF_MOST_MS 30000
#define KUBE_BACKOFF_FORGET_US (120 * G_USEC_PER_SEC)

static inline guint
kube_backoff_next (KubeBackoff *self)
{
  gint64 now = kube_clock_get_time ();
  guint ms;

  if (self->last_us != 0 && now - self->last_us > KUBE_BACKOFF_FORGET_US)
    self->failures = 0;
  self->last_us = now;
  ms = MIN (KUBE_BACKOFF_FIRST_MS << MIN (self->failures, 10), KUBE_BACKOFF_MOST_MS);
  self->failures++;
  return ms + (guint) g_random_int_range (0, (gint32) ms);
}

G_END_DECLS
