/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * What a process needs to be well: conditions that somebody sets, and checks that run now and then.
 */
#include "config.h"

#include "app/checks.h"

#define DEFAULT_INTERVAL_MS 10000
#define DEFAULT_TIMEOUT_MS 5000

typedef struct
{
  MicroChecks *checks; /* not owned, but for a run: see run_check() */
  char *name;
  MicroCheckFlags flags;
  char *reason; /* (nullable): why it fails */

  /* A check alone; a condition has no func. */
  guint interval_ms;
  guint timeout_ms;
  MicroCheckFunc func;
  gpointer user_data;
  GDestroyNotify destroy;
  MicroLoopTimer timer;      /* on the loop: the next run, or the end of this one's time */
  GCancellable *cancellable; /* (nullable): of the run that is going on */
} Check;

struct _MicroChecks
{
  GMutex mutex;
  GPtrArray *list; /* of Check; only grows */
  MicroLoop *loop; /* (nullable): until it starts, and once it has stopped */
  GThreadPool *pool;

  GRecMutex changed_mutex;
  MicroChecksChanged changed;
  gpointer changed_data;
};

G_DEFINE_BOXED_TYPE (MicroChecks, micro_checks, micro_checks_ref, micro_checks_unref)

static void
check_free (gpointer data)
{
  Check *check = data;

  if (check->destroy != NULL)
    check->destroy (check->user_data);
  g_clear_object (&check->cancellable);
  g_free (check->name);
  g_free (check->reason);
  g_free (check);
}

/**
 * micro_checks_new:
 *
 * Returns: (transfer full): no checks
 */
MicroChecks *
micro_checks_new (void)
{
  MicroChecks *self = g_atomic_rc_box_new0 (MicroChecks);

  g_mutex_init (&self->mutex);
  g_rec_mutex_init (&self->changed_mutex);
  self->list = g_ptr_array_new_with_free_func (check_free);
  return self;
}

static void
checks_clear (gpointer data)
{
  MicroChecks *self = data;

  g_ptr_array_unref (self->list);
  g_mutex_clear (&self->mutex);
  g_rec_mutex_clear (&self->changed_mutex);
}

/**
 * micro_checks_ref:
 * @self: checks
 *
 * Returns: (transfer full): @self
 */
MicroChecks *
micro_checks_ref (MicroChecks *self)
{
  return g_atomic_rc_box_acquire (self);
}

/**
 * micro_checks_unref:
 * @self: (transfer full): checks
 *
 * Drops a reference.  Any thread.
 */
void
micro_checks_unref (MicroChecks *self)
{
  g_atomic_rc_box_release_full (self, checks_clear);
}

static void
tell_changed (MicroChecks *self)
{
  g_rec_mutex_lock (&self->changed_mutex);
  if (self->changed != NULL)
    self->changed (self->changed_data);
  g_rec_mutex_unlock (&self->changed_mutex);
}

/* With the lock held.  Whether anything is different now. */
static gboolean
set_reason (Check *check, const char *reason)
{
  if (g_strcmp0 (check->reason, reason) == 0)
    return FALSE;
  g_free (check->reason);
  check->reason = g_strdup (reason);
  return TRUE;
}

/* --- Running --- */

static void checks_start_timer (gpointer data);

static Check *
check_of_timer (MicroLoopTimer *timer)
{
  return MICRO_CONTAINER_OF (timer, Check, timer);
}

/* On a thread of the pool, which holds a reference to the checks. */
static void
run_check (gpointer data, gpointer user_data)
{
  Check *check = data;
  g_autoptr (MicroChecks) self = check->checks;
  g_autoptr (GCancellable) cancellable = NULL;
  g_autoptr (GError) error = NULL;
  gboolean fine, told, stopped;

  g_mutex_lock (&self->mutex);
  cancellable = g_object_ref (check->cancellable);
  stopped = self->loop == NULL;
  if (stopped)
    g_clear_object (&check->cancellable);
  g_mutex_unlock (&self->mutex);
  if (stopped) /* before a thread was free for it */
    return;
  fine = check->func (cancellable, check->user_data, &error);

  g_mutex_lock (&self->mutex);
  /* One that comes too late has been answered for. */
  told = !g_cancellable_is_cancelled (cancellable)
         && set_reason (check, fine            ? NULL
                               : error != NULL ? error->message
                                               : "it fails and does not say why");
  g_clear_object (&check->cancellable);
  if (self->loop != NULL)
    micro_loop_post (self->loop, checks_start_timer, check);
  g_mutex_unlock (&self->mutex);
  if (told)
    tell_changed (self);
}

static void
took_too_long (MicroLoopTimer *timer)
{
  Check *check = check_of_timer (timer);
  MicroChecks *self = check->checks;
  g_autoptr (GCancellable) cancellable = NULL;
  g_autofree char *reason = g_strdup_printf ("it has not answered within %u ms", check->timeout_ms);
  gboolean told = FALSE;

  g_mutex_lock (&self->mutex);
  if (check->cancellable != NULL)
    {
      cancellable = g_object_ref (check->cancellable);
      told = set_reason (check, reason);
    }
  g_mutex_unlock (&self->mutex);
  if (cancellable != NULL)
    g_cancellable_cancel (cancellable);
  if (told)
    tell_changed (self);
}

/* On the loop. */
static void
begin_run (MicroLoopTimer *timer)
{
  Check *check = check_of_timer (timer);
  MicroChecks *self = check->checks;

  g_mutex_lock (&self->mutex);
  if (self->loop != NULL && check->cancellable == NULL)
    {
      check->cancellable = g_cancellable_new ();
      check->timer.expired = took_too_long;
      micro_loop_start_timer (self->loop, &check->timer,
                              g_get_monotonic_time () + check->timeout_ms * (gint64) 1000);
      micro_checks_ref (self);
      g_thread_pool_push (self->pool, check, NULL);
    }
  g_mutex_unlock (&self->mutex);
}

static void
checks_start_timer (gpointer data)
{
  Check *check = data;
  MicroChecks *self = check->checks;

  g_mutex_lock (&self->mutex);
  if (self->loop != NULL)
    {
      check->timer.expired = begin_run;
      micro_loop_start_timer (self->loop, &check->timer,
                              g_get_monotonic_time () + check->interval_ms * (gint64) 1000);
    }
  g_mutex_unlock (&self->mutex);
}

static void
run_now (gpointer data)
{
  begin_run (&((Check *) data)->timer);
}

/* With the lock held, once the loop is there. */
static void
launch (MicroChecks *self, Check *check)
{
  /* A check that hangs keeps its thread, and must keep no other from running. */
  if (self->pool == NULL)
    self->pool = g_thread_pool_new (run_check, NULL, -1, FALSE, NULL);
  micro_loop_post (self->loop, run_now, check);
}

void
micro_checks_start (MicroChecks *self,
                    MicroLoop *loop,
                    MicroChecksChanged changed,
                    gpointer user_data)
{
  g_rec_mutex_lock (&self->changed_mutex);
  self->changed = changed;
  self->changed_data = user_data;
  g_rec_mutex_unlock (&self->changed_mutex);
  g_mutex_lock (&self->mutex);
  self->loop = loop;
  for (guint i = 0; i < self->list->len; i++)
    if (((Check *) self->list->pdata[i])->func != NULL)
      launch (self, self->list->pdata[i]);
  g_mutex_unlock (&self->mutex);
  tell_changed (self);
}

/* --- Stopping --- */

typedef struct
{
  MicroChecks *checks;
  MicroLoop *loop;
} Stop;

static void
stop_timers (gpointer data)
{
  Stop *stop = data;

  g_mutex_lock (&stop->checks->mutex);
  for (guint i = 0; i < stop->checks->list->len; i++)
    micro_loop_stop_timer (stop->loop, &((Check *) stop->checks->list->pdata[i])->timer);
  g_mutex_unlock (&stop->checks->mutex);
}

void
micro_checks_stop (MicroChecks *self)
{
  g_autoptr (GPtrArray) running = g_ptr_array_new_with_free_func (g_object_unref);
  Stop stop = { self, NULL };

  g_rec_mutex_lock (&self->changed_mutex);
  self->changed = NULL;
  g_rec_mutex_unlock (&self->changed_mutex);
  g_mutex_lock (&self->mutex);
  stop.loop = g_steal_pointer (&self->loop);
  for (guint i = 0; i < self->list->len; i++)
    {
      Check *check = self->list->pdata[i];

      if (check->cancellable != NULL)
        g_ptr_array_add (running, g_object_ref (check->cancellable));
    }
  g_mutex_unlock (&self->mutex);
  if (stop.loop == NULL)
    return;
  /* What was posted before it runs before it, and finds no loop. */
  micro_loop_run_sync (stop.loop, stop_timers, &stop);
  for (guint i = 0; i < running->len; i++)
    g_cancellable_cancel (running->pdata[i]);
  if (self->pool != NULL)
    g_thread_pool_free (g_steal_pointer (&self->pool), FALSE, FALSE);
}

/* --- Adding and asking --- */

static Check *
checks_find (MicroChecks *self, const char *name)
{
  for (guint i = 0; i < self->list->len; i++)
    if (g_str_equal (((Check *) self->list->pdata[i])->name, name))
      return self->list->pdata[i];
  return NULL;
}

static Check *
checks_add (MicroChecks *self, const char *name, MicroCheckFlags flags)
{
  Check *check = g_new0 (Check, 1);

  check->checks = self;
  check->name = g_strdup (name);
  check->flags = flags;
  g_ptr_array_add (self->list, check);
  return check;
}

/**
 * micro_checks_add:
 * @self: checks
 * @name: what is checked, such as "database"; no other has this name
 * @flags: what it means that it fails
 * @interval_ms: how long to wait after a run, 0: 10 s
 * @timeout_ms: how long a run may take, 0: 5 s; then it counts as failed, and runs again once it
 *   has returned
 * @func: (scope notified): the check
 * @user_data: for @func
 * @destroy: (nullable): frees @user_data
 *
 * Adds a check.  It runs from when the service starts, or from now on if it has, and fails until
 * it has run once, unless it is %MICRO_CHECK_LIVE.  Any thread.
 */
void
micro_checks_add (MicroChecks *self,
                  const char *name,
                  MicroCheckFlags flags,
                  guint interval_ms,
                  guint timeout_ms,
                  MicroCheckFunc func,
                  gpointer user_data,
                  GDestroyNotify destroy)
{
  Check *check;

  g_return_if_fail (self != NULL && name != NULL && func != NULL);
  g_mutex_lock (&self->mutex);
  if (checks_find (self, name) == NULL)
    {
      check = checks_add (self, name, flags);
      check->interval_ms = interval_ms != 0 ? interval_ms : DEFAULT_INTERVAL_MS;
      check->timeout_ms = timeout_ms != 0 ? timeout_ms : DEFAULT_TIMEOUT_MS;
      check->func = func;
      check->user_data = user_data;
      check->destroy = destroy;
      if ((flags & MICRO_CHECK_LIVE) == 0) /* whom nobody has looked at is not dead */
        check->reason = g_strdup ("it has not been looked at yet");
      if (self->loop != NULL)
        launch (self, check);
      g_mutex_unlock (&self->mutex);
      tell_changed (self);
      return;
    }
  g_mutex_unlock (&self->mutex);
  g_critical ("there are two health checks of the name “%s”; the second is left out", name);
  if (destroy != NULL)
    destroy (user_data);
}

/**
 * micro_checks_set:
 * @self: checks
 * @name: what the condition is
 * @flags: what it means that it is not fulfilled; of the first call for @name
 * @reason: (nullable): why it is not fulfilled; %NULL: it is
 *
 * Sets a condition that is known without looking.  Any thread.
 */
void
micro_checks_set (MicroChecks *self, const char *name, MicroCheckFlags flags, const char *reason)
{
  gboolean told;
  Check *check;

  g_return_if_fail (self != NULL && name != NULL);
  g_mutex_lock (&self->mutex);
  check = checks_find (self, name);
  told = check == NULL;
  if (check == NULL)
    check = checks_add (self, name, flags);
  told |= set_reason (check, reason);
  g_mutex_unlock (&self->mutex);
  if (told)
    tell_changed (self);
}

/**
 * micro_checks_pass:
 * @self: checks
 * @flags: some flags
 * @ret_reason: (out) (optional) (nullable) (transfer full): "name: reason" of the first that fails;
 *   not set if none does
 *
 * Returns: whether none fails of those that have one of @flags; any thread
 */
gboolean
micro_checks_pass (MicroChecks *self, MicroCheckFlags flags, char **ret_reason)
{
  gboolean pass = TRUE;

  g_return_val_if_fail (self != NULL, FALSE);
  g_mutex_lock (&self->mutex);
  for (guint i = 0; pass && i < self->list->len; i++)
    {
      Check *check = self->list->pdata[i];

      pass = (check->flags & flags) == 0 || check->reason == NULL;
      if (!pass && ret_reason != NULL)
        *ret_reason = g_strdup_printf ("%s: %s", check->name, check->reason);
    }
  g_mutex_unlock (&self->mutex);
  return pass;
}

/**
 * micro_checks_foreach:
 * @self: checks
 * @visit: (scope call): sees each, in the order they were added; must not ask @self anything
 * @user_data: for @visit
 *
 * Goes over all checks and conditions as they are now.  Any thread.
 */
void
micro_checks_foreach (MicroChecks *self, MicroCheckVisit visit, gpointer user_data)
{
  g_return_if_fail (self != NULL && visit != NULL);
  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->list->len; i++)
    {
      Check *check = self->list->pdata[i];

      visit (check->name, check->flags, check->reason, user_data);
    }
  g_mutex_unlock (&self->mutex);
}
