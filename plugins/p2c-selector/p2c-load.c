/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * How busy and how quick each node is, as far as the calls of this process tell.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "p2c-private.h"

#define N_BUCKETS 64
/* What happened this long ago counts a third. */
#define MEMORY_US (2.0 * G_USEC_PER_SEC)
/* A node that answers at once that it cannot serve must not look quick. */
#define FAILURE_US (1.0 * G_USEC_PER_SEC)
/* Of nodes that are gone nothing is kept for ever. */
#define FORGET_US (10 * 60 * (gint64) G_USEC_PER_SEC)

/* The mean time of a call is not measured call by call: by Little's law it is the time that calls
 * spent here, all added up, divided by the number of calls that ended.  So no call carries its
 * start, and a node that hangs looks slow at once, not only when its calls have ended. */
typedef struct _Load Load;
struct _Load
{
  Load *next;
  gint64 seen_us;
  double spent_us; /* by the calls, fading */
  double ended;    /* how many, fading */
  guint running;
  char address[];
};

typedef struct
{
  GMutex mutex;
  Load *first;
} Bucket;

struct _P2cLoads
{
  Bucket buckets[N_BUCKETS];
};

P2cLoads *
p2c_loads_new (void)
{
  P2cLoads *self = g_new0 (P2cLoads, 1);

  for (guint i = 0; i < N_BUCKETS; i++)
    g_mutex_init (&self->buckets[i].mutex);
  return self;
}

void
p2c_loads_free (P2cLoads *self)
{
  for (guint i = 0; i < N_BUCKETS; i++)
    {
      for (Load *load = self->buckets[i].first, *next; load != NULL; load = next)
        {
          next = load->next;
          g_free (load);
        }
      g_mutex_clear (&self->buckets[i].mutex);
    }
  g_free (self);
}

static Bucket *
lock_bucket (P2cLoads *self, const char *address)
{
  Bucket *bucket = &self->buckets[g_str_hash (address) % N_BUCKETS];

  g_mutex_lock (&bucket->mutex);
  return bucket;
}

static Load *
find_load (Bucket *bucket, const char *address)
{
  Load *load = bucket->first;

  while (load != NULL && strcmp (load->address, address) != 0)
    load = load->next;
  return load;
}

static Load *
add_load (Bucket *bucket, const char *address, gint64 now_us)
{
  Load *load;

  for (Load **link = &bucket->first; *link != NULL;)
    {
      load = *link;
      if (load->running == 0 && now_us - load->seen_us > FORGET_US)
        {
          *link = load->next;
          g_free (load);
        }
      else
        link = &load->next;
    }
  load = g_malloc0 (sizeof *load + strlen (address) + 1);
  strcpy (load->address, address);
  load->seen_us = now_us;
  load->next = bucket->first;
  bucket->first = load;
  return load;
}

static void
pass_time (Load *load, gint64 now_us)
{
  double passed_us = (double) (now_us - load->seen_us);

  if (passed_us <= 0)
    return;
  load->spent_us += load->running * passed_us;
  if (load->spent_us > 0 || load->ended > 0)
    {
      double fading = exp (-passed_us / MEMORY_US);

      load->spent_us *= fading;
      load->ended *= fading;
    }
  load->seen_us = now_us;
}

P2cView
p2c_loads_look (P2cLoads *self, const char *address, gint64 now_us)
{
  Bucket *bucket = lock_bucket (self, address);
  Load *load = find_load (bucket, address);
  P2cView view = { 0, -1 };

  if (load != NULL)
    {
      pass_time (load, now_us);
      view.running = load->running;
      /* Below one call the mean fades to 0, so that a node left alone is tried again one day. */
      if (load->ended > 0)
        view.mean_us = load->spent_us / MAX (load->ended, 1);
    }
  g_mutex_unlock (&bucket->mutex);
  return view;
}

void
p2c_loads_begin (P2cLoads *self, const char *address, gint64 now_us)
{
  Bucket *bucket = lock_bucket (self, address);
  Load *load = find_load (bucket, address);

  if (load == NULL)
    load = add_load (bucket, address, now_us);
  pass_time (load, now_us);
  load->running++;
  g_mutex_unlock (&bucket->mutex);
}

void
p2c_loads_end (P2cLoads *self, const char *address, gboolean failed, gint64 now_us)
{
  Bucket *bucket = lock_bucket (self, address);
  Load *load = find_load (bucket, address);

  if (load != NULL)
    {
      pass_time (load, now_us);
      load->running -= MIN (load->running, 1);
      load->ended += 1;
      if (failed)
        load->spent_us += FAILURE_US;
    }
  g_mutex_unlock (&bucket->mutex);
}
